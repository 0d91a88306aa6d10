"""K-fold over blocks of time, with the purge that makes training on both sides honest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from outlast.data.events import Events
from outlast.errors import InputError
from outlast.splits.boundaries import Window
from outlast.splits.rules import Span
from outlast.splits.timeline import Timeline
from outlast.splits.windows import WindowSplitter


class PurgedKFold(WindowSplitter):
    """Test each block of time once, on a model of all the rows before and after it.

    Every row is tested, and most rows train in every fold. The price: the model has seen
    the future of its test rows, so this measures how well it generalises over time, not
    how it would have fared. Rows whose labels reach into the test block, or that start
    before its labels are known, do not train.

    Parameters
    ----------
    n_splits : int, default 5
        Number of blocks K and of folds, at least 2. The distinct times are cut as by
        ``numpy.array_split``: blocks of equal length, the first ones one longer.
    gap, embargo, boundary, events, on_cut, on_missing
        See `WindowSplitter`.

    References
    ----------
    M. López de Prado, *Advances in Financial Machine Learning* (2018), section 7.4.

    Examples
    --------
    Labels take two days: next to each block the rows that would know of it are left out.

    >>> time = np.arange(10)
    >>> for train, test in PurgedKFold(2).split(None, time=time, label_end=time + 2):
    ...     print(train, test)
    [6 7 8 9] [0 1 2 3 4]
    [0 1 2 3] [5 6 7 8 9]
    """

    name = "purged_kfold"
    two_sided = True

    def __init__(
        self, n_splits: int = 5, *, gap: Any = 0, embargo: Any = 0, boundary: str = "closed",
        events: Events | None = None, on_cut: str = "after", on_missing: str = "raise",
    ) -> None:
        super().__init__(gap=gap, embargo=embargo, boundary=boundary, events=events, on_cut=on_cut,
                         on_missing=on_missing)
        self.n_splits = n_splits

    def _windows(self, timeline: Timeline) -> Iterable[Window]:
        return [Window([span]) for span in block_spans(timeline, self.n_splits, "n_splits")]


def block_spans(timeline: Timeline, n_blocks: Any, what: str) -> list[Span]:
    """Cut the distinct times into blocks of equal length, the first ones one longer.

    Raises
    ------
    InputError
        If there are fewer than two blocks, or more than distinct times, naming both numbers.
    """
    if not isinstance(n_blocks, (int, np.integer)) or n_blocks < 2:
        raise InputError(f"{what} must be a whole number from 2 on, got {n_blocks!r}")
    if n_blocks > timeline.size:
        raise InputError(f"{what}={n_blocks} blocks do not fit into {timeline.size} distinct "
                         f"times: use a smaller {what}")
    blocks = np.array_split(np.arange(timeline.size), n_blocks)
    return [(timeline.at(int(block[0])), timeline.at(int(block[-1]) + 1)) for block in blocks]
