"""The direction in which a feature pushes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from outlast.importance.signs import slope_signs
from tests.importance.cases import learner, matrix


def test_directions_of_a_linear_model():
    rng = np.random.default_rng(0)
    a, b, flat = rng.normal(size=200), rng.normal(size=200), np.ones(200)
    data = matrix({"a": a, "b": b, "flat": flat}, 2 * a - b)
    shares = learner("linear", alpha=0.1)(data).contributions(data)
    signs = slope_signs(data.X, shares)
    assert signs[:2].tolist() == [pytest.approx(1.0), pytest.approx(-1.0)]
    assert np.isnan(signs[2])


def test_a_feature_that_pushes_both_ways_has_hardly_a_direction():
    x = np.linspace(-1, 1, 101)[:, None]
    assert abs(slope_signs(x, x**2)[0]) < 0.05


def test_missing_values_do_not_count_and_categories_have_no_order():
    rng = np.random.default_rng(1)
    x, push = rng.normal(size=50), rng.normal(size=50)
    gaps = np.where(np.arange(50) % 3 == 0, np.nan, x)
    known = ~np.isnan(gaps)
    signs = slope_signs(np.column_stack([gaps, x]), np.column_stack([push, push]), [1])
    assert signs[0] == pytest.approx(spearmanr(x[known], push[known]).statistic)
    assert np.isnan(signs[1])
