"""Event-aware splits are those of their base strategy with other boundaries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from outlast.data import Events
from outlast.errors import InputError
from outlast.splits import (
    EventAwareSplit,
    ExpandingWindowSplit,
    Fold,
    TemporalSplit,
    WalkForwardSplit,
    make_splitter,
)
from outlast.splits.windows import WindowSplitter
from tests.splits.reference import events

TIME = np.arange(24)
LABEL_END = TIME + 1
TABLE = events((7, 9), (18, 20))
BASES: dict[str, tuple[type[WindowSplitter], dict[str, Any]]] = {
    "temporal": (TemporalSplit, {"test_size": 5}),
    "expanding_window": (ExpandingWindowSplit, {"n_splits": 3, "test_size": 5}),
    "walk_forward": (WalkForwardSplit, {"n_splits": 3, "test_size": 5, "train_size": 8}),
}


def rows(folds: list[Fold]) -> list[tuple[list[int], list[int]]]:
    return [(fold.train.tolist(), fold.test.tolist()) for fold in folds]


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("options", [{}, {"gap": 1}, {"on_cut": "before"}, {"boundary": "strict"}])
def test_it_is_its_base_given_events(base: str, options: dict[str, Any]) -> None:
    strategy, params = BASES[base]
    aware = EventAwareSplit(base, params, events=TABLE, **options).folds(TIME, LABEL_END)
    direct = strategy(**params, events=TABLE, **options).folds(TIME, LABEL_END)
    assert rows(aware) == rows(direct)
    assert [fold.audit for fold in aware] == [fold.audit for fold in direct]
    assert any(fold.audit.moves for fold in aware)


def test_the_gap_counts_for_the_minimum_of_the_base() -> None:
    params = {"n_splits": None, "test_size": 5, "min_train_size": 6}
    table = events((1, 2))
    assert len(EventAwareSplit("expanding_window", params, events=table).folds(TIME)) == 3
    assert len(EventAwareSplit("expanding_window", params, events=table, gap=4).folds(TIME)) == 2


@pytest.mark.parametrize("base", BASES)
def test_without_an_event_in_the_way_nothing_moves(base: str) -> None:
    strategy, params = BASES[base]
    for table in (Events.none(), events((1, 2))):
        aware = EventAwareSplit(base, params, events=table).folds(TIME, LABEL_END)
        assert rows(aware) == rows(strategy(**params).folds(TIME, LABEL_END))


def test_no_boundary_falls_inside_an_event() -> None:
    splitter = EventAwareSplit("expanding_window", {"n_splits": 4, "test_size": 4}, events=TABLE)
    for fold in splitter.folds(TIME):
        for boundary in (fold.audit.test_start, fold.audit.test_end + 1):
            assert not any(s < boundary <= x for s, x in ((7, 9), (18, 20)))


def test_it_needs_events() -> None:
    with pytest.raises(InputError, match=r"split 'event_aware' needs events=\.\.\."):
        EventAwareSplit().folds(TIME)


def test_parameters_of_the_base_may_stand_beside_its_own() -> None:
    flat = make_splitter("event_aware", {"base": "expanding_window", "n_splits": 3, "test_size": 5,
                                         "gap": 1}, events=TABLE)
    nested = EventAwareSplit("expanding_window", {"n_splits": 3, "test_size": 5}, gap=1,
                             events=TABLE)
    assert rows(flat.folds(TIME)) == rows(nested.folds(TIME))
    both = make_splitter("event_aware", {"base_params": {"test_size": 0.5}}, events=TABLE)
    assert both.folds(TIME)[0].test[0] == 12


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"base": "random"}, "unknown base of split 'event_aware' 'random'"),
        ({"base": "expanding"}, "did you mean 'expanding_window'"),
        ({"test_siz": 3}, "unknown parameter of split 'event_aware' on 'temporal' 'test_siz': did "
                          "you mean 'test_size'"),
        ({"base_params": {"gap": 3}}, "unknown parameter .* 'gap'"),
        ({"train_size": 3}, "unknown parameter .* 'train_size'"),
    ],
)
def test_unknown_bases_and_parameters(params: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        make_splitter("event_aware", params, events=TABLE)
