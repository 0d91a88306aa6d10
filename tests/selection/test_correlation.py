from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from outlast.selection.correlation import rank_correlation


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), n=st.integers(5, 80), ties=st.booleans())
def test_without_holes_it_is_spearman(seed: int, n: int, ties: bool) -> None:
    values = np.random.default_rng(seed).normal(size=(n, 4))
    values[:, 3] = -2 * values[:, 0]
    values = values.round(0) if ties else values
    varying = values.std(axis=0) > 0
    rho = rank_correlation(values)
    for i in np.flatnonzero(varying):
        for j in np.flatnonzero(varying):
            assert rho[i, j] == pytest.approx(spearmanr(values[:, i], values[:, j])[0], abs=1e-12)


def test_holes_leave_the_common_rows() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=2000)
    y = x + rng.normal(size=2000)
    both = np.column_stack([x, y])
    both[rng.random(2000) < 0.3, 0] = np.nan
    both[rng.random(2000) < 0.3, 1] = np.nan
    known = ~np.isnan(both).any(axis=1)
    expected = spearmanr(x[known], y[known])[0]
    assert rank_correlation(both)[0, 1] == pytest.approx(expected, abs=0.01)


def test_what_cannot_be_compared_is_zero() -> None:
    x = np.arange(10.0)
    first, second = x.copy(), x.copy()
    first[6:], second[:6] = np.nan, np.nan
    rho = rank_correlation(np.column_stack([x, np.ones(10), first, second, np.full(10, np.nan)]))
    assert (rho[0, 1], rho[2, 3], rho[0, 4]) == (0, 0, 0)
    assert rho[0, 2] == pytest.approx(1)
    assert rank_correlation(np.column_stack([x, x]), min_rows=11)[0, 1] == 0
