"""The linear model against scikit-learn's own pipeline, and what could upset it."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from outlast.models import FitContext, Matrix, make_model

BINARY, VALUES = FitContext("binary", 2), FitContext("regression")


def numbers(n=200, p=3, seed=0):
    return np.random.default_rng(seed).normal(size=(n, p)).astype(np.float32)


def matrix(X, y, categorical=()):
    columns = tuple(f"x{i}" for i in range(X.shape[1]))
    return Matrix(np.asarray(X, dtype=np.float32), columns, categorical, np.asarray(y, dtype=float))


def test_complete_numbers_give_scikit_learns_answer():
    X = numbers() * [1, 10, 1000] + [0, 5, -3000]
    value = X[:, 0] + X[:, 1] / 10 + np.random.default_rng(1).normal(size=200)
    scaled = StandardScaler().fit_transform(X.astype(np.float32).astype(float))
    ridge = Ridge(alpha=5).fit(scaled, value).predict(scaled)
    data = matrix(X, value)
    ours = make_model("linear", {"alpha": 5}).fit(data, {}, VALUES).predict(data)
    np.testing.assert_allclose(ours, ridge, rtol=1e-9)
    data = matrix(X, value > 0)
    logistic = LogisticRegression(C=1 / 5).fit(scaled, value > 0).predict_proba(scaled)[:, 1]
    ours = make_model("linear", {"alpha": 5}).fit(data, {}, BINARY).predict(data)
    np.testing.assert_allclose(ours, logistic, rtol=1e-4)


def test_a_hole_counts_as_the_median_plus_what_holes_mean():
    X = numbers()
    holes = np.random.default_rng(1).random(200) < 0.4
    X[holes, 0] = np.nan
    data = matrix(X, 3.0 * holes)
    model = make_model("linear", {"alpha": 0.1}).fit(data, {}, VALUES)
    np.testing.assert_allclose(model.predict(data), data.y, atol=0.05)
    assert model.gain().argmax() == 0


def test_a_hole_in_a_column_that_had_none_is_the_median():
    X = numbers()
    data = matrix(X, X[:, 0])
    model = make_model("linear", {"alpha": 0.1}).fit(data, {}, VALUES)
    filled, hole = X[:1].copy(), X[:1].copy()
    filled[0, 0], hole[0, 0] = np.median(X[:, 0]), np.nan
    assert model.predict(matrix(hole, [0])) == pytest.approx(model.predict(matrix(filled, [0])))


def test_categories_have_no_order():
    codes = np.tile([0, 1, 2, 3], 50)
    level = np.array([1.0, -1.0, 1.0, -1.0])[codes]
    data = matrix(codes[:, None], level, (0,))
    model = make_model("linear", {"alpha": 0.1}).fit(data, {}, VALUES)
    np.testing.assert_allclose(model.predict(data), level, atol=0.05)
    shares = model.contributions(data)[:, 0]
    np.testing.assert_allclose(shares - shares.mean(), level, atol=0.05)


def test_only_the_frequent_categories_have_a_coefficient():
    codes = np.r_[np.repeat(np.arange(100), 3), np.arange(100, 150)]
    data = matrix(codes[:, None], np.arange(codes.size) % 2, (0,))
    model = make_model("linear").fit(data, {}, BINARY)
    assert model.arrays["level"].tolist() == list(range(100))


def test_separable_rows_fit_without_a_warning():
    X = numbers()
    data = matrix(X, X[:, 0] > 0)
    predicted = make_model("linear", {"alpha": 1e-9}).fit(data, {}, BINARY).predict(data)
    assert ((predicted > 0.5) == data.y).all()


def test_columns_that_say_nothing_change_nothing():
    X = numbers(p=1)
    useless = np.column_stack([X, np.full((200, 1), np.nan), np.full((200, 1), 0.1)])
    lean, padded = matrix(X, X[:, 0]), matrix(useless, X[:, 0])
    model = make_model("linear").fit(padded, {}, VALUES)
    expected = make_model("linear").fit(lean, {}, VALUES).predict(lean)
    np.testing.assert_allclose(model.predict(padded), expected, rtol=1e-9)
    assert model.gain()[1:].tolist() == [0, 0]


def test_one_wild_value_cannot_outvote_the_rest():
    X = numbers()
    model = make_model("linear").fit(matrix(X, X[:, 0]), {}, VALUES)
    wild = X[:2].copy()
    wild[:, 0] = [1e30, 11 * X[:, 0].std()]
    first, second = model.predict(matrix(wild, [0, 0]))
    assert first < 15
    assert second == pytest.approx(first, abs=0.2)


def test_a_matrix_of_empty_columns_predicts_the_prior():
    data = matrix(np.full((10, 1), np.nan), np.arange(10) % 2, (0,))
    predicted = make_model("linear").fit(data, {}, BINARY).predict(data)
    np.testing.assert_allclose(predicted, 0.5, atol=1e-6)
