"""Thirty cases that splitters get wrong, each with its right answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from outlast.data import Events, Panel, Schema
from outlast.data.times import Instants
from outlast.errors import InputError
from outlast.metrics import METRICS
from outlast.records import CutMove
from outlast.report.plan import plan_facts
from outlast.splits import (
    CombinatorialPurgedCV,
    ExpandingWindowSplit,
    Fold,
    GroupSplit,
    LeaveOneEventOut,
    PurgedKFold,
    RegimeSplit,
    Splitter,
    TemporalSplit,
    WalkForwardSplit,
    repeated_test_rows,
)
from tests.splits.reference import DAY, days, events

Rows = list[tuple[list[int], list[int]]]
ONE = np.timedelta64(1, "D")


def only(splitter: Splitter, time: Any, label_end: Any = None) -> Fold:
    """The single fold of a splitter."""
    (fold,) = splitter.folds(time, label_end)
    return fold


def rows(splitter: Splitter, time: Any, label_end: Any = None, **options: Any) -> Rows:
    """Train and test rows, fold by fold."""
    folds = splitter.folds(time, label_end, **options)
    return [(fold.train.tolist(), fold.test.tolist()) for fold in folds]


def cut(at: int, table: Events, **options: Any) -> Fold:
    """The fold of twenty times whose cut is nominally at one of them."""
    return only(TemporalSplit(20 - at, events=table, **options), np.arange(20))


def shops(entity: list[str], day: Any, **columns: Any) -> Panel:
    """A panel whose labels are known at once."""
    schema = Schema(time="day", entity="shop", target="y", horizon=columns.pop("horizon", 0))
    y = columns.pop("y", np.arange(len(entity)) % 2)
    return Panel.build(pl.DataFrame({"shop": entity, "day": day, "y": y}), schema)


def notes(panel: Panel, folds: list[Fold]) -> str:
    """What the plan of a run says of these folds."""
    return "\n".join(plan_facts(panel, {"split": folds}).splits[0].notes)


def test_01_ties_at_the_cut_are_on_one_side() -> None:
    time = np.array([1, 2, 2, 2, 3, 3, 4])
    assert rows(TemporalSplit(0.5), time) == [([0, 1, 2, 3], [4, 5, 6])]
    assert rows(PurgedKFold(2), time) == [([4, 5, 6], [0, 1, 2, 3]), ([0, 1, 2, 3], [4, 5, 6])]


def test_02_shuffled_rows_give_the_same_sets_of_rows() -> None:
    time, order = np.arange(30) // 3, np.random.default_rng(0).permutation(30)
    for splitter in (TemporalSplit(), WalkForwardSplit(3), CombinatorialPurgedCV(4)):
        mixed = splitter.folds(time[order], time[order] + 1)
        assert rows(splitter, time, time + 1) == [
            (sorted(order[fold.train]), sorted(order[fold.test])) for fold in mixed]


def test_03_irregular_times_count_hours_and_keep_the_nominal_cut() -> None:
    weekdays = days(1, 2, 3, 4, 5, 8, 9, 10)  # Monday to Friday, Monday to Wednesday
    assert only(TemporalSplit(3, gap="3D"), weekdays).train.tolist() == [0, 1, 2, 3]
    assert only(TemporalSplit(3, gap=3), weekdays).train.tolist() == [0, 1]
    next_day = days(2, 3, 4, 5, 8, 9, 10, 11)
    saturday = only(TemporalSplit("2024-01-06"), weekdays, next_day)
    assert saturday.test.tolist() == [5, 6, 7], "from Monday"
    assert saturday.train.tolist() == [0, 1, 2, 3], "Friday's label is known on Monday only"
    in_time = only(TemporalSplit("2024-01-06"), weekdays, days(2, 3, 4, 5, 6, 9, 10, 11))
    assert in_time.train.tolist() == [0, 1, 2, 3, 4], "known on Saturday, at the cut"


def test_04_summer_time_ends_in_berlin() -> None:
    hours = pd.date_range("2024-10-27", periods=26, freq="h", tz="Europe/Berlin")
    fold = only(TemporalSplit("1D"), hours[np.r_[25:-1:-1]], None)
    assert fold.test.tolist() == list(range(24)), "a day is 24 hours"
    known = only(TemporalSplit("1D"), hours, hours + pd.Timedelta("1h"))
    assert known.train.tolist() == [0, 1], "the hour that comes twice is two hours in UTC"
    calendar = only(TemporalSplit("1 calendar day"), hours)
    assert calendar.test.tolist() == list(range(1, 26)), "from the same time on the wall clock"


def test_05_naive_and_aware_times_do_not_mix() -> None:
    naive, aware = ["2024-01-01", "2024-01-02"], ["2024-01-01T00:00Z", "2024-01-02T00:00Z"]
    with pytest.raises(InputError, match="label_end is aware but time is naive"):
        TemporalSplit(1).folds(naive, aware)
    with pytest.raises(InputError, match="events is naive but time is aware"):
        TemporalSplit(1, events=events(("2024-01-01", "2024-01-03"))).folds(aware)
    with pytest.raises(InputError, match="some times carry a time zone and some do not"):
        TemporalSplit(1).folds([pd.Timestamp(naive[0]), pd.Timestamp(aware[1])])


def test_06_a_label_may_end_at_its_row_and_not_before() -> None:
    time = np.arange(5)
    with pytest.raises(InputError, match=r"1 row\(s\) end before .* first at row\(s\) \[3\]"):
        TemporalSplit(1).folds(time, [0, 1, 2, 2, 4])
    assert only(TemporalSplit(1), time, time).train.tolist() == [0, 1, 2, 3]


def test_07_rows_after_wait_for_the_longest_label_of_the_block() -> None:
    time = np.arange(10)
    label_end = time + np.array([1, 7, 1, 1, 1, 1, 1, 1, 1, 1])
    assert rows(PurgedKFold(2), time, label_end)[0] == ([8, 9], [0, 1, 2, 3, 4])


def test_08_a_train_label_that_spans_the_test_block_is_purged() -> None:
    time = np.arange(9)
    train, test = rows(PurgedKFold(3), time, np.where(time == 1, 8, time))[1]
    assert (train, test) == ([0, 2, 6, 7, 8], [3, 4, 5])


def test_09_two_day_labels_in_two_folds() -> None:
    time = days(*range(1, 11))
    assert [train for train, _ in rows(PurgedKFold(2), time, time + 2 * ONE)] == [
        [6, 7, 8, 9], [0, 1, 2, 3]]


def test_10_an_embargo_past_the_end_drops_all_rows_after() -> None:
    table = events(("2024-01-04", "2024-01-06"))
    for embargo in (50, "50D"):
        fold = only(LeaveOneEventOut("both", events=table, embargo=embargo), days(*range(1, 10)))
        assert (fold.train.tolist(), fold.audit.n_embargoed) == ([0, 1, 2], 3)


def test_11_rows_between_far_test_blocks_survive() -> None:
    time = np.arange(12)
    first_and_last = CombinatorialPurgedCV(6, 2).folds(time, time + 1)[4]
    assert first_and_last.test.tolist() == [0, 1, 10, 11]
    assert first_and_last.train.tolist() == list(range(2, 10))


def test_12_nothing_is_purged_between_adjacent_blocks() -> None:
    time = np.arange(12)
    fold = CombinatorialPurgedCV(6, 2).folds(time, time + 2)[9]
    assert fold.test.tolist() == [4, 5, 6, 7]
    assert fold.train.tolist() == [0, 1, 2, 9, 10, 11]
    assert (len(fold.audit.blocks), fold.audit.n_purged) == (1, 2)


@pytest.mark.parametrize("splitter", [TemporalSplit(), ExpandingWindowSplit(2), PurgedKFold(3)])
def test_13_a_horizon_longer_than_the_data_is_a_clear_error(splitter: Splitter) -> None:
    time = days(*range(1, 11))
    with pytest.raises(InputError, match=r"no row is left to train on .*purged.*label horizon"):
        splitter.folds(time, time + 400 * ONE)


@pytest.mark.parametrize(
    ("splitter", "message"),
    [
        (ExpandingWindowSplit(12), "n_splits=12 needs at least 13 distinct times, got 10"),
        (WalkForwardSplit(12, 1), "n_splits=12 test windows do not fit into 10 distinct times"),
        (PurgedKFold(12), "n_splits=12 .* 10 distinct times"),
        (CombinatorialPurgedCV(12), "n_folds=12 .* 10 distinct times"),
    ],
)
def test_14_more_splits_than_timestamps_is_an_error_with_both_numbers(
    splitter: Splitter, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        splitter.folds(np.repeat(np.arange(10), 3))


def test_15_an_entity_on_one_side_only_is_allowed_and_reported() -> None:
    panel = shops([*"aaaaaaaa", *"bbbb", *"cc"], [*range(8), *range(4), 6, 7])
    folds = TemporalSplit(2).folds(panel.time, Instants(panel.label_end, "abstract"))
    assert panel.frame["shop"][folds[0].test.tolist()].to_list() == ["a", "c", "a", "c"]
    said = notes(panel, folds)
    assert "only in test: c" in said
    assert "only in train: b" in said


def test_16_a_late_entity_does_not_move_the_cut() -> None:
    time = np.concatenate([np.arange(100), np.arange(90, 100)])
    assert only(TemporalSplit(0.2), time).audit.test_start == 80


def test_17_steps_end_at_the_entitys_own_rows() -> None:
    day = days(1, 2, 3, 4, 5, 6, 7, 8, 1, 3, 6, 7, 8).astype("datetime64[us]")
    panel = shops([*"aaaaaaaabbbbb"], day, horizon=2)
    ends = Instants(panel.label_end, panel.time.zone)
    fold = only(TemporalSplit("2024-01-05", on_missing="drop"), panel.time, ends)
    train = panel.frame[fold.train.tolist()].select("shop", "day").rows()
    # The second next row of b after the first of January is that of the sixth.
    assert [(shop, day.day) for shop, day in train] == [("a", 1), ("a", 2), ("a", 3)]
    assert fold.audit.n_outside == 4, "the last two rows of each have no label yet"


def test_18_calendar_months_may_share_their_end() -> None:
    for year, last in ((2023, 28), (2024, 29)):
        day = [f"{year}-01-29", f"{year}-01-30", f"{year}-01-31", f"{year}-02-{last}"]
        panel = Panel.build({"day": day, "y": [0, 1, 0, 1]},
                            Schema(time="day", target="y", horizon="1mo"))
        ends = panel.label_end[1:3].astype("datetime64[ns]").astype("datetime64[D]")
        assert ends.astype(str).tolist() == [day[3], day[3]]
        fold = only(TemporalSplit(1), panel.time, Instants(panel.label_end, "naive"))
        assert fold.train.tolist() == [0, 1, 2], "known on the day of the test"


def test_19_a_cut_at_an_events_start_stays_and_at_its_end_moves_past() -> None:
    assert cut(12, events((12, 14))).test.tolist() == list(range(12, 20))
    for inside in (13, 14):
        moved = cut(inside, events((12, 14)))
        assert (moved.train.tolist(), moved.test[0]) == (list(range(15)), 15)
        move = CutMove(moved_from=inside, moved_to=15, event="e0", rows=15 - inside)
        assert moved.audit.moves == (move,)


@pytest.mark.parametrize(
    ("table", "start"),
    [
        pytest.param(events((10, 15), (11, 12)), 16, id="nested"),
        pytest.param(events((10, 12), (12, 14)), 15, id="touching"),
        pytest.param(events((10, 12), (13, 14)), 13, id="adjacent"),
        pytest.param(events((10, 15), (10, 15)), 16, id="duplicated"),
        pytest.param(events((12, 15), (9, 13)), 16, id="unsorted"),
        pytest.param(Events.none(), 12, id="empty"),
        pytest.param(events((2, 4), (15, 17)), 12, id="elsewhere"),
        pytest.param(events((12, 12)), 12, id="of no length"),
        pytest.param(events((11, 11)), 12, id="of no length, just before"),
        pytest.param(events((10, 13, "b")), 14, id="of one entity"),
        pytest.param(events((10, 12, "a"), (12, 14, "b"), (14, 16, "c")), 17, id="a chain"),
        pytest.param(events((15, 30)), 12, id="at the tail"),
    ],
)
def test_20_events_of_every_shape(table: Events, start: int) -> None:
    assert cut(12, table).test[0] == start


def test_20_events_at_the_tail_and_in_another_zone() -> None:
    with pytest.raises(InputError, match="the cut at 17 falls inside e0; on_cut='after' finds no"):
        cut(17, events((15, 30)))
    time = [f"2024-01-{day:02d}T00:00Z" for day in range(1, 21)]
    kolkata = events(("2024-01-10T00:00+05:30", "2024-01-12T06:00+05:30"))
    fold = only(TemporalSplit(9, events=kolkata), time)
    assert fold.test[0] == 12, "the event ends at half past midnight of the 12th in UTC"


def test_21_weekly_promotions_leave_no_clean_cut() -> None:
    weekly = events(*((day, day + 6, f"shop {day % 3}") for day in range(0, 20, 5)))
    with pytest.raises(InputError, match="use on_cut='drop'"):
        cut(12, weekly)
    dropped = cut(12, weekly, on_cut="drop")
    assert (dropped.train.tolist(), dropped.audit.n_event_dropped) == (list(range(10)), 2)


def test_22_a_regime_that_changes_inside_a_timestamp_is_an_error() -> None:
    time = np.repeat(np.arange(4), 2)
    regimes = ["calm", "calm", "calm", "crisis", "crisis", "crisis", "crisis", "crisis"]
    with pytest.raises(InputError, match="regime"):
        RegimeSplit().folds(time, groups=regimes)


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_23_a_missing_group_is_an_error(missing: Any) -> None:
    groups = np.array(["a", "b", "c", "a", missing, "c"], dtype=object)
    with pytest.raises(InputError, match=r"groups: 1 missing value\(s\), first at row\(s\) \[4\]"):
        GroupSplit(n_splits=2).folds(np.arange(6), groups=groups)


KINDS: dict[str, Callable[[np.ndarray], Any]] = {
    **{unit: partial(np.ndarray.astype, dtype=f"datetime64[{unit}]")
       for unit in ("s", "ms", "us", "ns")},
    "polars": lambda t: pl.Series(t.astype("datetime64[us]")),
    "arrow": lambda t: pa.array(t.astype("datetime64[us]")),
    "pandas": lambda t: pd.Series(t.astype("datetime64[s]")),
    "text": lambda t: [str(day) for day in t],
    "integers": lambda t: t.astype(np.int64),
}


@pytest.mark.parametrize("kind", KINDS)
def test_24_every_kind_of_time_gives_the_same_splits(kind: str) -> None:
    time, end, convert = days(*range(1, 13)), days(*range(3, 15)), KINDS[kind]
    for splitter in (TemporalSplit(3, gap=1), WalkForwardSplit(2), PurgedKFold(3, embargo=1)):
        assert rows(splitter, convert(time), convert(end)) == rows(splitter, time, end)


@pytest.mark.parametrize("year", ["1500", "2262-06", "9999"])
def test_25_years_that_nanoseconds_cannot_hold_are_refused(year: str) -> None:
    time = np.array(["2024-01-01", "2024-01-02", year], "datetime64[D]")
    with pytest.raises(InputError, match="lies outside 1678 to 2261"):
        TemporalSplit(1).folds(time)
    with pytest.raises(InputError, match="lies outside 1678 to 2261"):
        TemporalSplit(1).folds(["2024-01-01"] * 3, [str(end) for end in time])


def test_26_overlapping_test_windows_are_flagged() -> None:
    panel = shops([*"a" * 12], [*range(12)])
    folds = ExpandingWindowSplit(3, 4, step=2).folds(panel.time)
    assert [fold.test.tolist() for fold in folds] == [[4, 5, 6, 7], [6, 7, 8, 9], [8, 9, 10, 11]]
    assert repeated_test_rows(fold.test for fold in folds) == 4
    assert "test windows overlap: 4 rows tested by more than one fold" in notes(panel, folds)


def test_27_one_class_in_a_test_fold_has_no_score_and_is_reported() -> None:
    panel = shops([*"a" * 10], [*range(10)], y=[0, 1, 0, 1, 0, 1, 0, 1, 1, 1])
    folds = TemporalSplit(3).folds(panel.time)
    assert METRICS["roc_auc"].score(panel.y[folds[0].test], [0.2, 0.5, 0.9]) is None
    assert "a single class in the test rows" in notes(panel, folds)


@pytest.mark.parametrize("option", ["gap", "embargo"])
@pytest.mark.parametrize("value", [-1, "-1D", np.timedelta64(-1, "D"), float("nan"), pd.NaT])
def test_28_a_negative_or_missing_length_is_an_error(option: str, value: Any) -> None:
    with pytest.raises(InputError, match=option):
        PurgedKFold(2, **{option: value}).folds(days(*range(1, 9)))


def test_29_a_repeated_row_is_an_error() -> None:
    with pytest.raises(InputError, match=r"2 rows share their \(shop, day\), first shop=a, day=1"):
        shops([*"aab"], [1, 1, 1])


@pytest.mark.slow
def test_30_a_million_rows_of_five_hundred_entities() -> None:
    time = np.tile(np.arange(2000), 500)[np.random.default_rng(0).permutation(1_000_000)] * DAY
    starts, ends = Instants(time, "naive"), Instants(time + 5 * DAY, "naive")
    folds = ExpandingWindowSplit(5, gap="2D").folds(starts, ends)
    assert [fold.audit.n_test for fold in folds] == [333 * 500] * 5
    assert all(fold.audit.clean for fold in folds)
    # Of each entity two rows are in the gap, and four labels more reach into it.
    assert [(fold.audit.n_gap, fold.audit.n_purged) for fold in folds] == [(1000, 2000)] * 5
