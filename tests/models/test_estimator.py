"""Estimators of a user: described, made again, fitted, and refused with the way out."""

from __future__ import annotations

import json
import re
import sys

import numpy as np
import pytest
from scipy.stats import loguniform, randint, uniform
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestRegressor, VotingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import (
    GridSearchCV,
    LeaveOneOut,
    RandomizedSearchCV,
    TimeSeriesSplit,
)
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

from outlast.config import make_config
from outlast.described import describe, is_importable, rebuild, reference
from outlast.errors import InputError, OutlastError
from outlast.models import FitContext, Matrix, load_model, make_model
from outlast.own_estimator import estimator_strategy
from outlast.testing import ModelContract
from outlast.testing.fitted import context_of, labelled_rows
from tests.api.estimators import Shared

CHOSEN = make_column_selector(dtype_include="category")
BY_TYPE = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), CHOSEN),
                                  remainder=make_pipeline(SimpleImputer(), StandardScaler()))
FILLED = make_pipeline(
    SimpleImputer(keep_empty_features=True), StandardScaler(), LogisticRegression(C=0.1))
EXAMPLES = [
    FILLED, Ridge(alpha=2.0), HistGradientBoostingClassifier(max_iter=5),
    GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=TimeSeriesSplit(3, gap=2)),
    VotingClassifier([("a", LogisticRegression()), ("b", Shared())], voting="soft"),
    make_pipeline(FunctionTransformer(np.log1p), FeatureUnion([("a", StandardScaler())])),
    make_pipeline(BY_TYPE, LogisticRegression(class_weight={0: 1.0, 1: 3.0})),
    GridSearchCV(Ridge(), {"alpha": np.array([0.1, 1.0])}, cv=LeaveOneOut()),
    make_pipeline(FunctionTransformer(np.nan_to_num), LogisticRegression()),
    RandomizedSearchCV(Ridge(), {"alpha": loguniform(0.1, 10), "tol": uniform(scale=0.1)}),
    RandomizedSearchCV(Ridge(), {"max_iter": randint(5, high=9)}),
]


def model(estimator, **told):
    strategy = estimator_strategy(estimator, **told)
    return make_model(strategy.name, strategy.params)


class TestAPipeline(ModelContract):
    """All rules but those of a stored model: no file holds this one."""

    test_a_saved_model_predicts_and_explains_the_same = None
    test_a_saved_card_tells_what_the_model_is = None
    test_any_column_name_is_fine = None
    test_nothing_is_printed_or_left_in_the_working_folder = None

    def model(self):
        return model(make_pipeline(SimpleImputer(keep_empty_features=True),
                                   HistGradientBoostingClassifier(max_iter=30)), name="estimator")


def plain(text):
    """Without the addresses of objects that have no better name."""
    return re.sub(r"0x\w+", "", text)


def test_no_file_holds_a_fitted_one(tmp_path):
    data = labelled_rows("binary")
    assert model(FILLED).fit(data, {}, context_of("binary")).save(tmp_path) == ["model.json"]
    with pytest.raises(InputError, match=r"open_results.*fits it again"):
        load_model(tmp_path)


@pytest.mark.parametrize("frame", [False, True])
def test_any_column_name_is_fine(frame):
    data = labelled_rows("binary")
    names = ("a[0]<1>", '"; drop', "a b\n", "naïve😀", "{{7*7}}")
    strange = Matrix(data.X, names, data.categorical, data.y)
    given = model(FILLED, frame=frame)
    assert np.isfinite(given.fit(strange, {}, context_of("binary")).predict(strange)).all()


@pytest.mark.parametrize("estimator", EXAMPLES, ids=lambda e: type(e).__name__)
def test_a_description_is_json_and_makes_an_equal_estimator(estimator):
    told = json.loads(json.dumps(describe(estimator)))
    made = rebuild(told)
    assert made is not estimator
    assert plain(repr(made)) == plain(repr(estimator))
    assert describe(made) == told


def test_what_was_described_draws_the_same():
    drawn = rebuild(describe({"a": loguniform(0.1, 10), "b": randint(5, high=9)}))
    assert drawn["a"].interval(1.0) == (0.1, 10)
    assert drawn["b"].rvs(4, random_state=0).tolist() == randint(5, 9).rvs(
        4, random_state=0).tolist()


@pytest.mark.parametrize(("estimator", "name"), [
    (make_pipeline(StandardScaler(), LogisticRegression()),
     "Pipeline(StandardScaler, LogisticRegression)"),
    (Ridge(alpha=2.0), "Ridge(alpha=2.0)"),
    (GridSearchCV(Ridge(), {"alpha": [1.0]}), "GridSearchCV(Ridge)"),
    (VotingClassifier([("a", LogisticRegression()), ("b", Shared())], voting="soft"),
     "VotingClassifier(LogisticRegression, Shared, voting=soft)"),
])
def test_a_name_can_be_read(estimator, name):
    assert estimator_strategy(estimator).label == name


def test_long_names_are_short_and_tell_one_from_another():
    long = [make_pipeline(*[SimpleImputer()] * 6, Ridge(alpha=alpha)) for alpha in (1.0, 2.0)]
    first, second = (estimator_strategy(each).label for each in long)
    assert first.startswith("Pipeline #")
    assert len(first) < 25
    assert first != second


