"""On panels in any row order ours are the splits of panelsplit."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from panelsplit.cross_validation import PanelSplit

from outlast.splits import ExpandingWindowSplit, WalkForwardSplit
from tests.oracles.agreement import assert_same_rows, labels, panels

counts, test_sizes, gaps, horizons = (
    st.integers(2, 4), st.integers(1, 3), st.integers(0, 3), st.integers(0, 4))


@given(panels(), counts, test_sizes, gaps, horizons)
def test_expanding_windows(
    time: np.ndarray, n_splits: int, test_size: int, gap: int, horizon: int
) -> None:
    theirs = PanelSplit(periods=time, n_splits=n_splits, test_size=test_size,
                        gap=gap + max(horizon - 1, 0))
    ours = ExpandingWindowSplit(n_splits, test_size, gap=gap)
    assert_same_rows(ours.split(None, time=time, label_end=labels(time, horizon)), theirs.split())


@given(panels(), counts, test_sizes, gaps, horizons, st.integers(4, 8))
def test_rolling_windows(
    time: np.ndarray, n_splits: int, test_size: int, gap: int, horizon: int, train_size: int
) -> None:
    purged = max(horizon - 1, 0)
    theirs = PanelSplit(periods=time, n_splits=n_splits, test_size=test_size, gap=gap + purged,
                        max_train_size=train_size - purged)
    ours = WalkForwardSplit(n_splits, test_size, train_size=train_size, min_train_size=1, gap=gap)
    assert_same_rows(ours.split(None, time=time, label_end=labels(time, horizon)), theirs.split())
