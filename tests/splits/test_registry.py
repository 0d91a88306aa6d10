"""Splitters are made from a name and parameters."""

from __future__ import annotations

import numpy as np
import pytest

from outlast.errors import InputError
from outlast.records import SPLIT_ORDER
from outlast.splits import SPLITTERS, TemporalSplit, make_splitter
from tests.splits.reference import events

TABLE = events((7, 8))
TIME = np.arange(10)


def test_names_are_the_keys() -> None:
    assert {name: strategy.name for name, strategy in SPLITTERS.items()} == {
        name: name for name in SPLITTERS
    }


def test_forward_splits_come_first_and_the_contrast_last() -> None:
    assert tuple(SPLITTERS) == SPLIT_ORDER == (
        "expanding_window", "walk_forward", "temporal", "event_aware", "purged_kfold",
        "combinatorial_purged", "leave_one_event_out", "regime", "group", "random")
    made = [make_splitter(name) for name in SPLITTERS]
    assert [splitter.name for splitter in made if splitter.leaky] == ["random"]
    assert [splitter.name for splitter in made if splitter.two_sided] == [
        "purged_kfold", "combinatorial_purged"]
    assert [splitter.name for splitter in made if splitter.needs_groups] == ["group"]


def test_parameters_reach_the_splitter() -> None:
    splitter = make_splitter("temporal", {"test_size": 3, "gap": 1})
    assert isinstance(splitter, TemporalSplit)
    assert splitter.folds(TIME)[0].train.tolist() == [0, 1, 2, 3, 4, 5]


def test_events_go_to_those_who_need_or_ask_for_them() -> None:
    assert make_splitter("temporal", events=TABLE).folds(TIME)[0].test[0] == 8
    assert make_splitter("event_aware", events=TABLE).folds(TIME)[0].test[0] == 9
    event = make_splitter("leave_one_event_out", events=TABLE).folds(TIME)
    assert [fold.test.tolist() for fold in event] == [[7, 8]]
    assert [fold.name for fold in make_splitter("regime", events=TABLE).folds(TIME)] == [
        "event #1", "outside #2"]
    asked = make_splitter("temporal", {"events": True}, events=TABLE)
    assert asked.folds(TIME)[0].test[0] == 9
    own = make_splitter("temporal", {"events": events((6, 7))}, events=TABLE)
    assert own.folds(TIME)[0].test[0] == 8
    assert make_splitter("random", events=TABLE).get_n_splits(time=TIME) == 5


def test_unknown_names_and_parameters() -> None:
    with pytest.raises(InputError, match="'walk_foward': did you mean 'walk_forward'"):
        make_splitter("walk_foward")
    with pytest.raises(InputError, match="unknown parameter of split 'temporal' 'test_siz': did "
                                         "you mean 'test_size'"):
        make_splitter("temporal", {"test_siz": 0.3})
    with pytest.raises(InputError, match="unknown parameter of split 'random' 'events'"):
        make_splitter("random", {"events": True}, events=TABLE)
