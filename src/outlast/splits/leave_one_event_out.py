"""One event at a time is the test: a crash, a promotion, an outage."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import polars as pl

from outlast.data.events import Events
from outlast.errors import InputError, unknown_name
from outlast.splits.boundaries import Window, merge_events
from outlast.splits.timeline import LAST, Timeline
from outlast.splits.windows import GivenWindowSplitter

Side = Literal["past", "both"]
SIDES = ("past", "both")
SCOPES = ("common", "all")


class LeaveOneEventOut(GivenWindowSplitter):
    """Test each event on a model that has not seen it.

    With ``side="past"``: would we have survived it? With ``side="both"``: does what was
    learnt from all the other times, later ones included, hold in an event nobody has seen?
    The two answers belong side by side.

    Each fold tests the rows of all entities inside one closed window ``[start, end]``;
    its `Fold.name` is that of the event. Overlapping events are one.

    Parameters
    ----------
    side : {"past", "both"}, default "past"
        Whether only rows before the event train, or also those after it.
    scope : {"common", "all"}, default "common"
        Whether only events of everyone are tested, or also those of single entities (for
        all entities alike). Where no event is of everyone, all are tested.
    min_train_size : int or float, default 1
        Number, or fraction, of the distinct times that must have train rows. An event with
        less, or without a row inside it, is left out; `skipped` says which and why.
    gap, embargo, boundary, events, on_cut, on_missing
        See `WindowSplitter`. `events` are needed; as every test is a whole event, no
        boundary moves and `on_cut` is only for splits nested in this one.

    Examples
    --------
    >>> import numpy as np
    >>> table = pl.DataFrame({"name": ["crash", "panic"], "start": [4, 8], "end": [5, 8]})
    >>> splitter = LeaveOneEventOut(events=Events.from_frame(table))
    >>> for fold in splitter.folds(np.arange(10)):
    ...     print(fold.name, fold.train, fold.test)
    crash [0 1 2 3] [4 5]
    panic [0 1 2 3 4 5 6 7] [8]
    """

    name = "leave_one_event_out"
    needs_events = True

    def __init__(
        self, side: Side = "past", scope: str = "common", min_train_size: Any = 1, *,
        gap: Any = 0, embargo: Any = 0, boundary: str = "closed", events: Events | None = None,
        on_cut: str = "after", on_missing: str = "raise",
    ) -> None:
        super().__init__(min_train_size, gap=gap, embargo=embargo, boundary=boundary,
                         events=events, on_cut=on_cut, on_missing=on_missing)
        self.side = side
        self.scope = scope

    @property
    def two_sided(self) -> bool:
        """Whether rows after the event may train."""
        return self.side == "both"

    def _kept_whole(self) -> Events:
        """Return the events to test, as those of everyone."""
        events = super()._kept_whole()
        if not events:
            raise InputError("split 'leave_one_event_out': the table of events is empty, so there "
                             "is none to leave out")
        if self.scope not in SCOPES:
            raise unknown_name("scope", self.scope, SCOPES)
        chosen = events.common if self.scope == "common" and len(events.common) else events
        table = chosen.table.with_columns(entity=pl.lit(None, pl.String))
        return Events(table, events.zone)

    def _windows(self, timeline: Timeline) -> Iterable[Window]:  # noqa: ARG002
        if self.side not in SIDES:
            raise unknown_name("side", self.side, SIDES)
        for start, end, name in merge_events(self._kept_whole()):
            yield Window([(start, min(end, LAST - 1) + 1)], name=name)
