"""Blocks of time that are each tested once, with the purge on both sides."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlast.errors import InputError
from outlast.splits import PurgedKFold
from tests.splits.reference import Blocks, Example, days, events, examples


def trains(splitter: PurgedKFold, time: Any, label_end: Any = None) -> list[list[int]]:
    return [fold.train.tolist() for fold in splitter.folds(time, label_end)]


@given(examples(max_label=2), st.integers(2, 5))
def test_it_tests_each_of_the_reference_blocks(example: Example, n_splits: int) -> None:
    folds = []
    for splitter in (PurgedKFold, Blocks):
        try:
            folds.append(splitter(n_splits, **example.options).folds(*example.instants))
        except InputError as error:
            folds.append(str(error).partition(":")[2])
    ours, theirs = folds
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        if isinstance(one, str):
            assert one == other
        else:
            assert (one.train.tolist(), one.test.tolist()) == (
                other.train.tolist(), other.test.tolist())


def test_every_row_is_tested_once() -> None:
    time = np.random.default_rng(0).integers(0, 50, 200)
    tests = [fold.test for fold in PurgedKFold(7).folds(time, time + 2)]
    assert sorted(np.concatenate(tests)) == list(range(200))


def test_an_embargo_past_the_end_drops_all_rows_after() -> None:
    time = np.arange(9)
    assert trains(PurgedKFold(3, embargo=2), time) == [
        [5, 6, 7, 8], [0, 1, 2, 8], [0, 1, 2, 3, 4, 5]]
    with pytest.raises(InputError, match=r"fold 0: no row is left .* \(6 embargoed\)"):
        PurgedKFold(3, embargo=50).folds(time)


def test_blocks_are_of_timestamps_and_the_first_are_longer() -> None:
    time = np.array([0, 0, 0, 1, 2, 3, 4, 4])
    tests = [fold.test.tolist() for fold in PurgedKFold(3).folds(time)]
    assert tests == [[0, 1, 2, 3], [4, 5], [6, 7]]


def test_boundaries_move_out_of_events() -> None:
    folds = PurgedKFold(3, events=events((4, 6))).folds(np.arange(12))
    assert [fold.test.tolist() for fold in folds] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    folds = PurgedKFold(3, events=events((3, 5))).folds(np.arange(12))
    assert [fold.test.tolist() for fold in folds] == [[0, 1, 2, 3, 4, 5], [6, 7], [8, 9, 10, 11]]
    assert [len(fold.audit.moves) for fold in folds] == [1, 1, 0]


@pytest.mark.parametrize(
    ("n_splits", "message"),
    [
        (11, "n_splits=11 blocks do not fit into 10 distinct times"),
        (1, "n_splits must be a whole number from 2 on, got 1"),
        (2.0, "n_splits must be a whole number from 2 on, got 2.0"),
        (None, "n_splits must be a whole number from 2 on, got None"),
    ],
)
def test_numbers_that_make_no_blocks(n_splits: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        PurgedKFold(n_splits).folds(np.repeat(np.arange(10), 2))


def test_a_horizon_longer_than_the_data_names_what_it_took() -> None:
    time = days(*range(1, 11))
    message = (r"split 'purged_kfold', fold 0: no row is left to train on for the test from "
               r"2024-01-01 \(8 purged\); the label horizon, the gap or the embargo is too long "
               "for the data around it")
    with pytest.raises(InputError, match=message):
        PurgedKFold().folds(time, time + np.timedelta64(400, "D"))
