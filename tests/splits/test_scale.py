"""A million rows of five hundred entities go through the same code."""

from __future__ import annotations

import numpy as np
import pytest

from outlast.data.times import Instants
from outlast.splits import ExpandingWindowSplit
from tests.splits.reference import DAY


@pytest.mark.slow
def test_a_million_rows() -> None:
    time = np.tile(np.arange(2000), 500)[np.random.default_rng(0).permutation(1_000_000)] * DAY
    folds = ExpandingWindowSplit(5, gap="2D").folds(Instants(time, "naive"),
                                               Instants(time + 5 * DAY, "naive"))
    assert [fold.audit.n_test for fold in folds] == [333 * 500] * 5
    assert all(fold.audit.clean for fold in folds)
    assert all(fold.audit.n_gap == 2 * 500 for fold in folds)
    assert all(fold.audit.n_purged == 4 * 500 or fold.audit.n_purged == 5 * 500 for fold in folds)
