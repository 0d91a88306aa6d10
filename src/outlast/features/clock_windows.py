"""Features from the clock time before each row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import polars as pl

from outlast.features.base import TIME
from outlast.features.lookback import Lookback, clock_time
from outlast.features.statistics import ROLLED, RolledStatistic
from outlast.features.windows import (
    Closed,
    WindowFeature,
    known_closed,
    known_level,
    known_statistic,
)

# A least-squares slope is there along rows only.
BY_TIME = {
    "mean": pl.Expr.rolling_mean_by,
    "std": pl.Expr.rolling_std_by,
    "min": pl.Expr.rolling_min_by,
    "max": pl.Expr.rolling_max_by,
    "sum": pl.Expr.rolling_sum_by,
}
STATISTICS = tuple(name for name in ROLLED if name != "slope")


@dataclass(frozen=True)
class RollingTime(WindowFeature):
    """A statistic of the rows in the half-open clock window ``(t - duration, t]``.

    Parameters
    ----------
    statistic : {"mean", "std", "min", "max", "sum", "quantile", "count"}, default "mean"
        As in `Rolling`; a slope is there along rows only.
    duration : str, default "30D"
        Clock time, such as ``"36h"``.
    closed : {"right", "left"}, default "right"
        With "left" the window is ``[t - duration, t)``, without the row itself.
    quantile : float, optional
        Level of the statistic "quantile", from 0 to 1; 0.5 when not given.

    Examples
    --------
    >>> from outlast.features.base import ENTITY
    >>> days = pl.Series(TIME, [1, 2, 5]).cast(pl.Date).cast(pl.Datetime("ns"))
    >>> frame = pl.DataFrame([days]).with_columns(pl.lit("a").alias(ENTITY), x=pl.Series([1, 2, 4]))
    >>> frame.select(RollingTime("sum", "x", "sum", duration="2D").expression())["x"].to_list()
    [1, 3, 4]
    """

    statistic: RolledStatistic = "mean"
    duration: str = "30D"
    closed: Closed = field(default="right", kw_only=True)
    quantile: float | None = None
    family: ClassVar[str] = "rolling"
    needs_clock: ClassVar[bool] = True

    def __post_init__(self) -> None:
        clock_time(self.name, self.duration)
        known_statistic(self.statistic, STATISTICS)
        known_closed(self.name, self.closed)
        known_level(self.name, self.statistic, self.quantile)

    @property
    def lookback(self) -> Lookback:
        """The duration."""
        return Lookback(time=clock_time(self.name, self.duration))

    @property
    def min_age(self) -> int:
        """Whether the row itself counts."""
        return int(self.closed == "left")

    def window(self, column: pl.Expr) -> pl.Expr:
        """Roll the statistic along the clock."""
        size = clock_time(self.name, self.duration)
        if self.statistic == "quantile":
            level = 0.5 if self.quantile is None else self.quantile
            return column.rolling_quantile_by(TIME, size, quantile=level, closed=self.closed,
                                              interpolation="linear")
        if self.statistic == "count":
            known = column.is_not_null().cast(pl.Float64)
            return known.rolling_sum_by(TIME, size, closed=self.closed).fill_null(0.0)
        return BY_TIME[self.statistic](column, TIME, window_size=size, closed=self.closed)


@dataclass(frozen=True)
class EwmTime(WindowFeature):
    """An exponential moving average whose weights halve every `half_life` of clock time.

    The average moves by the share ``1 - 0.5 ** (gap / half_life)`` towards each new value,
    so that after a long gap the new value counts for more.
    """

    half_life: str = "10D"
    family: ClassVar[str] = "ewm"
    needs_clock: ClassVar[bool] = True

    def __post_init__(self) -> None:
        clock_time(self.name, self.half_life)

    @property
    def lookback(self) -> Lookback:
        """All rows, with fading weights."""
        return Lookback(unbounded=True)

    def window(self, column: pl.Expr) -> pl.Expr:
        """Weigh down the past by age."""
        return column.ewm_mean_by(TIME, half_life=clock_time(self.name, self.half_life))
