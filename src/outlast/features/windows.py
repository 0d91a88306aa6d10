"""Features from the earlier rows of the same entity: lags, rolling, decaying, expanding."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Literal, TypeVar

import polars as pl

from outlast.data.durations import to_duration
from outlast.errors import InputError, unknown_name
from outlast.features.base import ENTITY, TIME, ExpressionFeature, FitScope, at_least
from outlast.features.column import Column, Statistic
from outlast.features.lookback import Lookback

Operand = TypeVar("Operand", pl.Expr, Column)

STATISTICS = {
    "mean": pl.Expr.rolling_mean,
    "std": pl.Expr.rolling_std,
    "min": pl.Expr.rolling_min,
    "max": pl.Expr.rolling_max,
    "sum": pl.Expr.rolling_sum,
}
_BY_TIME = {
    "mean": pl.Expr.rolling_mean_by,
    "std": pl.Expr.rolling_std_by,
    "min": pl.Expr.rolling_min_by,
    "max": pl.Expr.rolling_max_by,
    "sum": pl.Expr.rolling_sum_by,
}
_EVERY_ROW = 2**31 - 1


class WindowFeature(ExpressionFeature):
    """A feature of one column along the rows of each entity; subclasses give the formula."""

    @abstractmethod
    def window(self, column: pl.Expr) -> pl.Expr:
        """Return the formula for one entity, whose rows are in order of time."""

    def expression(self) -> pl.Expr:
        """Apply the formula to every entity on its own."""
        return self.window(pl.col(self.source)).over(ENTITY)


class GridFeature(WindowFeature):
    """A window feature whose formula is plain arithmetic, shifts, and windows of rows.

    A recipe computes it on whole arrays, all entities at once. The expression gives the same
    values one entity at a time; the tests compare the two.
    """

    @abstractmethod
    def window(self, column: Operand) -> Operand:
        """Return the formula, of an expression or of a column of the grid."""


@dataclass(frozen=True)
class Lag(GridFeature):
    """The value `steps` rows earlier.

    Examples
    --------
    >>> frame = pl.DataFrame({ENTITY: ["a", "b", "a"], "x": [1, 2, 3]})
    >>> frame.select(Lag("x_lag_1", "x").expression())["x"].to_list()
    [None, None, 1]
    """

    steps: int = 1
    family: ClassVar[str] = "lag"

    def __post_init__(self) -> None:
        at_least(f"feature {self.name!r}: steps", self.steps, 1)

    @property
    def lookback(self) -> Lookback:
        """The number of steps."""
        return Lookback(rows=self.steps)

    def window(self, column: Operand) -> Operand:
        """Shift down."""
        return column.shift(self.steps)


@dataclass(frozen=True)
class Difference(Lag):
    """The change since `steps` rows earlier, in the unit of the column."""

    def window(self, column: Operand) -> Operand:
        """Subtract the earlier value."""
        return column - column.shift(self.steps)


@dataclass(frozen=True)
class Return(Lag):
    """The relative change since `steps` rows earlier: ``x[t] / x[t - steps] - 1``."""

    def window(self, column: Operand) -> Operand:
        """Divide by the earlier value."""
        return column / column.shift(self.steps) - 1


@dataclass(frozen=True)
class RowWindow(GridFeature):
    """A feature of the last `rows` rows, the row itself among them.

    Parameters
    ----------
    rows : int, default 20
        Length of the window.
    min_rows : int, optional
        Fewer known values than these give a missing value; half the window when not given.
    """

    rows: int = 20
    min_rows: int | None = None
    family: ClassVar[str] = "rolling"

    def __post_init__(self) -> None:
        at_least(f"feature {self.name!r}: rows", self.rows, 1)

    @property
    def lookback(self) -> Lookback:
        """The window without the row itself."""
        return Lookback(rows=self.rows - 1)

    def rolled(self, column: Operand, statistic: Statistic) -> Operand:
        """Return one statistic over this feature's window."""
        half = (self.rows + 1) // 2
        enough = half if self.min_rows is None else self.min_rows
        return rolling(column, statistic, self.rows, enough)


@dataclass(frozen=True)
class Rolling(RowWindow):
    """A statistic of the window.

    Parameters
    ----------
    statistic : {"mean", "std", "min", "max", "sum"}, default "mean"
        "std" divides by n - 1.

    Examples
    --------
    >>> frame = pl.DataFrame({ENTITY: ["a", "a", "b", "a"], "x": [1.0, 3.0, 9.0, 5.0]})
    >>> frame.select(Rolling("mean", "x", rows=2).expression())["x"].to_list()
    [1.0, 2.0, 9.0, 4.0]
    """

    statistic: Statistic = "mean"

    def __post_init__(self) -> None:
        super().__post_init__()
        _known_statistic(self.statistic)

    def window(self, column: Operand) -> Operand:
        """Roll the statistic."""
        return self.rolled(column, self.statistic)


@dataclass(frozen=True)
class ZScore(RowWindow):
    """How many standard deviations of its window the value lies above the window's mean."""

    def window(self, column: Operand) -> Operand:
        """Standardise; in a constant window that divides by zero, which is a missing value."""
        return (column - self.rolled(column, "mean")) / self.rolled(column, "std")


