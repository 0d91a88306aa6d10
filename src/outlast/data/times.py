"""Every time becomes int64 nanoseconds in UTC here, once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast.errors import InputError

Zone = Literal["aware", "naive", "abstract"]
Nanoseconds = npt.NDArray[np.int64]

NAT = np.iinfo(np.int64).min
# The ends of all time.
FIRST, LAST = NAT + 1, 2**63 - 1
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
    tz : str, optional
        Name of the time zone of aware times, whose wall clock calendar time is counted on;
        None is UTC.
    """

    ns: Nanoseconds
    zone: Zone
    tz: str | None = None

    def take(self, rows: npt.NDArray[Any]) -> Instants:
        """Return the instants of some rows, given as a mask or as positions."""
        return replace(self, ns=self.ns[rows])


def to_instants(values: Any, what: str = "time", on_missing: str = "raise") -> Instants:
    """Convert times of any usual kind to nanoseconds in UTC.

    Parameters
    ----------
    values : array-like, shape (n,)
        datetime64 of any unit, polars / pandas / Arrow column, ISO strings, dates,
        datetimes, whole numbers as abstract time, or `Instants`, which are kept as they are.
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
    instants = values if isinstance(values, Instants) else _counted(values, what)
    if on_missing == "raise" and (missing := np.flatnonzero(instants.ns == NAT)).size:
        raise InputError(
            f"{what}: {missing.size} missing value(s), first at row(s) {missing[:5].tolist()}; "
            "every row needs a time: fill or remove these rows"
        )
    return instants


def _counted(values: Any, what: str) -> Instants:
    series = _as_series(values, what)
    if series.dtype.is_float() and _are_whole(series):  # years that pandas wrote as 1950.0
        series = series.cast(pl.Int64, strict=False)
    if series.dtype.is_integer():
        counts = series.cast(pl.Int64).fill_null(NAT).to_numpy()
        return Instants(np.ascontiguousarray(counts), "abstract")
    stamps, zone, tz = _as_datetime(series, what)
    return Instants(np.ascontiguousarray(_microseconds_to_ns(stamps, what)), zone, tz)


def _are_whole(series: pl.Series) -> bool:
    known = series.fill_nan(None).drop_nulls()
    return bool(len(known)) and bool((known == known.cast(pl.Int64, strict=False)).all(
        ignore_nulls=False))


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
    if getattr(values, "ndim", 1) != 1:
        raise InputError(f"{what}: expected one value per row, got shape {values.shape}")
    if isinstance(values, np.ndarray) and values.dtype.kind == "M":
        return _from_datetime64(values, what)
    if hasattr(values, "__arrow_c_stream__") or hasattr(values, "to_numpy"):
        return _from_foreign(values, what)
    if isinstance(values, str):
        raise InputError(f"{what}: expected one time per row, got the text {values!r}")
    try:
        plain = values.tolist() if isinstance(values, np.ndarray) else list(values)
        return _from_list(plain, what)
    except (TypeError, pl.exceptions.PolarsError) as error:
        raise InputError(f"{what}: cannot read these values as times ({error})") from error


def _from_foreign(values: Any, what: str) -> pl.Series:
    """Read a pandas, Arrow or other column; object columns go the slow, checked way."""
    arrow = hasattr(values, "__arrow_c_stream__") or hasattr(values, "__arrow_c_array__")
    if arrow and str(getattr(values, "dtype", "")) != "object":
        return _from_arrow(values, what)
    if getattr(values, "tz", None) is not None:  # an index, which is no Arrow stream by itself
        return _from_arrow(values.to_series(), what)
    if str(getattr(values, "dtype", "")).startswith(("Int", "UInt")):
        # Integers that may have gaps. Before pandas 3 they are no Arrow stream, and their numpy
        # array would be one of fractions.
        return pl.Series(what, values)
    array = values.to_numpy()
    if array.dtype.kind == "M":
        return _from_datetime64(array, what)
    return _as_series(array.tolist(), what)


def _from_arrow(values: Any, what: str) -> pl.Series:
    try:
        return pl.Series(what, values)
    except pl.exceptions.ComputeError as error:  # an offset that no time zone has: +05:30
        if hasattr(values, "dt"):
            return pl.Series(what, values.dt.tz_convert("UTC"))
        raise InputError(f"{what}: cannot read the time zone of {values.type}; convert these "
                         "times to UTC") from error


def _from_list(values: list[Any], what: str) -> pl.Series:
    """Plain values; NaT and NaN, the only ones unequal to themselves, become missing."""
    known = [None if value != value else value for value in values]
    if any(isinstance(value, np.datetime64) for value in known):
        return _from_datetime64(np.array(values, dtype=np.datetime64), what)
    _refuse_mixed(known, what)
    return pl.Series(what, known)


def _from_datetime64(values: npt.NDArray[np.datetime64], what: str) -> pl.Series:
    coarse = values.astype("datetime64[s]").astype(np.int64)
    missing = np.isnat(values)
    limit = _LAST_US // 10**6
    outside = (np.abs(coarse) >= limit) & ~missing
    if np.any(outside):
        raise _out_of_range(what, str(values[outside][0]))
    return pl.Series(what, values.astype("datetime64[ns]"))


def _refuse_mixed(values: Sequence[Any], what: str) -> None:
    zones = {v.tzinfo is not None for v in values if isinstance(v, datetime)}
    if len(zones) > 1:
        raise InputError(f"{what}: some times carry a time zone and some do not; convert one side")


def _as_datetime(series: pl.Series, what: str) -> tuple[pl.Series, Zone, str | None]:
    if series.dtype == pl.String:
        series = _parsed_strings(series, what)
    if series.dtype == pl.Date:
        return series.cast(pl.Datetime("us")), "naive", None
    if isinstance(series.dtype, pl.Datetime):
        if (tz := series.dtype.time_zone) is None:
            return series, "naive", None
        return series.dt.convert_time_zone("UTC").dt.replace_time_zone(None), "aware", tz
    if series.dtype == pl.Null:
        return series.cast(pl.Datetime("us")), "naive", None
    raise InputError(
        f"{what}: expected dates, datetimes, ISO strings or whole numbers, got {series.dtype}"
    )


def _parsed_strings(series: pl.Series, what: str) -> pl.Series:
    """ISO text as datetimes; a column must be all dates, all naive or all aware."""
    text = series.str.strip_chars().replace("", None)
    if text.null_count() == text.len():
        return text.cast(pl.Date)
    # polars would read 01/02/2024 with the day first, without a word
    foreign = text.filter(~text.str.contains(r"^\d{4}-\d"))
    if foreign.len():
        raise _not_iso(what, foreign[0])
    for dtype in (pl.Date, pl.Datetime("us"), pl.Datetime("us", "UTC")):
        parsed = _parsed_as(text, dtype)
        if parsed.null_count() == text.null_count():
            return parsed
    bad = text.filter(text.is_not_null() & _parsed_as(text, pl.Datetime("us")).is_null())
    raise _not_iso(what, bad[0] if bad.len() else text[0])


def _parsed_as(text: pl.Series, dtype: Any) -> pl.Series:
    try:
        return text.str.strptime(dtype, strict=False)
    except pl.exceptions.ComputeError:  # no known format fits the first value
        return pl.Series(text.name, [None] * text.len(), dtype=dtype)


def _microseconds_to_ns(stamps: pl.Series, what: str) -> Nanoseconds:
    if stamps.dtype == pl.Datetime("ns"):
        return stamps.to_physical().fill_null(NAT).to_numpy()
    micro = stamps.cast(pl.Datetime("us")).to_physical()
    outside = micro.filter((micro < _FIRST_US) | (micro > _LAST_US))
    if outside.len():
        raise _out_of_range(what, str(np.datetime64(int(outside[0]), "us")))
    return (micro * 1000).fill_null(NAT).to_numpy()


def _not_iso(what: str, value: str) -> InputError:
    return InputError(f"{what}: cannot read {value!r} as an ISO date or time, such as 2024-01-31; "
                      "say how the time column is written with time_format, such as %d.%m.%Y")


def _out_of_range(what: str, value: str) -> InputError:
    return InputError(f"{what}: {value} lies outside 1678 to 2261, the years nanoseconds can hold")


def is_date_like(value: Any) -> bool:
    """Whether a value names a point in time rather than a number or a duration."""
    if isinstance(value, (date, datetime, np.datetime64)):
        return True
    return isinstance(value, str) and bool(re.match(r"\s*\d{4}-\d{2}", value))
