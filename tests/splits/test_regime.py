"""Regimes are functions of the timestamp, from rows or from windows."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from outlast.data import Events
from outlast.errors import InputError
from outlast.splits import Fold, RegimeSplit, make_splitter
from tests.splits.reference import days, events

TIME = np.arange(12)
WORDS = np.array(["calm"] * 4 + ["storm"] * 3 + ["calm"] * 3 + ["storm"] * 2)


def rows(folds: list[Fold]) -> list[tuple[str, list[int], list[int]]]:
    return [(fold.name, fold.train.tolist(), fold.test.tolist()) for fold in folds]


def windows(*given: tuple[Any, Any, str]) -> Events:
    return Events.from_frame(pl.DataFrame(given, schema=["start", "end", "kind"], orient="row"))


def test_forward_tests_every_spell_after_the_first_on_its_past() -> None:
    assert rows(RegimeSplit().folds(TIME, TIME + 1, groups=WORDS)) == [
        ("storm #1", [0, 1, 2, 3], [4, 5, 6]),
        ("calm #2", [0, 1, 2, 3, 4, 5, 6], [7, 8, 9]),
        ("storm #2", list(range(10)), [10, 11]),
    ]


def test_a_regime_is_left_out_with_all_its_spells() -> None:
    folds = RegimeSplit("leave_regime_out").folds(TIME, TIME + 2, groups=WORDS)
    assert rows(folds) == [
        ("calm", [5, 11], [0, 1, 2, 3, 7, 8, 9]),
        ("storm", [0, 1, 2, 8], [4, 5, 6, 10, 11]),
    ]
    assert [len(fold.audit.blocks) for fold in folds] == [2, 2]
    assert all(fold.audit.clean for fold in folds)


def test_one_spell_is_left_out_at_a_time() -> None:
    folds = RegimeSplit("leave_spell_out").folds(TIME, TIME, groups=WORDS)
    assert [fold.name for fold in folds] == ["calm #1", "storm #1", "calm #2", "storm #2"]
    assert [fold.test.tolist() for fold in folds] == [[0, 1, 2, 3], [4, 5, 6], [7, 8, 9], [10, 11]]
    assert all(fold.train.size + fold.test.size == 12 for fold in folds)


@pytest.mark.parametrize("mode", ["forward", "leave_regime_out", "leave_spell_out"])
@pytest.mark.parametrize("label", [0, 1, 3])
def test_windows_and_rows_give_the_same_folds(mode: Any, label: int) -> None:
    table = windows((4, 6, "storm"), (10, 99, "storm"))
    of_rows = RegimeSplit(mode).folds(
        TIME, TIME + label, groups=np.where(WORDS == "calm", "outside", WORDS))
    assert rows(RegimeSplit(mode, table).folds(TIME, TIME + label)) == rows(of_rows)
    assert rows(RegimeSplit(mode, events=table).folds(TIME, TIME + label)) == rows(of_rows)


def test_windows_come_before_rows_and_rows_before_events() -> None:
    table, other = windows((4, 6, "storm")), windows((8, 9, "flood"))
    first = RegimeSplit(regimes=table, events=other).folds(TIME, groups=WORDS)
    assert [fold.name for fold in first] == ["storm #1", "outside #2"]
    second = RegimeSplit(events=other).folds(TIME, groups=WORDS)
    assert [fold.name for fold in second] == ["storm #1", "calm #2", "storm #2"]
    third = make_splitter("regime", {"mode": "leave_regime_out"}, events=other).folds(TIME)
    assert [fold.name for fold in third] == ["outside", "flood"]


def test_a_window_holds_from_its_start_and_the_time_outside_from_its_first_row() -> None:
    # The storm begins on a Saturday without rows; a label that ends on Sunday knows of it.
    time = days(1, 2, 3, 4, 5, 8, 9, 10)
    label_end = days(2, 3, 4, 5, 7, 9, 10, 10)
    splitter = RegimeSplit(regimes=windows(("2024-01-06", "2024-01-08", "storm")))
    assert rows(splitter.folds(time, label_end)) == [
        ("storm #1", [0, 1, 2, 3], [5]), ("outside #2", [0, 1, 2, 3, 4, 5], [6, 7])]


def test_kinds_that_touch_and_windows_without_rows() -> None:
    table = windows((2, 4, "storm"), (5, 6, "flood"), (6, 7, "flood"), (50, 60, "frost"))
    folds = RegimeSplit("leave_spell_out", table).folds(TIME)
    assert [(fold.name, fold.test.tolist()) for fold in folds] == [
        ("outside #1", [0, 1]), ("storm #1", [2, 3, 4]), ("flood #1", [5, 6, 7]),
        ("outside #2", [8, 9, 10, 11])]
    sparse = np.array([0, 1, 2, 20, 21])
    between = windows((1, 2, "storm"), (4, 5, "flood"), (8, 21, "storm"))
    folds = RegimeSplit("leave_spell_out", between).folds(sparse)
    assert [fold.test.tolist() for fold in folds] == [[0], [1, 2, 3, 4]], (
        "no row tells the two windows of storm apart")


def test_windows_of_single_entities_are_no_regime() -> None:
    table = events((4, 6), (5, 8, "a"))
    folds = RegimeSplit(events=table, on_cut="drop").folds(TIME)
    assert [(fold.name, fold.test.tolist()) for fold in folds] == [
        ("event #1", [4, 5, 6]), ("outside #2", [7, 8, 9, 10, 11])]


def test_events_move_the_boundaries_of_spells() -> None:
    folds = RegimeSplit(events=events((6, 7, "a"))).folds(TIME, groups=WORDS)
    assert [fold.test.tolist() for fold in folds] == [[4, 5, 6, 7], [8, 9], [10, 11]]
    assert folds[0].audit.moves[0].event == "e0"


def test_overlapping_kinds_are_refused() -> None:
    table = windows(("2024-01-02", "2024-01-05", "storm"), ("2024-01-05", "2024-01-06", "flood"))
    with pytest.raises(InputError, match="a window of 'flood' starts at 2024-01-05, before the one "
                                         "of 'storm' ends; a time has one regime"):
        RegimeSplit(regimes=table).folds(days(*range(1, 11)))


def test_a_regime_that_changes_inside_a_timestamp_is_refused() -> None:
    time = days(1, 1, 2, 2, 3)
    message = ("regimes: 'a' at row 2 and 'b' in another row of the same time, 2024-01-02; a "
               "regime is a function of the time")
    with pytest.raises(InputError, match=message):
        RegimeSplit().folds(time, groups=["a", "a", "a", "b", "b"])


@pytest.mark.parametrize("groups", [
    ["a", None, "b"], ["a", float("nan"), "b"], np.array([0.0, np.nan, 1.0]),
    pl.Series(["a", None, "b"]),
])
def test_a_missing_regime_is_refused(groups: Any) -> None:
    with pytest.raises(InputError, match=r"regimes: 1 missing value\(s\), first at row\(s\) \[1\]"):
        RegimeSplit().folds([1, 2, 3], groups=groups)


def test_a_spell_without_enough_past_is_left_out_and_named() -> None:
    splitter = RegimeSplit(min_train_size=5)
    assert [fold.name for fold in splitter.folds(TIME, groups=WORDS)] == ["calm #2", "storm #2"]
    assert splitter.skipped(TIME, groups=WORDS) == [
        "storm #1: only 4 timestamp(s) to train on, fewer than 5"]
    assert RegimeSplit().skipped(TIME, TIME + 5, groups=WORDS) == [
        "storm #1: no row is left to train on for the test from 4 (4 purged, 5 outside)"]


@pytest.mark.parametrize(
    ("params", "groups", "message"),
    [
        ({}, None, r"split 'regime' needs regimes: pass groups=\.\.\. .* got NoneType"),
        ({"regimes": list("ab")}, None, r"needs regimes: .* got list"),
        ({}, ["a"] * 12, "needs two regimes, all rows are in a;"),
        ({"events": Events.none()}, None, "needs two regimes, all rows are in outside;"),
        ({"mode": "backward"}, WORDS, "unknown mode of split 'regime' 'backward'"),
        ({"regimes": windows(("2024-01-02", "2024-01-05", "x"))}, None,
         "regimes is naive but time is abstract"),
        ({"min_train_size": 12}, WORDS, r"none of 3 fold\(s\) can be used: storm #1: only 4"),
    ],
)
def test_what_it_refuses(params: dict[str, Any], groups: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        RegimeSplit(**params).folds(TIME, groups=groups)


def test_regimes_from_a_column() -> None:
    frame = pl.DataFrame({"when": TIME, "weather": WORDS})
    got = [test.tolist() for _, test in RegimeSplit().split(frame, groups="weather", time="when")]
    assert got == [[4, 5, 6], [7, 8, 9], [10, 11]]


def test_the_mode_decides_whether_it_is_two_sided() -> None:
    assert [RegimeSplit(mode).two_sided for mode in ("forward", "leave_regime_out",
                                                     "leave_spell_out")] == [False, True, True]
