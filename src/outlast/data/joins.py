"""Further tables: each row gets the newest record of them that was known at its time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import polars.selectors as cs
from pydantic import Field, field_validator, model_validator

from outlast.data.availability import newest_known, published_at
from outlast.data.durations import add_duration, is_duration, need_clock, to_duration
from outlast.data.readers import read_table, table_name, to_frame
from outlast.data.schema import Schema, Spoken
from outlast.data.times import LAST, NAT, Instants, Nanoseconds, check_same_zone, to_instants
from outlast.errors import InputError, unknown_name


class Join(Spoken):
    """A further table whose records are joined as they were known at each row's time.

    A row of time t gets the newest record of its keys that was known at or before t. Newest is
    the latest own time; of several versions of one record, the last that was known. A record
    is taken whole: what is missing in it is missing in the row.

    Parameters
    ----------
    table : path or table
        CSV(.gz) or Parquet file, or a polars / pandas / Arrow table, or a dict of columns.
    time : str
        Column with the time that each record is about. No record is known before it.
    name : str, optional
        Default: that of the file.
    on : sequence of str, or mapping of str to str
        Key columns, by name or as ``{column of the main table: column of this one}``; without
        any, every row may get every record, as suits market-wide tables.
    available_after : str, optional
        When a record became known: a stretch of time after its own, such as ``"45D"``, or the
        column with that time. At its own time when not given.
    max_age : int or str, optional
        How long after its own time a record counts, such as ``"90D"``; an int where times are
        integers. For ever when not given.
    columns : sequence of str, optional
        What is joined; default: all columns but keys and times.
    prefix : str, optional
        Put before the names of the columns; default: the name and an underscore.

    Examples
    --------
    >>> rates = {"day": ["2024-01-01", "2024-02-01"], "rate": [3.0, 4.0]}
    >>> Join(table=rates, name="bank", time="day", available_after="2D").prefix
    'bank_'
    """

    table: Any
    time: str
    name: str = ""
    on: dict[str, str] = Field(default_factory=dict)
    available_after: str | None = None
    max_age: int | str | None = None
    columns: tuple[str, ...] = ()
    prefix: str = ""

    @model_validator(mode="before")
    @classmethod
    def _named(cls, values: dict[str, Any]) -> dict[str, Any]:
        table = values.get("table")
        name = values.get("name") or (
            table_name(str(table)) if isinstance(table, (str, Path)) else "")
        if not name:
            raise InputError("a joined table in memory needs a name, such as name='weather'")
        return {**values, "name": name, "prefix": values.get("prefix", f"{name}_")}

    @field_validator("on", mode="before")
    @classmethod
    def _same_names(cls, value: Any) -> Any:
        names = (value,) if isinstance(value, str) else value
        return {name: name for name in names} if isinstance(names, (list, tuple)) else names

    @field_validator("columns", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("max_age")
    @classmethod
    def _readable(cls, value: int | str | None) -> int | str | None:
        if value is not None:
            to_duration(value, "max_age")
        return value


@dataclass(frozen=True)
class Origin:
    """Where a joined column comes from.

    Attributes
    ----------
    table : str
        Name of the further table.
    available_after : str
        What its records wait for, empty if for nothing.
    """

    table: str
    available_after: str = ""


@dataclass(frozen=True, eq=False)
class Records:
    """A further table at work: read, checked, and asked for what was known.

    Parameters
    ----------
    join : Join
    frame : polars.DataFrame
    """

    join: Join
    frame: pl.DataFrame

    @classmethod
    def read(cls, join: Join) -> Records:
        """Read the table of a join.

        Raises
        ------
        InputError
            If it cannot be read, is empty, or lacks a column that the join names.
        """
        path = isinstance(join.table, (str, Path))
        frame = read_table(join.table) if path else to_frame(join.table)
        if frame.is_empty():
            raise InputError(f"joined table {join.name!r} has no rows; leave the join out")
        named = [join.time, *join.on.values(), *join.columns]
        if (source := join.available_after) is not None and not is_duration(source):
            named.append(source)
        for name in named:
            if name not in frame.columns:
                raise unknown_name(f"column of joined table {join.name!r}", name, frame.columns)
        return cls(join, frame.with_columns(cs.decimal().cast(pl.Float64),
                                            cs.float().fill_nan(None)))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are joined, under their own names."""
        join = self.join
        keys = {join.time, join.available_after, *join.on.values()}
        return join.columns or tuple(name for name in self.frame.columns if name not in keys)

    @property
    def names(self) -> tuple[str, ...]:
        """Their names beside the main table's."""
        return tuple(f"{self.join.prefix}{name}" for name in self.columns)

    @property
    def origin(self) -> Origin:
        """What is said of each of its columns."""
        return Origin(self.join.name, self.join.available_after or "")

    def as_known(
        self, frame: pl.DataFrame, schema: Schema, time: Instants
    ) -> tuple[pl.DataFrame, Nanoseconds]:
        """Return the columns beside the rows of the main table, and when each became known.

        Parameters
        ----------
        frame : polars.DataFrame
            Sorted by time.
        schema : Schema
            Of the main table.
        time : Instants
            Of its rows.

        Raises
        ------
        InputError
            If keys or times cannot be compared, versions of a record contradict each other, or
            no row finds a record.
        """
        check_same_zone(("time", time), (f"{self._what}: time column {self.join.time!r}",
                                         self._time))
        ours, theirs = self._keys(frame, schema)
        rows = pl.DataFrame([*ours, pl.Series("__time", time.ns)])
        order = pl.DataFrame([*theirs, pl.Series("__time", self._time.ns),
                              pl.Series("__told", self._published),
                              pl.Series("__known", self._known)]).with_row_index("__at")
        order = order.filter(pl.col("__told") != NAT).drop_nulls().sort("__time", "__told")
        self._refuse_contradictions(order)
        records = order.drop("__at", "__time", "__told").with_columns(
            __row=pl.int_range(pl.len()))
        newest = newest_known(rows, records)
        found = self._young_enough(order["__at"].gather(newest), time)
        if found.null_count() == len(found):
            raise self._nothing_found(rows, records)
        held = self.frame.select(pl.col(name).alias(new) for name, new in
                                 zip(self.columns, self.names, strict=True))
        known = np.where(found.is_null(), NAT, self._known[found.fill_null(0).to_numpy()])
        return held.select(pl.all().gather(found)), known

    @cached_property
    def _what(self) -> str:
        return f"joined table {self.join.name!r}"

    @cached_property
    def _time(self) -> Instants:
        return to_instants(self.frame[self.join.time],
                           f"{self._what}: time column {self.join.time!r}")

    @cached_property
    def _published(self) -> Nanoseconds:
        """When each record was published, `NAT` if never."""
        source = self.join.available_after
        if source is None:
            return self._time.ns
        return published_at(self.frame, source, self._time, f"{self._what}: available_after")

    @cached_property
    def _known(self) -> Nanoseconds:
        """When each record became known: never before its own time."""
        return np.maximum(self._published, self._time.ns)

    def _keys(self, frame: pl.DataFrame, schema: Schema) -> tuple[list[pl.Series], list[pl.Series]]:
        """The keys of both tables as text, under the same names."""
        never = {schema.time, schema.target, schema.label_end, *schema.leaky,
                 *schema.available_after.values()}
        both: tuple[list[pl.Series], list[pl.Series]] = ([], [])
        for i, (ours, theirs) in enumerate(self.join.on.items()):
            if ours not in frame.columns:
                raise unknown_name(f"key of the table for {self._what}", ours, frame.columns)
            if ours in never:
                raise InputError(f"{self._what}: {ours!r} is the time, the target or a column that "
                                 "knows the future; join on columns that are known at a row's time")
            mine, other = frame[ours], self.frame[theirs]
            if _kind(mine.dtype) != _kind(other.dtype):
                raise InputError(f"{self._what}: key {ours!r} is {mine.dtype} in the table and "
                                 f"{theirs!r} is {other.dtype} in the joined one; convert one "
                                 "side, so that both are text or both are whole numbers")
            for keys, key in zip(both, (mine, other), strict=True):
                keys.append(key.cast(pl.String).alias(f"key_{i}"))
        return both

    def _refuse_contradictions(self, order: pl.DataFrame) -> None:
        """Raise if two versions of one record became known at once and differ."""
        version = pl.struct(pl.exclude("__at", "^value_.*$"))
        repeated = order.filter(version.is_duplicated())
        values = self.frame.select(self.columns)[repeated["__at"]]
        told = pl.concat([repeated, values.select(pl.all().name.prefix("value_"))],
                         how="horizontal")
        told = told.unique([name for name in told.columns if name != "__at"], keep="first")
        contradicting = told.filter(version.is_duplicated())["__at"]
        if len(contradicting):
            row = int(contradicting.to_numpy().min())
            named = [*self.join.on.values(), self.join.time]
            shown = ", ".join(f"{name}={self.frame[name][row]}" for name in named)
            raise InputError(
                f"{self._what}: {len(contradicting)} rows contradict each other: they share "
                f"({', '.join(named)}) and became known at once, such as {shown}; remove or "
                "aggregate them, or name the column that says when each version became known "
                "(available_after)")

    def _young_enough(self, found: pl.Series, time: Instants) -> pl.Series:
        """Leave out the records that are older than they may be."""
        if (max_age := self.join.max_age) is None:
            return found
        ends = self._time.ns[found.fill_null(0).to_numpy()]
        age = to_duration(max_age, "max_age")
        if isinstance(age, int):
            if time.zone != "abstract":
                raise InputError(f"{self._what}: max_age={max_age} is no stretch of clock time; "
                                 f"give one such as '{max_age}D'")
            ends = np.minimum(ends, LAST - age) + age
        else:
            need_clock(time.zone, age, f"{self._what}: max_age={max_age!r}", "give an integer")
            ends = add_duration(Instants(ends, self._time.zone, self._time.tz), age)
        return found.to_frame().select(
            pl.when(pl.Series(time.ns <= ends)).then(pl.first())).to_series()

    def _nothing_found(self, rows: pl.DataFrame, records: pl.DataFrame) -> InputError:
        ours, theirs = (
            ", ".join(repr(key) for row in table.select(cs.starts_with("key_")).head(1).rows()
                      for key in row) for table in (rows, records))
        shown = f" (keys are such as {ours} and {theirs})" if self.join.on else ""
        return InputError(f"{self._what}: no row of the table finds a record{shown}; check keys, "
                          "times, available_after and max_age, or leave the join out")


