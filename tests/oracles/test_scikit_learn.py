"""Without labels, or counted in rows, ours are the splits of scikit-learn."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import KFold, TimeSeriesSplit

from outlast.splits import ExpandingWindowSplit, PurgedKFold, WalkForwardSplit
from tests.oracles.agreement import assert_same_rows, labels, series

sizes = st.one_of(st.none(), st.integers(1, 3))


@given(series(), st.integers(2, 20))
def test_purged_folds_without_labels_are_plain_folds(time: np.ndarray, n_splits: int) -> None:
    ours = PurgedKFold(n_splits).split(None, time=time)
    assert_same_rows(ours, KFold(n_splits).split(time), np.argsort(time))


@given(series(), st.integers(2, 5), sizes, st.integers(0, 3), st.integers(0, 4))
def test_expanding_windows_count_gap_and_horizon_in_rows(
    time: np.ndarray, n_splits: int, test_size: int | None, gap: int, horizon: int
) -> None:
    ours = ExpandingWindowSplit(n_splits, test_size, gap=gap).split(
        None, time=time, label_end=labels(time, horizon))
    # A label of one row ends where the test starts, so that it takes no row away.
    theirs = TimeSeriesSplit(n_splits, test_size=test_size, gap=gap + max(horizon - 1, 0))
    assert_same_rows(ours, theirs.split(time), np.argsort(time))


@given(series(), st.integers(2, 5), sizes, st.integers(0, 3), st.integers(0, 4), st.integers(5, 9))
def test_rolling_windows_hold_the_purged_rows_too(
    time: np.ndarray, n_splits: int, test_size: int | None, gap: int, horizon: int, train_size: int
) -> None:
    ours = WalkForwardSplit(n_splits, test_size, train_size=train_size, min_train_size=1, gap=gap)
    purged = max(horizon - 1, 0)
    theirs = TimeSeriesSplit(n_splits, test_size=test_size, gap=gap + purged,
                             max_train_size=train_size - purged)
    assert_same_rows(ours.split(None, time=time, label_end=labels(time, horizon)),
                     theirs.split(time), np.argsort(time))
