"""What each booster's own library says must be what the fitted model says."""

from __future__ import annotations

import numpy as np
import pytest

from outlast.models import FitContext, Matrix, load_model, make_model

BINARY = FitContext("binary", 2)
BOOSTERS = ("lightgbm", "xgboost", "catboost")


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3)).astype(np.float32)
    X[:, 0] = rng.integers(0, 6, 400)
    odd = X[:, 0] % 2
    return Matrix(X, ("code", "x", "z"), (0,), ((odd + 0.5 * X[:, 1]) > 0.5).astype(float))


@pytest.mark.parametrize("name", BOOSTERS)
def test_a_category_is_not_a_number(name, data):
    """Odd against even codes is one split of categories and five of numbers."""
    stump = {"lightgbm": {"num_leaves": 2, "cat_smooth": 1.0, "max_cat_to_onehot": 1},
             "xgboost": {"max_depth": 1, "max_cat_to_onehot": 1},
             "catboost": {"depth": 1}}[name]
    shares = {"feature_fraction": 1.0, "colsample_bytree": 1.0, "rsm": 1.0}
    own = {key: 1.0 for key in shares if key in make_model(name).defaults()}
    model = make_model(name, {**stump, **own}).fit(data, {}, BINARY, n_iterations=1)
    predicted, odd = model.predict(data), data.X[:, 0] % 2 == 1
    assert predicted[odd].min() > predicted[~odd].max()


@pytest.mark.parametrize("name", BOOSTERS)
def test_native_parameters_reach_the_library(name, data):
    key = {"lightgbm": "num_leaves", "xgboost": "max_depth", "catboost": "depth"}[name]
    fits = [make_model(name, {key: size}).fit(data, {}, BINARY, n_iterations=5) for size in (2, 6)]
    small, large = (np.unique(fit.predict(data)).size for fit in fits)
    assert small < large


@pytest.mark.parametrize("name", BOOSTERS)
def test_the_seed_matters(name, data):
    first, second = (make_model(name).fit(data, {}, FitContext("binary", 2, seed), n_iterations=5)
                     for seed in (0, 1))
    assert not np.array_equal(first.predict(data), second.predict(data))


@pytest.mark.parametrize("name", BOOSTERS)
def test_two_threads_are_passed_on(name, data):
    context = FitContext("binary", 2, threads=2)
    model = make_model(name).fit(data, {}, context, n_iterations=3)
    assert np.isfinite(model.predict(data)).all()


@pytest.mark.parametrize(("name", "params"),
                         [("lightgbm", {"num_leaves": 1}), ("xgboost", {"eta": "fast"}),
                          ("catboost", {"depth": 99})])
def test_a_librarys_refusal_is_among_its_failures(name, params, data):
    model = make_model(name, params)
    with pytest.raises(model.failures(), match=r"num_leaves|could not be parsed|depth"):
        model.fit(data, {}, BINARY, n_iterations=2)


def test_columns_keep_their_order_when_catboost_puts_numbers_first(data):
    model = make_model("catboost").fit(data, {}, BINARY, n_iterations=20)
    assert model.gain().argsort()[::-1].tolist() == [0, 1, 2]
    assert np.abs(model.contributions(data)).mean(axis=0).argmax() == 0


WRITTEN = {
    "no split at all": {"min_data_in_leaf": 1000},
    "no further split": {"cegb_penalty_split": 0.1},
    "linear leaves": {"linear_tree": True},
    "linear leaves, no further split": {"linear_tree": True, "cegb_penalty_split": 0.1},
    "sets of categories": {"max_cat_to_onehot": 1, "cat_smooth": 1.0, "min_data_per_group": 1},
    "dart": {"boosting": "dart"},
}


@pytest.mark.parametrize("context", [BINARY, FitContext("multiclass", 3)], ids=lambda c: c.task)
@pytest.mark.parametrize("params", WRITTEN.values(), ids=WRITTEN)
def test_whatever_lightgbm_writes_is_read_again(params, context, data, tmp_path):
    labels = data.X[:, 0] % context.n_classes
    learned = Matrix(data.X, data.columns, data.categorical, labels.astype(float))
    model = make_model("lightgbm", params).fit(learned, {}, context, n_iterations=4)
    model.save(tmp_path)
    read = load_model(tmp_path)
    assert np.array_equal(read.predict(data), model.predict(data))
    assert (read.contributions(data) is None) == ("linear_tree" in params)
