"""Runs everything in this process, one after the other: for debugging and small tests."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from outlast.runners.base import (
    NO_LIMITS,
    Event,
    Function,
    Limits,
    Runner,
    Spec,
    attempt,
    cancelled,
)


class InlineRunner(Runner):
    """One specification at a time, in the calling process.

    It keeps the deadline, and nothing else of the limits: a process cannot end its own work for
    its time or memory. What a specification prints goes where the caller's output goes, one that
    crashes takes the caller along, and the number of threads is left as it is.
    """

    name = "inline"

    def run(
        self, function: Function, specs: Sequence[Spec], limits: Limits = NO_LIMITS
    ) -> Iterator[Event]:
        """See `Runner.run`."""
        for index, spec in enumerate(specs):
            if limits.deadline is not None and time.monotonic() >= limits.deadline:
                yield cancelled(index)
                continue
            yield Event(index, "started")
            failure = attempt(function, spec)
            yield Event(index, "failed" if failure else "ok", failure)
