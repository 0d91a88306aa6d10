"""Metrics against scikit-learn and SciPy, at a point and under many weightings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn import metrics as oracle

from outlast.errors import InputError
from outlast.metrics import (
    METRICS,
    default_metric,
    improvement,
    row_losses,
    score_all,
    weighted_scores,
)

TASKS = ("binary", "multiclass", "regression")


def sample(task, n=60, seed=0):
    """Labels and tied predictions of one task."""
    rng = np.random.default_rng(seed)
    if task == "binary":
        return rng.integers(0, 2, n).astype(float), rng.integers(1, 12, n) / 12
    if task == "multiclass":
        mass = rng.integers(1, 5, (n, 3)).astype(float)
        return rng.integers(0, 3, n).astype(float), mass / mass.sum(1, keepdims=True)
    y = rng.normal(size=n).round(1)
    return y, (y + rng.normal(size=n)).round(1)


def reference(name, y, p, w):
    """What scikit-learn or SciPy says; Spearman by repeating the rows."""
    if name == "spearman":
        return spearmanr(np.repeat(y, w), np.repeat(p, w)).statistic
    if name == "brier":
        return oracle.brier_score_loss(y, p, sample_weight=w)
    if name == "accuracy":
        labels = p.argmax(1) if p.ndim == 2 else p > 0.5
        return oracle.accuracy_score(y, labels, sample_weight=w)
    if p.ndim == 2:
        if name == "roc_auc_ovr":
            return oracle.roc_auc_score(y, p, multi_class="ovr", sample_weight=w)
        return oracle.log_loss(y, p, sample_weight=w, labels=[0, 1, 2])
    functions = {"roc_auc": oracle.roc_auc_score, "rmse": oracle.root_mean_squared_error,
                 "average_precision": oracle.average_precision_score, "r2": oracle.r2_score,
                 "log_loss": oracle.log_loss, "mae": oracle.mean_absolute_error}
    return functions[name](y, p, sample_weight=w)


CASES = [(task, name) for task in TASKS for name in METRICS if task in METRICS[name].tasks]


@pytest.mark.parametrize(("task", "name"), CASES)
def test_scores_equal_the_oracle_at_a_point_and_under_weights(task, name):
    y, p = sample(task)
    weights = np.random.default_rng(1).integers(0, 4, (5, len(y)))
    ours = weighted_scores(METRICS[name], y, p, weights)
    theirs = [reference(name, y, p, w) for w in weights]
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    once = np.ones(len(y), dtype=int)
    np.testing.assert_allclose(METRICS[name].score(y, p), reference(name, y, p, once))
    np.testing.assert_allclose(METRICS[name].score(y, p, weights[0]), theirs[0])


@pytest.mark.parametrize(("task", "name"), CASES)
def test_a_replicate_equals_the_score_of_the_repeated_rows(task, name):
    y, p = sample(task, seed=3)
    counts = np.random.default_rng(2).integers(0, 3, (1, len(y)))
    repeated = METRICS[name].score(np.repeat(y, counts[0]), np.repeat(p, counts[0], axis=0))
    np.testing.assert_allclose(weighted_scores(METRICS[name], y, p, counts)[0], repeated)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 4), st.integers(0, 3)),
                min_size=1, max_size=12))
@settings(max_examples=100, deadline=None)
def test_the_weighted_auc_counts_pairs(rows):
    y, p, w = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    pairs = [(wi * wj, (pi > pj) + (pi == pj) / 2)
             for yi, pi, wi in zip(y, p, w, strict=True) if yi
             for yj, pj, wj in zip(y, p, w, strict=True) if not yj]
    mass = sum(weight for weight, _ in pairs)
    ours = weighted_scores(METRICS["roc_auc"], y, p, w[None])[0]
    expected = sum(weight * win for weight, win in pairs) / mass if mass else np.nan
    np.testing.assert_allclose(ours, expected, rtol=1e-12)


@pytest.mark.parametrize("name", ["roc_auc", "average_precision"])
@pytest.mark.parametrize("only", [0.0, 1.0])
def test_one_class_has_no_ranking_score(name, only):
    y, p = np.full(4, only), np.array([0.1, 0.2, 0.3, 0.4])
    assert METRICS[name].score(y, p) is None
    assert np.isnan(weighted_scores(METRICS[name], y, p, np.ones((1, 4)))).all()


def test_a_weighting_that_drops_a_class_has_no_score_and_the_others_keep_theirs():
    y, p = np.array([0.0, 1.0, 1.0]), np.array([0.2, 0.1, 0.9])
    got = weighted_scores(METRICS["roc_auc"], y, p, [[0, 1, 1], [1, 1, 1]])
    assert np.isnan(got[0])
    assert got[1] == 0.5
    assert METRICS["roc_auc"].score(y, p, weight=[0, 1, 1]) is None


@pytest.mark.parametrize("name", ["r2", "spearman"])
def test_a_constant_target_has_no_r2_and_no_rank_correlation(name):
    y, p = np.full(5, 0.3), np.arange(5.0)
    assert METRICS[name].score(y, p) is None
    weights = np.random.default_rng(0).random((3, 5))
    assert np.isnan(weighted_scores(METRICS[name], y, p, weights)).all()


def test_a_constant_prediction_has_no_rank_correlation():
    weights = np.random.default_rng(0).random((3, 5))
    assert METRICS["spearman"].score(np.arange(5.0), np.full(5, 0.1)) is None
    assert np.isnan(
        weighted_scores(METRICS["spearman"], np.arange(5.0), np.full(5, 0.1), weights)
    ).all()


def test_proper_losses_are_defined_on_one_class():
    assert METRICS["log_loss"].score([1, 1], [0.5, 0.5]) == pytest.approx(np.log(2))
    assert METRICS["brier"].score([1, 1], [0.5, 0.5]) == 0.25


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_non_finite_prediction_has_no_score(bad):
    y = np.array([0.0, 1.0, 0.0])
    assert set(score_all("binary", y, [0.1, bad, 0.3]).values()) == {None}
    assert np.isnan(weighted_scores(METRICS["brier"], y, [0.1, bad, 0.3], np.ones((2, 3)))).all()


def test_no_rows_have_no_score():
    assert METRICS["mae"].score([], []) is None


def test_the_multiclass_auc_is_the_mean_over_the_classes_present():
    y, p = sample("multiclass")
    two = y < 2
    expected = np.mean([oracle.roc_auc_score(y[two] == k, p[two, k]) for k in (0, 1)])
    assert METRICS["roc_auc_ovr"].score(y[two], p[two]) == pytest.approx(expected)


@pytest.mark.parametrize("task", TASKS)
def test_row_losses_average_to_the_proper_score(task):
    y, p = sample(task)
    losses = row_losses(task, y, p)
    name = "rmse" if task == "regression" else "log_loss"
    expected = METRICS[name].score(y, p)
    assert losses.shape == y.shape
    assert losses.mean() == pytest.approx(expected**2 if task == "regression" else expected)


def test_a_certain_wrong_prediction_has_a_finite_loss():
    assert row_losses("binary", [1.0], [0.0])[0] == pytest.approx(36.04, abs=0.01)


def test_slabs_do_not_change_the_scores(monkeypatch):
    y, p = sample("binary")
    weights = np.random.default_rng(5).integers(0, 3, (7, len(y)))
    whole = weighted_scores(METRICS["roc_auc"], y, p, weights)
    monkeypatch.setattr("outlast.weighted._SLAB", 2 * len(y))
    np.testing.assert_array_equal(weighted_scores(METRICS["roc_auc"], y, p, weights), whole)


def test_no_weightings_give_no_scores():
    y, p = sample("binary")
    assert weighted_scores(METRICS["brier"], y, p, np.empty((0, len(y)))).shape == (0,)


def test_score_all_holds_the_metrics_of_the_task_only():
    for task in TASKS:
        scored = score_all(task, *sample(task))
        assert set(scored) == {name for name in METRICS if task in METRICS[name].tasks}
        assert None not in scored.values()


@pytest.mark.parametrize(("task", "name"),
                         [("binary", "roc_auc"), ("multiclass", "log_loss"),
                          ("regression", "rmse")])
def test_each_task_has_its_default(task, name):
    assert default_metric(task).name == name


def test_improvement_is_positive_when_the_first_is_better():
    assert improvement(METRICS["roc_auc"], 0.8, 0.7) > 0
    assert improvement(METRICS["log_loss"], 0.8, 0.7) < 0


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match=r"y has shape \(2,\) and prediction \(3,\)"):
        METRICS["mae"].score([1, 2], [1, 2, 3])
    with pytest.raises(InputError, match=r"weights must have shape \(B, 2\), got \(1, 3\)"):
        weighted_scores(METRICS["mae"], [1, 2], [1, 2], [[1, 1, 1]])
