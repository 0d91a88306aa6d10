"""Every choice of k of N blocks as the test: many histories that might have been."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
import numpy.typing as npt

from outlast.data.events import Events
from outlast.errors import InputError
from outlast.splits.base import Positions
from outlast.splits.boundaries import Window
from outlast.splits.purged_kfold import block_spans
from outlast.splits.rules import Span
from outlast.splits.timeline import Timeline
from outlast.splits.windows import WindowSplitter


class CombinatorialPurgedCV(WindowSplitter):
    """Test every choice of k of N blocks of time, on a model of all the other blocks.

    One walk through the data gives one score; a lucky path looks like a good model. Here
    each block is tested by several models, and the folds recombine into `n_paths` full
    backtests of the whole data, whose spread says how much of a score is luck.

    The distinct times are cut into `n_folds` blocks. Each fold tests `n_test_folds` of
    them, in lexicographic order, and trains on the others. Chosen blocks that are
    neighbours become one block before the rules apply, so nothing is purged between them.
    As with `PurgedKFold`, the model has seen the future of its test rows.

    Parameters
    ----------
    n_folds : int, default 6
        Number of blocks N, at least 2 and at most the number of distinct times.
    n_test_folds : int, default 2
        Number of blocks k that each fold tests, from 1 (which is `PurgedKFold`) to N - 1.
    max_splits : int, default 1000
        More folds than this are an error: their number grows as N over k.
    gap, embargo, boundary, events, on_cut, on_missing
        See `WindowSplitter`.

    Attributes
    ----------
    n_splits : int
        Number of folds, C(N, k): 15 by default.
    n_paths : int
        Number of backtest paths, C(N - 1, k - 1): 5 by default.

    See Also
    --------
    assemble_paths : From the predictions of the folds to those of the paths.

    References
    ----------
    M. López de Prado, *Advances in Financial Machine Learning* (2018), chapter 12.

    Examples
    --------
    Four blocks of two rows, two of which are tested: six folds, which make three paths.

    >>> splitter = CombinatorialPurgedCV(n_folds=4, n_test_folds=2)
    >>> time = np.arange(8)
    >>> for train, test in splitter.split(None, time=time, label_end=time + 1):
    ...     print(train, test)
    [4 5 6 7] [0 1 2 3]
    [2 3 6 7] [0 1 4 5]
    [2 3 4 5] [0 1 6 7]
    [0 1 6 7] [2 3 4 5]
    [0 1 4 5] [2 3 6 7]
    [0 1 2 3] [4 5 6 7]

    Column j of the paths names, for block j, the fold that predicts it:

    >>> splitter.paths()
    array([[0, 0, 1, 2],
           [1, 3, 3, 4],
           [2, 4, 5, 5]])
    """

    name = "combinatorial_purged"
    two_sided = True

    def __init__(
        self, n_folds: int = 6, n_test_folds: int = 2, max_splits: int = 1000, *, gap: Any = 0,
        embargo: Any = 0, boundary: str = "closed", events: Events | None = None,
        on_cut: str = "after", on_missing: str = "raise",
    ) -> None:
        super().__init__(gap=gap, embargo=embargo, boundary=boundary, events=events, on_cut=on_cut,
                         on_missing=on_missing)
        self.n_folds = n_folds
        self.n_test_folds = n_test_folds
        self.max_splits = max_splits

    @property
    def n_splits(self) -> int:
        """Number of folds, C(N, k)."""
        return comb(self.n_folds, self.n_test_folds)

    @property
    def n_paths(self) -> int:
        """Number of backtest paths, C(N - 1, k - 1): how many folds test each block."""
        return comb(self.n_folds - 1, self.n_test_folds - 1)

    def paths(self) -> npt.NDArray[np.intp]:
        """Say which fold predicts which block on which path.

        Returns
        -------
        ndarray of intp, shape (n_paths, n_folds)
            Indices of folds. Path p takes each block from the p-th fold that tests it, so
            that every prediction of every fold is on exactly one path.

        Raises
        ------
        InputError
            If the numbers do not make folds.
        """
        choices = np.array(self._choices())
        tested = (choices[:, :, None] == np.arange(self.n_folds)).any(axis=1)
        return np.array([np.flatnonzero(column) for column in tested.T]).T

    def _windows(self, timeline: Timeline) -> Iterable[Window]:
        choices = self._choices()
        blocks = block_spans(timeline, self.n_folds, "n_folds")
        return (Window(_touching([blocks[index] for index in choice])) for choice in choices)

    def _choices(self) -> list[tuple[int, ...]]:
        n, k = self.n_folds, self.n_test_folds
        for what, number, low in (("n_folds", n, 2), ("n_test_folds", k, 1)):
            if not isinstance(number, (int, np.integer)) or number < low:
                raise InputError(f"{what} must be a whole number from {low} on, got {number!r}")
        if k >= n:
            raise InputError(f"n_test_folds={k} must be below n_folds={n}: some of the blocks "
                             "must be left to train on")
        if self.n_splits > self.max_splits:
            raise InputError(f"n_folds={n} with n_test_folds={k} makes {self.n_splits} folds, more "
                             f"than max_splits={self.max_splits}: use fewer folds, "
                             "n_test_folds=2, or a larger max_splits")
        return list(combinations(range(n), k))


def assemble_paths(
    tests: Iterable[Positions], predictions: Iterable[Any], n_rows: int
) -> npt.NDArray[Any]:
    """Join the predictions of all folds into backtest paths over the whole data.

    Path p takes each row from the p-th fold that tests it, which is what
    `CombinatorialPurgedCV.paths` says of its blocks.

    Parameters
    ----------
    tests : iterable of ndarray of intp
        Positions of the test rows of each fold, as `split` yields them.
    predictions : iterable of array-like
        Of each fold, one number (or one array, such as the probability of each class) per
        test row.
    n_rows : int
        Rows of the table.

    Returns
    -------
    ndarray of float, shape (n_paths, n_rows) or (n_paths, n_rows, ...)
        NaN for a row that no fold tests, such as one without a label.

    Raises
    ------
    InputError
        If a fold has not one prediction per test row, or some rows are tested more often
        than others.

    Examples
    --------
    Each fold predicts its own number: the paths are those of the folds.

    >>> splitter = CombinatorialPurgedCV(n_folds=3, n_test_folds=2)
    >>> tests = [test for _, test in splitter.split(None, time=np.arange(6))]
    >>> predictions = [np.full(test.size, fold) for fold, test in enumerate(tests)]
    >>> assemble_paths(tests, predictions, n_rows=6)
    array([[0., 0., 0., 0., 1., 1.],
           [1., 1., 2., 2., 2., 2.]])
    """
    rows = list(tests)
    values = [np.asarray(prediction, dtype=np.float64) for prediction in predictions]
    _check_folds(rows, values)
    count = np.bincount(np.concatenate(rows), minlength=n_rows)
    paths = np.full((count.max(), n_rows, *values[0].shape[1:]), np.nan)
    if (count[count > 0] != count.max()).any():
        raise InputError(f"some rows are tested {count[count > 0].min()} times and others "
                         f"{count.max()}: only folds that test every block as often as every "
                         "other make paths, such as those of CombinatorialPurgedCV")
    seen = np.zeros(n_rows, dtype=np.intp)
    for test, value in zip(rows, values, strict=True):
        paths[seen[test], test] = value
        seen[test] += 1
    return paths


def _check_folds(rows: Sequence[Positions], values: Sequence[npt.NDArray[np.float64]]) -> None:
    if len(rows) != len(values) or not rows:
        raise InputError(f"predictions of {len(values)} fold(s) for {len(rows)} fold(s): give one "
                         "array for each, and at least one")
    for fold, (test, value) in enumerate(zip(rows, values, strict=True)):
        if value.shape[:1] != (len(test),):
            raise InputError(f"fold {fold} tests {len(test)} rows but its predictions have shape "
                             f"{value.shape}; give one per test row, in the order of `split`")


def _touching(blocks: Sequence[Span]) -> list[Span]:
    """Join neighbouring blocks, so that an event between them moves nothing."""
    joined = [blocks[0]]
    for start, stop in blocks[1:]:
        if start == joined[-1][1]:
            joined[-1] = joined[-1][0], stop
        else:
            joined.append((start, stop))
    return joined
