"""Splitters are estimators by convention, and every tool of scikit-learn takes them."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.ensemble import StackingRegressor
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.feature_selection import RFECV, SequentialFeatureSelector
from sklearn.linear_model import LassoCV, Ridge
from sklearn.model_selection import (
    GridSearchCV,
    RandomizedSearchCV,
    check_cv,
    cross_val_score,
    cross_validate,
    learning_curve,
    validation_curve,
)

from outlast.splits import SPLITTERS, ExpandingWindowSplit, PurgedKFold, Splitter, TemporalSplit
from tests.splits.test_sklearn import (
    GROUPS,
    LABEL_END,
    TIME,
    X,
    Y,
    each_strategy,
    made,
    metadata,
    pairs,
    routed,
)

TIMES = {"time": TIME, "label_end": LABEL_END}
INDEXED = pd.DataFrame(X, columns=[*"abc"], index=pd.DatetimeIndex(TIME))


def folds(splitter: Splitter) -> list[tuple[list[int], list[int]]]:
    return pairs(splitter.split(X, Y, GROUPS.get(splitter.name), **TIMES))


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether parameters are equal; a clone has copies of the events."""
    return repr(sorted(one.items())) == repr(sorted(other.items()))


@each_strategy
def test_it_holds_its_parameters_and_nothing_else(name: str) -> None:
    splitter = made(name)
    assert vars(splitter).keys() == splitter.get_params().keys()
    assert same(vars(splitter), splitter.get_params())
    again = SPLITTERS[name](**splitter.get_params())
    assert same(again.get_params(), splitter.get_params())
    default = SPLITTERS[name]()
    assert default.set_params(**splitter.get_params()) is default
    assert folds(default) == folds(splitter)
    with pytest.raises(ValueError, match="Invalid parameter 'n_fold' for estimator"):
        splitter.set_params(n_fold=3)


@each_strategy
def test_clones_and_copies_split_alike(name: str) -> None:
    splitter = made(name)
    for made_of_it in (clone(splitter), copy.deepcopy(splitter),
                       pickle.loads(pickle.dumps(splitter))):
        assert type(made_of_it) is type(splitter)
        assert made_of_it is not splitter
        assert same(made_of_it.get_params(), splitter.get_params())
        assert folds(made_of_it) == folds(splitter)


@each_strategy
def test_splitting_leaves_no_trace(name: str) -> None:
    splitter = made(name)
    groups, before = GROUPS.get(name), dict(vars(splitter))
    count = splitter.get_n_splits(X, Y, groups, **TIMES)
    first = folds(splitter)
    begun = splitter.split(X, Y, groups, **TIMES)
    next(begun)  # a walk that is not finished disturbs no other
    assert folds(splitter) == first
    assert len(first) == count == splitter.get_n_splits(X, Y, groups, **TIMES)
    assert vars(splitter) == before


# Events are a table, which a repr only names.
@pytest.mark.parametrize("name", [name for name in SPLITTERS if not SPLITTERS[name].needs_events])
def test_its_repr_is_python(name: str) -> None:
    splitter = made(name)
    again = eval(repr(splitter), {type(splitter).__name__: type(splitter)})
    assert same(again.get_params(), splitter.get_params())


@each_strategy
def test_check_cv_takes_it_as_it_is(name: str) -> None:
    splitter = made(name)
    assert check_cv(splitter) is splitter
    assert check_cv(folds(splitter)).get_n_splits() == len(folds(splitter))


@each_strategy
def test_nothing_is_routed_unasked(name: str) -> None:
    given = metadata(name, **TIMES)
    with sklearn.config_context(enable_metadata_routing=True):
        assert made(name).get_metadata_routing().split.requests.keys() == given.keys()
        with pytest.raises(UnsetMetadataPassedError, match="set_split_request"):
            cross_validate(Ridge(), X, Y, cv=made(name), params=given)
        scores = cross_validate(Ridge(), X, Y, cv=routed(made(name)), params=given)["test_score"]
    assert scores.size == len(folds(made(name)))


def test_groups_that_a_splitter_does_not_go_by_are_no_metadata_of_it() -> None:
    with (sklearn.config_context(enable_metadata_routing=True),
          pytest.raises(TypeError, match=r"unexpected argument.*groups")):
        cross_validate(Ridge(), X, Y, cv=routed(TemporalSplit()),
                       params=TIMES | {"groups": GROUPS["group"]})


@each_strategy
def test_without_routing_a_table_with_its_times_is_enough(name: str) -> None:
    scores = cross_val_score(Ridge(), INDEXED, Y, cv=made(name), groups=GROUPS.get(name),
                             error_score="raise")
    n_splits = made(name).get_n_splits(INDEXED, Y, GROUPS.get(name))
    assert scores.size == n_splits
    search = GridSearchCV(Ridge(), {"alpha": [0.1, 10.0]}, cv=made(name), error_score="raise")
    search.fit(INDEXED, Y, groups=GROUPS.get(name))
    assert search.n_splits_ == n_splits


def test_requests_under_another_name_are_kept() -> None:
    with sklearn.config_context(enable_metadata_routing=True):
        splitter = TemporalSplit(0.3).set_split_request(time="when", label_end=False)
        named = cross_validate(Ridge(), X, Y, cv=splitter, params={"when": TIME},
                               return_indices=True)["indices"]
    (train, test), = TemporalSplit(0.3).split(X, time=TIME)
    assert named["train"][0].tolist() == train.tolist()
    assert named["test"][0].tolist() == test.tolist()


def test_curves_and_searches_take_them() -> None:
    cv, alphas = ExpandingWindowSplit(3), [0.1, 1.0, 10.0]
    with sklearn.config_context(enable_metadata_routing=True):
        asked = {"cv": routed(cv), "params": metadata(cv.name, **TIMES), "error_score": "raise"}
        sizes, train, test = learning_curve(Ridge(), X, Y, train_sizes=[0.5, 1.0], **asked)
        assert train.shape == test.shape == (sizes.size, 3)
        train, test = validation_curve(Ridge(), X, Y, param_name="alpha", param_range=alphas,
                                       **asked)
        assert train.shape == test.shape == (3, 3)
        search = RandomizedSearchCV(Ridge(), {"alpha": alphas}, n_iter=2, cv=routed(cv),
                                    random_state=0, error_score="raise")
        assert search.fit(X, Y, **TIMES).n_splits_ == 3


def test_tools_that_keep_the_table_take_them() -> None:
    stacked = StackingRegressor([("a", Ridge()), ("b", Ridge(10.0))], cv=PurgedKFold(3))
    assert stacked.fit(INDEXED, Y).score(INDEXED, Y) > 0.9


@pytest.mark.parametrize("tool", [
    LassoCV(), RFECV(Ridge()), SequentialFeatureSelector(Ridge(), n_features_to_select=1),
], ids=lambda tool: type(tool).__name__)
def test_tools_that_turn_a_table_into_an_array_take_the_folds(tool: Any) -> None:
    with pytest.raises(ValueError, match="time is missing"):
        clone(tool).set_params(cv=ExpandingWindowSplit(3)).fit(INDEXED, Y)
    listed = list(ExpandingWindowSplit(3).split(X, **TIMES))
    fitted = clone(tool).set_params(cv=listed).fit(INDEXED, Y)
    assert fitted.coef_[0] > 0.9 if isinstance(tool, LassoCV) else fitted.get_support()[0]
