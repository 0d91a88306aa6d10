"""The recipe for a table that nobody wrote a recipe for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from outlast.data.index_columns import COUNTER, ROW_NAME, index_columns
from outlast.data.panel import Panel
from outlast.features.arithmetic import Category, Raw
from outlast.features.base import Feature
from outlast.features.calendar import PARTS, CalendarPart, Part
from outlast.features.cross_section import CrossSectionRank
from outlast.features.events import TimeSinceEvent
from outlast.features.recipe import Recipe
from outlast.features.windows import Difference, Ewm, Rolling, ZScore

MAX_LEVELS = 200
MAX_ENTITIES = 1000
MAX_NUMBERS = 40
MAX_EVENT_KINDS = 5


def default_recipe(panel: Panel) -> Recipe:
    """Write a recipe for any table, from the types of its columns alone.

    Every number comes as it is, as its change since the row before, as mean and standard
    deviation of 5 and of 20 rows, as z-score of 20 rows, as exponential average (span 10),
    and, where several entities share timestamps, as rank among them. Beyond 40 numeric
    columns only the number, its change and its mean of 5 rows are kept, so that a wide table
    does not grow ninefold. Row numbers and clocks are left out: they say when a row was made,
    which means nothing later on. Categories are taken up to 200 levels, the entity itself
    up to 1,000 of them. To these come the calendar parts that vary and the days since the
    entity's own events.

    Parameters
    ----------
    panel : Panel

    Returns
    -------
    Recipe
        Its `skipped` lists every column left out, with the reason.

    Raises
    ------
    InputError
        If no column can be used.

    Examples
    --------
    >>> from outlast.data import Schema
    >>> table = {"day": ["2024-01-31", "2024-02-01"], "note": [["a"], ["b"]], "y": [0, 1]}
    >>> recipe = default_recipe(Panel.build(table, Schema(time="day", target="y")))
    >>> recipe.exported, recipe.skipped
    (('day__weekday', 'day__day', 'day__month'), (('note', 'neither number nor text'),))
    """
    columns, mark = sort_columns(panel), mark_of(panel)
    wide = len(columns.numbers) > MAX_NUMBERS
    features = [feature for name in columns.numbers for feature in _number(name, mark, wide=wide)]
    if _has_cross_section(panel) and not wide:
        features += [CrossSectionRank(f"{n}{mark}rank", n) for n in columns.numbers]
    features += calendar_parts(panel, mark, ("hour", "weekday", "day", "month"))
    features += own_events(panel, mark)
    features += [Category(name, name) for name in columns.categories]
    skipped = columns.skipped | {name: f"{levels} levels; at most {MAX_LEVELS} make sense as "
                                 "categories" for name, levels in columns.crowded.items()}
    return Recipe("automatic", tuple(features), skipped=tuple(skipped.items()))


@dataclass(frozen=True)
class Columns:
    """The columns of a table by what features can be made of them.

    Attributes
    ----------
    numbers, categories : list of str
    crowded : dict of str to int
        Categories with too many levels, and how many.
    skipped : dict of str to str
        What is none of these, with the reason.
    """

    numbers: list[str] = field(default_factory=list)
    categories: list[str] = field(default_factory=list)
    crowded: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)


def sort_columns(panel: Panel) -> Columns:
    """Tell numbers, categories, and what is neither, with the reason."""
    columns = Columns()
    no_measures = {name: f"{reason}; declare it as categorical to keep it"
                   for name, reason in index_columns(panel).items()
                   if reason not in (COUNTER, ROW_NAME)}
    for name in panel.frame.columns:
        if name in panel.schema.reserved:
            continue
        if name in no_measures:
            columns.skipped[name] = no_measures[name]
        elif reason := _unusable(panel, name):
            columns.skipped[name] = reason
        elif _is_number(panel, name):
            columns.numbers.append(name)
        elif name != panel.schema.entity and panel.frame[name].n_unique() > MAX_LEVELS:
            columns.crowded[name] = panel.frame[name].n_unique()
        else:
            columns.categories.append(name)
    return columns


def _is_number(panel: Panel, name: str) -> bool:
    dtype = panel.frame[name].dtype
    declared = {panel.schema.entity, *panel.schema.categorical}
    return (dtype.is_numeric() or dtype == pl.Boolean) and name not in declared


def _unusable(panel: Panel, name: str) -> str | None:
    """Why a column cannot be a feature by itself, or None if it can."""
    column = panel.frame[name]
    if not name:
        return "no name; give it one to keep it"
    if column.null_count() == len(column):
        return "no values"
    if _is_number(panel, name):
        return None
    if column.dtype.is_temporal() and name != panel.schema.entity:
        return "a second time; turn it into a number, such as days before the row's time"
    if column.dtype.is_nested() or column.dtype in (pl.Binary, pl.Object):
        return "neither number nor text"
    if name == panel.schema.entity and (levels := column.n_unique()) > MAX_ENTITIES:
        return f"{levels} levels; at most {MAX_ENTITIES} make sense as categories"
    return None


def mark_of(panel: Panel) -> str:
    """Choose the text between a column and what is made of it: one that no column contains."""
    mark = "__"
    while any(mark in column for column in panel.frame.columns):
        mark += "_"
    return mark


def _number(name: str, mark: str, *, wide: bool) -> Iterator[Feature]:
    yield Raw(name, name)
    yield Difference(f"{name}{mark}diff_1", name)
    yield Rolling(f"{name}{mark}mean_5", name, statistic="mean", rows=5)
    if wide:
        return
    yield Rolling(f"{name}{mark}std_5", name, statistic="std", rows=5)
    yield Rolling(f"{name}{mark}mean_20", name, statistic="mean", rows=20)
    yield Rolling(f"{name}{mark}std_20", name, statistic="std", rows=20)
    yield ZScore(f"{name}{mark}z_20", name, rows=20)
    yield Ewm(f"{name}{mark}ewm_10", name, span=10)


def _has_cross_section(panel: Panel) -> bool:
    return panel.schema.entity is not None and len(np.unique(panel.time.ns)) < panel.n_rows


def calendar_parts(panel: Panel, mark: str, parts: tuple[Part, ...]) -> list[Feature]:
    """Return those of some parts of the calendar that vary in the table."""
    if panel.time.zone == "abstract":
        return []
    time = panel.schema.time
    distinct = panel.frame.select(PARTS[part](pl.col(time)).n_unique().alias(part)
                                  for part in parts).row(0, named=True)
    varying = [part for part in parts if distinct[part] > 1]
    return [CalendarPart(f"{time}{mark}{part}", time, part=part) for part in varying]


def own_events(panel: Panel, mark: str) -> list[Feature]:
    """Own events only: common ones are often named with hindsight, such as a crash."""
    time = panel.schema.time
    own = panel.events.table.filter(pl.col("entity").is_not_null())
    if own.is_empty() or panel.schema.entity is None:
        return []
    kinds = own["kind"].unique().sort().to_list()
    since: list[Feature] = [TimeSinceEvent(f"{time}{mark}since_event", time, scope="own")]
    if 1 < len(kinds) <= MAX_EVENT_KINDS:
        since += [TimeSinceEvent(f"{time}{mark}since_{kind.replace(' ', '_')}", time, kind=kind,
                                 scope="own") for kind in kinds]
    return since
