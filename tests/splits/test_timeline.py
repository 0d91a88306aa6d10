"""Times of one call are checked once and put on one axis."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from outlast.data.durations import Calendar
from outlast.data.times import NAT, Instants
from outlast.errors import InputError
from outlast.splits.timeline import FIRST, LAST, Length, Timeline, read_timeline
from tests.splits.reference import DAY, days


def test_distinct_times_are_sorted_and_rows_keep_their_place() -> None:
    timeline = read_timeline(np.array([5, 3, 5, 9]), np.array([6, 4, 7, 9]), ["a", "b", "c", "d"])
    assert timeline.distinct.tolist() == [3, 5, 9]
    assert timeline.rows.tolist() == [0, 1, 2, 3]
    assert timeline.groups is not None
    assert (timeline.size, timeline.n_rows) == (3, 4)
    assert timeline.groups.tolist() == ["a", "b", "c", "d"]


def test_labels_end_at_their_own_time_by_default() -> None:
    assert read_timeline([4, 2]).label_end.tolist() == [4, 2]


@pytest.mark.parametrize(
    ("time", "label_end", "message"),
    [
        ([1, 2, 3], [1, 2], "label_end has 2 values but time has 3"),
        ([1, 2, 3], [2, 1, 2], r"label_end: 2 row\(s\) end before .* at row\(s\) \[1, 2\]"),
        (["2024-01-01"], ["2024-01-02T00:00Z"], "label_end is aware but time is naive"),
        (["2024-01-01"], [3], "label_end is abstract but time is naive"),
        (["2024-01-01", None], None, r"time: 1 missing value\(s\), first at row\(s\) \[1\]"),
        (["2024-01-01"] * 2, ["2024-01-01", None], "label_end: 1 missing"),
        ([], None, "time: no row has both"),
    ],
)
def test_bad_times_are_refused(time: Any, label_end: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_timeline(time, label_end)


def test_groups_need_one_value_per_row() -> None:
    with pytest.raises(InputError, match="groups has 1 values but time has 2"):
        read_timeline([1, 2], groups=["a"])


def test_missing_times_are_dropped_on_request() -> None:
    time = np.array(["NaT", "2024-01-02", "2024-01-03", "2024-01-04"], "datetime64[D]")
    label_end = np.array(["2024-01-02", "2024-01-03", "NaT", "2024-01-04"], "datetime64[D]")
    timeline = read_timeline(time, label_end, on_missing="drop")
    assert (timeline.rows.tolist(), timeline.n_rows) == ([1, 3], 4)
    with pytest.raises(InputError, match="no row has both a time and a label end"):
        read_timeline(Instants(np.array([NAT, 3]), "naive"), Instants(np.array([3, NAT]), "naive"),
                      on_missing="drop")
    with pytest.raises(InputError, match="on_missing must be 'raise' or 'drop', got 'keep'"):
        read_timeline(time, on_missing="keep")


def irregular() -> Timeline:
    return read_timeline(days(1, 2, 3, 8, 9))


def at(day: float) -> int:
    return int(days(1).astype("datetime64[ns]").astype(np.int64)[0] + (day - 1) * DAY)


def test_steps_walk_along_the_distinct_times() -> None:
    timeline = irregular()
    assert timeline.later(at(3), Length(1)) == at(8)
    assert timeline.earlier(at(8), Length(2)) == at(2)
    assert timeline.earlier(at(5), Length(1)) == at(3), "from the first time at or after"
    assert timeline.later(at(5), Length(0)) == at(5)
    assert timeline.later(at(9), Length(1)) == timeline.later(LAST, Length(3)) == LAST
    assert timeline.earlier(at(2), Length(2)) == FIRST


def test_clock_time_ignores_the_rows_and_stops_at_the_ends_of_time() -> None:
    timeline, day = irregular(), Length(DAY, steps=False)
    assert timeline.earlier(at(8), day) == at(7)
    assert timeline.later(at(3), day) == at(4)
    assert timeline.later(LAST, day) == LAST
    assert timeline.earlier(FIRST, day) == FIRST


def test_calendar_time_is_counted_on_the_wall_clock_of_the_zone() -> None:
    timeline = read_timeline(days(1, 31, 60, 91))  # the first of January to the 31st of March
    month = timeline.duration("1mo", "gap")
    assert month == Length(0, False, Calendar(months=1))
    assert timeline.later(at(31), month) == at(60), "the 29th of February"
    assert timeline.earlier(at(91), month) == at(60)
    assert timeline.earlier(at(91), month * 2) == at(31), "not the 29th of January"
    assert timeline.later(LAST, month) == LAST
    assert timeline.earlier(FIRST, month) == FIRST
    noons = pd.date_range("2024-10-26 12:00", periods=2, tz="Europe/Berlin")
    berlin = read_timeline(noons)
    day = berlin.duration("1 calendar day", "gap")
    assert berlin.later(berlin.at(0), day) == berlin.at(1) == berlin.at(0) + 25 * DAY // 24
    assert berlin.later(berlin.at(0), berlin.duration("1D", "gap")) == berlin.at(0) + DAY


def test_lengths_of_one_unit_add_up() -> None:
    month, week = Length(0, False, Calendar(1)), Length(0, False, Calendar(days=7))
    assert month * 2 + week * -1 == Length(0, False, Calendar(2, -7))
    assert Length(0, False, Calendar()) + month == month
    assert Length(2) + Length(3) * -1 == Length(-1)
    assert [bool(length) for length in (month, month * 0, Length(0), Length(-1))] == [
        True, False, False, True]
    assert (month.unit, Length(1).unit, Length(1, steps=False).unit) == (
        "calendar time", "timestamps", "clock time")


def test_rows_are_counted_in_half_open_windows() -> None:
    assert irregular().count(at(2), at(8)) == 2


def test_lengths_are_read() -> None:
    timeline = irregular()
    assert timeline.duration(2, "gap") == Length(2)
    assert timeline.duration("36h", "gap") == Length(36 * 3_600 * 10**9, steps=False)
    assert timeline.window(0.4, "test_size") == Length(2)
    assert timeline.window(0.41, "test_size") == Length(3)
    assert read_timeline(np.arange(100)).window(0.07, "test_size") == Length(7), "not 8"


@pytest.mark.parametrize(
    ("value", "message"),
    [(0, "test_size must be above zero, got 0"), ("0D", "must be above zero"),
     ("0mo", "must be above zero"),
     (0.0, "between 0 and 1, got 0.0"), (1.0, "between 0 and 1, got 1.0; an int counts"),
     (float("nan"), "between 0 and 1, got nan"), (-3, "must be >= 0, got -3"),
     (None, "cannot read None")],
)
def test_bad_window_sizes_are_refused(value: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        irregular().window(value, "test_size")


@pytest.mark.parametrize("value", [-1, float("nan"), pd.Timedelta("-1D"), pd.NaT, "soon"])
def test_bad_gaps_are_refused(value: Any) -> None:
    with pytest.raises(InputError, match="gap"):
        irregular().duration(value, "gap")


def test_clock_time_needs_a_clock() -> None:
    with pytest.raises(InputError, match="gap='3D' is clock time but the times are plain integers"):
        read_timeline([1, 2]).duration("3D", "gap")
    with pytest.raises(InputError, match=r"gap='1mo' is calendar time .*; give a number of steps"):
        read_timeline([1, 2]).duration("1mo", "gap")


def test_times_in_messages() -> None:
    assert irregular().show(at(8)) == "2024-01-08"
    assert read_timeline([1, 2]).show(2) == "2"