@dataclass(frozen=True)
class Drawdown(RowWindow):
    """The relative distance to the window's highest value: 0 at the top, -0.3 is 30 % below."""

    def window(self, column: Operand) -> Operand:
        """Divide by the rolling maximum."""
        return column / self.rolled(column, "max") - 1


@dataclass(frozen=True)
class RangePosition(RowWindow):
    """Where the value lies between the window's lowest (0) and highest (1) value."""

    def window(self, column: Operand) -> Operand:
        """Divide the distance to the minimum by the range."""
        low, high = self.rolled(column, "min"), self.rolled(column, "max")
        return (column - low) / (high - low)


@dataclass(frozen=True)
class RollingTime(WindowFeature):
    """A statistic of the rows in the half-open clock window ``(t - duration, t]``.

    Parameters
    ----------
    statistic : {"mean", "std", "min", "max", "sum"}, default "mean"
    duration : str, default "30D"
        Clock time, such as ``"36h"``.

    Examples
    --------
    >>> days = pl.Series(TIME, [1, 2, 5]).cast(pl.Date).cast(pl.Datetime("ns"))
    >>> frame = pl.DataFrame([days]).with_columns(pl.lit("a").alias(ENTITY), x=pl.Series([1, 2, 4]))
    >>> frame.select(RollingTime("sum", "x", "sum", duration="2D").expression())["x"].to_list()
    [1, 3, 4]
    """

    statistic: Statistic = "mean"
    duration: str = "30D"
    family: ClassVar[str] = "rolling"
    needs_clock: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _clock_time(self.name, self.duration)
        _known_statistic(self.statistic)

    @property
    def lookback(self) -> Lookback:
        """The duration."""
        return Lookback(time=_clock_time(self.name, self.duration))

    def window(self, column: pl.Expr) -> pl.Expr:
        """Roll the statistic along the clock."""
        size = _clock_time(self.name, self.duration)
        return _BY_TIME[self.statistic](column, TIME, window_size=size, closed="right")


@dataclass(frozen=True)
class Ewm(GridFeature):
    """An exponentially weighted mean or standard deviation along the rows.

    Parameters
    ----------
    statistic : {"mean", "std"}, default "mean"
    span : float, default 20
        The newest row has the weight ``2 / (span + 1)``, as in pandas.
    """

    statistic: Literal["mean", "std"] = "mean"
    span: float = 20
    family: ClassVar[str] = "ewm"

    def __post_init__(self) -> None:
        at_least(f"feature {self.name!r}: span", self.span, 1)
        if self.statistic not in ("mean", "std"):
            raise unknown_name("statistic", self.statistic, ("mean", "std"))

    @property
    def lookback(self) -> Lookback:
        """All rows, with fading weights."""
        return Lookback(unbounded=True)

    def window(self, column: Operand) -> Operand:
        """Weigh down the past."""
        if isinstance(column, Column):
            return column.ewm(self.statistic, self.span)
        smooth = column.ewm_mean if self.statistic == "mean" else column.ewm_std
        return smooth(span=self.span, ignore_nulls=True)


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
        _clock_time(self.name, self.half_life)

    @property
    def lookback(self) -> Lookback:
        """All rows, with fading weights."""
        return Lookback(unbounded=True)

    def window(self, column: pl.Expr) -> pl.Expr:
        """Weigh down the past by age."""
        return column.ewm_mean_by(TIME, half_life=_clock_time(self.name, self.half_life))


@dataclass(frozen=True)
class Expanding(GridFeature):
    """A statistic of all rows so far, the row itself among them."""

    statistic: Statistic = "mean"
    family: ClassVar[str] = "expanding"
    fit_scope: ClassVar[FitScope] = "expanding"

    def __post_init__(self) -> None:
        _known_statistic(self.statistic)

    @property
    def lookback(self) -> Lookback:
        """All rows."""
        return Lookback(unbounded=True)

    def window(self, column: Operand) -> Operand:
        """Accumulate; for polars roll over a window that no table outgrows."""
        if isinstance(column, Column):
            return column.expanding(self.statistic)
        return rolling(column, self.statistic, _EVERY_ROW, 1)


def rolling(column: Operand, statistic: Statistic, rows: int, min_rows: int) -> Operand:
    """Return a statistic of the last `rows` values, missing below `min_rows` known ones."""
    if isinstance(column, Column):
        return column.rolling(statistic, rows, max(1, min_rows))
    return STATISTICS[statistic](column, window_size=rows, min_samples=max(1, min_rows))


def _known_statistic(statistic: str) -> None:
    if statistic not in STATISTICS:
        raise unknown_name("statistic", statistic, STATISTICS)


def _clock_time(name: str, text: str) -> timedelta:
    duration = to_duration(text, f"feature {name!r}: duration")
    if not isinstance(duration, timedelta) or not duration:
        raise InputError(f"feature {name!r}: {text!r} is no clock time above zero; "
                         "use a duration such as '30D' or '36h'")
    return duration