def join_all(
    frame: pl.DataFrame, schema: Schema, time: Instants, tables: Sequence[Records]
) -> tuple[pl.DataFrame, dict[str, Nanoseconds], dict[str, Origin]]:
    """Join further tables with the rows of the main one.

    Parameters
    ----------
    frame : polars.DataFrame
        Sorted by time.
    schema : Schema
    time : Instants
        Of the rows.
    tables : sequence of Records

    Returns
    -------
    frame : polars.DataFrame
    known_at : dict of column to ndarray of int64, shape (n,)
        When the record of each row became known; `NAT` where there is none.
    origins : dict of column to Origin

    Raises
    ------
    InputError
        If a name is taken, or as `Records.as_known` says.
    """
    known_at: dict[str, Nanoseconds] = {}
    origins: dict[str, Origin] = {}
    parts = [frame]
    for table in tables:
        taken = {*frame.columns, *origins}
        for name in table.names:
            if name in taken:
                raise InputError(f"joined table {table.join.name!r}: the name {name!r} is taken; "
                                 f"choose another prefix than {table.join.prefix!r}")
        columns, known = table.as_known(frame, schema, time)
        parts.append(columns)
        known_at |= dict.fromkeys(table.names, known)
        origins |= dict.fromkeys(table.names, table.origin)
    return pl.concat(parts, how="horizontal"), known_at, origins


def _kind(dtype: pl.DataType) -> str:
    """What two keys must have in common, which widths of numbers and codes of texts are not."""
    if dtype.is_integer():
        return "whole number"
    return "text" if dtype in (pl.String, pl.Categorical, pl.Enum) else str(dtype)