def test_everything_that_decides_a_fit_is_in_the_description():
    base = estimator_strategy(FILLED).params
    assert estimator_strategy(make_pipeline(
        SimpleImputer(keep_empty_features=True), StandardScaler(), LogisticRegression(C=0.1),
    )).params == base
    other = make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler(),
                          LogisticRegression(C=0.2))
    assert estimator_strategy(other).params != base
    assert "sklearn" in base["sources"]


def test_a_changed_source_is_another_model(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    text = "from tests.api.estimators import Shared\nclass Mine(Shared):\n    bias = {}\n"
    (tmp_path / "mine_of_test.py").write_text(text.format(1))
    import mine_of_test

    before = estimator_strategy(mine_of_test.Mine())
    (tmp_path / "mine_of_test.py").write_text(text.format(2) + "    more = 3\n")
    del sys.modules["mine_of_test"]
    import mine_of_test as again

    after = estimator_strategy(again.Mine())
    assert before.label == after.label == "Mine"
    assert before.params["sources"] != after.params["sources"]
    with pytest.raises(InputError, match=r"the code of mine_of_test:Mine has changed since"):
        make_model(before.name, before.params)


def test_a_class_of_this_function_is_found_here_alone():
    class Hidden(Shared):
        pass

    path = reference(Hidden)
    assert not is_importable(path)
    assert is_importable(reference(Shared))
    assert type(model(Hidden()).build()) is Hidden


@pytest.mark.parametrize(("estimator", "message"), [
    (LogisticRegression, r"give an instance, LogisticRegression\(\)"),
    (StandardScaler(), "StandardScaler has no predict"),
    (RandomForestRegressor(random_state=np.random.RandomState(0)),
     r"RandomForestRegressor\.random_state: a RandomState cannot be told .*a seed in place"),
    (LinearSVC(), "no predict_proba, and outlast judges probabilities"),
])
def test_what_cannot_be_a_model_is_refused_with_the_way_out(estimator, message):
    with pytest.raises(InputError, match=message):
        model(estimator)


def test_a_description_in_a_configuration_is_a_model_too():
    told = {"class": "sklearn.linear_model.Ridge", "params": {"alpha": 2.0}}
    (strategy,) = make_config({"models": [{"my ridge": {"estimator": told}}]}).models
    (same,) = make_config({"models": [{"my ridge": Ridge(alpha=2.0)}]}).models
    assert strategy == same
    assert strategy.label == "my ridge"
    again = make_config({"models": [strategy.model_dump(mode="json")]}).models[0]
    assert again == strategy
    with pytest.raises(InputError, match=r"sklearn\.linear_model\.Ride' cannot be found"):
        make_config({"models": [{"r": {"estimator": {"class": "sklearn.linear_model.Ride"}}}]})


class Seen(ClassifierMixin, BaseEstimator):
    """Keeps what it was given."""

    given: list = []  # noqa: RUF012

    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit(self, X, y):
        self.given[:] = [X, y, self.random_state]
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.zeros(len(X))

    def predict_proba(self, X):
        return np.full((len(X), 2), 0.5)


def test_an_estimator_gets_numbers_with_holes_and_class_numbers():
    data = labelled_rows("binary")
    model(Seen()).fit(data, {}, FitContext("binary", n_classes=2, seed=7))
    X, y, seed = Seen.given
    np.testing.assert_array_equal(X, data.X)
    assert (X.dtype, y.dtype, seed) == (np.float64, np.int64, 7)
    assert np.isnan(X).any()


def test_a_data_frame_has_names_and_categories():
    data = labelled_rows("binary")
    model(Seen(), frame=True).fit(data, {}, context_of("binary"))
    X = Seen.given[0]
    assert list(X.columns) == list(data.columns)
    assert list(X.select_dtypes("category").columns) == ["category"]


def test_columns_can_be_chosen_by_type():
    whole, data = labelled_rows("binary"), labelled_rows("binary", seed=1)
    columns = ("signal", "category")
    fitted = model(make_pipeline(BY_TYPE, LogisticRegression())).fit(
        whole.select(columns), {}, context_of("binary"))
    assert fitted.frame
    steps = fitted.estimator[-1].n_features_in_
    assert steps > 2, "one column per category and the number"
    unseen = data.select(columns).X.copy()
    unseen[:, 1] = 99
    assert np.isfinite(fitted.predict(Matrix(unseen, columns, (1,)))).all()


def test_an_estimator_is_never_fitted_itself():
    given = LogisticRegression()
    data = labelled_rows("binary").select(["signal"])
    fitted = [model(given).fit(data, {}, context_of("binary")) for _ in range(2)]
    assert not hasattr(given, "coef_")
    assert fitted[0].estimator is not fitted[1].estimator
    probability = given.fit(data.X.astype(float), data.target.astype(int)).predict_proba(
        data.X.astype(float))
    np.testing.assert_allclose(fitted[0].predict(data), probability[:, 1])


@pytest.mark.parametrize(("fault", "message"), [
    ("shape", r"values of shape \(241, 2\) for 240 rows; \(240, 2\) is expected"),
    ("nan", "predicted 480 of 480 values that are missing"),
])
def test_what_is_predicted_is_checked(fault, message):
    data = labelled_rows("binary")
    fitted = model(Shared(fault=fault)).fit(data, {}, context_of("binary"))
    with pytest.raises(OutlastError, match=message):
        fitted.predict(data)
