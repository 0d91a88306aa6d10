"""Each event is a test of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from outlast.data import Events
from outlast.data.stocks import load_stocks
from outlast.data.times import Instants
from outlast.errors import InputError
from outlast.splits import Fold, LeaveOneEventOut, make_splitter
from tests.splits.reference import days, events

TIME = np.arange(20)
TABLE = events((4, 6), (12, 13))


def rows(folds: list[Fold]) -> list[tuple[list[int], list[int]]]:
    return [(fold.train.tolist(), fold.test.tolist()) for fold in folds]


def test_the_past_trains_and_the_event_is_tested() -> None:
    folds = LeaveOneEventOut(events=TABLE).folds(TIME, TIME + 2)
    assert rows(folds) == [([0, 1, 2], [4, 5, 6]), (list(range(11)), [12, 13])]
    assert [fold.name for fold in folds] == ["e0", "e1"]
    assert all(fold.audit.clean for fold in folds)


def test_both_sides_train_around_the_event() -> None:
    folds = LeaveOneEventOut("both", events=TABLE).folds(TIME, TIME + 2)
    assert rows(folds) == [([0, 1, 2, *range(8, 20)], [4, 5, 6]),
                           ([*range(11), *range(15, 20)], [12, 13])]
    assert all(fold.audit.clean for fold in folds)


def test_windows_are_closed_and_count_for_all_entities() -> None:
    time = np.repeat(days(1, 2, 3, 4), 2)
    table = events(("2024-01-02", "2024-01-03", "a"))
    fold = LeaveOneEventOut(events=table).folds(time)[0]
    assert fold.test.tolist() == [2, 3, 4, 5]


def test_the_cut_is_the_start_of_the_event() -> None:
    # The market is closed from the 5th on and opens on the 8th.
    time = days(1, 2, 3, 4, 8, 9)
    label_end = days(2, 3, 4, 8, 9, 10)
    fold = LeaveOneEventOut(events=events(("2024-01-06", "2024-01-08"))).folds(time, label_end)[0]
    assert (fold.train.tolist(), fold.test.tolist()) == ([0, 1, 2], [4])


@pytest.mark.parametrize("table", [
    events((4, 6), (5, 9)), events((5, 9), (4, 6)), events((4, 9), (5, 6)),
    events((4, 9), (4, 9)), events((4, 6), (6, 9)), events((4, 6, "a"), (5, 9, "b")),
])
def test_overlapping_events_are_one(table: Events) -> None:
    folds = LeaveOneEventOut(events=table).folds(TIME)
    assert [fold.test.tolist() for fold in folds] == [[4, 5, 6, 7, 8, 9]]
    assert set(folds[0].name.split(" + ")) == {"e0", "e1"}
    assert folds[0].audit.moves == ()


def test_touching_events_stay_apart_and_an_open_end_is_the_end_of_the_data() -> None:
    table = Events.from_frame(pl.DataFrame({"start": [4, 7, 15], "end": [6, 9, None]}))
    folds = LeaveOneEventOut(events=table).folds(TIME)
    assert [fold.test.tolist() for fold in folds] == [[4, 5, 6], [7, 8, 9], [15, 16, 17, 18, 19]]


def test_events_of_everyone_come_first() -> None:
    table = events((4, 6), (9, 9, "a"), (12, 13), (12, 15, "b"))
    tested = [fold.test.tolist() for fold in LeaveOneEventOut(events=table).folds(TIME)]
    assert tested == [[4, 5, 6], [12, 13]]
    every = [fold.test.tolist() for fold in LeaveOneEventOut(scope="all", events=table).folds(TIME)]
    assert every == [[4, 5, 6], [9], [12, 13, 14, 15]]
    own = LeaveOneEventOut(events=events((9, 9, "a"))).folds(TIME)
    assert own[0].test.tolist() == [9], "of single entities where there are no others"


def test_events_of_no_use_are_left_out_and_named() -> None:
    splitter = LeaveOneEventOut(events=events((-5, -3), (0, 1), (2, 3), (8, 9), (30, 31)))
    folds = splitter.folds(TIME, TIME + 3)
    assert [fold.name for fold in folds] == ["e3"]
    assert [fold.index for fold in folds] == [0]
    assert splitter.get_n_splits(time=TIME, label_end=TIME + 3) == 1
    reasons = splitter.skipped(TIME, TIME + 3)
    assert reasons == [
        "e0: no row is left to test",
        "e1: no row is left to train on for the test from 0 (18 outside)",
        "e2: no row is left to train on for the test from 2 (2 purged, 16 outside)",
        "e4: no row is left to test",
    ]


@pytest.mark.parametrize(("least", "names"), [(1, ["e0", "e1"]), (4, ["e0", "e1"]), (5, ["e1"]),
                                              (0.3, ["e1"]), (12, ["e1"])])
def test_a_train_set_may_be_asked_to_be_larger(least: Any, names: list[str]) -> None:
    splitter = LeaveOneEventOut(min_train_size=least, events=TABLE)
    assert [fold.name for fold in splitter.folds(TIME)] == names
    assert len(splitter.skipped(TIME)) == 2 - len(names)


def test_nothing_left_is_an_error_with_the_reasons() -> None:
    message = (r"split 'leave_one_event_out': none of 2 fold\(s\) can be used: e0: only 4 "
               r"timestamp\(s\) to train on, fewer than 15; e1: only 12.*; use a smaller min_train")
    with pytest.raises(InputError, match=message):
        LeaveOneEventOut(min_train_size=15, events=TABLE).folds(TIME)
    with pytest.raises(InputError, match="the table of events is empty"):
        LeaveOneEventOut(events=Events.none()).folds(TIME)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"side": "future"}, "unknown side 'future'"),
        ({"scope": "own"}, "unknown scope 'own'"),
        ({"events": None}, r"split 'leave_one_event_out' needs events=\.\.\."),
        ({"min_train_size": 0}, "min_train_size must be above zero"),
        ({"min_train_size": "0.5"}, "min_train_size"),
        ({"events": events(("2024-01-01", "2024-01-02"))}, "events is naive but time is abstract"),
    ],
)
def test_what_it_refuses(params: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        LeaveOneEventOut(**{"events": TABLE, **params}).folds(TIME)


def test_a_train_size_in_clock_time_is_refused() -> None:
    table = events(("2024-01-05", "2024-01-06"))
    with pytest.raises(InputError, match="min_train_size='3D' must count timestamps"):
        LeaveOneEventOut(min_train_size="3D", events=table).folds(days(*range(1, 11)))


def test_the_side_decides_whether_it_is_two_sided() -> None:
    assert not LeaveOneEventOut().two_sided
    assert LeaveOneEventOut("both").two_sided
    assert make_splitter("leave_one_event_out", {"side": "both"}).two_sided


def test_the_market_shocks_of_the_embedded_stocks() -> None:
    panel = load_stocks()
    usable = np.flatnonzero(panel.usable)
    time = Instants(panel.time.ns[usable], panel.time.zone)
    label_end = Instants(panel.label_end[usable], panel.time.zone)
    splitter = LeaveOneEventOut(events=panel.events)
    folds = splitter.folds(time, label_end)
    assert [fold.name for fold in folds] == panel.events.common.table["name"].to_list()
    assert all(fold.audit.clean for fold in folds)
    # The data begin a week before the first one: seven days, four of them purged.
    assert (folds[0].audit.n_train, folds[0].audit.n_purged) == (9, 12)
    later = splitter.set_params(min_train_size=250)
    assert [text.partition(":")[0] for text in later.skipped(time, label_end)] == [
        "dot-com break", "tech profit warnings"]
