"""Features from the earlier rows of the same entity: lags, rolling, decaying, expanding."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import polars as pl

from outlast.errors import InputError, unknown_name
from outlast.features.base import ENTITY, ExpressionFeature, FitScope, at_least
from outlast.features.column import Column, Statistic
from outlast.features.lookback import Lookback
from outlast.features.statistics import (
    ROLLED,
    STATISTICS,
    Operand,
    RolledStatistic,
    rolling,
    rolling_quantile,
)

Closed = Literal["right", "left"]

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


def before(column: Operand, closed: Closed) -> Operand:
    """Return what a window may hold: with "left" it ends at the row before."""
    return column.shift(1) if closed == "left" else column


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

    @property
    def min_age(self) -> int:
        """The number of steps."""
        return self.steps

    def window(self, column: Operand) -> Operand:
        """Shift down."""
        return column.shift(self.steps)


@dataclass(frozen=True)
class Change(Lag):
    """A comparison of the row with one further up."""

    @property
    def min_age(self) -> int:
        """The row itself is compared."""
        return 0


@dataclass(frozen=True)
class Difference(Change):
    """The change since `steps` rows earlier, in the unit of the column: ``x[t] - x[t - steps]``."""

    def window(self, column: Operand) -> Operand:
        """Subtract the earlier value."""
        return column - column.shift(self.steps)


@dataclass(frozen=True)
class Return(Change):
    """The relative change since `steps` rows earlier: ``x[t] / x[t - steps] - 1``."""

    def window(self, column: Operand) -> Operand:
        """Divide by the earlier value."""
        return column / column.shift(self.steps) - 1


@dataclass(frozen=True)
class RowWindow(GridFeature):
    """A feature of the last `rows` rows.

    Parameters
    ----------
    rows : int, default 20
        Length of the window.
    min_rows : int, optional
        Fewer known values than these give a missing value; half the window when not given.
    closed : {"right", "left"}, default "right"
        Whether the window ends with the row itself or with the row before it.
    """

    rows: int = 20
    min_rows: int | None = None
    closed: Closed = field(default="right", kw_only=True)
    family: ClassVar[str] = "rolling"

    def __post_init__(self) -> None:
        at_least(f"feature {self.name!r}: rows", self.rows, 1)
        known_closed(self.name, self.closed)

    @property
    def lookback(self) -> Lookback:
        """The window without the row itself."""
        return Lookback(rows=self.rows - (self.closed == "right"))

    @property
    def enough(self) -> int:
        """How many values of the window must be known."""
        return (self.rows + 1) // 2 if self.min_rows is None else self.min_rows

    def rolled(self, column: Operand, statistic: Statistic) -> Operand:
        """Return one statistic over this feature's window."""
        return rolling(before(column, self.closed), statistic, self.rows, self.enough)


@dataclass(frozen=True)
class Rolling(RowWindow):
    """A statistic of the window.

    Parameters
    ----------
    statistic : {"mean", "std", "min", "max", "sum", "quantile", "slope", "count"}, default "mean"
        "std" divides by n - 1. "slope" is that of the least-squares line, per row. "count" is
        the number of known values, and never missing itself.
    quantile : float, optional
        Level of the statistic "quantile", from 0 to 1, between two values on the straight line;
        0.5 when not given.

    Examples
    --------
    >>> frame = pl.DataFrame({ENTITY: ["a", "a", "b", "a"], "x": [1.0, 3.0, 9.0, 5.0]})
    >>> frame.select(Rolling("mean", "x", rows=2).expression())["x"].to_list()
    [1.0, 2.0, 9.0, 4.0]
    """

    statistic: RolledStatistic = "mean"
    quantile: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        known_statistic(self.statistic, ROLLED)
        known_level(self.name, self.statistic, self.quantile)

    @property
    def min_age(self) -> int:
        """Whether the row itself counts."""
        return int(self.closed == "left")

    def window(self, column: Operand) -> Operand:
        """Roll the statistic."""
        held = before(column, self.closed)
        if self.statistic == "quantile":
            level = 0.5 if self.quantile is None else self.quantile
            return rolling_quantile(held, level, self.rows, self.enough)
        return rolling(held, self.statistic, self.rows, self.enough)


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
class SoFar(GridFeature):
    """A feature of all rows so far.

    Parameters
    ----------
    closed : {"right", "left"}, default "right"
        Whether the row itself counts, or only those before it.
    """

    closed: Closed = field(default="right", kw_only=True)

    def __post_init__(self) -> None:
        known_closed(self.name, self.closed)

    @property
    def lookback(self) -> Lookback:
        """All rows, be it with fading weights."""
        return Lookback(unbounded=True)

    @property
    def min_age(self) -> int:
        """Whether the row itself counts."""
        return int(self.closed == "left")


