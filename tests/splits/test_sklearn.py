"""Splitters are scikit-learn citizens: cloned, pickled, routed, nested."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate

from outlast.splits import SPLITTERS, ExpandingWindowSplit, Splitter, TemporalSplit, audit_indices
from tests.splits.reference import days, events

N = 60
TIME = np.repeat(days(*range(1, N // 2 + 1)), 2)[np.random.default_rng(0).permutation(N)]
LABEL_END = TIME + 2
X = np.random.default_rng(1).normal(size=(N, 3))
Y = X[:, 0] + 0.1 * np.random.default_rng(2).normal(size=N)


@pytest.fixture(autouse=True)
def routing() -> Iterator[None]:
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def routed(splitter: Splitter) -> Splitter:
    return splitter.set_split_request(time=True, label_end=True)


class Recorder(Ridge):
    """A ridge that keeps which rows it was fitted on and asked about; column 0 names the row."""

    fitted: list[np.ndarray] = []  # noqa: RUF012
    asked: list[tuple[np.ndarray, np.ndarray]] = []  # noqa: RUF012

    def fit(self, X: np.ndarray, y: np.ndarray) -> Recorder:
        self.rows_ = X[:, 0].astype(int)
        return super().fit(X, y)

    def predict(self, X: np.ndarray) -> np.ndarray:
        Recorder.asked.append((self.rows_, X[:, 0].astype(int)))
        return super().predict(X)


def test_nested_search_gets_the_times_of_its_rows() -> None:
    numbered = np.column_stack([np.arange(N), X])
    Recorder.asked.clear()
    search = GridSearchCV(Recorder(), {"alpha": [0.1, 10.0]},
                          cv=routed(ExpandingWindowSplit(2, test_size=4)))
    result = cross_validate(
        search, numbered, Y, cv=routed(ExpandingWindowSplit(3, test_size=5, gap=1)),
        params={"time": TIME, "label_end": LABEL_END}, error_score="raise",
    )
    assert np.isfinite(result["test_score"]).all()
    # Three outer folds of one score each, and two inner folds for two values of alpha in each.
    assert len(Recorder.asked) == 3 * (1 + 2 * 2)
    ns, ends = (values.astype("datetime64[ns]").astype(np.int64) for values in (TIME, LABEL_END))
    for train, test in Recorder.asked:
        assert audit_indices(train, test, ns, ends) == (0, 0)
        assert ns[train].max() < ns[test].min()


def test_times_from_a_column_or_the_index_need_no_routing() -> None:
    frame = pd.DataFrame(X, columns=list("abc"), index=pd.DatetimeIndex(TIME))
    scores = cross_val_score(Ridge(), frame, Y, cv=TemporalSplit(0.3), error_score="raise")
    assert scores.shape == (1,)
    splitter = GridSearchCV(Ridge(), {"alpha": [1.0, 2.0]}, cv=ExpandingWindowSplit(3)).fit(frame, Y)
    assert splitter.n_splits_ == 3


def test_forgotten_times_are_named() -> None:
    with pytest.raises(ValueError, match="time is missing"):
        cross_val_score(Ridge(), X, Y, cv=TemporalSplit())


def test_counting_needs_the_same_times_as_splitting() -> None:
    splitter = ExpandingWindowSplit(None, test_size=7)
    folds = list(splitter.split(X, Y, time=TIME))
    assert splitter.get_n_splits(X, Y, time=TIME) == len(folds) == 3
    with pytest.raises(ValueError, match="time is missing"):
        splitter.get_n_splits()


def test_requests_survive_a_clone() -> None:
    request = clone(routed(TemporalSplit())).get_metadata_routing().split.requests
    assert (request["time"], request["label_end"]) == (True, True)


def test_a_splitter_with_events_is_cloned_and_pickled() -> None:
    splitter = SPLITTERS["event_aware"](base_params={"test_size": 0.4}, gap="2D",
                                        events=events(("2024-01-18", "2024-01-20")))
    expected = splitter.folds(TIME, LABEL_END)
    for copy in (clone(splitter), pickle.loads(pickle.dumps(splitter))):
        got = copy.folds(TIME, LABEL_END)
        assert [fold.audit for fold in got] == [fold.audit for fold in expected]


def test_repr_shows_what_differs_from_the_defaults() -> None:
    assert repr(ExpandingWindowSplit()) == "ExpandingWindowSplit()"
    assert repr(TemporalSplit(0.3, gap="5D")) == "TemporalSplit(gap='5D', test_size=0.3)"
