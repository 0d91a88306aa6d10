"""Runs everything in this process, one after the other: for debugging and small tests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from outlast.runners.base import NO_LIMITS, Event, Function, Limits, Runner, Spec, attempt


class InlineRunner(Runner):
    """One specification at a time, in the calling process."""

    name = "inline"

    def run(
        self, function: Function, specs: Sequence[Spec], limits: Limits = NO_LIMITS  # noqa: ARG002
    ) -> Iterator[Event]:
        """See `Runner.run`."""
        for index, spec in enumerate(specs):
            yield Event(index, "started")
            failure = attempt(function, spec)
            yield Event(index, "failed" if failure else "ok", failure)
