"""What earlier rows of the same category came to, as far as it was known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from outlast.errors import InputError
from outlast.features.base import TIME, Accepts, Context, Feature, FitScope
from outlast.features.lookback import Lookback


@dataclass(frozen=True)
class TargetEncoding(Feature):
    """The mean target of a category over all earlier rows whose label was known by then.

    A label counts from the moment it is known: its label end and, where labels are published
    late, `Schema.label_delay` after it. Rows of the same time never see each other, not even
    where the horizon is zero. Rare categories are drawn towards the mean of all labels that
    were known: (sum + smoothing * mean) / (count + smoothing).

    Unlike an encoding that is fitted on the training rows, it has no fit: each value is what
    the same formula would have given on that day. In a split that trains on later rows than it
    tests, as `purged_kfold` does, later values have seen the labels of the test.

    Parameters
    ----------
    smoothing : float, default 20.0
        How many labels the mean of all weighs as much as. A category that is missing or new
        gets that mean.

    Raises
    ------
    InputError
        If the smoothing is negative, or, on a panel, the target has more than two classes.

    References
    ----------
    D. Micci-Barreca, "A preprocessing scheme for high-cardinality categorical attributes",
    *SIGKDD Explorations* 3 (2001), computed over the past alone.

    Examples
    --------
    >>> from outlast import Panel, Schema
    >>> from outlast.features import Recipe
    >>> table = {"day": [1, 2, 3, 4], "shop": ["a", "b", "a", "a"], "y": [1, 0, 1, 0]}
    >>> panel = Panel.build(table, Schema(time="day", target="y", horizon=1))
    >>> recipe = Recipe("mine", (TargetEncoding("shop_mean", "shop", smoothing=1),))
    >>> recipe.transform(panel).frame["shop_mean"].to_list()
    [nan, 1.0, 0.75, 0.8888888955116272]
    """

    smoothing: float = 20.0
    family: ClassVar[str] = "target_encoding"
    fit_scope: ClassVar[FitScope] = "expanding"
    accepts: ClassVar[Accepts] = "any"
    uses_target: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not 0 <= self.smoothing < float("inf"):
            raise InputError(f"feature {self.name!r}: smoothing must be zero or a positive number, "
                             f"got {self.smoothing}")

    @property
    def lookback(self) -> Lookback:
        """All earlier rows."""
        return Lookback(unbounded=True)

    @property
    def min_age(self) -> int:
        """Labels of earlier rows only."""
        return 1

    def compute(self, frame: pl.DataFrame, context: Context) -> pl.Series:
        """Count labels by category from when they are known, and look up the last count."""
        labels = context.labels
        assert labels is not None, "a recipe tells the labels"
        group = frame[self.source].cast(pl.String).fill_null("")
        rows = pl.DataFrame({"group": group, "time": frame[TIME].cast(pl.Int64)})
        known = rows.with_columns(
            y=labels.y,
            # A label that is known at once is known to later rows only.
            time=pl.max_horizontal(pl.Series(labels.known_at), pl.col("time") + 1),
        ).filter(labels.usable).sort("time", maintain_order=True)
        y = pl.col("y")
        of_group = known.select("group", "time", s=y.cum_sum().over("group"),
                                n=y.cum_count().over("group"))
        of_all = known.select("time", mean=y.cum_sum() / y.cum_count())
        told = rows.join_asof(of_group, on="time", by="group", check_sortedness=False).join_asof(
            of_all, on="time")
        s, n = (pl.col(name).fill_null(0) for name in ("s", "n"))
        if self.smoothing == 0:
            return told.select(pl.when(n > 0).then(s / n).otherwise("mean")).to_series()
        return told.select(
            (s + self.smoothing * pl.col("mean")) / (n + self.smoothing)).to_series()
