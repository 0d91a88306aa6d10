"""A table whose rows know when they were made, about whom, and until when their label runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import polars.selectors as cs

from outlast.data.availability import as_known
from outlast.data.duplicates import repeated_rows
from outlast.data.durations import add_duration, need_clock, to_duration
from outlast.data.events import Events
from outlast.data.hashing import table_hash
from outlast.data.joins import Join, Origin, Records, join_all
from outlast.data.keys import with_keys
from outlast.data.readers import to_frame
from outlast.data.schema import Schema, infer_task
from outlast.data.times import LAST, NAT, Instants, Nanoseconds, check_same_zone, to_instants
from outlast.errors import InputError
from outlast.records import Task, content_hash


@dataclass(frozen=True)
class Panel:
    """A checked table, sorted by time and entity, with its label in numbers.

    Build one with `Panel.build`; the constructor trusts its arguments.

    Attributes
    ----------
    name : str
    frame : polars.DataFrame
        Every row and column of the source, and the columns of joined tables; NaN is null, time
        is a real time, and columns of `Schema.available_after` hold what was known at each row.
    schema : Schema
        With the task and, for classification, the class labels filled in.
    events : Events
    time : Instants
        Prediction time of each row.
    label_end : ndarray of int64, shape (n,)
        When each row's label is known; `NAT` where it is not known yet.
    y : ndarray of float64, shape (n,)
        The class index or the value; NaN where there is no label.
    source_row : ndarray of intp, shape (n,)
        Position of each row in the table that the panel was built from.
    known_at : dict of column to ndarray of int64, shape (n,)
        For each column of `Schema.available_after` and of joined tables, when the value of each
        row became known.
    joined : dict of column to Origin
        Which columns came from further tables.
    dropped_duplicates : int, default 0
        Rows that were left out since they repeat an earlier one.
    sealed : int, optional
        Nanoseconds from which on no label counts as known, see `seal`.
    """

    name: str
    frame: pl.DataFrame
    schema: Schema
    events: Events
    time: Instants
    label_end: Nanoseconds
    y: npt.NDArray[np.float64]
    source_row: npt.NDArray[np.intp]
    known_at: dict[str, Nanoseconds] = field(default_factory=dict)
    joined: dict[str, Origin] = field(default_factory=dict)
    dropped_duplicates: int = 0
    sealed: int | None = None

    @classmethod
    def build(
        cls, table: Any, schema: Schema, *, events: Events | None = None, name: str = "table",
        joins: Sequence[Join] = (), settled: bool = False,
    ) -> Panel:
        """Check a table and give every row its time, label and label end.

        Parameters
        ----------
        table : polars / pandas / Arrow table, or dict of columns
        schema : Schema
        events : Events, optional
        name : str, default "table"
            Used in folder names and reports.
        joins : sequence of Join, optional
            Further tables, of which each row gets the newest record known at its time.
        settled : bool, default False
            Whether task and class labels are those of the schema, as an earlier table gave
            them, and are not read off this one, which may hold no label at all.

        Returns
        -------
        Panel
            A label ends where `Schema.label_end` or `Schema.horizon` says, and
            `Schema.label_delay` later. Columns of `Schema.available_after` hold the latest
            value of the same entity that was known at the row's time, see `as_known`.

        Raises
        ------
        InputError
            For an empty table, an unknown column, a missing time, a repeated
            (entity, time) pair, mixed time zones, a label that ends before its row, or clock
            or calendar time where the times are integers.

        Examples
        --------
        >>> table = {"day": ["2024-01-01", "2024-01-02", "2024-01-03"], "y": [0, 1, 0]}
        >>> panel = Panel.build(table, Schema(time="day", target="y", horizon=1))
        >>> panel.n_rows, panel.usable.tolist()
        (3, [True, True, False])
        """
        frame = to_frame(table)
        if frame.is_empty():
            raise InputError(f"table {name!r} has no rows; there is nothing to learn from")
        frame = with_keys(frame, schema)
        further = [Records.read(join) for join in joins]
        schema.check(frame.columns, [name for records in further for name in records.names])
        frame = frame.with_columns(cs.decimal().cast(pl.Float64), cs.float().fill_nan(None))
        frame, time, source_row = _sorted_by_time(frame, schema)
        _refuse_repeats(frame, schema)
        schema = schema if settled else _complete(schema, frame)
        events = events or Events.none()
        if len(events):
            check_same_zone(("time", time), ("events", Instants(time.ns[:1], events.zone)))  # type: ignore[arg-type]
        label_end = _delayed(_label_ends(frame, schema, time), schema, time)
        repeated = repeated_rows(frame, schema) if schema.duplicates == "drop" else None
        frame, known_at = as_known(frame, schema, time)
        frame, joined_at, joined = join_all(frame, schema, time, further)
        panel = cls(name, frame, schema, events, time, label_end, _target(frame, schema),
                    source_row, known_at | joined_at, joined)
        # Last: labels and published values are those of the whole table.
        return panel if repeated is None else panel._without(repeated)

    @property
    def n_rows(self) -> int:
        """Number of rows, labelled or not."""
        return self.frame.height

    @property
    def task(self) -> Task:
        """What kind of prediction this is."""
        assert self.schema.task is not None, "Panel.build fills the task in"
        return self.schema.task

    @property
    def n_classes(self) -> int:
        """Number of classes; 1 for regression."""
        return max(1, len(self.schema.labels))

    @cached_property
    def columns(self) -> frozenset[str]:
        """Names of the columns, for those who ask many times."""
        return frozenset(self.frame.columns)

    @cached_property
    def labelled(self) -> npt.NDArray[np.bool_]:
        """Rows whose label is known, sealed or not."""
        known: npt.NDArray[np.bool_] = ~np.isnan(self.y) & (self.label_end != NAT)
        return known

    @cached_property
    def usable(self) -> npt.NDArray[np.bool_]:
        """Rows whose label is known and not sealed: those that are trained on or scored."""
        if self.sealed is None:
            return self.labelled
        return self.labelled & (self.label_end < self.sealed) & (self.time.ns < self.sealed)

    @cached_property
    def examined(self) -> npt.NDArray[np.bool_]:
        """Labelled rows at or after the seal."""
        if self.sealed is None:
            return np.zeros(self.n_rows, dtype=bool)
        return self.labelled & (self.time.ns >= self.sealed)

    def seal(self, start: int) -> Panel:
        """Return the panel as it was before a moment: rows whose label came later are not usable.

        Parameters
        ----------
        start : int
            Nanoseconds.

        Examples
        --------
        >>> table = {"day": [1, 2, 3, 4], "y": [0, 1, 0, 1]}
        >>> panel = Panel.build(table, Schema(time="day", target="y", horizon=1)).seal(3)
        >>> panel.usable.tolist(), panel.examined.tolist()
        ([True, False, False, False], [False, False, True, False])
        """
        return replace(self, sealed=start)

    @cached_property
    def label_known(self) -> Nanoseconds:
        """From when on each label may be used by others: its label end, and never its own time.

        The end of all time where the label is not known yet.
        """
        known = np.maximum(self.label_end, self.time.ns + 1)
        return np.where(self.label_end == NAT, LAST, known)

    @cached_property
    def entity(self) -> npt.NDArray[np.int64]:
        """Entity of each row as a number from 0, in order of name; zeros without entities."""
        if self.schema.entity is None:
            return np.zeros(self.n_rows, dtype=np.int64)
        names = self.frame[self.schema.entity].cast(pl.String)
        return (names.rank("dense").cast(pl.Int64) - 1).to_numpy()

    @cached_property
    def horizon_ns(self) -> int:
        """Median length of the label intervals in nanoseconds."""
        spans = (self.label_end - self.time.ns)[self.usable]
        return int(np.median(spans)) if spans.size else 0

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the content (values, names, types, events), blind to the input's row order.

        The columns of time and entity count too: other keys make other features of the
        same values.
        """
        content = self.frame.select(sorted(self.frame.columns))
        parts = [self.schema.time, self.schema.entity, table_hash(content),
                 table_hash(self.events.table)]
        if self.dropped_duplicates:
            # The rows that are left no longer tell when their labels end.
            parts.append(table_hash(pl.DataFrame({"label_end": self.label_end})))
        return content_hash(parts)

    def take(self, rows: npt.NDArray[Any]) -> Panel:
        """Return the panel of some rows, given as a mask or as ascending positions."""
        rows = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        return replace(self, frame=self.frame[rows], label_end=self.label_end[rows],
                       time=self.time.take(rows), y=self.y[rows],
                       source_row=self.source_row[rows],
                       known_at={name: known[rows] for name, known in self.known_at.items()})

    def _without(self, repeated: npt.NDArray[np.bool_]) -> Panel:
        return replace(self.take(~repeated), dropped_duplicates=int(repeated.sum()))


