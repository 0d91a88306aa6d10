"""Refits without a group: what nothing else can replace costs, a copy does not."""

from __future__ import annotations

import numpy as np
import pytest

from outlast.importance.blocks import Shuffles
from outlast.importance.drop_refit import drop_and_refit
from outlast.importance.permutation import permutation_importance
from outlast.models import Matrix
from tests.importance.cases import halves, learner, matrix


@pytest.fixture(scope="module")
def planted():
    """One signal of its own, one that is there twice."""
    rng = np.random.default_rng(0)
    own, shared = rng.normal(size=(2, 1_600))
    data = matrix({"own": own, "shared": shared, "copy": shared, "noise": rng.normal(size=1_600)},
                  own + shared + 0.3 * rng.normal(size=1_600))
    train, held_out = halves(data)
    fit = learner("lightgbm")
    return fit, fit(train), train, held_out


def test_a_copy_can_be_replaced_and_its_group_cannot(planted):
    fit, fitted, train, held_out = planted
    found = drop_and_refit(fit, fitted, train, held_out, {
        "own": ["own"], "copy": ["copy"], "both": ["shared", "copy"], "noise": ["noise"]})
    assert found["own"].value > 0.4
    assert found["both"].value > 0.4
    assert abs(found["copy"].value) < 0.05
    assert abs(found["noise"].value) < 0.05
    # Replaceable, and yet the model relies on what the two say.
    shuffles = Shuffles.draw(np.zeros(len(held_out.data), dtype=np.intp))
    reliance = permutation_importance(fitted, held_out, shuffles, {"both": ["shared", "copy"]})
    assert reliance["both"].value > 0.4


def test_the_loss_is_that_of_a_fit_that_never_had_the_columns(planted):
    fit, fitted, train, held_out = planted
    found = drop_and_refit(fit, fitted, train, held_out, {"own": ["own"]})
    kept = [1, 2, 3]
    without, data = (Matrix(d.X[:, kept], d.columns[1:], y=d.y) for d in (train, held_out.data))
    score = held_out.metric.score
    expected = (score(data.y, fit(without).predict(data))
                - score(data.y, fitted.predict(held_out.data)))
    assert found["own"].value == pytest.approx(expected)
    assert (found["own"].sd, found["own"].n_repeats) == (None, 1)


def test_categories_are_still_categories_when_others_go(planted):
    seen = []
    data = Matrix(np.zeros((4, 3), "f4"), ("a", "shop", "b"), (1,), y=np.arange(4.0))
    _, held_out = halves(matrix({"a": np.arange(4)}, np.arange(4)))

    def fit(rows):
        seen.append((rows.columns, rows.categorical))
        return learner("prior")(rows)

    drop_and_refit(fit, learner("prior")(data), data, type(held_out)(data, held_out.metric),
                   {"a": ["a"], "shop": ["shop"]})
    assert seen == [(("shop", "b"), (0,)), (("a", "b"), ())]


def test_nothing_is_fitted_to_no_columns(planted):
    fit, fitted, train, held_out = planted
    assert drop_and_refit(fit, fitted, train, held_out, {"all": list(train.columns)}) == {}
