"""No boundary falls inside an event, and each move is on record."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from outlast.data import Events
from outlast.errors import InputError
from outlast.records import CutMove
from outlast.splits import ExpandingWindowSplit, Fold, TemporalSplit, WalkForwardSplit
from tests.splits.reference import Blocks, Spans, days, events

TIME = np.arange(20)


def cut(at: int, table: Events, **options: Any) -> Fold:
    """The fold of one holdout whose nominal cut is at this time."""
    return TemporalSplit(test_size=20 - at, events=table, **options).folds(TIME)[0]


def test_the_end_of_the_data_cuts_no_event() -> None:
    open_ended = Events.from_frame(pl.DataFrame({"start": [15], "end": [None]}))
    assert cut(15, open_ended).audit.moves == ()


def test_merged_events_keep_their_names() -> None:
    moves = cut(12, events((9, 13), (11, 15))).audit.moves
    assert [move.event for move in moves] == ["e0 + e1"]


def test_many_events_are_named_in_short() -> None:
    many = events(*((10, 13, entity) for entity in "abcde"))
    assert cut(12, many).audit.moves[0].event == "e0, e1, e2 and 2 more"


def test_a_moved_cut_leaves_the_gap_behind_the_event() -> None:
    fold = cut(12, events((10, 13)), gap=3)
    assert fold.test[0] == 16
    assert fold.train.tolist() == list(range(13)), "time 13 and the gap up to the cut are left out"
    assert cut(14, events((10, 13)), gap=3).test[0] == 14, "a cut outside the event stays"


def test_a_gap_that_reaches_into_the_next_event_moves_on() -> None:
    assert cut(11, events((10, 12), (13, 15)), gap=2).test[0] == 17
    with pytest.raises(InputError, match="finds no time in the data that is clear"):
        cut(11, events((10, 12), (13, 15), (16, 19)), gap=2)


def test_clock_time_gaps_behind_an_event() -> None:
    time = days(1, 2, 3, 6, 7, 8, 9, 10)
    table = events(("2024-01-02", "2024-01-03"))
    fold = TemporalSplit(test_size=6, gap="4D", events=table).folds(time)[0]
    assert fold.test.tolist() == [4, 5, 6, 7], "the first time from the 7th on"


TAIL = events((15, 30))


def test_an_event_at_the_end_of_the_data_is_an_error_with_a_hint() -> None:
    with pytest.raises(InputError, match=r"the cut at 17 falls inside e0; on_cut='after' finds no "
                                         r"time .* use on_cut='drop'"):
        cut(17, TAIL)
    open_ended = Events.from_frame(pl.DataFrame({"start": [15], "end": [None]}))
    with pytest.raises(InputError, match="the cut at 17 falls inside event 1"):
        cut(17, open_ended)


@pytest.mark.parametrize(
    ("on_cut", "start", "n_train", "n_dropped"),
    [("before", 15, 15, 0), ("nearest", 15, 15, 0), ("drop", 17, 15, 2)],
)
def test_other_answers_to_an_event_at_the_end(
    on_cut: str, start: int, n_train: int, n_dropped: int
) -> None:
    fold = cut(17, TAIL, on_cut=on_cut)
    assert fold.test[0] == start
    assert fold.train.tolist() == list(range(n_train))
    assert fold.audit.n_event_dropped == n_dropped
    assert fold.audit.moves == (CutMove(moved_from=17, moved_to=start, event="e0", rows=2),)


def test_nearest_goes_either_way() -> None:
    table = events((6, 12))
    assert cut(7, table, on_cut="nearest").test[0] == 6
    assert cut(12, table, on_cut="nearest").test[0] == 13
    assert cut(9, events((8, 9)), on_cut="nearest").test[0] == 10, "a tie goes on"
    assert cut(3, events((0, 6)), on_cut="nearest").test[0] == 7, "nothing trains before 0"


def test_before_goes_to_the_start_of_all_that_overlaps() -> None:
    assert cut(12, events((10, 13, "a"), (8, 11, "b")), on_cut="before").test[0] == 8
    with pytest.raises(InputError, match="on_cut='before' finds no time"):
        cut(3, events((0, 6)), on_cut="before")


def test_raise_forbids_a_move() -> None:
    with pytest.raises(InputError, match="the cut at 13 falls inside e0; on_cut='raise' forbids"):
        cut(13, events((12, 14)), on_cut="raise")
    assert cut(12, events((12, 14)), on_cut="raise").test[0] == 12


def test_events_that_touch_are_dropped_as_one() -> None:
    assert cut(14, events((10, 12), (12, 16)), on_cut="drop").audit.n_event_dropped == 4
    assert cut(14, events((10, 11), (12, 16)), on_cut="drop").audit.n_event_dropped == 2


def test_dropped_rows_that_the_gap_takes_anyway_count_as_gap() -> None:
    audit = cut(12, events((8, 14)), on_cut="drop", gap=2).audit
    assert (audit.n_gap, audit.n_event_dropped, audit.n_train) == (2, 2, 8)


def test_two_sided_blocks_move_on_both_sides() -> None:
    fold = Blocks(4, [[1]], events=events((4, 6), (9, 11))).folds(TIME)[0]
    assert fold.test.tolist() == [7, 8, 9, 10, 11]
    assert [(move.moved_from, move.moved_to) for move in fold.audit.moves] == [(5, 7), (10, 12)]


def test_two_sided_blocks_drop_on_both_sides() -> None:
    fold = Blocks(4, [[1]], events=events((4, 6), (9, 11)), on_cut="drop").folds(TIME)[0]
    assert fold.test.tolist() == [5, 6, 7, 8, 9]
    assert sorted({*range(20)} - {*fold.train} - {*fold.test}) == [4, 10, 11]
    assert [(move.moved_to, move.rows) for move in fold.audit.moves] == [(5, 1), (10, 2)]


def test_a_forward_window_drops_nothing_after_it() -> None:
    fold = Spans([(5, 10)], events=events((8, 12)), on_cut="drop").folds(TIME)[0]
    assert (fold.audit.moves, fold.audit.n_event_dropped, fold.audit.n_outside) == ((), 0, 10)


def test_the_end_of_a_window_may_move_to_the_end_of_the_data() -> None:
    fold = Spans([(10, 17)], events=TAIL).folds(TIME)[0]
    assert fold.test.tolist() == list(range(10, 20))
    assert fold.audit.moves == (CutMove(moved_from=17, moved_to=20, event="e0", rows=3),)


def test_a_window_that_an_event_swallows_is_an_error() -> None:
    with pytest.raises(InputError, match=r"fold 1: no row is left to test.*e0 moved a boundary "
                                         r"from 12 to 16: try another on_cut"):
        ExpandingWindowSplit(5, test_size=2, events=events((11, 15))).folds(TIME)


@pytest.mark.parametrize("on_cut", ["after", "before", "nearest"])
def test_windows_in_a_row_still_touch(on_cut: str) -> None:
    table = events((7, 8), (11, 13))
    folds = ExpandingWindowSplit(3, test_size=4, events=table, on_cut=on_cut).folds(TIME)
    tested = np.concatenate([fold.test for fold in folds])
    assert tested.tolist() == list(range(folds[0].test[0], 20))


def test_the_train_window_does_not_start_inside_an_event() -> None:
    table = events((3, 5))
    options = {"n_splits": 1, "test_size": 4, "train_size": 12}
    moved = WalkForwardSplit(**options, events=table).folds(TIME)[0]
    assert moved.train.tolist() == list(range(6, 16))
    assert moved.audit.moves == (CutMove(moved_from=4, moved_to=6, event="e0", rows=2),)
    whole = WalkForwardSplit(**options, events=table, on_cut="before").folds(TIME)[0]
    assert whole.train.tolist() == list(range(3, 16))
    dropped = WalkForwardSplit(**options, events=table, on_cut="drop").folds(TIME)[0]
    assert dropped.train.tolist() == list(range(6, 16))
    assert (dropped.audit.n_event_dropped, dropped.audit.n_outside) == (2, 4)


def test_the_train_window_may_start_with_the_data() -> None:
    options = {"n_splits": 1, "test_size": 4, "min_train_size": 1, "events": events((-5, 5))}
    time = days(*range(1, 21))
    since = events(("2023-12-20", "2024-01-05"))
    longer = {**options, "events": since, "train_size": "18D"}
    assert WalkForwardSplit(**longer).folds(time)[0].audit.moves == (), "it starts before the data"
    whole = WalkForwardSplit(**options, train_size=13, on_cut="before").folds(TIME)[0]
    assert whole.train.tolist() == list(range(16))
    assert whole.audit.moves == (CutMove(moved_from=3, moved_to=0, event="e0", rows=3),)


def test_the_train_window_follows_a_cut_that_moved() -> None:
    fold = WalkForwardSplit(1, test_size=4, train_size=5, events=events((14, 17))).folds(TIME)[0]
    assert fold.test.tolist() == [18, 19]
    assert fold.train.tolist() == [13, 14, 15, 16, 17]


def test_unknown_answers_are_refused() -> None:
    with pytest.raises(InputError, match="unknown on_cut 'aftr': did you mean 'after'"):
        cut(12, events((1, 2)), on_cut="aftr")


windows = st.lists(
    st.tuples(st.integers(-2, 32), st.integers(0, 6), st.sampled_from([None, "a", "b"])), max_size=5
)


@given(st.lists(st.integers(0, 30), min_size=5, max_size=15, unique=True), windows,
       st.integers(0, 3), st.data())
def test_after_is_the_first_time_that_is_clear(
    times: list[int], raw: list[tuple[int, int, str | None]], gap: int, data: st.DataObject
) -> None:
    distinct = sorted(times)
    table = [(start, start + length, entity) for start, length, entity in raw]
    nominal = data.draw(st.sampled_from(distinct[1:]))

    def behind(end: int) -> float:
        place = sum(u < end for u in distinct) + gap if gap else None
        return end if place is None else [*distinct, *[np.inf] * 9][place]

    expected = nominal
    if any(s < nominal <= x for s, x, _ in table):
        clear = [u for u in distinct if u >= nominal
                 and not any(s < u <= x or x < u < behind(x) for s, x, _ in table)]
        expected = clear[0] if clear else None
    splitter = Spans([(nominal, 99)], gap=gap, events=events(*table))
    if expected is None:
        with pytest.raises(InputError, match="finds no time in the data"):
            splitter.folds(times)
        return
    assume(gap == 0 or distinct.index(expected) >= gap + 1)
    fold = splitter.folds(times)[0]
    assert min(times[row] for row in fold.test) == expected
