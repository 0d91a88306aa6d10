"""Named windows of time that matter: shocks, promotions, outages, listings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from outlast.data.times import NAT, Instants, check_same_zone, to_instants
from outlast.errors import InputError, suggest

_OPEN_END = 2**63 - 1


@dataclass(frozen=True)
class Events:
    """A table of closed windows ``[start, end]``.

    Attributes
    ----------
    table : polars.DataFrame
        Columns ``name`` (str), ``kind`` (str), ``entity`` (str, null = everyone),
        ``start`` and ``end`` (int64 nanoseconds in UTC; an open end is the largest int64).
    zone : {"aware", "naive", "abstract"}
        The kind of clock that the windows were given in.
    """

    table: pl.DataFrame
    zone: str = "naive"

    @classmethod
    def none(cls) -> Events:
        """An empty table of events."""
        schema = {"name": pl.String, "kind": pl.String, "entity": pl.String,
                  "start": pl.Int64, "end": pl.Int64}
        return cls(pl.DataFrame(schema=schema))

    @classmethod
    def from_frame(cls, frame: pl.DataFrame) -> Events:
        """Read a table of events.

        Parameters
        ----------
        frame : polars.DataFrame
            Column ``start`` is needed; ``end`` (missing = open-ended; absent = same as
            the start), ``name``, ``kind`` and ``entity`` are optional.

        Returns
        -------
        Events

        Raises
        ------
        InputError
            If ``start`` is missing, a time cannot be read, or an event ends before it starts.

        Examples
        --------
        >>> Events.from_frame(pl.DataFrame({"start": ["2024-01-01"], "end": ["2024-01-05"]}))
        Events(1 event, 0 with an entity)
        """
        if "start" not in frame.columns:
            raise InputError("events: column 'start' is missing: "
                             f"{suggest('start', frame.columns)}")
        if frame.is_empty():
            return cls.none()
        start = to_instants(frame["start"], "event start")
        end = _ends(frame, start)
        rows = frame.height
        bad = (end.ns < start.ns).nonzero()[0]
        if bad.size:
            raise InputError(f"events: row {bad[0]} ends before it starts; swap the two times")
        names = _text(frame, "name", [f"event {i + 1}" for i in range(rows)])
        columns = {"name": names, "kind": _text(frame, "kind", ["event"] * rows),
                   "entity": _text(frame, "entity", [None] * rows),
                   "start": start.ns, "end": end.ns}
        return cls(pl.DataFrame(columns).sort("start", "end", "name"), start.zone)

    def __len__(self) -> int:
        return self.table.height

    def __repr__(self) -> str:
        own = self.table["entity"].is_not_null().sum()
        noun = "event" if len(self) == 1 else "events"
        return f"Events({len(self)} {noun}, {own} with an entity)"

    @property
    def common(self) -> Events:
        """The events that concern every entity: the ones that move split boundaries."""
        return Events(self.table.filter(pl.col("entity").is_null()), self.zone)

    def of_kind(self, kind: str) -> Events:
        """The events of one kind.

        Raises
        ------
        InputError
            If no event is of that kind.
        """
        chosen = self.table.filter(pl.col("kind") == kind)
        if chosen.is_empty():
            known = self.table["kind"].unique().to_list()
            raise InputError(f"events: no event of kind {kind!r}: {suggest(kind, known)}")
        return Events(chosen, self.zone)


def _ends(frame: pl.DataFrame, start: Instants) -> Instants:
    if "end" not in frame.columns:
        return start
    if frame["end"].null_count() == frame.height:
        return Instants(start.ns * 0 + _OPEN_END, start.zone)
    end = to_instants(frame["end"], "event end", on_missing="keep")
    check_same_zone(("event start", start), ("event end", end))
    ns = end.ns.copy()
    ns[ns == NAT] = _OPEN_END
    return Instants(ns, end.zone)


def _text(frame: pl.DataFrame, column: str, default: list[Any]) -> pl.Series:
    if column not in frame.columns:
        return pl.Series(column, default, dtype=pl.String)
    return frame[column].cast(pl.String).replace("", None).fill_null(
        pl.Series(default, dtype=pl.String)
    )
