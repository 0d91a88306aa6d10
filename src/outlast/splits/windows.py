"""Splitters that propose test windows; everything dangerous happens here, once."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from outlast.data.events import Events
from outlast.errors import InputError, unknown_name
from outlast.splits.base import Splitter
from outlast.splits.boundaries import ON_CUT, Boundaries, Window
from outlast.splits.rules import Assignment, Fate, Lack, Rules, assign_rows
from outlast.splits.timeline import Timeline

BOUNDARIES = ("closed", "strict")


class WindowSplitter(Splitter):
    """Base of the splitters that test windows of time.

    A strategy proposes windows; this class moves their boundaries out of events, purges
    by label end, and applies gap and embargo.

    Parameters
    ----------
    gap : int or duration, default 0
        Latency: train rows and their labels end at least this long before the test. An
        int counts distinct times.
    embargo : int or duration, default 0
        Serial correlation: train rows after a test block start more than this much later.
        Only two-sided strategies have such rows.
    boundary : {"closed", "strict"}, default "closed"
        Whether a train label may end exactly where the test starts.
    events : Events, optional
        No boundary falls inside one of these. An entity's own events count for all.
    on_cut : {"after", "before", "nearest", "drop", "raise"}, default "after"
        Where a boundary inside an event goes: to the first later time that is clear of
        events and the gap behind them, to the event's start, to the nearer of the two;
        or it stays and the event's rows on the train side are dropped; or it is an error.
    on_missing : {"raise", "drop"}, default "raise"
        Whether a row without a time or label end is an error or is left out.
    """

    def __init__(
        self, *, gap: Any = 0, embargo: Any = 0, boundary: str = "closed",
        events: Events | None = None, on_cut: str = "after", on_missing: str = "raise",
    ) -> None:
        super().__init__(on_missing=on_missing)
        self.gap = gap
        self.embargo = embargo
        self.boundary = boundary
        self.events = events
        self.on_cut = on_cut

    @abstractmethod
    def _windows(self, timeline: Timeline) -> Iterable[Window]:
        """Propose the test windows of each fold, before events move them."""

    def _kept_whole(self) -> Events | None:
        """Return the events that no boundary falls inside."""
        if self.needs_events and self.events is None:
            raise InputError(f"split '{self.name}' needs events=..., a table of events")
        return self.events

    def _assign(self, timeline: Timeline) -> Iterator[Assignment]:
        rules = self._rules(timeline)
        boundaries = Boundaries.around(timeline, self._kept_whole(), rules.gap, self.on_cut)
        for window in self._windows(timeline):
            placed = boundaries.place(window, two_sided=rules.after)
            yield assign_rows(timeline, placed, rules)

    def _rules(self, timeline: Timeline) -> Rules:
        if self.boundary not in BOUNDARIES:
            raise unknown_name("boundary", self.boundary, BOUNDARIES)
        if self.on_cut not in ON_CUT:
            raise unknown_name("on_cut", self.on_cut, ON_CUT)
        return Rules(timeline.duration(self.gap, "gap"), timeline.duration(self.embargo, "embargo"),
                     strict=self.boundary == "strict", after=self.two_sided)


class GivenWindowSplitter(WindowSplitter):
    """Base of the splitters whose windows the world gives: some may have nothing to offer.

    Parameters
    ----------
    min_train_size : int or float, default 1
        Number, or fraction, of the distinct times that must have train rows. A fold with
        less, or with nothing to test, is left out.
    gap, embargo, boundary, events, on_cut, on_missing
        See `WindowSplitter`.
    """

    skips = True

    def __init__(
        self, min_train_size: Any = 1, *, gap: Any = 0, embargo: Any = 0,
        boundary: str = "closed", events: Events | None = None, on_cut: str = "after",
        on_missing: str = "raise",
    ) -> None:
        super().__init__(gap=gap, embargo=embargo, boundary=boundary, events=events, on_cut=on_cut,
                         on_missing=on_missing)
        self.min_train_size = min_train_size

    def _lack(self, timeline: Timeline, assignment: Assignment) -> Lack | None:
        least = timeline.window(self.min_train_size, "min_train_size")
        if not least.steps:
            raise InputError(f"min_train_size={self.min_train_size!r} must count timestamps: give "
                             "a number or a fraction of them")
        train = timeline.inverse[assignment.fate == Fate.TRAIN]
        n_times = np.count_nonzero(np.bincount(train, minlength=timeline.size))
        few = Lack(f"only {n_times} timestamp(s) to train on, fewer than {least.amount}",
                   "use a smaller min_train_size")
        return super()._lack(timeline, assignment) or (few if n_times < least.amount else None)
