"""How far a feature reaches back, in rows or in clock time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from outlast.data.durations import to_duration
from outlast.errors import InputError


@dataclass(frozen=True)
class Lookback:
    """How far before its own row a feature reaches.

    Attributes
    ----------
    rows : int
        Earlier rows of the same entity (for market features: earlier timestamps).
    time : datetime.timedelta
        Clock time on top of the rows.
    unbounded : bool
        Whether it reaches back to the first row.

    Examples
    --------
    >>> str(Lookback(rows=20) + Lookback(rows=1)), str(Lookback(time=timedelta(days=30)))
    ('21 rows', '30 days')
    """

    rows: int = 0
    time: timedelta = timedelta(0)
    unbounded: bool = False

    def __add__(self, other: Lookback) -> Lookback:
        return Lookback(self.rows + other.rows, self.time + other.time,
                        self.unbounded or other.unbounded)

    def __str__(self) -> str:
        if self.unbounded:
            return "all rows"
        rows = f"{self.rows} row{'' if self.rows == 1 else 's'}"
        if not self.time:
            return rows
        days = self.time / timedelta(days=1)
        clock = f"{days:g} days" if days >= 1 else str(self.time)
        return f"{rows} + {clock}" if self.rows else clock

    def in_rows(self, step: timedelta) -> int | None:
        """Return the reach as a number of rows `step` apart, None if it is unbounded."""
        if self.unbounded:
            return None
        return self.rows + (-(-self.time // step) if self.time and step else 0)


def clock_time(name: str, text: str) -> timedelta:
    """Return a feature's duration, which is clock time above zero.

    Raises
    ------
    InputError
        Naming the feature, for any other text.
    """
    duration = to_duration(text, f"feature {name!r}: duration")
    if not isinstance(duration, timedelta) or not duration:
        raise InputError(f"feature {name!r}: {text!r} is no clock time above zero; "
                         "use a duration such as '30D' or '36h'")
    return duration
