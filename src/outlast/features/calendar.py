"""Features of the clock and the calendar, which are known ahead of every row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import polars as pl

from outlast.errors import unknown_name
from outlast.features.base import Accepts, ExpressionFeature

Part = Literal["hour", "weekday", "day", "month", "quarter"]

# The year is left out on purpose: it only grows, so it tells rows apart and never comes back.
PARTS: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    "hour": lambda time: time.dt.hour(),
    "weekday": lambda time: time.dt.weekday(),
    "day": lambda time: time.dt.day(),
    "month": lambda time: time.dt.month(),
    "quarter": lambda time: time.dt.quarter(),
}


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
