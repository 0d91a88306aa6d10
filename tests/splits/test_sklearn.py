"""Splitters inside scikit-learn: nested, routed, on tables of every kind."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import (
    GridSearchCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    permutation_test_score,
)

from outlast.splits import (
    SPLITTERS,
    ExpandingWindowSplit,
    PurgedKFold,
    Splitter,
    TemporalSplit,
    audit_indices,
)
from tests.splits.reference import days, events

N = 60
ORDER = np.random.default_rng(0).permutation(N)
DAY = np.repeat(np.arange(1, N // 2 + 1), 2)[ORDER]
TIME, LABEL_END = days(*DAY), days(*(DAY + 2))
GROUPS = {"regime": np.where(DAY // 10 % 2, "crisis", "calm"),
          "group": np.array([*"abcd"] * 15)[ORDER]}
X = np.random.default_rng(1).normal(size=(N, 3))
Y = X[:, 0] + 0.1 * np.random.default_rng(2).normal(size=N)
EVENTS = events(("2024-01-12", "2024-01-13"), ("2024-01-20", "2024-01-21"))
PARAMS: dict[str, dict[str, Any]] = {
    "event_aware": {"events": EVENTS}, "leave_one_event_out": {"events": EVENTS, "side": "both"},
    "walk_forward": {"n_splits": 2}, "expanding_window": {"n_splits": 2},
    "group": {"n_splits": 2}, "combinatorial_purged": {"n_folds": 4},
}
each_strategy = pytest.mark.parametrize("name", SPLITTERS)


@pytest.fixture(autouse=True)
def routing() -> Iterator[None]:
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def made(name: str) -> Splitter:
    return SPLITTERS[name](**PARAMS.get(name, {}))


def routed(splitter: Splitter) -> Splitter:
    groups = {"groups": True} if splitter.name in GROUPS else {}
    return splitter.set_split_request(time=True, label_end=True, **groups)


def metadata(name: str, **times: Any) -> dict[str, Any]:
    """What a call must be given for this strategy."""
    return times | ({"groups": GROUPS[name]} if name in GROUPS else {})


def pairs(folds: Any) -> list[tuple[list[int], list[int]]]:
    return [(train.tolist(), test.tolist()) for train, test in folds]


class Recorder(Ridge):
    """A ridge that keeps which rows it was fitted on and asked about; column 0 names the row."""

    asked: list[tuple[np.ndarray, np.ndarray]] = []  # noqa: RUF012

    def fit(self, X: np.ndarray, y: np.ndarray) -> Recorder:
        self.rows_ = X[:, 0].astype(int)
        return super().fit(X, y)

    def predict(self, X: np.ndarray) -> np.ndarray:
        Recorder.asked.append((self.rows_, X[:, 0].astype(int)))
        return super().predict(X)


@each_strategy
def test_a_nested_search_gets_the_times_of_its_rows(name: str) -> None:
    numbered = np.column_stack([np.arange(N), X])
    Recorder.asked.clear()
    inner, outer = ExpandingWindowSplit(2, test_size=2), made(name)
    given = metadata(name, time=TIME, label_end=LABEL_END)
    result = cross_validate(
        GridSearchCV(Recorder(), {"alpha": [0.1, 10.0]}, cv=routed(inner)), numbered, Y,
        cv=routed(outer), params=given, error_score="raise",
    )
    assert np.isfinite(result["test_score"]).all()
    n_outer = outer.get_n_splits(None, None, given.get("groups"), time=TIME, label_end=LABEL_END)
    assert result["test_score"].size == n_outer
    assert len(Recorder.asked) == n_outer * (1 + 2 * 2), "two inner folds for two values, one test"
    ns, ends = (values.astype("datetime64[ns]").astype(np.int64) for values in (TIME, LABEL_END))
    for number, (train, test) in enumerate(Recorder.asked):
        is_inner = number % 5 < 4
        assert audit_indices(train, test, ns, ends) == (0, 0) or (outer.leaky and not is_inner)
        assert ns[train].max() < ns[test].min() or not is_inner


@each_strategy
@pytest.mark.parametrize("kind", [np.asarray, pd.DataFrame, pl.DataFrame], ids=lambda k: k.__name__)
def test_a_score_from_every_kind_of_table(name: str, kind: Any) -> None:
    until = pd.Series(LABEL_END.astype("datetime64[s]"))
    given = metadata(name, time=pl.Series(TIME), label_end=until)
    scores = cross_val_score(Ridge(), kind(X), Y, cv=routed(made(name)), params=given,
                             error_score="raise")
    plain = cross_val_score(Ridge(), X, Y, cv=routed(made(name)), error_score="raise",
                            params=metadata(name, time=TIME, label_end=LABEL_END))
    np.testing.assert_allclose(scores, plain)


def table() -> pd.DataFrame:
    columns = {"x": X[:, 0], "day": TIME.astype("datetime64[s]"),
               "known": LABEL_END.astype("datetime64[s]"), "unit": np.arange(N)}
    return pd.DataFrame(columns | GROUPS)


TABLES = {
    "columns": (table(), "day"),
    "polars columns": (pl.DataFrame(table()), "day"),
    "a DatetimeIndex": (table().set_index("day"), None),
    "an index level": (table().set_index(["unit", "day"]), "day"),
    "the only level of times": (table().set_index(["unit", "day"]), None),
}


@each_strategy
@pytest.mark.parametrize("where", TABLES)
def test_times_and_groups_are_found_in_the_table(name: str, where: str) -> None:
    frame, time = TABLES[where]
    found = made(name).split(frame, None, name if name in GROUPS else None, time=time,
                             label_end="known")
    given = made(name).split(X, None, GROUPS.get(name), time=TIME, label_end=LABEL_END)
    assert pairs(found) == pairs(given)


class OneColumn(Ridge):
    """A ridge on the column x of a table."""

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> OneColumn:
        return super().fit(X[["x"]], y)

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        return super().predict(X[["x"]])


@pytest.mark.parametrize("where", TABLES)
def test_a_nested_search_finds_its_times_by_name(where: str) -> None:
    frame, time = TABLES[where]
    names = {"label_end": "known"} | ({"time": time} if time else {})
    search = GridSearchCV(OneColumn(), {"alpha": [0.1, 10.0]}, cv=routed(PurgedKFold(3)))
    by_name = cross_validate(search, frame, Y, cv=routed(ExpandingWindowSplit(2)), params=names,
                             error_score="raise", return_indices=True)
    by_value = cross_validate(search, TABLES["columns"][0], Y, cv=routed(ExpandingWindowSplit(2)),
                              params={"time": TIME, "label_end": LABEL_END}, return_indices=True)
    np.testing.assert_allclose(by_name["test_score"], by_value["test_score"])
    for side in ("train", "test"):
        for mine, other in zip(by_name["indices"][side], by_value["indices"][side], strict=True):
            np.testing.assert_array_equal(mine, other)


def test_a_search_refits_and_counts_its_folds() -> None:
    frame = pd.DataFrame(X, columns=[*"abc"], index=pd.DatetimeIndex(TIME))
    search = GridSearchCV(Ridge(), {"alpha": [1.0, 2.0]}, cv=ExpandingWindowSplit(3)).fit(frame, Y)
    assert search.n_splits_ == 3
    assert search.predict(frame).shape == (N,)


def test_predictions_of_all_rows_need_folds_that_test_each_row_once() -> None:
    times = {"time": TIME, "label_end": LABEL_END}
    predicted = cross_val_predict(Ridge(), X, Y, cv=routed(PurgedKFold(4)), params=times)
    assert np.corrcoef(predicted, Y)[0, 1] > 0.9
    with pytest.raises(ValueError, match="only works for partitions"):
        cross_val_predict(Ridge(), X, Y, cv=routed(ExpandingWindowSplit(4)), params=times)


def test_other_tools_of_scikit_learn_take_them_too() -> None:
    _, scores, p_value = permutation_test_score(
        Ridge(), X, Y, cv=routed(TemporalSplit(0.3)), n_permutations=20, random_state=0,
        params={"time": TIME, "label_end": LABEL_END})
    assert scores.shape == (20,)
    assert p_value < 0.1


def test_forgotten_times_are_named() -> None:
    with pytest.raises(ValueError, match="time is missing"):
        cross_val_score(Ridge(), X, Y, cv=TemporalSplit())


def test_counting_needs_the_same_times_as_splitting() -> None:
    splitter = ExpandingWindowSplit(None, test_size=7)
    folds = list(splitter.split(X, Y, time=TIME))
    assert splitter.get_n_splits(X, Y, time=TIME) == len(folds) == 3
    with pytest.raises(ValueError, match="time is missing"):
        splitter.get_n_splits()


@each_strategy
def test_requests_survive_a_clone_and_a_pickle(name: str) -> None:
    for copy in (clone(routed(made(name))), pickle.loads(pickle.dumps(routed(made(name))))):
        request = copy.get_metadata_routing().split.requests
        assert (request["time"], request["label_end"]) == (True, True)


def test_repr_shows_what_differs_from_the_defaults() -> None:
    assert repr(ExpandingWindowSplit()) == "ExpandingWindowSplit()"
    assert repr(TemporalSplit(0.3, gap="5D")) == "TemporalSplit(gap='5D', test_size=0.3)"
