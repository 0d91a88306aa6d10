"""The time axis of one call: every row's instants, their distinct values, steps along them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from outlast.data.durations import Calendar, add_duration, duration_ns, need_clock, to_duration
from outlast.data.times import (
    FIRST,
    LAST,
    NAT,
    Instants,
    Nanoseconds,
    Zone,
    check_same_zone,
    format_ns,
    to_instants,
)
from outlast.errors import InputError

__all__ = ["FIRST", "LAST", "Length", "Timeline", "read_timeline"]


@dataclass(frozen=True)
class Length:
    """A stretch of time, of either sign.

    Attributes
    ----------
    amount : int
        A number of steps on the distinct times, or nanoseconds of the clock.
    steps : bool, default True
        Which of the two.
    calendar : Calendar, optional
        Calendar time, which takes the place of the amount.
    """

    amount: int
    steps: bool = True
    calendar: Calendar | None = None

    def __bool__(self) -> bool:
        return bool(self.amount if self.calendar is None else self.calendar)

    def __mul__(self, times: int) -> Length:
        calendar = None if self.calendar is None else self.calendar * times
        return Length(self.amount * times, self.steps, calendar)

    def __add__(self, other: Length) -> Length:
        """Add a length of the same unit."""
        if self.calendar is None or other.calendar is None:
            return Length(self.amount + other.amount, self.steps)
        return Length(0, False, self.calendar + other.calendar)

    @property
    def unit(self) -> str:
        """What it counts."""
        if self.calendar is not None:
            return "calendar time"
        return "timestamps" if self.steps else "clock time"


@dataclass(frozen=True, eq=False)
class Timeline:
    """The usable rows of one call and the only arithmetic on their times.

    Attributes
    ----------
    time, label_end : ndarray of int64, shape (n,)
        Prediction time and label end of each usable row.
    distinct : ndarray of int64, shape (m,)
        The sorted distinct prediction times: cuts fall only between these.
    zone : {"aware", "naive", "abstract"}
    rows : ndarray of intp, shape (n,)
        Position of each usable row in the caller's table.
    n_rows : int
        Rows of the caller's table, usable or not.
    groups : ndarray, shape (n,), optional
    tz : str, optional
        Time zone of aware times, on whose wall clock calendar time is counted; None is UTC.
    """

    time: Nanoseconds
    label_end: Nanoseconds
    distinct: Nanoseconds
    zone: Zone
    rows: npt.NDArray[np.intp]
    n_rows: int
    groups: npt.NDArray[Any] | None = None
    tz: str | None = None

    @property
    def size(self) -> int:
        """Number of distinct times, m."""
        return self.distinct.size

    @cached_property
    def inverse(self) -> npt.NDArray[np.intp]:
        """Position of each row's time among the distinct times, shape (n,)."""
        return np.searchsorted(self.distinct, self.time)

    def position(self, instant: int) -> int:
        """Index of the first distinct time at or after an instant; m when there is none."""
        return int(np.searchsorted(self.distinct, instant, side="left"))

    def at(self, position: int) -> int:
        """Distinct time at a position; an end of all time beyond either end of the data."""
        if position < 0:
            return FIRST
        return int(self.distinct[position]) if position < self.size else LAST

    def later(self, instant: int, length: Length) -> int:
        """Go a length later; steps count from the first distinct time at or after."""
        if not length:
            return instant
        if length.calendar is not None:
            if instant in (FIRST, LAST):
                return instant
            here = Instants(np.array([instant]), self.zone, self.tz)
            return int(add_duration(here, length.calendar)[0])
        if length.steps:
            return self.at(self.position(instant) + length.amount)
        return min(max(instant + length.amount, FIRST), LAST)

    def earlier(self, instant: int, length: Length) -> int:
        """Go a length earlier; steps count from the first distinct time at or after."""
        return self.later(instant, length * -1)

    def count(self, start: int, stop: int) -> int:
        """Count the usable rows with ``start <= t < stop``."""
        return int(np.count_nonzero((self.time >= start) & (self.time < stop)))

    def duration(self, value: Any, what: str) -> Length:
        """Read a gap or embargo: steps on the distinct times, clock or calendar time.

        Raises
        ------
        InputError
            If it is negative, NaN, no duration, or time on a clock where times are integers.
        """
        parsed = to_duration(value, what)
        if isinstance(parsed, int):
            return Length(parsed)
        need_clock(self.zone, parsed, f"{what}={value!r}", "give a number of steps")
        if isinstance(parsed, Calendar):
            return Length(0, False, parsed)
        return Length(duration_ns(parsed), steps=False)

    def window(self, value: Any, what: str) -> Length:
        """Read a window size: a duration, or a fraction of the distinct times, above zero.

        Raises
        ------
        InputError
            If it is not above zero, or a fraction is not below one.
        """
        if isinstance(value, (float, np.floating)):
            if not 0 < value < 1:
                raise InputError(f"{what} as a fraction of the timestamps must lie between 0 and "
                                 f"1, got {value}; an int counts timestamps")
            # A product such as 0.07 * 100 lies a hair above its whole number.
            return Length(math.ceil(value * self.size - 1e-9) or 1)
        length = self.duration(value, what)
        if not length:
            raise InputError(f"{what} must be above zero, got {value!r}")
        return length

    def show(self, instant: int) -> str:
        """Write an instant for messages: as ISO time, or the integer itself."""
        return str(instant) if self.zone == "abstract" else format_ns(instant)


