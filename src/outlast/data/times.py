"""Every time becomes int64 nanoseconds in UTC here, once, and every duration too."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast.errors import InputError

Zone = Literal["aware", "naive", "abstract"]
Nanoseconds = npt.NDArray[np.int64]

NAT = np.iinfo(np.int64).min
_UNITS = {
    "ns": 1,
    "us": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "min": 60 * 10**9,
    "h": 3_600 * 10**9,
    "d": 86_400 * 10**9,
    "w": 604_800 * 10**9,
}
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*")
# Outside these microseconds a nanosecond count no longer fits into 64 bits.
_FIRST_US, _LAST_US = -9_223_372_036_854_775, 9_223_372_036_854_775


@dataclass(frozen=True)
class Instants:
    """Times as nanoseconds since 1970 in UTC, and what kind of clock they came from.

    Attributes
    ----------
    ns : ndarray of int64, shape (n,)
        `NAT` marks a missing time.
    zone : {"aware", "naive", "abstract"}
        "abstract" are plain integers, used as they are.
    """

    ns: Nanoseconds
    zone: Zone


def to_instants(values: Any, what: str = "time", on_missing: str = "raise") -> Instants:
    """Convert times of any usual kind to nanoseconds in UTC.

    Parameters
    ----------
    values : array-like, shape (n,)
        datetime64 of any unit, polars / pandas / Arrow column, ISO strings, dates,
        datetimes, or integers as abstract time.
    what : str, default "time"
        How the error message names the values.
    on_missing : {"raise", "keep"}, default "raise"
        Whether a missing time is an error or becomes `NAT`.

    Returns
    -------
    Instants

    Raises
    ------
    InputError
        If a time is missing, cannot be read, or lies outside the years 1678 to 2261.

    Examples
    --------
    >>> to_instants(["1970-01-02", "1970-01-03"]).ns.tolist()
    [86400000000000, 172800000000000]
    """
    series = _as_series(values, what)
    if series.dtype.is_integer():
        zone: Zone = "abstract"
        counts = series.cast(pl.Int64).fill_null(NAT).to_numpy()
    else:
        stamps, zone = _as_datetime(series, what)
        counts = _microseconds_to_ns(stamps, what)
    if on_missing == "raise" and (missing := np.flatnonzero(counts == NAT)).size:
        raise InputError(
            f"{what}: {missing.size} missing value(s), first at row(s) {missing[:5].tolist()}; "
            "every row needs a time: fill or remove these rows"
        )
    return Instants(np.ascontiguousarray(counts), zone)


def check_same_zone(*named: tuple[str, Instants | None]) -> None:
    """Raise if time zones are known for some of the inputs and unknown for others.

    Raises
    ------
    InputError
        Naming the two inputs that disagree.
    """
    present = [(name, instants) for name, instants in named if instants is not None]
    for name, instants in present[1:]:
        first_name, first = present[0]
        if instants.ns.size and first.ns.size and instants.zone != first.zone:
            raise InputError(
                f"{name} is {instants.zone} but {first_name} is {first.zone}: times must all "
                "carry a time zone or all carry none; convert one side"
            )


def to_duration(value: Any, what: str = "duration") -> int | timedelta:
    """Normalise a duration: an int stays a number of steps, all else becomes nanoseconds.

    Parameters
    ----------
    value : int, str, datetime.timedelta or numpy.timedelta64
        ``"5D"``, ``"36h"``, ``"30min"``; an int means steps on the sorted distinct times.
    what : str, default "duration"
        How the error message names the value.

    Returns
    -------
    int or datetime.timedelta
        Steps as an int, clock time as a timedelta (exact to the microsecond).

    Raises
    ------
    InputError
        If the value is negative, NaN or not a duration.

    Examples
    --------
    >>> to_duration("7D"), to_duration(5)
    (datetime.timedelta(days=7), 5)
    """
    if isinstance(value, bool):
        raise InputError(f"{what}: expected a duration or a number of steps, got {value!r}")
    if isinstance(value, (int, np.integer)):
        parsed: int | timedelta = int(value)
    elif isinstance(value, timedelta):
        parsed = value
    elif isinstance(value, np.timedelta64) and not np.isnat(value):
        parsed = timedelta(microseconds=int(value.astype("timedelta64[ns]").astype(int)) / 1000)
    elif isinstance(value, str) and (match := _DURATION.fullmatch(value)):
        parsed = _parsed_duration(match, value, what)
    else:
        raise InputError(
            f"{what}: cannot read {value!r}; use a number of steps such as 5, "
            "or a duration such as '7D', '36h' or '30min'"
        )
    if parsed < (timedelta(0) if isinstance(parsed, timedelta) else 0):
        raise InputError(f"{what} must be >= 0, got {value!r}")
    return parsed


def duration_ns(value: timedelta) -> int:
    """Return a timedelta as whole nanoseconds."""
    return (value.days * 86_400 + value.seconds) * 10**9 + value.microseconds * 1000


def format_ns(ns: int) -> str:
    """Return a time as ISO text, without the clock when it is midnight.

    Examples
    --------
    >>> format_ns(86_400 * 10**9)
    '1970-01-02'
    """
    text = str(np.datetime64(ns, "ns").astype("datetime64[s]")).replace("T", " ")
    return text.removesuffix(" 00:00:00")


def _as_series(values: Any, what: str) -> pl.Series:
    if isinstance(values, pl.Series):
        return values
    if isinstance(values, np.ndarray) and values.dtype.kind == "M":
        return _from_datetime64(values, what)
    if hasattr(values, "__arrow_c_stream__") or hasattr(values, "to_numpy"):
        return _from_foreign(values, what)
    try:
        plain = values.tolist() if isinstance(values, np.ndarray) else list(values)
        _refuse_mixed(plain, what)
        return pl.Series(what, plain)
    except (TypeError, pl.exceptions.PolarsError) as error:
        raise InputError(f"{what}: cannot read these values as times ({error})") from error


def _from_foreign(values: Any, what: str) -> pl.Series:
    """A pandas, Arrow or other column; object columns go the slow, checked way."""
    if hasattr(values, "__arrow_c_stream__") and str(getattr(values, "dtype", "")) != "object":
        return pl.Series(what, values)
    array = values.to_numpy()
    if array.dtype.kind == "M":
        return _from_datetime64(array, what)
    return _as_series(array.tolist(), what)


def _from_datetime64(values: npt.NDArray[np.datetime64], what: str) -> pl.Series:
    coarse = values.astype("datetime64[s]").astype(np.int64)
    missing = np.isnat(values)
    limit = _LAST_US // 10**6
    if np.any((np.abs(coarse) > limit) & ~missing):
        raise _out_of_range(what, str(values[(np.abs(coarse) > limit) & ~missing][0]))
    return pl.Series(what, values.astype("datetime64[ns]"))


def _refuse_mixed(values: Sequence[Any], what: str) -> None:
    zones = {v.tzinfo is not None for v in values if isinstance(v, datetime)}
    if len(zones) > 1:
        raise InputError(f"{what}: some times carry a time zone and some do not; convert one side")


def _as_datetime(series: pl.Series, what: str) -> tuple[pl.Series, Zone]:
    if series.dtype == pl.String:
        series = _parsed_strings(series, what)
    if series.dtype == pl.Date:
        return series.cast(pl.Datetime("us")), "naive"
    if isinstance(series.dtype, pl.Datetime):
        if series.dtype.time_zone is None:
            return series, "naive"
        return series.dt.convert_time_zone("UTC").dt.replace_time_zone(None), "aware"
    if series.dtype == pl.Null:
        return series.cast(pl.Datetime("us")), "naive"
    raise InputError(
        f"{what}: expected dates, datetimes, ISO strings or integers, got {series.dtype}"
    )


def _parsed_strings(series: pl.Series, what: str) -> pl.Series:
    """ISO text as datetimes; a column must be all dates, all naive or all aware."""
    text = series.str.strip_chars().replace("", None)
    for dtype in (pl.Date, pl.Datetime("us"), pl.Datetime("us", "UTC")):
        parsed = text.str.strptime(dtype, strict=False)
        if parsed.null_count() == text.null_count():
            return parsed
    bad = text.filter(text.is_not_null() & text.str.strptime(pl.Datetime("us"), strict=False)
                      .is_null())
    first = bad[0] if bad.len() else text[0]
    raise InputError(f"{what}: cannot read {first!r} as an ISO date or time, such as 2024-01-31")


def _microseconds_to_ns(stamps: pl.Series, what: str) -> Nanoseconds:
    if stamps.dtype == pl.Datetime("ns"):
        return stamps.to_physical().fill_null(NAT).to_numpy()
    micro = stamps.cast(pl.Datetime("us")).to_physical()
    outside = micro.filter((micro < _FIRST_US) | (micro > _LAST_US))
    if outside.len():
        raise _out_of_range(what, str(np.datetime64(int(outside[0]), "us")))
    return (micro * 1000).fill_null(NAT).to_numpy()


def _out_of_range(what: str, value: str) -> InputError:
    return InputError(f"{what}: {value} lies outside 1678 to 2261, the years nanoseconds can hold")


def _parsed_duration(match: re.Match[str], text: str, what: str) -> timedelta:
    number, unit = match.groups()
    scale = _UNITS.get(unit.lower(), _UNITS.get(unit.lower().removesuffix("s")))
    if scale is None:
        raise InputError(f"{what}: unknown unit in {text!r}; known units: {', '.join(_UNITS)}")
    return timedelta(microseconds=float(number) * scale / 1000)


def is_date_like(value: Any) -> bool:
    """Whether a value names a point in time rather than a number or a duration."""
    if isinstance(value, (date, datetime, np.datetime64)):
        return True
    return isinstance(value, str) and bool(re.match(r"\s*\d{4}-\d{2}", value))
