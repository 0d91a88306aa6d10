import numpy as np
import pytest
from scipy import stats

from outlast.feature_tracker.errors import fold_means


def test_resampled_folds_get_the_error_of_nadeau_and_bengio():
    values = np.array([[0.1, 0.3, 0.2, 0.6, 0.3]])
    means = fold_means(values, "purged_kfold", test_to_train=0.25)
    expected = values.std(ddof=1) * np.sqrt(1 / 5 + 0.25)
    assert means.se[0] == pytest.approx(expected)
    assert means.high[0] - means.mean[0] == pytest.approx(stats.t.ppf(0.975, 4) * expected)


def test_a_fold_without_the_feature_is_left_out():
    means = fold_means(np.array([[1.0, np.nan, 3.0]]), "random", 0.5)
    alone = fold_means(np.array([[1.0, 3.0]]), "random", 0.5)
    assert (means.mean[0], means.se[0]) == pytest.approx((alone.mean[0], alone.se[0]))


def test_one_fold_has_a_mean_and_no_error():
    means = fold_means(np.array([[0.5]]), "temporal")
    assert means.mean[0] == 0.5
    assert np.isnan([means.se[0], means.low[0], means.high[0]]).all()


def test_intervals_of_independent_blocks_hold_what_they_promise():
    values = np.random.default_rng(0).normal(size=(4_000, 6))
    means = fold_means(values, "walk_forward")
    covered = ((means.low <= 0) & (means.high >= 0)).mean()
    assert 0.90 < covered < 0.97


def test_blocks_see_that_neighbouring_folds_are_alike():
    rng = np.random.default_rng(1)
    steps = rng.normal(size=(500, 20))
    alike = steps[:, np.repeat(np.arange(10), 2)]
    ratio = fold_means(alike, "walk_forward").se.mean() / fold_means(
        alike, "random").se.mean()
    assert ratio > 1.15
