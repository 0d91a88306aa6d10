"""Categories as the mean of the labels that were known by the time of each row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from outlast.data.schema import Schema
from outlast.errors import InputError, unknown_name
from outlast.features.base import TIME, Accepts, Context, Feature, FitScope, Labels, at_least
from outlast.features.lookback import Lookback


@dataclass(frozen=True)
class TargetEncoding(Feature):
    """The mean label of a row's category, over the labels known by then, of all entities.

    ``(s + smooth * prior) / (n + smooth)``, where s and n are sum and number of the category's
    labels that were known at the row's time, and the prior is the mean of all labels known then.
    A label is known from its label end on, publication delay included, and never at its own
    time; so rows of one time do not see each other. A new category gets the prior; a row without
    a category, or before the first known label, a missing value.

    Parameters
    ----------
    smooth : float, default 20.0
        How many labels the prior counts for.
    label : str, optional
        The class whose share is the mean; needed with three classes or more. With two it is the
        second.

    See Also
    --------
    sklearn.preprocessing.TargetEncoder : The same formula for tables without time.

    References
    ----------
    D. Micci-Barreca, "A preprocessing scheme for high-cardinality categorical attributes",
    *SIGKDD Explorations* 3(1), 2001.

    Examples
    --------
    >>> from outlast.data import Panel
    >>> from outlast.features.recipe import Recipe
    >>> table = {"day": [1, 2, 3, 4], "shop": ["a", "a", "b", "a"], "y": [4.0, 2.0, 9.0, 1.5]}
    >>> panel = Panel.build(table, Schema(time="day", target="y", task="regression", horizon=1))
    >>> recipe = Recipe("encoded", (TargetEncoding("usual", "shop", smooth=1),))
    >>> recipe.transform(panel).frame["usual"].to_list()
    [nan, 4.0, 3.0, 3.6666667461395264]
    """

    smooth: float = 20.0
    label: str | None = None
    family: ClassVar[str] = "target_encoding"
    fit_scope: ClassVar[FitScope] = "expanding"
    accepts: ClassVar[Accepts] = "category"
    uses_target: ClassVar[bool] = True

    def __post_init__(self) -> None:
        at_least(f"feature {self.name!r}: smooth", self.smooth, 0)

    @property
    def lookback(self) -> Lookback:
        """All labels known so far."""
        return Lookback(unbounded=True)

    def check(self, schema: Schema) -> None:
        """Raise if the label is no class of the target, or is needed and not given."""
        if self.label is not None and self.label not in schema.labels:
            raise unknown_name(f"label of feature {self.name!r}", self.label, schema.labels)
        if self.label is None and len(schema.labels) > 2:
            raise InputError(f"feature {self.name!r}: target {schema.target!r} has "
                             f"{len(schema.labels)} classes; name one as label, such as "
                             f"{schema.labels[0]!r}")

    def compute(self, frame: pl.DataFrame, context: Context) -> pl.Series:
        """Join each row with the sums of its category and of all labels, as they were then."""
        assert context.labels is not None, "a recipe gives the labels of its panel"
        category = frame[self.source].cast(pl.String).alias("category")
        rows = pl.DataFrame([category, frame[TIME].to_physical().alias("time")])
        told = pl.DataFrame([category, pl.Series("known", context.labels.known),
                             pl.Series("y", self._measured(context.labels), nan_to_null=True)])
        told = told.drop_nulls("y").sort("known", maintain_order=True)
        everyone = _so_far(rows, told, by=None)
        own = _so_far(rows, told.drop_nulls("category"), by="category").fill_null(0)
        prior = everyone["total"] / everyone["count"]
        encoded = (own["total"] + self.smooth * prior) / (own["count"] + self.smooth)
        return encoded.zip_with(category.is_not_null(), pl.Series([None])).alias(self.name)

    def _measured(self, labels: Labels) -> np.ndarray:
        """What the mean is taken of: the value, or whether it is the class."""
        if self.label is None:
            return labels.y
        is_class = (labels.y == labels.classes.index(self.label)).astype(np.float64)
        return np.where(np.isnan(labels.y), np.nan, is_class)


def _so_far(rows: pl.DataFrame, told: pl.DataFrame, by: str | None) -> pl.DataFrame:
    """Sum and number of the labels known at each row, null before the first."""
    total, count = pl.col("y").cum_sum(), pl.int_range(1, pl.len() + 1)
    sums = told.select(pl.all().exclude("y"), total=total.over(by) if by else total,
                       count=count.over(by) if by else count)
    return rows.join_asof(sums, left_on="time", right_on="known", by=by, strategy="backward",
                          check_sortedness=False).select("total", "count")
