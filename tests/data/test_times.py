"""Every usual kind of time becomes the same nanoseconds, and what is no time is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from outlast.data.times import (
    NAT,
    Instants,
    check_same_zone,
    format_ns,
    is_date_like,
    to_instants,
)
from outlast.errors import InputError

STAMPS = np.array(["2024-02-28T23:30:00", "2024-02-29T12:00:00", "2024-03-01"], "datetime64[ns]")
HOUR = 3_600 * 10**9

NAIVE: dict[str, Callable[[], Any]] = {
    "datetime64[s]": lambda: STAMPS.astype("datetime64[s]"),
    "datetime64[ms]": lambda: STAMPS.astype("datetime64[ms]"),
    "datetime64[us]": lambda: STAMPS.astype("datetime64[us]"),
    "datetime64[ns]": lambda: STAMPS,
    "list of datetime64": lambda: list(STAMPS),
    "polars ns": lambda: pl.Series(STAMPS),
    "polars ms": lambda: pl.Series(STAMPS).cast(pl.Datetime("ms")),
    "pandas series": lambda: pd.Series(STAMPS),
    "pandas index": lambda: pd.DatetimeIndex(STAMPS),
    "pandas objects": lambda: pd.Series(list(pd.DatetimeIndex(STAMPS)), dtype=object),
    "arrow array": lambda: pa.array(STAMPS),
    "arrow chunks": lambda: pa.chunked_array([pa.array(STAMPS[:1]), pa.array(STAMPS[1:])]),
    "iso text": lambda: [str(stamp) for stamp in STAMPS.astype("datetime64[s]")],
    "datetimes": lambda: STAMPS.astype("datetime64[us]").tolist(),
}


@pytest.mark.parametrize("kind", NAIVE)
def test_naive_times_of_every_kind_agree(kind: str) -> None:
    got = to_instants(NAIVE[kind]())
    assert got.zone == "naive"
    assert got.ns.dtype == np.int64
    np.testing.assert_array_equal(got.ns, STAMPS.view(np.int64))


def berlin() -> pd.DatetimeIndex:
    return pd.date_range("2024-10-27 00:00", periods=5, freq="h", tz="Europe/Berlin")


AWARE: dict[str, Callable[[], Any]] = {
    "pandas index": berlin,
    "pandas series": lambda: pd.Series(berlin()),
    "pandas objects": lambda: pd.Series(list(berlin()), dtype=object),
    "datetimes": lambda: list(berlin().to_pydatetime()),
    "polars": lambda: pl.Series(pd.Series(berlin())),
    "arrow array": lambda: pa.array(pd.Series(berlin())),
    "iso text": lambda: [stamp.isoformat() for stamp in berlin()],
}


@pytest.mark.parametrize("kind", AWARE)
def test_aware_times_are_ordered_in_utc_over_the_october_change(kind: str) -> None:
    got = to_instants(AWARE[kind]())
    assert got.zone == "aware"
    start = int(np.datetime64("2024-10-26T22:00", "ns").astype(np.int64))
    assert got.ns.tolist() == [start + hour * HOUR for hour in range(5)]


@pytest.mark.parametrize("values", [np.array([3, 1, 2]), [3, 1, 2], pd.Series([3, 1, 2]),
                                    pl.Series([3, 1, 2], dtype=pl.UInt16)])
def test_integers_are_abstract_time(values: Any) -> None:
    got = to_instants(values)
    assert (got.ns.tolist(), got.zone) == ([3, 1, 2], "abstract")


@pytest.mark.parametrize("kind", AWARE)
def test_the_zone_of_aware_times_is_kept(kind: str) -> None:
    assert to_instants(AWARE[kind]()).tz == ("UTC" if kind == "iso text" else "Europe/Berlin")


def test_naive_and_abstract_times_have_no_zone() -> None:
    assert to_instants(STAMPS).tz is None
    assert to_instants([1, 2]).tz is None


def test_offsets_that_no_zone_has_count_in_utc() -> None:
    offset = pd.DatetimeIndex(["2024-01-01T00:00+05:45"])
    for values in (offset, pd.Series(offset), list(offset)):
        got = to_instants(values)
        assert (got.ns[0], got.tz) == (offset.as_unit("ns").asi8[0], "UTC")
    with pytest.raises(InputError, match=r"zone of timestamp\[.s, tz=\+05:45\]; convert"):
        to_instants(pa.array(pd.Series(offset)))


def test_some_instants_are_taken() -> None:
    taken = to_instants(berlin()).take(np.array([True, False, False, False, True]))
    assert (np.diff(taken.ns).tolist(), taken.zone, taken.tz) == (
        [4 * HOUR], "aware", "Europe/Berlin")


def test_instants_pass_through() -> None:
    given = Instants(np.array([5, NAT]), "aware")
    assert to_instants(given, on_missing="keep") is given
    with pytest.raises(InputError, match=r"label: 1 missing value\(s\), first at row\(s\) \[1\]"):
        to_instants(given, "label")


MISSING: list[Any] = [
    np.array(["2024-01-01", "NaT"], "datetime64[D]"),
    [datetime(2024, 1, 1), None],
    [pd.Timestamp("2024-01-01"), pd.NaT],
    pd.Series([pd.Timestamp("2024-01-01"), pd.NaT]),
    ["2024-01-01", ""],
    [date(2024, 1, 1), None],
]


@pytest.mark.parametrize("values", MISSING, ids=lambda values: type(values).__name__)
def test_missing_times_are_refused_or_kept(values: Any) -> None:
    with pytest.raises(InputError, match=r"first at row\(s\) \[1\]"):
        to_instants(values)
    day = int(np.datetime64("2024-01-01", "ns").astype(np.int64))
    assert to_instants(values, on_missing="keep").ns.tolist() == [day, NAT]


@pytest.mark.parametrize("values", [pl.Series([1950.0, 1951.0]), np.array([1950.0, 1951.0]),
                                    pd.Series([1950.0, 1951.0])])
def test_fractions_that_are_whole_numbers_are_abstract_time(values: Any) -> None:
    got = to_instants(values)
    assert (got.ns.tolist(), got.zone) == ([1950, 1951], "abstract")
    assert to_instants([1950.0, float("nan")], on_missing="keep").ns.tolist() == [1950, NAT]


@pytest.mark.parametrize("value", [0.5, float("inf"), 1e30])
def test_other_fractions_are_no_time(value: float) -> None:
    with pytest.raises(InputError, match="whole numbers, got Float64"):
        to_instants([1.0, value])


def test_missing_integers_are_refused() -> None:
    with pytest.raises(InputError, match="1 missing"):
        to_instants(pd.Series([1, None], dtype="Int64"))


def test_all_missing_is_no_time() -> None:
    assert to_instants([None, None], on_missing="keep").ns.tolist() == [NAT, NAT]
    assert to_instants(["", ""], on_missing="keep").ns.tolist() == [NAT, NAT]


@pytest.mark.parametrize(
    "values",
    [
        np.array(["1500-01-01"], "datetime64[s]"),
        np.array(["2262-06-01"], "datetime64[us]"),
        [date(1500, 1, 1)],
        ["2400-01-01"],
        pl.Series([datetime(2500, 1, 1)]),
        pd.Series(np.array(["2500-01-01"], "datetime64[s]")),
    ],
    ids=["datetime64[s]", "datetime64[us]", "date", "text", "polars", "pandas"],
)
def test_years_that_nanoseconds_cannot_hold_are_refused(values: Any) -> None:
    with pytest.raises(InputError, match="outside 1678 to 2261"):
        to_instants(values)


def test_naive_and_aware_do_not_mix() -> None:
    with pytest.raises(InputError, match="some times carry a time zone and some do not"):
        to_instants([datetime(2024, 1, 1), datetime(2024, 1, 1, tzinfo=UTC)])
    naive, aware = to_instants(["2024-01-01"]), to_instants(["2024-01-01T00:00Z"])
    with pytest.raises(InputError, match="end is aware but time is naive"):
        check_same_zone(("time", naive), ("nothing", None), ("end", aware))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0.5, 1.5], "got Float64"),
        ([True, False], "got Boolean"),
        ("2024-01-01", "one time per row, got the text"),
        (5, "cannot read these values"),
        (None, "cannot read these values"),
        (np.zeros((2, 2), "datetime64[ns]"), r"got shape \(2, 2\)"),
        (["2024-01-01", "soon"], "cannot read 'soon'"),
        (["2024"], "cannot read '2024'"),
        (["2024-13-45"], "cannot read '2024-13-45'"),
    ],
)
def test_what_is_no_time_is_refused(values: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        to_instants(values)


@pytest.mark.parametrize("text", ["01/02/2024", "01-02-2024", "1.2.2024"])
def test_dates_that_could_be_read_two_ways_are_refused(text: str) -> None:
    with pytest.raises(InputError, match=f"cannot read '{text}' as an ISO date"):
        to_instants([text])


def test_times_as_text() -> None:
    assert format_ns(int(STAMPS.view(np.int64)[0])) == "2024-02-28 23:30:00"


def test_what_names_a_point_in_time() -> None:
    assert all(map(is_date_like, ["2024-01-31", date(2024, 1, 31), np.datetime64("2024-01-31")]))
    assert not any(map(is_date_like, ["30D", 5, 0.2, timedelta(days=1)]))
