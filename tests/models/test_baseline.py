"""Baselines, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from outlast.models import FitContext, Matrix, make_model

BINARY, THREE = FitContext("binary", 2), FitContext("multiclass", 3)


def rows(y, last=None):
    last = None if last is None else np.array(last, dtype=float)
    return Matrix(np.zeros((len(y), 1), np.float32), ("a",), (), np.array(y, dtype=float), last)


def test_the_prior_counts_one_imaginary_row_per_class():
    model = make_model("prior").fit(rows([0, 0, 0, 1]), {}, BINARY)
    assert model.predict(rows([0])).tolist() == pytest.approx([2 / 6])


def test_the_prior_of_values_is_their_mean():
    model = make_model("prior").fit(rows([1.0, 2.0, 6.0]), {}, FitContext("regression"))
    assert model.predict(rows([0, 0])).tolist() == [3.0, 3.0]


def test_the_last_value_is_itself_for_regression_and_the_mean_where_unknown():
    model = make_model("last_value").fit(rows([1.0, 3.0]), {}, FitContext("regression"))
    assert model.predict(rows([0, 0], [7.0, np.nan])).tolist() == [7.0, 2.0]


def test_what_followed_a_class_is_shrunk_to_what_is_usual():
    last, y = [0] * 30 + [1] * 10, [0] * 30 + [1] * 10
    model = make_model("last_value").fit(rows(y, last), {}, BINARY)
    prior = 11 / 42
    expected = [10 * prior / (30 + 10), (10 * prior + 10) / (10 + 10), prior]
    assert model.predict(rows([0, 0, 0], [0, 1, np.nan])).tolist() == pytest.approx(expected)


def test_every_class_has_its_own_successors():
    last, y = [0, 1, 2] * 50, [1, 2, 0] * 50
    model = make_model("last_value").fit(rows(y, last), {}, THREE)
    assert model.predict(rows([0, 0, 0], [0, 1, 2])).argmax(axis=1).tolist() == [1, 2, 0]


@pytest.mark.parametrize("task", [BINARY, FitContext("regression")])
def test_without_known_labels_the_last_value_is_the_prior(task):
    train = rows([0, 1, 1])
    prior = make_model("prior").fit(train, {}, task).predict(train)
    np.testing.assert_allclose(make_model("last_value").fit(train, {}, task).predict(train), prior)
