"""Permutation importance against scikit-learn, brute force, and planted truths."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.inspection import permutation_importance as sklearn_importance

from outlast.importance.blocks import Shuffles, time_blocks
from outlast.importance.held_out import HeldOut
from outlast.importance.permutation import permutation_importance
from outlast.metrics import METRICS
from outlast.models import Matrix
from tests.importance.cases import halves, learner, matrix

N = 1_200


class Wrapped(BaseEstimator):
    """A fitted model as scikit-learn wants to see it."""

    def __init__(self, fitted=None, columns=()):
        self.fitted, self.columns = fitted, columns

    def fit(self, X, y):
        return self

    def predict(self, X):
        return self.fitted.predict(Matrix(np.asarray(X, dtype=np.float32), self.columns))


def independent() -> Matrix:
    rng = np.random.default_rng(0)
    a, b, noise = rng.normal(size=(3, N))
    return matrix({"a": a, "b": b, "noise": noise}, 2 * a + b + rng.normal(size=N))


@pytest.mark.parametrize("model", ["linear", "lightgbm", "random_forest"])
def test_independent_features_get_what_scikit_learn_gives_them(model):
    train, held_out = halves(independent())
    fitted = learner(model)(train)
    data = held_out.data
    shuffles = Shuffles.draw(np.zeros(len(data), dtype=np.intp), 10)
    ours = permutation_importance(fitted, held_out, shuffles, {c: [c] for c in data.columns})
    theirs = sklearn_importance(Wrapped(fitted, data.columns), data.X, data.y, n_repeats=10,
                                scoring="neg_root_mean_squared_error", random_state=0)
    for at, name in enumerate(data.columns):
        noise = np.hypot(ours[name].sd, theirs.importances_std[at]) / np.sqrt(10)
        assert ours[name].value == pytest.approx(theirs.importances_mean[at], abs=4 * noise + 1e-9)


def test_a_group_against_brute_force():
    rng = np.random.default_rng(1)
    time = np.repeat(np.arange(60), 10)
    a, macro = rng.normal(size=600), rng.normal(size=60)[time]
    data = matrix({"a": a, "twin": a + 0.1 * rng.normal(size=600), "macro": macro},
                  rng.random(600) < 1 / (1 + np.exp(-2 * a - macro)))
    fitted, metric = learner("lightgbm", "binary")(data), METRICS["roc_auc"]
    event = time < 20
    held_out = HeldOut(data, metric, {"early": event})
    shuffles = Shuffles.draw(time_blocks(time), 3, seed=7)
    found = permutation_importance(fitted, held_out, shuffles, {"all": ["a", "twin", "macro"]})
    lost, lost_early = [], []
    for within, across in zip(shuffles.within, shuffles.across, strict=True):
        X = data.X.copy()
        X[:, :2], X[:, 2] = X[within, :2], X[across, 2]
        before, after = fitted.predict(data), fitted.predict(Matrix(X, data.columns))
        lost.append(metric.score(data.y, before) - metric.score(data.y, after))
        lost_early.append(metric.score(data.y[event], before[event])
                          - metric.score(data.y[event], after[event]))
    assert found["all"].value == pytest.approx(np.mean(lost))
    assert found["all"].sd == pytest.approx(np.std(lost, ddof=1))
    assert found["all"].n_repeats == 3
    assert found["all"].by_event == {"early": pytest.approx(np.mean(lost_early))}


def test_copies_hide_each_other_alone_and_not_together():
    rng = np.random.default_rng(2)
    a = rng.normal(size=N)
    train, held_out = halves(matrix({"a": a, "twin": a}, a + 0.1 * rng.normal(size=N)))
    fitted = learner("linear", alpha=0.1)(train)
    shuffles = Shuffles.draw(np.zeros(len(held_out.data), dtype=np.intp))
    found = permutation_importance(fitted, held_out, shuffles,
                                   {"a": ["a"], "twin": ["twin"], "both": ["a", "twin"]})
    assert found["both"].value > 1.5 * max(found["a"].value, found["twin"].value) > 0


def test_a_macro_feature_is_measured_by_exchanging_times():
    rng = np.random.default_rng(3)
    time = np.repeat(np.arange(100), 8)
    macro = rng.normal(size=100)[time]
    data = matrix({"macro": macro, "noise": rng.normal(size=800)},
                  macro + 0.1 * rng.normal(size=800))
    fitted = learner("linear", alpha=0.1)(data)
    shuffles = Shuffles.draw(time_blocks(time))
    held_out = HeldOut(data, METRICS["rmse"])
    found = permutation_importance(fitted, held_out, shuffles, {"macro": ["macro"]})
    assert found["macro"].value > 0.5
    # Permuted within its time, as other features are, it would not have moved at all.
    np.testing.assert_array_equal(macro[shuffles.within[0]], macro)


def test_what_permuting_improves_is_negative():
    rng = np.random.default_rng(4)
    a = rng.normal(size=400)
    train = matrix({"a": a}, a)
    shifted = HeldOut(matrix({"a": a}, -a), METRICS["rmse"])
    shuffles = Shuffles.draw(np.zeros(400, dtype=np.intp))
    found = permutation_importance(learner("linear")(train), shifted, shuffles, {"a": ["a"]})
    assert found["a"].value < 0


def test_a_feature_without_a_split_costs_no_prediction_and_is_exactly_0(monkeypatch):
    data = independent()
    flat = matrix({"a": data.X[:, 0], "flat": np.ones(N)}, data.y)
    fitted = learner("lightgbm")(flat)
    calls, predict = [], fitted.predict
    monkeypatch.setattr(fitted, "predict", lambda rows: calls.append(0) or predict(rows))
    held_out = HeldOut(flat, METRICS["rmse"], {"first": np.arange(N) < 100})
    shuffles = Shuffles.draw(np.zeros(N, dtype=np.intp))
    found = permutation_importance(fitted, held_out, shuffles, {"flat": ["flat"]})
    assert (found["flat"].value, found["flat"].sd) == (0.0, 0.0)
    assert found["flat"].by_event == {"first": 0.0}
    assert len(calls) == 1


def test_no_number_where_the_metric_is_not_defined():
    rng = np.random.default_rng(5)
    train = matrix({"a": rng.normal(size=100)}, rng.random(100) < 0.5)
    one_class = HeldOut(matrix({"a": rng.normal(size=50)}, np.ones(50)), METRICS["roc_auc"])
    found = permutation_importance(learner("linear", "binary")(train), one_class,
                                   Shuffles.draw(np.zeros(50, dtype=np.intp)), {"a": ["a"]})
    assert (found["a"].value, found["a"].sd) == (None, None)


def test_an_event_of_one_class_is_left_out():
    rng = np.random.default_rng(6)
    a = rng.normal(size=200)
    data = matrix({"a": a}, a > 0)
    events = {"both": np.arange(200) < 100, "one": a > 0}
    found = permutation_importance(
        learner("linear", "binary")(data), HeldOut(data, METRICS["roc_auc"], events),
        Shuffles.draw(np.zeros(200, dtype=np.intp)), {"a": ["a"]})
    assert set(found["a"].by_event) == {"both"}
