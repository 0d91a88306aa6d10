"""Features of the clock and the calendar, which are known ahead of every row."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Literal

import numpy as np
import polars as pl

from outlast.errors import InputError, unknown_name
from outlast.features.base import Accepts, Context, ExpressionFeature, Feature

Cycle = Literal["day", "week", "month", "year"]
Direction = Literal["nearest", "next", "last"]
Part = Literal["hour", "weekday", "day", "month", "quarter"]

# The year is left out on purpose: it only grows, so it tells rows apart and never comes back.
PARTS: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    "hour": lambda time: time.dt.hour(),
    "weekday": lambda time: time.dt.weekday(),
    "day": lambda time: time.dt.day(),
    "month": lambda time: time.dt.month(),
    "quarter": lambda time: time.dt.quarter(),
}

# What share of each cycle has gone by, from 0 up to but without 1.
CYCLES: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    "day": lambda time: (time.dt.hour() + time.dt.minute() / 60) / 24,
    "week": lambda time: (time.dt.weekday() - 1) / 7,
    "month": lambda time: (time.dt.day() - 1) / time.dt.days_in_month(),
    "year": lambda time: (time.dt.ordinal_day() - 1) / (365 + time.dt.is_leap_year()),
}
_WAVES = {"sin": pl.Expr.sin, "cos": pl.Expr.cos}
_DIRECTIONS = ("nearest", "next", "last")


@dataclass(frozen=True)
class CalendarPart(ExpressionFeature):
    """One part of the time column, in the time zone of that column.

    Parameters
    ----------
    part : {"hour", "weekday", "day", "month", "quarter"}, default "weekday"
        Monday is weekday 1, day is the day of the month.

    Examples
    --------
    >>> days = pl.Series("day", ["2024-01-01", "2024-06-30"]).str.to_date().to_frame()
    >>> days.select(CalendarPart("weekday", "day").expression())["day"].to_list()
    [1, 7]
    """

    part: Part = "weekday"
    family: ClassVar[str] = "calendar"
    accepts: ClassVar[Accepts] = "time"
    needs_clock: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.part not in PARTS:
            raise unknown_name("calendar part", self.part, PARTS)

    def expression(self) -> pl.Expr:
        """Read the part off."""
        return PARTS[self.part](pl.col(self.source))


@dataclass(frozen=True)
class CalendarCycle(ExpressionFeature):
    """A place in a cycle of the calendar as a point of a wave, so that its end meets its start.

    ``sin(2 pi s)`` or ``cos(2 pi s)``, where s is the share of the cycle gone by on the clock of
    the time column; only both waves together tell every place from every other.

    Parameters
    ----------
    cycle : {"day", "week", "month", "year"}, default "year"
        A day goes by in minutes, the others in days.
    wave : {"sin", "cos"}, default "sin"

    Examples
    --------
    >>> times = pl.Series("at", ["2024-01-01 00:00", "2024-01-01 06:00"]).str.to_datetime()
    >>> wave = CalendarCycle("wave", "at", cycle="day").expression()
    >>> times.to_frame().select(wave)["at"].to_list()
    [0.0, 1.0]
    """

    cycle: Cycle = "year"
    wave: Literal["sin", "cos"] = "sin"
    family: ClassVar[str] = "calendar"
    accepts: ClassVar[Accepts] = "time"
    needs_clock: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.cycle not in CYCLES:
            raise unknown_name("calendar cycle", self.cycle, CYCLES)
        if self.wave not in _WAVES:
            raise unknown_name("wave", self.wave, _WAVES)

    def expression(self) -> pl.Expr:
        """Bend the cycle to a circle."""
        return _WAVES[self.wave](CYCLES[self.cycle](pl.col(self.source)) * (2 * math.pi))


@dataclass(frozen=True)
class HolidayDistance(Feature):
    """Days between the row's date and days that are named beforehand, such as holidays.

    Looking ahead to the next one is no look into the future only because the calendar is
    declared before any row: name no day that was announced late. The row's date is that on the
    clock of the time column.

    Parameters
    ----------
    dates : tuple of str
        The days, such as ``"2024-12-25"``.
    direction : {"nearest", "next", "last"}, default "nearest"
        Days to the nearest of them, to the next, or since the last; 0 on the day itself, missing
        where there is none in that direction.

    Examples
    --------
    >>> from outlast.data.events import Events
    >>> days = pl.Series("day", ["2024-12-24", "2024-12-27"]).str.to_date().to_frame()
    >>> feature = HolidayDistance("holiday", "day", ("2024-12-25", "2025-01-01"))
    >>> feature.compute(days, Context(Events.none(), "naive")).to_list()
    [1.0, 2.0]
    """

    dates: tuple[str, ...]
    direction: Direction = "nearest"
    family: ClassVar[str] = "calendar"
    accepts: ClassVar[Accepts] = "time"
    needs_clock: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.direction not in _DIRECTIONS:
            raise unknown_name("direction", self.direction, _DIRECTIONS)
        if not self.dates:
            raise InputError(f"feature {self.name!r}: dates are empty; name at least one day")
        try:
            days = sorted({date.fromisoformat(day) for day in self.dates})
        except (TypeError, ValueError) as error:
            raise InputError(f"feature {self.name!r}: {error}; write dates as '2024-12-25'") \
                from error
        # In order and once each, so that the same days give the same identity.
        object.__setattr__(self, "dates", tuple(map(str, days)))

    def compute(self, frame: pl.DataFrame, context: Context) -> pl.Series:  # noqa: ARG002
        """Look the neighbours up in the list."""
        known = pl.Series(self.dates).str.to_date().to_physical().to_numpy().astype(float)
        day = frame[self.source].dt.date().to_physical().to_numpy()
        ahead = np.append(known, np.inf)[np.searchsorted(known, day, side="left")] - day
        since = day - np.append(-np.inf, known)[np.searchsorted(known, day, side="right")]
        nearest = np.minimum(ahead, since)
        days = {"nearest": nearest, "next": ahead, "last": since}[self.direction]
        return pl.Series(self.name, np.where(np.isinf(days), np.nan, days), nan_to_null=True)
