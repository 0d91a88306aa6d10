"""A series of test windows, each trained on all that came before it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from outlast.data.events import Events
from outlast.splits.boundaries import Window
from outlast.splits.cuts import read_plan, windows_from_end
from outlast.splits.timeline import Timeline
from outlast.splits.windows import WindowSplitter


class ExpandingWindowSplit(WindowSplitter):
    """Test one window after the other, each on a model of all the past.

    The windows are counted back from the end of the data, so that the last one ends there.

    Parameters
    ----------
    n_splits : int or None, default 5
        Number of folds; None makes as many as `min_train_size` allows.
    test_size : int, float or duration, optional
        Length of each test window: a number or fraction of the distinct times, or clock
        time. By default ``m // (n_splits + 1)`` of the m distinct times. A window of
        clock time without a timestamp is passed over.
    step : int, float or duration, optional
        From one test window to the next; by default `test_size`. A smaller step tests
        rows more than once.
    min_train_size : int, float or duration, optional
        What lies at least before the first window and its gap. By default one timestamp,
        and `test_size` when `n_splits` is None.
    gap, embargo, boundary, events, on_cut, on_missing
        See `WindowSplitter`.

    Examples
    --------
    >>> import numpy as np
    >>> for train, test in ExpandingWindowSplit(3, test_size=2).split(None, time=np.arange(8)):
    ...     print(train, test)
    [0 1] [2 3]
    [0 1 2 3] [4 5]
    [0 1 2 3 4 5] [6 7]
    """

    name = "expanding_window"

    def __init__(
        self, n_splits: int | None = 5, test_size: Any = None, step: Any = None,
        min_train_size: Any = None, *, gap: Any = 0, embargo: Any = 0, boundary: str = "closed",
        events: Events | None = None, on_cut: str = "after", on_missing: str = "raise",
    ) -> None:
        super().__init__(gap=gap, embargo=embargo, boundary=boundary, events=events, on_cut=on_cut,
                         on_missing=on_missing)
        self.n_splits = n_splits
        self.test_size = test_size
        self.step = step
        self.min_train_size = min_train_size

    def _windows(self, timeline: Timeline) -> Iterable[Window]:
        plan = read_plan(timeline, self)
        return [Window([span]) for span in windows_from_end(timeline, plan)]
