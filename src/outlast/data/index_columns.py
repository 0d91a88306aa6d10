"""Columns that say which row it is, or how late it is, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast.data.panel import Panel

ROW_NUMBER = "numbers the rows"
ROW_NAME = "differs in nearly every row"
RUNNING_NUMBER = "rises from every timestamp to the next"
CALENDAR = "writes the time as a number"
CLOCK = "counts the time"
COUNTER = "counts the rows or the time of each entity"

_MIN_ROWS = 50
_MIN_STEPS = 20
_UNIQUE = 0.95
# Largest coefficient of variation of equal steps; months of 28 to 31 days have 0.03.
_EVEN = 0.05

_Values = npt.NDArray[np.float64]


def index_columns(panel: Panel) -> dict[str, str]:
    """Find the row numbers, names of rows and clocks among the columns that may become features.

    A model that learns them learns where a row stands in the table, which says nothing
    about rows to come. Only what cannot be a measurement is named: whole numbers that fill
    a range without repeating, texts that hardly repeat, and numbers that move in even steps
    with time. A price, a level or a total that rises unevenly is none of these.

    Parameters
    ----------
    panel : Panel

    Returns
    -------
    dict of column to reason
        One of the constants of this module.

    Examples
    --------
    >>> from outlast.data import Schema
    >>> day = np.arange(60)
    >>> table = {"day": day, "id": 7 * day % 60, "week": day // 7, "x": np.sin(day), "y": day % 2}
    >>> index_columns(Panel.build(table, Schema(time="day", target="y")))
    {'id': 'numbers the rows'}
    """
    schema = panel.schema
    skipped = {*schema.reserved, *schema.categorical, schema.entity}
    order = _Order.of(panel)
    reasons = {name: _reason(panel, name, order) for name in panel.frame.columns
               if name not in skipped}
    return {name: reason for name, reason in reasons.items() if reason is not None}


@dataclass(frozen=True, eq=False)
class _Order:
    """The rows by time and by entity.

    Attributes
    ----------
    time : ndarray of float64
        Ascending.
    starts : ndarray of intp
        First row of each distinct time.
    by_entity : ndarray of intp
        The rows of each entity in the order of time, one entity after the other.
    enters : ndarray of intp
        Where in `by_entity` an entity begins.
    """

    time: _Values
    starts: npt.NDArray[np.intp]
    by_entity: npt.NDArray[np.intp]
    enters: npt.NDArray[np.intp]

    @classmethod
    def of(cls, panel: Panel) -> _Order:
        """Sort the rows of a panel."""
        ns, by_entity = panel.time.ns, np.argsort(panel.entity, kind="stable")
        return cls((ns - ns[0]).astype(np.float64), np.flatnonzero(np.diff(ns, prepend=ns[0] - 1)),
                   by_entity, np.flatnonzero(np.diff(panel.entity[by_entity], prepend=-1)))

    @property
    def first_entity(self) -> npt.NDArray[np.intp]:
        """The rows of one entity."""
        return self.by_entity[: self.enters[1] if self.enters.size > 1 else None]


def _reason(panel: Panel, name: str, order: _Order) -> str | None:
    column = panel.frame[name]
    if column.dtype in (pl.String, pl.Categorical, pl.Enum):
        return ROW_NAME if _hardly_repeats(column) else None
    if not column.dtype.is_numeric() or column.null_count():
        return None
    values = column.cast(pl.Float64).to_numpy()
    if not np.isfinite(values).all():
        return None
    if _fills_a_range(values):
        return ROW_NUMBER
    # One entity tells most columns from a clock, at the price of its rows only.
    if not _one_way(np.diff(values[order.first_entity])):
        return None
    if np.array_equal(values, np.repeat(values[order.starts], _lengths(order.starts, values.size))):
        return _clock(panel, values[order.starts], order)
    if _runs_on(values, order):
        return RUNNING_NUMBER
    return COUNTER if _counts_rows(values, order) else None


def _hardly_repeats(column: pl.Series) -> bool:
    n = len(column)
    sample = column.gather_every(max(1, n // 1000))
    likely = n >= _MIN_ROWS and sample.n_unique() >= 0.8 * len(sample)
    return likely and column.n_unique() >= _UNIQUE * n


def _fills_a_range(values: _Values) -> bool:
    n, reach = values.size, float(np.ptp(values)) + 1
    if n < _MIN_ROWS or not _UNIQUE * n <= reach <= 2 * n:
        return False
    return _is_whole(values) and np.unique(values).size >= _UNIQUE * n


def _clock(panel: Panel, values: _Values, order: _Order) -> str | None:
    """What a column that is the same for all rows of a timestamp makes of the time."""
    time = panel.frame[panel.schema.time][order.starts]
    if np.ptp(values) > 0 and time.dtype.is_temporal():
        year, month, day = (part.cast(pl.Int64).to_numpy() for part in
                            (time.dt.year(), time.dt.month(), time.dt.day()))
        written = (year, 100 * year + month, 10_000 * year + 100 * month + day)
        if any(np.array_equal(values, number) for number in written):
            return CALENDAR
    # A count of days goes on once a day, however often the rows come.
    changes = np.flatnonzero(np.diff(values)) + 1
    steps = np.diff(values[changes])
    if steps.size < _MIN_STEPS or not _one_way(np.diff(values)):
        return None
    spans = np.diff(order.time[order.starts][changes])
    return CLOCK if _is_even(steps / spans) or _is_even(steps / np.diff(changes)) else None


def _runs_on(values: _Values, order: _Order) -> bool:
    """Whether whole numbers never repeat and are all larger at each later timestamp."""
    low, high = (extreme.reduceat(values, order.starts) for extreme in (np.minimum, np.maximum))
    return bool(low.size >= _MIN_STEPS and np.all(high[:-1] < low[1:]) and _is_whole(values)
                and np.unique(values).size == values.size)


def _counts_rows(values: _Values, order: _Order) -> bool:
    """Whether a column moves in even steps within every entity."""
    sizes = _lengths(order.enters, values.size)
    if sizes.max() <= _MIN_STEPS:
        return False
    inner = np.delete(np.arange(values.size), order.enters)
    rows = order.by_entity
    steps = values[rows[inner]] - values[rows[inner - 1]]
    spans = order.time[rows[inner]] - order.time[rows[inner - 1]]
    return _is_even(steps) or _is_even(steps / spans)


def _is_even(steps: _Values) -> bool:
    """Whether all steps go one way and are nearly the same."""
    one_way = bool(np.all(steps > 0) or np.all(steps < 0))
    return one_way and float(np.std(steps)) < _EVEN * abs(float(np.mean(steps)))


def _one_way(steps: _Values) -> bool:
    return bool(np.all(steps >= 0) or np.all(steps <= 0))


def _is_whole(values: _Values) -> bool:
    return bool(np.all(values == np.floor(values)))


def _lengths(starts: npt.NDArray[np.intp], size: int) -> npt.NDArray[np.intp]:
    return np.diff(starts, append=size)
