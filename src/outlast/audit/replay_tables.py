"""The other tables on which features are computed again, and when to cut them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast.audit.base import Positions
from outlast.audit.disturbance import disturbed
from outlast.data import Panel
from outlast.data.times import LAST

# Enough for a year and more of daily rows of every kept entity, and seconds of work: where there
# are many features, fewer entities are kept, a quarter of these rows at least.
MAX_ROWS, MAX_ENTITIES, MAX_VALUES = 20_000, 40, 600_000
_DROPPED = 3


@dataclass(frozen=True, eq=False)
class Variant:
    """Another table, and where the rows to compare stand in the full one and in it."""

    panel: Panel
    cut: int | str
    rows: Positions
    same: Positions


def bounded(panel: Panel, n_features: int = 1) -> Panel:
    """Return the last rows of some entities of a large table."""
    most = min(MAX_ROWS, max(MAX_ROWS // 4, MAX_VALUES // n_features))
    if panel.n_rows <= most:
        return panel
    entities = _spread(panel.entity, MAX_ENTITIES * most // MAX_ROWS)
    rows = np.flatnonzero(np.isin(panel.entity, entities))
    since = panel.time.ns[rows[max(0, rows.size - most)]]
    return panel.take(rows[panel.time.ns[rows] >= since])


def cut_times(panel: Panel, count: int, before: Sequence[int] = ()) -> list[int]:
    """Choose times of the panel, the last one excluded, after which to cut.

    Parameters
    ----------
    panel : Panel
    count : int
    before : sequence of int, optional
        Times to cut just before, besides the starts of the events.

    Returns
    -------
    list of int
        Ascending, in nanoseconds; the last but one time is always among them.
    """
    distinct = np.unique(panel.time.ns)
    last = distinct.size - 2
    if last < 0:
        return []
    starts = np.concatenate([np.asarray(before, np.int64), panel.events.table["start"].to_numpy()])
    just_before = np.searchsorted(distinct, starts, side="left") - 1
    # A fill from later rows shows only where the cut leaves a row without its filling.
    holes = np.asarray(_holes(panel, count // 4), np.intp)
    special = [_spread(places[(places >= 0) & (places <= last)], count // 4)
               for places in (just_before, holes)]
    even = np.linspace(0, last, max(count - sum(map(len, special)), 1) + 1)[1:].astype(np.intp)
    return [int(t) for t in distinct[np.unique(np.concatenate([*special, even]))]]


def truncated(panel: Panel, cut: int) -> Variant:
    """The table as it was at the cut: no later row or event, no label that was not known."""
    kept = panel.time.ns <= cut
    rows = np.flatnonzero(kept)
    part = panel.take(rows)
    target = part.schema.target
    unknown = pl.Series(part.label_known > cut)
    hidden = pl.when(unknown).then(None).otherwise(pl.col(target)).alias(target)
    # Events to come move to the end of all time: their kinds stay, so that features find them.
    known = [pl.when(pl.col(end) > cut).then(LAST).otherwise(pl.col(end)).alias(end)
             for end in ("start", "end")]
    events = replace(panel.events, table=panel.events.table.with_columns(known))
    part = replace(part, frame=part.frame.with_columns(hidden), events=events,
                   y=np.where(unknown, np.nan, part.y))
    return Variant(part, cut, rows, np.arange(rows.size))


def perturbed(panel: Panel, cut: int, rng: np.random.Generator) -> Variant:
    """The table with other values after the cut and other labels where none was known yet."""
    schema, frame = panel.schema, panel.frame
    later, unknown = panel.time.ns > cut, panel.label_known > cut
    keys = {schema.time, schema.entity, schema.target}
    columns = [disturbed(frame[name], later, rng) for name in frame.columns if name not in keys]
    # The same seed twice, so that the column and its numbers stay one target.
    seed, scale = int(rng.integers(2**32)), schema.task == "regression"
    target, y = (disturbed(values, unknown, np.random.default_rng(seed), scale=scale)
                 for values in (frame[schema.target], pl.Series(panel.y)))
    rows = np.flatnonzero(~later)
    changed = replace(panel, frame=frame.with_columns(*columns, target), y=y.to_numpy())
    return Variant(changed, cut, rows, rows)


def without_entities(panel: Panel) -> Iterator[Variant]:
    """Leave out up to three entities, one after the other."""
    codes = np.unique(panel.entity)
    if panel.schema.entity is None or codes.size < 2:
        return
    names = panel.frame[panel.schema.entity]
    for code in _spread(codes, _DROPPED):
        gone = panel.entity == code
        rows = np.flatnonzero(~gone)
        name = str(names[int(np.argmax(gone))])
        yield Variant(panel.take(rows), name, rows, np.arange(rows.size))


def _holes(panel: Panel, count: int) -> list[int]:
    """Choose places in time such that few of them show holes of all columns that have any."""
    given = panel.frame.select(pl.exclude(*panel.schema.reserved).is_null())
    at_time = given.group_by(pl.Series(panel.time.ns).alias("__time"), maintain_order=True)
    missing = at_time.agg(pl.all().any()).drop("__time").to_numpy()
    places: list[int] = []
    while len(places) < count and missing.any():
        places.append(int(missing.sum(axis=1).argmax()))
        missing = missing & ~missing[places[-1]]
    return places


def _spread(values: npt.NDArray[Any], count: int) -> npt.NDArray[Any]:
    """At most `count` of the distinct values, evenly spread."""
    distinct = np.unique(values)
    if distinct.size <= count:
        return distinct
    return distinct[np.linspace(0, distinct.size - 1, count).astype(np.intp)]
