"""A table at the door of a model: what it must hold, and how it becomes a panel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from outlast.data import Events, Join, Panel, load_stocks, to_frame
from outlast.data.durations import is_duration
from outlast.data.keys import with_keys
from outlast.data.schema import Schema
from outlast.deployment.manifest import Column, Manifest, kind_of
from outlast.errors import InputError, suggest

_LIKE = {
    "number": ("number", "truth"),
    "truth": ("truth", "number"),
    "text": ("text",),
    "time": ("time", "text"),
    "other": ("other",),
}


def columns_of(panel: Panel, roots: tuple[str, ...]) -> tuple[Column, ...]:
    """Return what a table must hold for a model that was trained on a panel.

    Parameters
    ----------
    panel : Panel
    roots : tuple of str
        The raw columns that the kept features are computed from.

    Returns
    -------
    tuple of Column
        Time and entity first. Target and label end may be left out of a table to predict.
    """
    return tuple(_columns(panel, roots))


def _columns(panel: Panel, roots: tuple[str, ...]) -> Iterator[Column]:
    schema, seen = panel.schema, set[str]()
    published = [name for name in schema.available_after.values() if not is_duration(name)]
    waiting = [name for name in schema.available_after if name in roots]
    named = [("time", schema.time), ("entity", schema.entity),
             *(("input", name) for name in (*roots, *waiting) if name not in panel.joined),
             *(("published", schema.available_after[name]) for name in waiting
               if schema.available_after[name] in published),
             ("target", schema.target), ("label_end", schema.label_end)]
    for role, name in named:
        if name is None or name in seen:
            continue
        seen.add(name)
        dtype = panel.frame[name].dtype
        yield Column(name=name, role=role, kind=kind_of(dtype), dtype=str(dtype),
                     needed=role not in ("target", "label_end"))


@dataclass(frozen=True)
class Given:
    """A table to predict, and what belongs to it.

    Attributes
    ----------
    table : path, table, or "stocks"
        CSV or Parquet file; polars, pandas or Arrow; or the embedded data set.
    events : Events, optional
        Default: those that were known when the model was trained.
    to_learn : bool, default False
        Whether the table is to be learned from, and so must hold the labels.
    """

    table: Any
    events: Events | None = None
    to_learn: bool = False


def open_panel(given: Given, manifest: Manifest, events: Events) -> Panel:
    """Check a table against what a model needs, and make a panel of it.

    Parameters
    ----------
    given : Given
    manifest : Manifest
    events : Events
        Those of the training, for where none are given.

    Returns
    -------
    Panel
        With the task and the class labels of the model; rows need no label.

    Raises
    ------
    InputError
        Naming the column that is missing or of another type, or whatever a panel asks for.
    """
    frame = _fitting(frame_of(given.table, manifest), manifest, given.to_learn)
    roles = _roles(manifest.roles, frame)
    if not given.to_learn:
        # A row that repeats an earlier one is to be predicted as well.
        roles = roles.model_copy(update={"duplicates": "keep"})
    panel = Panel.build(frame, roles, events=events if given.events is None else given.events,
                        name=manifest.learned.table, settled=True,
                        joins=[Join(**declared) for declared in manifest.joins])
    if panel.time.zone != manifest.learned.zone:
        raise InputError(f"time column {roles.time!r} holds {_clock(panel.time.zone)}, and the "
                         f"model has learned from {_clock(manifest.learned.zone)}; convert it")
    return panel


def _clock(zone: str) -> str:
    return {"abstract": "plain integers", "naive": "times without a time zone"}.get(
        zone, "times with a time zone")


def frame_of(table: Any, manifest: Manifest) -> pl.DataFrame:
    """Return a table that may be a path, of any library, or the embedded one, as it is.

    A file is read as the one that was learned from.

    Raises
    ------
    InputError
        If it cannot be read or has no rows.
    """
    if isinstance(table, str) and table == "stocks":
        return load_stocks().frame.with_columns(pl.col("date").cast(pl.Date))
    reading = manifest.reading
    frame = (reading.with_times(reading.table(table), manifest.roles.time)
             if isinstance(table, (str, Path)) else to_frame(table))
    if frame.is_empty():
        raise InputError("the table has no rows; give the rows to predict, with enough history "
                         "before them for the features")
    return frame


def _fitting(frame: pl.DataFrame, manifest: Manifest, to_learn: bool) -> pl.DataFrame:
    """The table with the columns that the model knows in its types, and empty labels if need be."""
    frame = with_keys(frame, manifest.roles)
    for column in manifest.columns:
        if column.name in frame.columns:
            frame = frame.with_columns(_converted(frame[column.name], column))
        elif column.needed or to_learn:
            raise InputError(f"the table lacks the column {column.name!r} ({column.role}, "
                             f"{column.dtype}) that the model needs: "
                             f"{suggest(column.name, frame.columns)}")
        else:
            frame = frame.with_columns(pl.lit(None, _EMPTY[column.kind]).alias(column.name))
    return frame


_EMPTY: dict[str, Any] = {"number": pl.Float64, "truth": pl.Boolean, "text": pl.String,
                          "time": pl.Datetime("us"), "other": pl.String}


def _converted(values: pl.Series, column: Column) -> pl.Series:
    """The values in the type that the model knows, as far as nothing is lost."""
    kind = kind_of(values.dtype)
    if values.null_count() == len(values):
        return pl.Series(column.name, [None] * len(values), dtype=_EMPTY[column.kind])
    if kind not in _LIKE[column.kind]:
        raise InputError(f"column {column.name!r} ({column.role}) holds {values.dtype}, and the "
                         f"model has learned from {column.dtype}; convert it, or check that it is "
                         "the same column")
    known = getattr(pl, column.dtype, None)
    if kind in ("number", "truth") and known is not None and values.dtype != known:
        # A gap makes a column of whole numbers one of fractions: 7.0 would be another category.
        plain = values.fill_nan(None) if values.dtype.is_float() else values
        made = plain.cast(known, strict=False)
        same = (made.cast(pl.Float64) == plain.cast(pl.Float64)).fill_null(False)
        if (same | plain.is_null()).all():
            return made
    return values


def _roles(roles: Schema, frame: pl.DataFrame) -> Schema:
    """The roles without those columns that only kept something out of the features."""
    there = {name: [column for column in getattr(roles, name) if column in frame.columns]
             for name in ("leaky", "ignore", "categorical")}
    waiting = {name: source for name, source in roles.available_after.items()
               if name in frame.columns and (is_duration(source) or source in frame.columns)}
    return roles.model_copy(update={**{k: tuple(v) for k, v in there.items()},
                                    "available_after": waiting})
