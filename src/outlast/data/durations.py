"""Stretches of time: a number of steps, clock time, or calendar time on the wall clock."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast.data.times import FIRST, LAST, NAT, Instants, Nanoseconds, Zone
from outlast.errors import InputError

_PART = re.compile(r"(\d+(?:\.\d+)?)\s*((?:calendar\s+)?[A-Za-z]+)\s*")
_TEXT = re.compile(rf"\s*(?:{_PART.pattern})+")
# More than this leaves the years that nanoseconds can hold, from wherever it starts.
_MOST_MONTHS, _MOST_DAYS = 12_000, 366_000
_MOST_STEPS = 10**9


@dataclass(frozen=True)
class Calendar:
    """Whole months and then whole days on the wall clock, such as "one month" or "two days".

    Parameters
    ----------
    months, days : int, default 0
        A month from a day that the other month lacks ends on that month's last day.

    Examples
    --------
    >>> print(Calendar(months=1) * 3 + Calendar(days=2))
    3mo 2 calendar days
    """

    months: int = 0
    days: int = 0

    def __bool__(self) -> bool:
        return bool(self.months or self.days)

    def __mul__(self, times: int) -> Calendar:
        return Calendar(self.months * times, self.days * times)

    def __add__(self, other: Calendar) -> Calendar:
        return Calendar(self.months + other.months, self.days + other.days)

    def __str__(self) -> str:
        months = [f"{self.months}mo"] if self.months or not self.days else []
        return " ".join(months + ([f"{self.days} calendar days"] if self.days else []))


Duration = timedelta | Calendar

_UNITS: dict[str, int | Calendar] = {
    "ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "min": 60 * 10**9, "h": 3_600 * 10**9,
    "d": 86_400 * 10**9, "w": 604_800 * 10**9, "mo": Calendar(1), "q": Calendar(3),
    "y": Calendar(12), "calendar day": Calendar(days=1), "calendar week": Calendar(days=7),
}
_LONG_UNITS = {
    "second": "s", "minute": "min", "hour": "h", "day": "d", "week": "w", "month": "mo",
    "quarter": "q", "year": "y", "calendar month": "mo", "calendar quarter": "q",
    "calendar year": "y",
}


def to_duration(value: Any, what: str = "duration") -> int | timedelta | Calendar:
    """Read a stretch of time.

    Parameters
    ----------
    value : int, str, timedelta, numpy.timedelta64, Calendar, pandas.DateOffset or relativedelta
        An int is a number of steps. ``"5D"``, ``"36h"`` and ``"30min"`` are clock time,
        where a day is 24 hours. ``"1mo"``, ``"2 quarters"``, ``"1y"``, ``"1 calendar day"``
        and ``"2 calendar weeks"`` are calendar time.
    what : str, default "duration"
        How the error message names the value.

    Returns
    -------
    int, datetime.timedelta or Calendar
        Steps, clock time (exact to the microsecond), or calendar time.

    Raises
    ------
    InputError
        If the value is negative, NaN or no stretch of time, or mixes clock and calendar.

    Examples
    --------
    >>> to_duration("7D"), to_duration(5), to_duration("1y 2 calendar days")
    (datetime.timedelta(days=7), 5, Calendar(months=12, days=2))
    """
    parsed = _parsed(value, what)
    if isinstance(parsed, Calendar):
        negative = min(parsed.months, parsed.days) < 0
    elif isinstance(parsed, timedelta):
        negative = parsed < timedelta(0)
    else:
        negative = parsed < 0
    if negative:
        raise InputError(f"{what} must be >= 0, got {value!r}")
    if isinstance(parsed, int) and parsed > _MOST_STEPS:
        raise InputError(f"{what} must be at most {_MOST_STEPS:,} steps, got {value!r}")
    return parsed


def is_duration(text: str) -> bool:
    """Whether a text reads as clock or calendar time."""
    try:
        to_duration(text)
    except InputError:
        return False
    return True


def duration_text(value: Duration) -> str:
    """Write clock or calendar time as the shortest text that `to_duration` reads again.

    Examples
    --------
    >>> duration_text(timedelta(hours=36)), duration_text(Calendar(months=12))
    ('36h', '12mo')
    """
    if isinstance(value, Calendar):
        return str(value)
    ns = duration_ns(value)
    for unit, size in (("D", 86_400 * 10**9), ("h", 3_600 * 10**9), ("min", 60 * 10**9)):
        if ns % size == 0:
            return f"{ns // size}{unit}"
    return f"{ns // 1000}us"


def duration_ns(value: timedelta) -> int:
    """Return a timedelta as whole nanoseconds."""
    return (value.days * 86_400 + value.seconds) * 10**9 + value.microseconds * 1000


def need_clock(zone: Zone, duration: Duration, what: str, instead: str) -> None:
    """Raise if a duration is to be counted on integers, which no clock counts.

    Raises
    ------
    InputError
        Naming the duration and what to give instead.
    """
    if zone == "abstract":
        kind = "calendar" if isinstance(duration, Calendar) else "clock"
        raise InputError(f"{what} is {kind} time but the times are plain integers; {instead}")


def add_duration(instants: Instants, duration: Duration) -> Nanoseconds:
    """Go later, or earlier where the duration is negative.

    Calendar time is counted on the wall clock of the instants' own time zone. A local time
    that the clock skips moves forward by what is skipped; one that comes twice is the
    earlier of the two.

    Parameters
    ----------
    instants : Instants
    duration : datetime.timedelta or Calendar

    Returns
    -------
    ndarray of int64, shape (n,)
        `NAT` stays; what leaves the years that nanoseconds can hold stops at their end.

    References
    ----------
    RFC 5545, section 3.3.5, on local times that do not exist or come twice.

    Examples
    --------
    >>> from outlast.data.times import to_instants
    >>> ends = to_instants(["2024-01-30", "2024-01-31"])
    >>> add_duration(ends, Calendar(months=1)).astype("datetime64[ns]").astype("datetime64[D]")
    array(['2024-02-29', '2024-02-29'], dtype='datetime64[D]')
    """
    ns = instants.ns
    if not duration:
        return ns
    if isinstance(duration, timedelta):
        amount = min(max(duration_ns(duration), -LAST), LAST)
        moved = np.clip(ns, FIRST - min(amount, 0), LAST - max(amount, 0)) + amount
    else:
        moved = _on_the_calendar(ns, duration, instants.tz)
    return np.where(ns == NAT, NAT, moved)


def _on_the_calendar(ns: Nanoseconds, by: Calendar, tz: str | None) -> Nanoseconds:
    # In microseconds, since an overflow of polars' nanoseconds would go unnoticed.
    micro, rest = np.divmod(ns, 1000)
    local = pl.Series(micro).cast(pl.Datetime("us"))
    if tz is not None:
        local = _wall_clock(local, tz)
    months, days = _within(by.months, _MOST_MONTHS), _within(by.days, _MOST_DAYS)
    local = local.dt.offset_by(f"{months}mo").dt.offset_by(f"{days}d")
    moved = (local if tz is None else _from_wall_clock(local, tz)).to_physical().to_numpy()
    first, last = FIRST // 1000 + 1, LAST // 1000 - 1
    inside: npt.NDArray[np.bool_] = (first < moved) & (moved < last)
    return np.where(inside, moved * inside * 1000 + rest, np.where(moved < last, FIRST, LAST))


def _within(amount: int, most: int) -> int:
    return min(max(amount, -most), most)


def _wall_clock(utc: pl.Series, tz: str) -> pl.Series:
    return utc.dt.replace_time_zone("UTC").dt.convert_time_zone(tz).dt.replace_time_zone(None)


def _from_wall_clock(local: pl.Series, tz: str) -> pl.Series:
    aware = local.dt.replace_time_zone(tz, ambiguous="earliest", non_existent="null")
    known = aware.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    if not known.null_count():
        return known
    # Read with the offset of the day before, a skipped time lands as far behind the change.
    before = local.dt.offset_by("-1d")
    return known.fill_null(local - (_wall_clock(before, tz) - before))


def _parsed(value: Any, what: str) -> int | timedelta | Calendar:
    # A numpy timedelta64 calls itself an integer, so it must be asked first.
    if isinstance(value, np.timedelta64) and not np.isnat(value):
        nanoseconds = int(value.astype("timedelta64[ns]").astype(np.int64))
        return timedelta(microseconds=nanoseconds / 1000)
    if isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.timedelta64)):
        return int(value)
    if isinstance(value, (timedelta, Calendar)):
        return value
    if isinstance(value, str) and _TEXT.fullmatch(value):
        return _read_text(value, what)
    if (parts := _offset_parts(value)) is not None:
        return _whole(parts, value, what)
    raise InputError(
        f"{what}: cannot read {value!r}; use a number of steps such as 5, a duration such as "
        "'7D', '36h' or '30min', or calendar time such as '1mo', '1y' or '1 calendar day'"
    )


def _read_text(text: str, what: str) -> Duration:
    clock, calendar = 0.0, Calendar()
    kinds = set()
    for number, name in _PART.findall(text):
        unit = _unit(" ".join(name.lower().split()), text, what)
        kinds.add(type(unit))
        if isinstance(unit, int):
            clock += float(number) * unit
        elif "." in number:
            raise InputError(f"{what}: calendar time comes in whole numbers, got {text!r}")
        else:
            calendar += unit * int(number)
    if len(kinds) > 1:
        raise InputError(f"{what}: {text!r} mixes clock and calendar time; a day is 24 hours, and "
                         "'1 calendar day' a day on the wall clock")
    try:
        return calendar if Calendar in kinds else timedelta(microseconds=clock / 1000)
    except OverflowError as error:
        raise InputError(f"{what}: {text!r} is longer than a duration can be") from error


def _unit(name: str, text: str, what: str) -> int | Calendar:
    """Find a unit under its short or long name, in the singular or plural."""
    for key in (name, name.removesuffix("s")):
        if (unit := _UNITS.get(_LONG_UNITS.get(key, key))) is not None:
            return unit
    raise InputError(f"{what}: unknown unit in {text!r}; known units: {', '.join(_UNITS)}")


def _offset_parts(value: Any) -> dict[str, Any] | None:
    """The parts of a pandas.DateOffset or relativedelta by name; None for anything else."""
    if type(value).__name__ == "DateOffset":
        # Without parts it stands for as many calendar days.
        parts = {key: part * value.n for key, part in (value.kwds or {"days": 1}).items()}
        return parts | {"normalize": value.normalize}
    if type(value).__name__ == "relativedelta":
        return {key: part for key, part in vars(value).items() if not key.startswith("_")}
    return None


def _whole(parts: dict[str, Any], value: Any, what: str) -> Calendar:
    factors = {"years": (12, 0), "months": (1, 0), "weeks": (0, 7), "days": (0, 1)}
    given = {key: part for key, part in parts.items() if part}
    if any(key not in factors or part != int(part) for key, part in given.items()):
        raise InputError(f"{what}: {value!r} must hold whole years, months, weeks and days only; "
                         "give clock time as text such as '36h'")
    months = sum(int(part) * factors[key][0] for key, part in given.items())
    return Calendar(months, sum(int(part) * factors[key][1] for key, part in given.items()))
