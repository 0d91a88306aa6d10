"""How much history the features of a model look back on, and which rows have less than that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast.data import Panel
from outlast.features.base import Feature
from outlast.features.cross_section import Market
from outlast.features.events import EventFeature
from outlast.features.lookback import Lookback
from outlast.features.recipe import Recipe


@dataclass(frozen=True)
class Need:
    """What a feature looks back on: rows of its own entity, and timestamps of the whole table."""

    own: Lookback = field(default_factory=Lookback)
    timestamps: int = 0

    def __str__(self) -> str:
        return f"{self.timestamps} timestamps" if self.timestamps > self.own.rows else str(self.own)

    def below(self, feature: Feature) -> Need:
        """The need of a feature that is made from one with this need."""
        if isinstance(feature, EventFeature):
            return self  # events have a table of their own
        if isinstance(feature, Market):
            return Need(self.own, self.timestamps + feature.lookback.rows)
        return Need(self.own + feature.lookback, self.timestamps)

    def __or__(self, other: Need) -> Need:
        a, b = self.own, other.own
        return Need(Lookback(max(a.rows, b.rows), max(a.time, b.time), a.unbounded or b.unbounded),
                    max(self.timestamps, other.timestamps))


def needs_of(recipe: Recipe) -> Mapping[str, Need]:
    """Return the need of each feature of a recipe.

    Parameters
    ----------
    recipe : Recipe

    Returns
    -------
    mapping of str to Need
    """
    needs: dict[str, Need] = {}
    for feature in recipe.features:
        inputs = [needs.get(name, Need()) for name in feature.inputs]
        needs[feature.name] = reduce(Need.__or__, inputs, Need()).below(feature)
    return needs


@dataclass(frozen=True, eq=False)
class History:
    """What lies before some rows of a panel.

    Attributes
    ----------
    rows : ndarray of int64
        How many earlier rows of its own entity each has.
    timestamps : ndarray of int64
        How many earlier timestamps the table has.
    time : ndarray of int64
        Nanoseconds since the table begins.
    """

    rows: npt.NDArray[np.int64]
    timestamps: npt.NDArray[np.int64]
    time: npt.NDArray[np.int64]

    @classmethod
    def of(cls, panel: Panel, rows: npt.NDArray[np.intp]) -> History:
        """Count what lies before some rows."""
        own = pl.DataFrame({"entity": panel.entity}).select(
            pl.int_range(pl.len(), dtype=pl.Int64).over("entity")).to_series().to_numpy()
        times, at = np.unique(panel.time.ns, return_inverse=True)
        return cls(own[rows], at[rows].astype(np.int64), panel.time.ns[rows] - times[0])

    def lacks(self, need: Need, step: int) -> npt.NDArray[np.bool_]:
        """Return for each row whether a need goes beyond what is there.

        A window of clock time is whole where the table covers it, however few rows an entity has
        in it; the row that might be missing lies one `step` before the first one.
        """
        lacks = (self.rows < need.own.rows) | (self.timestamps < need.timestamps)
        reach = int(need.own.time.total_seconds() * 1e9) + (need.own.rows - 1) * step
        return lacks | (self.time < reach) if need.own.time else lacks
