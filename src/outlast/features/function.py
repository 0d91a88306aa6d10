"""A user's own function as a recipe."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from outlast.data.hashing import table_hash
from outlast.data.panel import Panel
from outlast.data.readers import to_frame
from outlast.errors import InputError
from outlast.features.base import ENTITY, TIME
from outlast.features.extraction import for_models
from outlast.features.lineage import Lineage
from outlast.features.recipe import FeatureTable
from outlast.records import content_hash


@dataclass(frozen=True)
class FunctionRecipe:
    """A function of the whole table that returns features, used wherever a recipe is.

    Nothing about the function is trusted: the audit replays it on tables that end earlier
    and compares what it says about the rows before.

    Parameters
    ----------
    function : callable
        Is given the table as a polars frame sorted by time and entity: all columns but the
        leaky and ignored ones and the label end. Returns a table with one row per row of
        it in the same order, or one with the time (and entity) column to join on. All other
        columns of the result that are numbers, truth values or text become features.
    cross_sectional : bool or tuple of str, default False
        Whether all features, or those named, compare the entities of one timestamp. Others
        that change when an entity leaves the table are reported.
    skipped : tuple of (str, str), optional
        Columns of the table that were left out, each with the reason.

    Raises
    ------
    InputError
        When used, if the function returns no table, no features, unaligned or repeated rows.

    Examples
    --------
    >>> from outlast.data import load_stocks
    >>> def momentum(table):
    ...     change = pl.col("adj_close").pct_change(21).over("ticker")
    ...     return table.select("date", "ticker", momentum_21=change)
    >>> FunctionRecipe(momentum).transform(load_stocks()).names
    ('momentum_21',)
    """

    function: Callable[[pl.DataFrame], Any]
    cross_sectional: bool | tuple[str, ...] = False
    skipped: tuple[tuple[str, str], ...] = ()

    @cached_property
    def _made(self) -> list[tuple[Panel, FeatureTable]]:
        """The latest panel and its features: a run asks for their hash first, then for them."""
        return []

    @property
    def name(self) -> str:
        """The function's own name."""
        return getattr(self.function, "__qualname__", type(self.function).__name__)

    @property
    def fingerprint(self) -> str:
        """Hash of the function's name and source."""
        try:
            source = inspect.getsource(self.function)
        except (OSError, TypeError):
            source = repr(self.function)
        return content_hash([self.name, source])

    def table_fingerprint(self, panel: Panel) -> str:
        """Return the hash of the values: a source text does not tell what a function does."""
        return self.transform(panel).fingerprint

    def transform(self, panel: Panel) -> FeatureTable:
        """Call the function and put its answer in the order of the panel's rows."""
        if not (self._made and self._made[0][0] is panel):
            self._made[:] = [(panel, self._transform(panel))]
        return self._made[0][1]

    def _transform(self, panel: Panel) -> FeatureTable:
        schema = panel.schema
        hidden = schema.reserved - {schema.time, schema.target}
        given = panel.frame.drop(name for name in panel.frame.columns if name in hidden)
        frame = self._aligned(to_frame(self.function(given)), panel)
        kept = [c.name for c in frame if c.dtype.is_numeric() or c.dtype == pl.Boolean
                or c.dtype in (pl.String, pl.Categorical, pl.Enum)]
        if not kept:
            raise InputError(f"feature function {self.name!r} returned no numbers or text besides "
                             f"the keys; it returned {', '.join(frame.columns) or 'no column'}")
        features = for_models(frame.select(_plain(frame[name]) for name in kept))
        return FeatureTable(features, tuple(self._lineage(name, panel) for name in kept),
                            content_hash([panel.fingerprint, self.name, table_hash(features)]))

    def _aligned(self, result: pl.DataFrame, panel: Panel) -> pl.DataFrame:
        """Put the rows in the panel's order: by the keys where they are given, else as they are."""
        schema = panel.schema
        keys = [schema.time] + ([] if schema.entity is None else [schema.entity])
        if not set(keys) <= set(result.columns):
            if result.height != panel.n_rows:
                raise InputError(
                    f"feature function {self.name!r} returned {result.height} rows for "
                    f"{panel.n_rows}; return one per row, or the columns {', '.join(keys)}")
            return result.drop(key for key in keys if key in result.columns)
        if result.select(keys).is_duplicated().any():
            raise InputError(f"feature function {self.name!r} returned rows that share their "
                             f"({', '.join(keys)}); return each row once")
        joined = panel.frame.select(keys).join(result, on=keys, how="left", maintain_order="left")
        return joined.drop(*keys, *(name for name in (TIME, ENTITY) if name in joined.columns))

    def _lineage(self, column: str, panel: Panel) -> Lineage:
        reserved = panel.schema.reserved
        roots = tuple(name for name in panel.frame.columns if name not in reserved)
        return Lineage(column, content_hash([self.fingerprint, column], 10), "function",
                       f"{self.name}(table)[{column!r}]", (), roots, "all rows", None, "stateless")


def _plain(column: pl.Series) -> pl.Series:
    return column if column.dtype.is_numeric() else column.cast(
        pl.Float64 if column.dtype == pl.Boolean else pl.String)
