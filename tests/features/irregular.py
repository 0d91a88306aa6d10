"""The irregular panel, and its table as a feature sees it."""

from __future__ import annotations

import polars as pl

from outlast.data import Panel
from outlast.features.base import ENTITY, TIME, Context
from outlast.testing.panels import IRREGULAR as SCHEMA
from outlast.testing.panels import Clock
from outlast.testing.panels import irregular_events as events
from outlast.testing.panels import irregular_panel as panel
from outlast.testing.panels import irregular_table as table

__all__ = ["SCHEMA", "Clock", "events", "keyed", "panel", "table"]


def keyed(of: Panel) -> tuple[pl.DataFrame, Context]:
    """The sorted table with the two keys, as a feature sees it, and the context."""
    holes = [pl.when(pl.col(c).is_finite()).then(pl.col(c)).alias(c) for c in ("x", "ratio")]
    frame = of.frame.with_columns(
        *holes,
        pl.Series(TIME, of.time.ns).cast(pl.Datetime("ns")).set_sorted(),
        pl.col("who").alias(ENTITY),
    )
    return frame, Context.of(of)
