"""Features across the entities of one timestamp, and the market they form together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import polars as pl

from outlast.errors import unknown_name
from outlast.features.base import TIME, Context, ExpressionFeature, Feature, at_least
from outlast.features.column import Statistic
from outlast.features.lookback import Lookback
from outlast.features.statistics import STATISTICS, rolling

_OF_GROUP = {"mean": pl.Expr.mean, "std": pl.Expr.std, "count": pl.Expr.count}


@dataclass(frozen=True)
class CrossSectionRank(ExpressionFeature):
    """The rank among the entities of the same timestamp, strictly between 0 and 1.

    ``(rank - 0.5) / n`` over the n known values; ties share their average rank.

    Examples
    --------
    >>> frame = pl.DataFrame({TIME: [1, 1, 2], "x": [7.0, 3.0, 5.0]})
    >>> frame.select(CrossSectionRank("rank", "x").expression())["x"].to_list()
    [0.75, 0.25, 0.5]
    """

    family: ClassVar[str] = "cross_section"

    def expression(self) -> pl.Expr:
        """Rank within the timestamp."""
        column = pl.col(self.source)
        return ((column.rank() - 0.5) / column.count()).over(TIME)


@dataclass(frozen=True)
class CrossSectionDemean(ExpressionFeature):
    """The distance to the mean over the entities of the same timestamp."""

    family: ClassVar[str] = "cross_section"

    def expression(self) -> pl.Expr:
        """Subtract the mean of the timestamp."""
        column = pl.col(self.source)
        return column - column.mean().over(TIME)


@dataclass(frozen=True)
class CrossSectionZScore(ExpressionFeature):
    """How many standard deviations a value lies above the mean of the same timestamp.

    ``(x - mean) / std`` over the entities, where "std" divides by n - 1; missing where all are
    alike.
    """

    family: ClassVar[str] = "cross_section"

    def expression(self) -> pl.Expr:
        """Standardise within the timestamp."""
        column = pl.col(self.source)
        return ((column - column.mean()) / column.std()).over(TIME)


@dataclass(frozen=True)
class GroupAggregate(ExpressionFeature):
    """A statistic over the rows of the same timestamp that share a category with the row.

    Parameters
    ----------
    by : str
        The column of the category, such as a sector; a row without one gets a missing value.
    statistic : {"mean", "std", "count"}, default "mean"
        Of the known values; the row itself is among them.

    Examples
    --------
    >>> frame = pl.DataFrame({TIME: [1, 1, 1], "sector": ["a", "b", "a"], "x": [1.0, 2.0, 5.0]})
    >>> frame.select(GroupAggregate("peers", "x", by="sector").expression())["x"].to_list()
    [3.0, 2.0, 3.0]
    """

    by: str
    statistic: Literal["mean", "std", "count"] = "mean"
    family: ClassVar[str] = "cross_section"
    input_fields: ClassVar[tuple[str, ...]] = ("source", "by")
    group_fields: ClassVar[tuple[str, ...]] = ("by",)

    def __post_init__(self) -> None:
        if self.statistic not in _OF_GROUP:
            raise unknown_name("statistic", self.statistic, _OF_GROUP)

    def expression(self) -> pl.Expr:
        """Aggregate within timestamp and category."""
        aggregate = _OF_GROUP[self.statistic](pl.col(self.source)).over(TIME, self.by)
        return pl.when(pl.col(self.by).is_not_null()).then(aggregate)


@dataclass(frozen=True)
class Market(Feature):
    """The mean over all entities of a timestamp, then a statistic over the last timestamps.

    Parameters
    ----------
    statistic : {"mean", "std", "min", "max", "sum"}, default "mean"
    timestamps : int, default 1
        Length of the window in distinct timestamps; 1 is the mean of the timestamp alone.
        Half of them must be known.
    """

    statistic: Statistic = "mean"
    timestamps: int = 1
    family: ClassVar[str] = "cross_section"

    def __post_init__(self) -> None:
        at_least(f"feature {self.name!r}: timestamps", self.timestamps, 1)
        if self.statistic not in STATISTICS:
            raise unknown_name("statistic", self.statistic, STATISTICS)

    @property
    def lookback(self) -> Lookback:
        """The window without the timestamp itself."""
        return Lookback(rows=self.timestamps - 1)

    def compute(self, frame: pl.DataFrame, context: Context) -> pl.Series:  # noqa: ARG002
        """Compute on the distinct timestamps, where each counts once, and join back."""
        market = frame.group_by(TIME, maintain_order=True).agg(pl.col(self.source).mean())
        enough = (self.timestamps + 1) // 2
        rolled = rolling(pl.col(self.source), self.statistic, self.timestamps, enough)
        return (
            frame.select(TIME)
            .join(market.select(TIME, rolled.alias(self.name)), on=TIME, how="left",
                  maintain_order="left")
            .get_column(self.name)
        )
