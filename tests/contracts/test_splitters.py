"""What holds for every registered splitter, whatever its strategy."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st
from sklearn.base import clone

from outlast.data import Events
from outlast.data.times import Instants
from outlast.errors import InputError
from outlast.records import FoldAudit
from outlast.splits import SPLITTERS, Fold, Splitter, make_splitter
from tests.splits.reference import Example, days, events, examples, overlapping

# Per registered splitter: the parameter sets that the contract is checked with.
EXAMPLES: dict[str, list[dict[str, Any]]] = {
    "temporal": [{}, {"test_size": 2}, {"test_size": 0.5}],
    "expanding_window": [{"n_splits": 2}, {"n_splits": None, "test_size": 1, "min_train_size": 4}],
    "walk_forward": [{"n_splits": 2}, {"n_splits": 2, "test_size": 1, "train_size": 2}],
    "event_aware": [{"test_size": 0.5},
                    {"base": "expanding_window", "n_splits": 2, "on_cut": "drop"},
                    {"base": "walk_forward", "n_splits": 2, "on_cut": "nearest"}],
    "random": [{"n_splits": 3}],
}
CASES = [
    pytest.param(name, params, id=f"{name}-{i}")
    for name in SPLITTERS
    for i, params in enumerate(EXAMPLES[name])
]
each_case = pytest.mark.parametrize(("name", "params"), CASES)

N = 40
TIME = np.repeat(days(*range(1, N // 2 + 1)), 2)[np.random.default_rng(5).permutation(N)]
LABEL_END = TIME + 2
EVENTS = events(("2024-01-05", "2024-01-06"), ("2024-01-17", "2024-01-18"))


def made(name: str, params: dict[str, Any]) -> Splitter:
    return make_splitter(name, params, events=EVENTS)


def rows(folds: list[Fold]) -> list[tuple[list[int], list[int]]]:
    return [(fold.train.tolist(), fold.test.tolist()) for fold in folds]


def accounted(audit: FoldAudit) -> int:
    """Rows whose fate the audit tells."""
    return (audit.n_train + audit.n_test + audit.n_purged + audit.n_gap + audit.n_embargoed
            + audit.n_outside + audit.n_event_dropped)


@each_case
@given(example=examples(), table=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 4)),
                                          max_size=3))
def test_folds_of_any_panel_are_sound(
    name: str, params: dict[str, Any], example: Example, table: list[tuple[int, int]]
) -> None:
    windows = events(*((start * 1000, (start + length) * 1000) for start, length in table))
    splitter = make_splitter(name, params, events=Events(windows.table, "naive"))
    options = {key: value for key, value in example.options.items() if hasattr(splitter, key)}
    try:
        folds = splitter.set_params(**options).folds(*example.instants)
    except InputError:
        reject()  # the panel is too small for these parameters, which the error says
    for fold in folds:
        assert fold.train.size
        assert fold.test.size
        assert not set(fold.train) & set(fold.test)
        assert accounted(fold.audit) == len(example.time)
        assert (fold.train.size, fold.test.size) == (fold.audit.n_train, fold.audit.n_test)
        assert fold.audit.n_overlap == overlapping(example, fold.train, fold.test)
        assert splitter.leaky or fold.audit.clean
        if not (splitter.leaky or splitter.two_sided):
            cut = min(example.time[row] for row in fold.test)
            assert all(example.label_end[row] <= cut for row in fold.train)


@each_case
def test_positions_are_ascending_indices(name: str, params: dict[str, Any]) -> None:
    for index, fold in enumerate(made(name, params).folds(TIME, LABEL_END)):
        assert fold.index == index
        for side in (fold.train, fold.test):
            assert side.dtype == np.intp
            assert (np.diff(side) > 0).all()


@each_case
def test_split_is_deterministic_and_can_be_repeated(name: str, params: dict[str, Any]) -> None:
    splitter = made(name, params)
    folds = rows(splitter.folds(TIME, LABEL_END))
    for _ in range(2):
        again = splitter.split(np.zeros((N, 1)), time=TIME, label_end=LABEL_END)
        assert [(train.tolist(), test.tolist()) for train, test in again] == folds
    assert splitter.get_n_splits(time=TIME, label_end=LABEL_END) == len(folds)


KINDS: dict[str, Callable[[np.ndarray], Any]] = {
    "seconds": lambda t: t.astype("datetime64[s]"),
    "nanoseconds": lambda t: t.astype("datetime64[ns]"),
    "polars": lambda t: pl.Series(t.astype("datetime64[us]")),
    "pandas": lambda t: pd.Series(t.astype("datetime64[us]")),
    "arrow": lambda t: pa.array(t.astype("datetime64[us]")),
    "text": lambda t: [str(day) for day in t],
    "instants": lambda t: Instants(t.astype("datetime64[ns]").astype(np.int64), "naive"),
}


@each_case
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_time_gives_the_same_folds(
    name: str, params: dict[str, Any], kind: str
) -> None:
    splitter, convert = made(name, params), KINDS[kind]
    expected = splitter.folds(TIME, LABEL_END)
    got = splitter.folds(convert(TIME), convert(LABEL_END))
    assert rows(got) == rows(expected)
    assert [fold.audit for fold in got] == [fold.audit for fold in expected]


@each_case
def test_integers_as_abstract_time_give_the_same_folds(name: str, params: dict[str, Any]) -> None:
    day, end = TIME.astype(int), LABEL_END.astype(int)
    first = int(np.datetime64("2024-01-01").astype(int)) - 1
    table = events((first + 5, first + 6), (first + 17, first + 18))
    abstract = make_splitter(name, params, events=table).folds(day, end)
    assert rows(abstract) == rows(made(name, params).folds(TIME, LABEL_END))


@each_case
def test_it_is_a_scikit_learn_citizen(name: str, params: dict[str, Any]) -> None:
    splitter = made(name, params)
    expected = rows(splitter.folds(TIME, LABEL_END))
    copy = clone(splitter).set_params(**splitter.get_params(deep=False))
    assert rows(copy.folds(TIME, LABEL_END)) == expected
    assert rows(pickle.loads(pickle.dumps(splitter)).folds(TIME, LABEL_END)) == expected
    assert repr(splitter).startswith(type(splitter).__name__)
    with pytest.raises(ValueError, match="Invalid parameter 'no_such'"):
        splitter.set_params(no_such=1)


@each_case
def test_audits_are_records(name: str, params: dict[str, Any]) -> None:
    for fold in made(name, params).folds(TIME, LABEL_END):
        assert FoldAudit.model_validate_json(fold.audit.model_dump_json()) == fold.audit


@each_case
def test_bad_times_are_refused_by_all(name: str, params: dict[str, Any]) -> None:
    splitter = made(name, params)
    early = LABEL_END.copy()
    early[[3, 7]] = TIME[[3, 7]] - 1
    missing = TIME.copy()
    missing[4] = np.datetime64("NaT")
    aware = [f"{day}T00:00Z" for day in LABEL_END]
    bad = [(TIME, early, r"end before their own time, first at row\(s\) \[3, 7\]"),
           (missing, None, r"time: 1 missing value\(s\), first at row\(s\) \[4\]"),
           (TIME, LABEL_END[1:], "label_end has 39 values but time has 40"),
           (TIME, aware, "label_end is aware but time is naive")]
    for time, label_end, message in bad:
        with pytest.raises(InputError, match=message):
            splitter.folds(time, label_end)


@each_case
def test_rows_without_a_label_are_dropped_and_counted(name: str, params: dict[str, Any]) -> None:
    ends = LABEL_END.astype("datetime64[ns]")
    ends[[3, 7]] = np.datetime64("NaT")
    dropped = made(name, {**params, "on_missing": "drop"})
    kept = np.delete(np.arange(N), [3, 7])
    alone = made(name, params).folds(TIME[kept], LABEL_END[kept])
    folds = dropped.folds(TIME, ends)
    assert rows(folds) == [(kept[f.train].tolist(), kept[f.test].tolist()) for f in alone]
    assert all(accounted(fold.audit) == N for fold in folds)


def test_every_splitter_has_examples() -> None:
    assert set(EXAMPLES) == set(SPLITTERS)
