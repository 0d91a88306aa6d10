"""With gaps counted in rows ours are the splits of tscv."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tscv import GapKFold, GapWalkForward

from outlast.splits import ExpandingWindowSplit, PurgedKFold, WalkForwardSplit
from tests.oracles.agreement import assert_same_rows, labels, series

gaps, horizons = st.integers(0, 3), st.integers(0, 6)


@given(series(), st.integers(4, 24), gaps, gaps, horizons)
def test_purged_folds(
    time: np.ndarray, n_splits: int, gap: int, embargo: int, horizon: int
) -> None:
    purged = max(horizon - 1, 0)
    theirs = GapKFold(n_splits, gap_before=gap + purged, gap_after=embargo + purged)
    ours = PurgedKFold(n_splits, gap=gap, embargo=embargo)
    assert_same_rows(ours.split(None, time=time, label_end=labels(time, horizon)),
                     theirs.split(time), np.argsort(time))


@given(series(), st.integers(1, 4), st.integers(1, 4), st.data())
def test_expanding_windows(
    time: np.ndarray, n_splits: int, test_size: int, data: st.DataObject
) -> None:
    step, gap, horizon = (data.draw(s) for s in (st.integers(1, test_size), gaps, horizons))
    theirs = GapWalkForward(n_splits, test_size=test_size, rollback_size=test_size - step,
                            gap_size=gap + max(horizon - 1, 0))
    ours = ExpandingWindowSplit(n_splits, test_size, step, gap=gap)
    assert_same_rows(ours.split(None, time=time, label_end=labels(time, horizon)),
                     theirs.split(time), np.argsort(time))


@given(series(), st.integers(1, 4), st.integers(1, 4), st.integers(6, 9), gaps, horizons)
def test_rolling_windows(
    time: np.ndarray, n_splits: int, test_size: int, train_size: int, gap: int, horizon: int
) -> None:
    purged = max(horizon - 1, 0)
    theirs = GapWalkForward(n_splits, max_train_size=train_size - purged, test_size=test_size,
                            gap_size=gap + purged)
    ours = WalkForwardSplit(n_splits, test_size, train_size=train_size, min_train_size=1, gap=gap)
    assert_same_rows(ours.split(None, time=time, label_end=labels(time, horizon)),
                     theirs.split(time), np.argsort(time))