def read_timeline(
    time: Any, label_end: Any = None, groups: Any = None, *, on_missing: str = "raise"
) -> Timeline:
    """Check the times of one call and put them on one axis.

    Parameters
    ----------
    time : array-like, shape (n,)
        Prediction times, in any order.
    label_end : array-like, shape (n,), optional
        When each label is known; by default at its prediction time.
    groups : array-like, shape (n,), optional
    on_missing : {"raise", "drop"}, default "raise"
        Whether a missing time or label end is an error or takes its row out.

    Returns
    -------
    Timeline

    Raises
    ------
    InputError
        For no rows, unequal lengths, missing or unreadable times, mixed time zones, or a
        label that ends before its row.

    Examples
    --------
    >>> read_timeline(["2024-01-03", "2024-01-01", "2024-01-03"]).size
    2
    """
    if on_missing not in ("raise", "drop"):
        raise InputError(f"on_missing must be 'raise' or 'drop', got {on_missing!r}")
    policy = "raise" if on_missing == "raise" else "keep"
    starts = to_instants(time, "time", policy)
    ends = starts if label_end is None else to_instants(label_end, "label_end", policy)
    names = None if groups is None else np.asarray(groups)
    _check_rows(starts, ends, names)
    usable = (starts.ns != NAT) & (ends.ns != NAT)
    if not usable.any():
        raise InputError("time: no row has both a time and a label end; there is nothing to split")
    rows = np.flatnonzero(usable)
    kept = starts.ns[rows]
    return Timeline(kept, ends.ns[rows], np.unique(kept), starts.zone, rows, starts.ns.size,
                    None if names is None else names[rows], starts.tz)


def _check_rows(
    starts: Instants, ends: Instants, groups: npt.NDArray[Any] | None
) -> None:
    sizes = {"label_end": ends.ns.size, "groups": starts.ns.size if groups is None else len(groups)}
    for what, size in sizes.items():
        if size != starts.ns.size:
            raise InputError(f"{what} has {size} values but time has {starts.ns.size}; "
                             "both need one per row")
    check_same_zone(("time", starts), ("label_end", ends))
    early = np.flatnonzero((ends.ns < starts.ns) & (ends.ns != NAT))
    if early.size:
        raise InputError(f"label_end: {early.size} row(s) end before their own time, first at "
                         f"row(s) {early[:5].tolist()}; a label cannot be known before it is "
                         "predicted")
