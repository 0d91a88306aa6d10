"""Clock time counts hours, calendar time turns the leaves of the wall calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import example, given
from hypothesis import strategies as st

from outlast.data.durations import (
    Calendar,
    add_duration,
    duration_ns,
    duration_text,
    is_duration,
    to_duration,
)
from outlast.data.times import FIRST, LAST, NAT, Instants, to_instants
from outlast.errors import InputError


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, 3),
        (np.int64(3), 3),
        ("2D", timedelta(days=2)),
        ("2 days", timedelta(days=2)),
        ("30 mins", timedelta(minutes=30)),
        ("1.5h", timedelta(minutes=90)),
        ("1D 12 hours", timedelta(hours=36)),
        (timedelta(days=1), timedelta(days=1)),
        (pd.Timedelta("1D"), timedelta(hours=24)),
        (np.timedelta64(90, "m"), timedelta(minutes=90)),
    ],
)
def test_clock_time_and_steps(value: Any, expected: Any) -> None:
    assert to_duration(value) == expected


@pytest.mark.parametrize(
    ("value", "months", "days"),
    [
        ("1mo", 1, 0),
        ("3 months", 3, 0),
        ("1q", 3, 0),
        ("2 Quarters", 6, 0),
        ("1y", 12, 0),
        ("2 years", 24, 0),
        ("1 calendar month", 1, 0),
        ("1 calendar day", 0, 1),
        ("10 calendar  days", 0, 10),
        ("2 calendar weeks", 0, 14),
        (" 1y 6mo 2 calendar days ", 18, 2),
        (Calendar(1, 2), 1, 2),
        (pd.DateOffset(months=1), 1, 0),
        (pd.DateOffset(2, years=1, weeks=1), 24, 14),
        (pd.DateOffset(), 0, 1),
        (pd.DateOffset(3), 0, 3),
        (relativedelta(months=14, days=1), 14, 1),
    ],
)
def test_calendar_time(value: Any, months: int, days: int) -> None:
    assert to_duration(value) == Calendar(months, days)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (-1, "must be >= 0"),
        (timedelta(days=-1), "must be >= 0"),
        (pd.DateOffset(months=-1), "must be >= 0"),
        (Calendar(1, -1), "must be >= 0"),
        (float("nan"), "cannot read nan"),
        (np.timedelta64("NaT", "D"), "cannot read"),
        (pd.NaT, "cannot read"),
        ("-3D", "cannot read '-3D'"),
        ("3", "cannot read '3'"),
        ("3 moons", "unknown unit in '3 moons'"),
        ("3M", "unknown unit in '3M'; known units: .*min.* mo"),
        ("1 calendar hour", "unknown unit in '1 calendar hour'"),
        ("1.5mo", "whole numbers, got '1.5mo'"),
        ("1mo 3D", "'1mo 3D' mixes clock and calendar time"),
        ("99999999999D", "longer than a duration can be"),
        (True, "cannot read True"),
        (None, "cannot read None"),
        (pd.DateOffset(hours=1), "whole years, months, weeks and days only"),
        (pd.DateOffset(months=1, hours=1), "whole years, months, weeks and days only"),
        (pd.DateOffset(month=3), "whole years, months, weeks and days only"),
        (pd.DateOffset(months=1, normalize=True), "whole years, months, weeks and days only"),
        (relativedelta(hours=1), "whole years, months, weeks and days only"),
        (relativedelta(day=31), "whole years, months, weeks and days only"),
        (pd.offsets.MonthEnd(), "cannot read <MonthEnd>"),
        (pd.offsets.BDay(2), "cannot read"),
    ],
)
def test_what_is_no_duration_is_refused(value: Any, message: str) -> None:
    with pytest.raises(InputError, match=f"gap.*{message}"):
        to_duration(value, "gap")


def test_a_duration_is_told_from_a_name() -> None:
    assert is_duration("45D")
    assert is_duration("1 calendar day")
    assert not is_duration("published_at")
    assert not is_duration("2020 report")


@pytest.mark.parametrize("value", [timedelta(days=7), timedelta(minutes=90), Calendar(),
                                   timedelta(microseconds=1_000_001), Calendar(days=1),
                                   Calendar(14, 3)])
def test_durations_are_read_as_they_are_written(value: Any) -> None:
    assert to_duration(duration_text(value)) == value


def test_clock_time_as_a_number() -> None:
    assert duration_ns(timedelta(days=1, microseconds=1)) == 86_400 * 10**9 + 1_000


def later(times: Any, duration: Any) -> list[str]:
    instants = to_instants(times)
    moved = add_duration(instants, to_duration(duration))  # type: ignore[arg-type]
    index = pd.DatetimeIndex(moved).tz_localize("UTC" if instants.zone == "aware" else None)
    if instants.tz is not None:
        index = index.tz_convert(instants.tz)
    return [stamp.isoformat() for stamp in index]


def test_the_last_days_of_a_month_share_the_end_of_a_shorter_one() -> None:
    ends = later(["2023-01-29", "2023-01-30", "2024-01-30", "2024-01-31"], "1mo")
    assert ends == [f"{day}T00:00:00" for day in
                    ("2023-02-28", "2023-02-28", "2024-02-29", "2024-02-29")]


def test_a_calendar_day_is_wall_clock_and_a_day_is_24_hours() -> None:
    noon = pd.DatetimeIndex(["2024-10-26 12:00"]).tz_localize("Europe/Berlin")
    assert later(noon, "1 calendar day") == ["2024-10-27T12:00:00+01:00"], "25 hours later"
    assert later(noon, "1D") == ["2024-10-27T11:00:00+01:00"]


def test_skipped_local_times_move_forward_and_double_ones_are_the_earlier() -> None:
    spring = pd.DatetimeIndex(["2024-03-30 02:30", "2024-03-30 03:30"]).tz_localize("Europe/Berlin")
    assert later(spring, "1 calendar day") == ["2024-03-31T03:30:00+02:00"] * 2
    autumn = pd.DatetimeIndex(["2024-09-27 02:30"]).tz_localize("Europe/Berlin")
    assert later(autumn, "1mo") == ["2024-10-27T02:30:00+02:00"]


ZONES = ["Europe/Berlin", "America/New_York", "Pacific/Apia", "Australia/Lord_Howe",
         "Asia/Kathmandu", "UTC"]


@given(
    start=st.datetimes(datetime(1980, 1, 1), datetime(2030, 1, 1)), zone=st.sampled_from(ZONES),
    months=st.integers(0, 30), days=st.integers(0, 40),
)
@example(start=datetime(2024, 3, 30, 1, 30), zone="Europe/Berlin", months=0, days=1)
@example(start=datetime(2024, 9, 27, 0, 30), zone="Europe/Berlin", months=1, days=0)
@example(start=datetime(2011, 11, 30, 12, 0), zone="Pacific/Apia", months=1, days=0)
def test_the_wall_clock_agrees_with_the_standard_library(
    start: datetime, zone: str, months: int, days: int
) -> None:
    there = start.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    wall = there.replace(tzinfo=None) + relativedelta(months=months) + timedelta(days=days)
    expected = wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) if months or days else start
    ns = int(np.datetime64(start, "ns").astype(np.int64)) + 123  # nanoseconds survive
    got = add_duration(Instants(np.array([ns]), "aware", zone), Calendar(months, days))
    naive = expected.replace(tzinfo=None)
    assert got[0] - 123 == int(np.datetime64(naive, "ns").astype(np.int64))


@given(start=st.dates(datetime(1700, 1, 1).date(), datetime(2200, 1, 1).date()),
       months=st.integers(0, 600), days=st.integers(0, 600))
def test_naive_times_agree_with_pandas(start: Any, months: int, days: int) -> None:
    expected = pd.Timestamp(start) + pd.DateOffset(months=months, days=days)
    got = add_duration(to_instants([start]), Calendar(months, days))
    assert got[0] == np.datetime64(expected, "ns").astype(np.int64)


def test_times_stop_at_the_ends_of_all_time_and_missing_ones_stay() -> None:
    instants = Instants(np.array([NAT, 0, LAST]), "naive")
    assert add_duration(instants, timedelta(days=200_000)).tolist() == [NAT, LAST, LAST]
    assert add_duration(instants, timedelta(days=-200_000)).tolist() == [NAT, FIRST, 0]
    assert add_duration(instants, Calendar(months=-600 * 12)).tolist() == [NAT, FIRST, FIRST]
    assert add_duration(instants, Calendar(months=10**30))[1] == LAST
    assert add_duration(instants, Calendar()) is instants.ns
