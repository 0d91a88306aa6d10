"""Each row holds only what had been published when it was made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from outlast.data.durations import add_duration, is_duration, need_clock, to_duration
from outlast.data.schema import Schema
from outlast.data.times import NAT, Instants, Nanoseconds, check_same_zone, to_instants

if TYPE_CHECKING:
    from outlast.data.panel import Panel


def as_known(
    frame: pl.DataFrame, schema: Schema, time: Instants
) -> tuple[pl.DataFrame, dict[str, Nanoseconds]]:
    """Give each row the latest values that were known at its time.

    A column of `Schema.available_after` then holds, at a row of time t, the value of the
    same entity with the latest own time among those that were known at t. A value is never
    known before its own row, a missing one tells nothing and is passed over, and where none
    was known yet the row has none.

    Parameters
    ----------
    frame : polars.DataFrame
        Sorted by time.
    schema : Schema
    time : Instants
        Of the rows.

    Returns
    -------
    frame : polars.DataFrame
    known_at : dict of column to ndarray of int64, shape (n,)
        When the value that each row now holds became known; `NAT` where it holds none.

    Raises
    ------
    InputError
        If a column of availability holds no times, or times of another kind of clock.

    Examples
    --------
    >>> table = pl.DataFrame({"day": ["2024-01-01", "2024-01-03", "2024-01-04"], "x": [1, 2, 3]})
    >>> schema = Schema(time="day", target="y", available_after={"x": "2D"})
    >>> as_known(table, schema, to_instants(table["day"]))[0]["x"].to_list()
    [None, 1, 1]
    """
    known_at: dict[str, Nanoseconds] = {}
    entity = [] if schema.entity is None else [pl.col(schema.entity).cast(pl.String)]
    rows = frame.select(*entity, __time=pl.Series(time.ns))
    values = []
    for column, source in schema.available_after.items():
        published = published_at(frame, source, time, f"available_after of {column!r}")
        told = frame[column].is_not_null().to_numpy() & (published != NAT)
        known = np.maximum(published, time.ns)
        records = rows.select(*entity, __known=pl.Series(known), __row=pl.int_range(pl.len()))
        latest = newest_known(rows, records.filter(pl.Series(told)))
        values.append(frame[column].gather(latest))
        known_at[column] = np.where(latest.is_null(), NAT, known[latest.fill_null(0).to_numpy()])
    return frame.with_columns(values), known_at


def availability_violations(panel: Panel) -> dict[str, int]:
    """Count the values that a row holds before they were known.

    Parameters
    ----------
    panel : Panel

    Returns
    -------
    dict of column to int
        For each column of `Schema.available_after` and of a joined table the rows whose value
        became known after their own time, or at no known time.

    Examples
    --------
    >>> from outlast.data import Panel
    >>> table = {"day": [1, 2, 3], "told": [1, 3, 3], "x": [7, 8, 9], "y": [0, 1, 0]}
    >>> schema = Schema(time="day", target="y", available_after={"x": "told"})
    >>> availability_violations(Panel.build(table, schema))
    {'x': 0}
    """
    found = {}
    for column in (*panel.schema.available_after, *panel.joined):
        held = panel.frame[column].is_not_null().to_numpy()
        known = panel.known_at.get(column, np.full(panel.n_rows, NAT))
        found[column] = int(np.count_nonzero(held & ((known == NAT) | (known > panel.time.ns))))
    return found


def newest_known(rows: pl.DataFrame, records: pl.DataFrame) -> pl.Series:
    """Return which record is the newest that each row may know of.

    Parameters
    ----------
    rows : polars.DataFrame
        Columns ``__time``, ascending, and any keys.
    records : polars.DataFrame
        The same keys, ``__known`` (when each became known) and ``__row`` (its position; the
        newer, the larger).

    Returns
    -------
    polars.Series
        Values of ``__row``, null where no record was known yet.

    Examples
    --------
    >>> rows = pl.DataFrame({"__time": [1, 2, 3, 4]})
    >>> newest_known(rows, pl.DataFrame({"__known": [4, 2], "__row": [0, 1]})).to_list()
    [None, 1, 1, 1]
    """
    keys = [name for name in rows.columns if name != "__time"]
    # What is published late, after a newer record was, is news no more.
    newest = pl.col("__row").cum_max()
    heard = records.sort("__known", "__row").with_columns(newest.over(keys) if keys else newest)
    joined = rows.join_asof(heard, left_on="__time", right_on="__known", by=keys or None,
                            strategy="backward", check_sortedness=False)
    return joined["__row"]


def published_at(
    frame: pl.DataFrame, source: str, time: Instants, what: str
) -> Nanoseconds:
    """Return when the value of each row became known, `NAT` where it never did.

    Parameters
    ----------
    frame : polars.DataFrame
    source : str
        A duration, or the column with that time.
    time : Instants
        Of the rows.
    what : str
        How error messages name the source.

    Raises
    ------
    InputError
        If the column holds no times or times of another kind of clock, or a duration meets
        integers.
    """
    if is_duration(source):
        lag = to_duration(source, what)
        assert not isinstance(lag, int), "a text is no number of steps"
        need_clock(time.zone, lag, f"{what}: {source!r}", "name a column of integers instead")
        return add_duration(time, lag)
    known = to_instants(frame[source], f"{what}: column {source!r}", on_missing="keep")
    if np.any(known.ns != NAT):
        check_same_zone(("time", time), (f"{what}: column {source!r}", known))
    return known.ns