def _sorted_by_time(
    frame: pl.DataFrame, schema: Schema
) -> tuple[pl.DataFrame, Instants, npt.NDArray[np.intp]]:
    """Sort rows by time, then entity; text times become real ones."""
    time = to_instants(frame[schema.time], f"time column {schema.time!r}")
    column = frame[schema.time]
    if time.zone == "naive":
        column = pl.Series(schema.time, time.ns).cast(pl.Datetime("ns")).cast(pl.Datetime("us"))
    elif column.dtype == pl.String:
        column = pl.Series(schema.time, time.ns).cast(pl.Datetime("ns", "UTC"))
    keys = [pl.Series(time.ns).alias("__time")]
    if schema.entity is not None:
        if (missing := frame[schema.entity].null_count()) > 0:
            raise InputError(f"entity column {schema.entity!r} has {missing} missing value(s); "
                             "every row must belong to someone")
        keys.append(frame[schema.entity].cast(pl.String).alias("__entity"))
    rows = pl.DataFrame(keys).with_row_index("__row").sort(*[key.name for key in keys])
    order = rows["__row"].to_numpy()
    frame = frame.with_columns(column)[order]
    return frame, time.take(order), order.astype(np.intp)


def _refuse_repeats(frame: pl.DataFrame, schema: Schema) -> None:
    keys = [schema.time] if schema.entity is None else [schema.entity, schema.time]
    repeated = frame.filter(pl.struct(keys).is_duplicated())
    if repeated.height:
        shown = ", ".join(f"{key}={repeated[key][0]}" for key in keys)
        way_out = "name the entity column" if schema.entity is None else "remove or aggregate them"
        raise InputError(f"{repeated.height} rows share their ({', '.join(keys)}), "
                         f"first {shown}; a row must be unique: {way_out}")