@dataclass(frozen=True)
class Ewm(SoFar):
    """An exponentially weighted mean or standard deviation along the rows.

    Parameters
    ----------
    statistic : {"mean", "std"}, default "mean"
    span : float, default 20
        The newest row has the weight ``2 / (span + 1)``, as in pandas.
    half_life : float, optional
        In place of the span: the number of rows after which a weight has halved. The newest row
        has the weight ``1 - 0.5 ** (1 / half_life)``.
    """

    statistic: Literal["mean", "std"] = "mean"
    span: float = 20
    half_life: float | None = None
    family: ClassVar[str] = "ewm"

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(f"feature {self.name!r}: span", self.span, 1)
        known_statistic(self.statistic, ("mean", "std"))
        if self.half_life is not None and not self.half_life > 0:
            raise InputError(f"feature {self.name!r}: half_life must be > 0, got {self.half_life}")

    @property
    def alpha(self) -> float:
        """The weight of the newest row."""
        if self.half_life is None:
            return 2 / (self.span + 1)
        return float(1 - 0.5 ** (1 / self.half_life))

    def window(self, column: Operand) -> Operand:
        """Weigh down the past."""
        held = before(column, self.closed)
        if isinstance(held, Column):
            return held.ewm(self.statistic, self.alpha)
        if self.statistic == "mean":
            return held.ewm_mean(alpha=self.alpha, ignore_nulls=True)
        # One value has no deviation, which polars before 1.44 takes for none at all: 0.
        return held.ewm_std(alpha=self.alpha, ignore_nulls=True, min_samples=2)


@dataclass(frozen=True)
class Expanding(SoFar):
    """A statistic of all rows so far."""

    statistic: Statistic = "mean"
    family: ClassVar[str] = "expanding"
    fit_scope: ClassVar[FitScope] = "expanding"

    def __post_init__(self) -> None:
        super().__post_init__()
        known_statistic(self.statistic, STATISTICS)

    def window(self, column: Operand) -> Operand:
        """Accumulate; for polars roll over a window that no table outgrows."""
        held = before(column, self.closed)
        if isinstance(held, Column):
            return held.expanding(self.statistic)
        return rolling(held, self.statistic, _EVERY_ROW, 1)


def known_statistic(statistic: str, known: Collection[str]) -> None:
    """Raise `InputError` if there is no such statistic."""
    if statistic not in known:
        raise unknown_name("statistic", statistic, known)


def known_level(name: str, statistic: str, level: float | None) -> None:
    """Raise `InputError` if that is no level of a quantile, or none is asked for."""
    if level is None:
        return
    if statistic != "quantile":
        raise InputError(f"feature {name!r}: quantile={level} means nothing to the statistic "
                         f"{statistic!r}; leave it out, or take the statistic 'quantile'")
    if not 0 <= level <= 1:
        raise InputError(f"feature {name!r}: quantile must lie between 0 and 1, got {level}")


def known_closed(name: str, closed: str) -> None:
    """Raise `InputError` if a window is neither closed on the right nor on the left."""
    if closed not in ("right", "left"):
        raise InputError(f"feature {name!r}: closed must be 'right' (the row itself counts) or "
                         f"'left' (only rows before it), got {closed!r}")
