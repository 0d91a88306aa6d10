"""Features that say the same, in groups."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.stats import spearmanr

from outlast.selection.clusters import closeness, correlation_clusters


@pytest.fixture
def frame() -> pl.DataFrame:
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(2, 400))
    return pl.DataFrame({"a": a, "b": b, "a_cubed": a**3, "minus_b": -b,
                         "b_noisy": b + rng.normal(size=400),
                         "city": ["Bonn", "Rome"] * 200, "town": ["Bonn", "Rome"] * 200})


def test_monotone_copies_share_a_group(frame):
    assert correlation_clusters(frame) == {
        "a": ("a", "a_cubed"), "b": ("b", "minus_b"), "b_noisy": ("b_noisy",),
        "city": ("city", "town")}


def test_the_threshold_is_the_mean_correlation_between_groups(frame):
    rho = abs(spearmanr(frame["b"], frame["b_noisy"]).statistic)
    assert len(correlation_clusters(frame, rho - 0.01)) == 3
    assert len(correlation_clusters(frame, rho + 0.01)) == 4


def test_closeness_is_spearman(frame):
    numbers = frame.select("a", "b", "b_noisy")
    np.testing.assert_allclose(closeness(numbers), np.abs(spearmanr(numbers.to_numpy()).statistic),
                               atol=1e-12)


@pytest.mark.parametrize("width", [0, 1])
def test_fewer_than_two_features(frame, width):
    names = frame.columns[:width]
    assert correlation_clusters(frame.select(names)) == {name: (name,) for name in names}