def _complete(schema: Schema, frame: pl.DataFrame) -> Schema:
    """Fill in the task and the class labels."""
    target = frame[schema.target]
    inferred = infer_task(target)
    task = schema.task or inferred
    if task == "regression":
        if not (target.dtype.is_numeric() or target.dtype == pl.Boolean):
            raise InputError(f"target {schema.target!r} is {target.dtype}; "
                             "regression needs numbers")
        return schema.model_copy(update={"task": task, "labels": ()})
    labels = tuple(str(value) for value in target.drop_nulls().unique().sort().to_list())
    if task == "binary" and len(labels) != 2:
        raise InputError(f"target {schema.target!r} has {len(labels)} classes; binary needs two")
    if len(labels) > 100:
        raise InputError(f"target {schema.target!r} has {len(labels)} classes; at most 100 make "
                         "sense as classes: set task to 'regression' or group them")
    return schema.model_copy(update={"task": task, "labels": labels})


def _target(frame: pl.DataFrame, schema: Schema) -> npt.NDArray[np.float64]:
    target = frame[schema.target]
    if schema.task == "regression":
        values = target.cast(pl.Float64)
        if (infinite := values.is_infinite().sum()) > 0:
            raise InputError(f"target {schema.target!r} has {infinite} infinite value(s)")
    else:
        values = _class_codes(target, schema.labels)
    return values.fill_null(np.nan).to_numpy().astype(np.float64)


def _class_codes(target: pl.Series, labels: Sequence[str]) -> pl.Series:
    """The place of each value among the labels."""
    found = target.drop_nulls().unique()
    names = [str(value) for value in found.to_list()]
    if unknown := sorted({*names} - {*labels}):
        more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        raise InputError(f"target {target.name!r} has the classes {', '.join(unknown[:5])}{more}, "
                         f"which are not among those that are known: {', '.join(labels)}")
    codes = [float(labels.index(name)) for name in names]
    return target.replace_strict(found, codes, default=None, return_dtype=pl.Float64)


def _label_ends(frame: pl.DataFrame, schema: Schema, time: Instants) -> Nanoseconds:
    if schema.label_end is not None:
        ends = to_instants(frame[schema.label_end], f"label end column {schema.label_end!r}",
                           on_missing="keep")
        if np.any(ends.ns != NAT):
            check_same_zone(("time", time), ("label end", ends))
        early = np.flatnonzero((ends.ns < time.ns) & (ends.ns != NAT))
        if early.size:
            raise InputError(f"label end column {schema.label_end!r}: {early.size} row(s) end "
                             f"before their own time, first {frame.row(int(early[0]))}; a label "
                             "cannot be known before it is predicted")
        return ends.ns
    horizon = schema.step_horizon
    if isinstance(horizon, int):
        return step_label_ends(time.ns, _entity_of(frame, schema), horizon)
    need_clock(time.zone, horizon, f"horizon {schema.horizon!r}", "give a number of rows")
    return add_duration(time, horizon)


def _delayed(ends: Nanoseconds, schema: Schema, time: Instants) -> Nanoseconds:
    """Add the time that a label waits for its publication."""
    delay = to_duration(schema.label_delay, "label_delay")
    if isinstance(delay, int):
        return ends
    need_clock(time.zone, delay, f"label_delay {schema.label_delay!r}",
               "add it to a column and name that as label_end")
    return add_duration(replace(time, ns=ends), delay)


def step_label_ends(
    time: Nanoseconds, entity: pl.Series | None, steps: int
) -> Nanoseconds:
    """Return the time of the `steps`-th next row of the same entity, `NAT` where none is.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        Ascending.
    entity : polars.Series of length n, optional
    steps : int
        0 returns the row's own time.

    Returns
    -------
    ndarray of int64, shape (n,)

    Examples
    --------
    >>> step_label_ends(np.array([1, 2, 5]), None, 1)[:2].tolist()
    [2, 5]
    """
    frame = pl.DataFrame({"time": time})
    ahead = pl.col("time").shift(-steps)
    if entity is not None:
        frame = frame.with_columns(entity.alias("entity"))
        ahead = ahead.over("entity")
    return frame.select(ahead.fill_null(NAT))["time"].to_numpy()


def _entity_of(frame: pl.DataFrame, schema: Schema) -> pl.Series | None:
    return None if schema.entity is None else frame[schema.entity]
