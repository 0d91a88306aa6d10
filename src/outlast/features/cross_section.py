"""Features across the entities of one timestamp, and the market they form together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from outlast.errors import unknown_name
from outlast.features.base import TIME, Context, ExpressionFeature, Feature, at_least
from outlast.features.column import Statistic
from outlast.features.lookback import Lookback
from outlast.features.windows import STATISTICS, rolling


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
