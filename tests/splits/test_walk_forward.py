"""Rolling windows: how long they are by default, and what they roll over."""

from __future__ import annotations

import numpy as np
import pytest

from outlast.errors import InputError
from outlast.splits import WalkForwardSplit
from tests.splits.reference import days
from tests.splits.test_expanding_window import dates


def irregular(size: int = 60) -> np.ndarray:
    """Times with holes and ties, in no order."""
    hours = np.random.default_rng(3).integers(0, 24 * 50, size)
    return np.datetime64("2024-01-01", "ns") + hours.astype("timedelta64[h]")


def test_by_default_every_fold_trains_on_as_many_timestamps() -> None:
    time = np.repeat(np.arange(23), 2)
    folds = WalkForwardSplit(4, gap=2).folds(time)
    assert [np.unique(time[fold.train]).size for fold in folds] == [5, 5, 5, 5]
    assert [fold.audit.train_start for fold in folds] == [0, 4, 8, 12]


def test_by_default_every_fold_trains_on_as_much_clock_time() -> None:
    time = irregular()
    folds = WalkForwardSplit(4, "6D", gap="1D").folds(time)
    starts = [fold.audit.blocks[0].start for fold in folds]
    first = int(time.astype(np.int64).min())
    length = starts[0] - 86_400 * 10**9 - first
    for fold, start in zip(folds, starts, strict=True):
        lower, upper = start - 86_400 * 10**9 - length, start - 86_400 * 10**9
        inside = (time.astype(np.int64) >= lower) & (time.astype(np.int64) < upper)
        assert fold.train.tolist() == np.flatnonzero(inside).tolist()


def test_the_window_counts_from_the_gap() -> None:
    fold = WalkForwardSplit(1, test_size=2, train_size=3, gap=2).folds(np.arange(12))[0]
    assert fold.train.tolist() == [5, 6, 7]
    assert (fold.audit.n_gap, fold.audit.n_outside) == (2, 5)


def test_purged_rows_do_not_widen_the_window() -> None:
    time = np.arange(12)
    fold = WalkForwardSplit(1, test_size=2, train_size=5).folds(time, time + 3)[0]
    assert fold.train.tolist() == [5, 6, 7]
    assert (fold.audit.n_purged, fold.audit.n_outside) == (2, 5)


def test_cuts_walk_back_while_a_whole_train_window_fits() -> None:
    time = days(*range(1, 21))
    folds = WalkForwardSplit(None, test_size=3, train_size=9).folds(time)
    assert [fold.test[0] for fold in folds] == [11, 14, 17]
    shorter = WalkForwardSplit(None, test_size=3, train_size=9, min_train_size=4).folds(time)
    assert [fold.test[0] for fold in shorter] == [5, 8, 11, 14, 17]
    assert shorter[0].train.tolist() == [0, 1, 2, 3, 4]


def test_a_train_window_that_does_not_fit_is_an_error() -> None:
    with pytest.raises(InputError, match=r"n_splits=5 .* only 4 leave enough to train on"):
        WalkForwardSplit(5, test_size=2, train_size=12).folds(np.arange(20))
    with pytest.raises(InputError, match="train_size must be above zero"):
        WalkForwardSplit(train_size="0D").folds(days(*range(1, 20)))


def test_train_windows_may_be_calendar_months() -> None:
    time = dates("2023-01-01", "2023-12-31")
    for gap, first in [(0, "2023-07-01"), ("1 calendar week", "2023-06-24")]:
        folds = WalkForwardSplit(3, "1mo", train_size="3mo", gap=gap).folds(time)
        assert str(time[folds[0].train[0]]) == first
        assert [str(time[fold.test[0]]) for fold in folds] == [
            "2023-10-01", "2023-11-01", "2023-12-01"]
    folds = WalkForwardSplit(2, "1mo", train_size="1mo").folds(time)
    assert [fold.train.size for fold in folds] == [31, 30], "October, then November"


def test_by_default_calendar_windows_train_on_as_much_clock_time() -> None:
    time = dates("2023-01-01", "2023-12-31")
    folds = WalkForwardSplit(3, "1mo").folds(time)
    assert [fold.train.size for fold in folds] == [273, 273, 273]
