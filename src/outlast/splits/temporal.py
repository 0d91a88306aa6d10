"""One chronological holdout."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from outlast.data.events import Events
from outlast.splits.boundaries import Window
from outlast.splits.cuts import read_cut
from outlast.splits.timeline import LAST, Timeline
from outlast.splits.windows import WindowSplitter


class TemporalSplit(WindowSplitter):
    """Test the end of the data, train on what was known before it.

    Parameters
    ----------
    test_size : float, int, duration or date, default 0.2
        A float is a fraction of the distinct times (not of the rows), an int a number of
        them, a duration such as ``"90D"`` the last of that much clock time, and a date
        such as ``"2020-01-01"`` the cut itself.
    gap, embargo, boundary, events, on_cut, on_missing
        See `WindowSplitter`.

    Examples
    --------
    Daily rows whose labels take two days: the label of day 7 is not known at the cut.

    >>> import numpy as np
    >>> days = np.arange("2024-01-01", "2024-01-11", dtype="datetime64[D]")
    >>> known = days + np.timedelta64(2, "D")
    >>> for train, test in TemporalSplit().split(None, time=days, label_end=known):
    ...     print(train, test)
    [0 1 2 3 4 5 6] [8 9]
    """

    name = "temporal"

    def __init__(
        self, test_size: Any = 0.2, *, gap: Any = 0, embargo: Any = 0, boundary: str = "closed",
        events: Events | None = None, on_cut: str = "after", on_missing: str = "raise",
    ) -> None:
        super().__init__(gap=gap, embargo=embargo, boundary=boundary, events=events, on_cut=on_cut,
                         on_missing=on_missing)
        self.test_size = test_size

    def _windows(self, timeline: Timeline) -> Iterable[Window]:
        yield Window([(read_cut(timeline, self.test_size), LAST)])
