"""A series of test windows, each trained on a rolling window before it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from outlast.data.events import Events
from outlast.splits.boundaries import Window
from outlast.splits.cuts import Plan, read_plan, windows_from_end
from outlast.splits.rules import Span
from outlast.splits.timeline import Length, Timeline
from outlast.splits.windows import WindowSplitter


class WalkForwardSplit(WindowSplitter):
    """Test one window after the other, each on a model of the recent past only.

    Parameters
    ----------
    n_splits : int or None, default 5
        Number of folds; None makes as many as `min_train_size` allows.
    test_size, step : int, float or duration, optional
        As in `ExpandingWindowSplit`.
    train_size : int, float or duration, optional
        Length W of the train window, which rolls: ``T - gap - W <= t``. By default as
        long as what lies before the first test window and its gap, so that every fold
        trains on a window of the same length.
    min_train_size : int, float or duration, optional
        What lies at least before the first window and its gap; by default `train_size`.
    gap, embargo, boundary, events, on_cut, on_missing
        See `WindowSplitter`.

    Examples
    --------
    >>> import numpy as np
    >>> for train, test in WalkForwardSplit(3, test_size=2).split(None, time=np.arange(8)):
    ...     print(train, test)
    [0 1] [2 3]
    [2 3] [4 5]
    [4 5] [6 7]
    """

    name = "walk_forward"

    def __init__(
        self, n_splits: int | None = 5, test_size: Any = None, step: Any = None,
        train_size: Any = None, min_train_size: Any = None, *, gap: Any = 0, embargo: Any = 0,
        boundary: str = "closed", events: Events | None = None, on_cut: str = "after",
        on_missing: str = "raise",
    ) -> None:
        super().__init__(gap=gap, embargo=embargo, boundary=boundary, events=events, on_cut=on_cut,
                         on_missing=on_missing)
        self.n_splits = n_splits
        self.test_size = test_size
        self.step = step
        self.train_size = train_size
        self.min_train_size = min_train_size

    def _windows(self, timeline: Timeline) -> Iterable[Window]:
        given = self.train_size
        train_size = None if given is None else timeline.window(given, "train_size")
        plan = read_plan(timeline, self, minimum=train_size)
        spans = windows_from_end(timeline, plan)
        return [Window([span], train_size or _history(timeline, plan, spans[0])) for span in spans]


def _history(timeline: Timeline, plan: Plan, first: Span) -> Length:
    """Measure what lies before the first test window and its gap, in the unit of the windows."""
    end = timeline.earlier(first[0], plan.gap)
    if plan.size.steps:
        return Length(timeline.position(end))
    return Length(end - timeline.at(0), steps=False)
