"""A recipe proposed for a table that nobody knows yet, with the reason for each group of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl
import polars.selectors as cs

from outlast.data.cadence import Cadence
from outlast.data.events import Events
from outlast.data.panel import Panel
from outlast.features.arithmetic import Category, Missing, Raw
from outlast.features.automatic import (
    Columns,
    calendar_parts,
    mark_of,
    own_events,
    sort_columns,
)
from outlast.features.base import Feature
from outlast.features.calendar import Part
from outlast.features.clock_windows import RollingTime
from outlast.features.cross_section import CrossSectionRank, Market
from outlast.features.recipe import Recipe
from outlast.features.statistics import RolledStatistic
from outlast.features.target_encoding import TargetEncoding
from outlast.features.windows import Difference, Return, Rolling, ZScore

# Only the first part of time is looked at, so that the proposal owes nothing to a later test.
_LOOKED_AT = 0.6
_SLOW, _SPARSE, _BEYOND = 0.8, 0.8, 0.25
_RARELY_MISSING, _MANY_LEVELS, _FEWEST_PER_LEVEL = 0.02, 50, 3
_FEWEST_IN_WINDOW, _FEWEST_PER_TIME = 4, 3
_DAY = 86_400.0
# Stretches of time in which things repeat, in seconds.
_PERIODS = {"an hour": 3600.0, "a day": _DAY, "a week": 7 * _DAY, "a month": 30 * _DAY,
            "a quarter": 91 * _DAY, "a year": 365 * _DAY}


@dataclass(frozen=True)
class Group:
    """Features that are proposed for the same reason."""

    reason: str
    features: tuple[Feature, ...]


@dataclass(frozen=True)
class Suggestion:
    """What is proposed for a table.

    Attributes
    ----------
    groups : tuple of Group
        The most basic first.
    left_out : tuple of Group
        What there was no room for.
    skipped : dict of str to str
        Columns of which nothing is made, with the reason.
    """

    groups: tuple[Group, ...]
    left_out: tuple[Group, ...]
    skipped: dict[str, str]

    @property
    def recipe(self) -> Recipe:
        """The proposal as a recipe."""
        features = tuple(feature for group in self.groups for feature in group.features)
        return Recipe("suggested", features, skipped=tuple(self.skipped.items()))


def suggest_recipe(panel: Panel, max_features: int = 60) -> Suggestion:
    """Propose features for a table from its cadence and from how each column behaves.

    Parameters
    ----------
    panel : Panel
    max_features : int, default 60
        The most basic groups come first; of the last one that fits in part, the first columns.

    Returns
    -------
    Suggestion

    Raises
    ------
    InputError
        If no feature can be made of any column.

    Notes
    -----
    Looked at are the columns, and never the target, of the first 60 % of time. Windows are
    as long as what repeats: the shortest of hour, day, week, month, quarter and year that holds
    four rows, and the next that holds three times as many; in clock time where rows are irregular.
    A column whose value a row later is nearly the same is told by its changes, its place in its
    own recent past, and how much it moves; any other by its recent means and spread; one that is
    nearly always the same by how often it has not been lately. A level that leaves the range that
    its entity had earlier is not used as it is.

    Examples
    --------
    >>> from outlast.data import Schema
    >>> day = np.arange("2024-01-01", "2024-03-01", dtype="datetime64[D]")
    >>> table = pl.DataFrame({"day": day, "sold": np.arange(60) % 7, "y": np.arange(60) % 2})
    >>> found = suggest_recipe(Panel.build(table, Schema(time="day", target="y")))
    >>> [feature.name for feature in found.groups[1].features]
    ['sold__mean_7', 'sold__mean_30']
    """
    table = _Table.of(panel)
    taken, left = [], []
    room = max_features
    for group in table.groups():
        fits, rest = group.features[:room], group.features[room:]
        room -= len(fits)
        taken += [replace(group, features=fits)] if fits else []
        left += [replace(group, features=rest)] if rest else []
    found = Suggestion(tuple(taken), tuple(left), table.skipped)
    found.recipe.check(panel)
    return found


@dataclass(frozen=True)
class Behaviour:
    """How a column of numbers behaves in the part of time that is looked at."""

    memory: float
    is_positive: bool
    top_share: float
    missing: float
    beyond: float

    @property
    def is_slow(self) -> bool:
        """Whether its value a row later is nearly the same."""
        return self.memory >= _SLOW

    @property
    def is_sparse(self) -> bool:
        """Whether it nearly always has the same value."""
        return self.top_share >= _SPARSE

    @property
    def wanders(self) -> bool:
        """Whether its level leaves the range that it had earlier."""
        return self.is_slow and self.beyond > _BEYOND

    @classmethod
    def of(cls, rows: pl.DataFrame) -> Behaviour:
        """Look at a column ``x`` with the entities ``e`` of its rows, in order of time."""
        x = pl.col("x")
        is_late = pl.int_range(pl.len()) >= rows.height * 4 // 5
        before = x.filter(~is_late)
        outside = (x < before.min().over("e")) | (x > before.max().over("e"))
        told = rows.select(
            # Around each entity's own level: levels that differ are no memory.
            memory=pl.corr(x - x.mean().over("e"), (x - x.mean().over("e")).shift(1).over("e")),
            low=x.min(), n=x.count(),
            top=x.drop_nulls().value_counts(sort=True).first().struct.field("count"),
            beyond=outside.filter(is_late).mean()).row(0, named=True)
        return cls(
            memory=float(np.nan_to_num(told["memory"] or 0.0)), is_positive=(told["low"] or 0) > 0,
            top_share=(told["top"] or 0) / max(told["n"], 1),
            missing=1 - told["n"] / max(rows.height, 1), beyond=told["beyond"] or 0.0)


@dataclass(frozen=True, eq=False)
class _Table:
    """A table as far as the proposal looks at it, and the windows that suit its cadence."""

    panel: Panel
    early: Panel
    step: float
    is_irregular: bool

    @classmethod
    def of(cls, panel: Panel) -> _Table:
        times = np.unique(panel.time.ns)
        cut = int(times[int(_LOOKED_AT * (times.size - 1))])
        known = panel.events.table.filter(pl.col("start") <= cut)
        early = replace(panel.take(panel.time.ns <= cut),
                        events=Events(known, panel.events.zone))
        cadence = Cadence.of(early)
        return cls(panel, early, cadence.mean, cadence.is_irregular)

    @cached_property
    def columns(self) -> Columns:
        """Its columns by what can be made of them; what never changes says nothing."""
        found = sort_columns(self.early)
        constant = {name for name in (*found.numbers, *found.categories)
                    if self.early.frame[name].n_unique() == 1}
        return Columns([name for name in found.numbers if name not in constant],
                       [name for name in found.categories if name not in constant], found.crowded,
                       found.skipped | dict.fromkeys(sorted(constant), "never changes"))

    @cached_property
    def mark(self) -> str:
        """What stands between a column and what is made of it."""
        return mark_of(self.panel)

    @cached_property
    def behaviour(self) -> dict[str, Behaviour]:
        """How each number behaves."""
        entity = pl.Series(self.early.entity)
        numbers = self.early.frame.select(
            pl.col(self.columns.numbers).cast(pl.Float64)).with_columns(cs.all().fill_nan(None))
        return {x.name: Behaviour.of(pl.DataFrame({"x": x, "e": entity})) for x in numbers}

    @cached_property
    def windows(self) -> tuple[_Window, _Window]:
        """A short and a long window, as long as what repeats at this cadence."""
        if not self.step:
            return _Window(5, "5 rows"), _Window(20, "20 rows")
        known = [_Window(round(seconds / self.step), name, seconds)
                 for name, seconds in _PERIODS.items()]
        short = next((w for w in known if w.rows >= _FEWEST_IN_WINDOW), known[-1])
        longer = _Window(4 * short.rows, f"four times {short.name}", 4 * short.seconds)
        return short, next((w for w in known if w.rows >= 3 * short.rows), longer)

    def groups(self) -> Iterator[Group]:
        """Propose everything, the most basic first."""
        short, long = self.windows
        every = self._numbers(lambda _: True)
        slow = self._numbers(lambda b: b.is_slow and not b.is_sparse)
        usual = self._numbers(lambda b: not b.is_slow and not b.is_sparse)
        sparse = self._numbers(lambda b: b.is_sparse)
        yield Group("as they are: numbers whose level stays in its range, and categories", (
            *(Raw(name, name) for name in every if not self.behaviour[name].wanders),
            *(Category(name, name) for name in self.columns.categories)))
        yield Group(f"recent means, over {short.name} and {long.name}, of what jumps about", tuple(
            self._rolled(name, window, "mean") for name in usual for window in (short, long)))
        yield Group(f"changes of what moves slowly: by a row, and over {short.name}", tuple(
            feature for name in slow for feature in self._changes(name, short)))
        yield Group(f"where what moves slowly stands within {long.name}", tuple(
            ZScore(f"{name}{self.mark}z_{long.rows}", name, rows=max(long.rows, 3))
            for name in slow))
        yield Group("the calendar, as far as it varies at this cadence", tuple(
            calendar_parts(self.early, self.mark, self._parts())))
        yield Group("time since the entity's own events", tuple(own_events(self.early, self.mark)))
        yield Group("what was known of earlier rows of the same of many levels", tuple(
            self._encoded()))
        yield Group(f"how often, over {long.name}, what is nearly always the same was not", tuple(
            self._rolled(name, long, "mean") for name in sparse))
        yield Group("that a value is missing, which may mean something", tuple(
            Missing(f"{name}{self.mark}missing", name) for name in every
            if self.behaviour[name].missing >= _RARELY_MISSING))
        yield from self._against_others(slow, usual)
        yield Group(f"how much it moves, over {long.name}", (
            *(self._rolled(f"{name}{self.mark}change_1", long, "std") for name in slow),
            *(self._rolled(name, long, "std") for name in usual)))

    @property
    def skipped(self) -> dict[str, str]:
        """Columns of which nothing is made, with the reason."""
        encoded = {feature.source for feature in self._encoded()}
        return self.columns.skipped | {
            name: f"{levels} levels with too few rows each"
            for name, levels in self.columns.crowded.items() if name not in encoded}

    def _numbers(self, chosen: Callable[[Behaviour], bool]) -> list[str]:
        return [name for name in self.columns.numbers if chosen(self.behaviour[name])]

    def _rolled(self, name: str, window: _Window, statistic: RolledStatistic) -> Feature:
        if self.is_irregular:
            return RollingTime(f"{name}{self.mark}{statistic}_{window.text}", name,
                               statistic=statistic, duration=window.text)
        return Rolling(f"{name}{self.mark}{statistic}_{window.rows}", name, statistic=statistic,
                       rows=window.rows)

    def _changes(self, name: str, window: _Window) -> Iterator[Feature]:
        """Relative changes where the column is above zero, so that its unit does not matter."""
        kind = Return if self.behaviour[name].is_positive else Difference
        for steps in (1, window.rows):
            yield kind(f"{name}{self.mark}change_{steps}", name, steps=steps)

    def _parts(self) -> tuple[Part, ...]:
        if self.step < _DAY / 2:
            return "hour", "weekday", "month"
        return ("weekday", "month") if self.step < 4 * _DAY else ("month", "quarter")

    def _encoded(self) -> Iterator[TargetEncoding]:
        """Encode categories that are too fine to be codes, if their levels come again."""
        if self.panel.task == "multiclass":
            return
        fine = {name: self.early.frame[name].n_unique() for name in self.columns.categories
                if name != self.panel.schema.entity}
        fine = {name: n for name, n in fine.items() if n > _MANY_LEVELS} | self.columns.crowded
        for name, levels in fine.items():
            if self.early.n_rows >= _FEWEST_PER_LEVEL * levels:
                yield TargetEncoding(f"{name}{self.mark}target", name)

    def _against_others(self, slow: Iterable[str], usual: Iterable[str]) -> Iterator[Group]:
        # How many rows share the time of a typical row: fewer have nobody to be compared with.
        _, at, counts = np.unique(self.early.time.ns, return_inverse=True, return_counts=True)
        if np.median(counts[at]) < _FEWEST_PER_TIME:
            return
        told = [*(f"{name}{self.mark}change_1" for name in slow), *usual]
        yield Group("rank among the entities of the same time", tuple(
            CrossSectionRank(f"{name}{self.mark}rank", name) for name in told))
        yield Group("mean over all entities of the same time", tuple(
            Market(f"{name}{self.mark}all", name) for name in told))


@dataclass(frozen=True)
class _Window:
    rows: int
    name: str
    seconds: float = 0.0

    @property
    def text(self) -> str:
        """Its length as a duration."""
        days = self.seconds / _DAY
        return f"{days:g}D" if days >= 1 else f"{self.seconds / 3600:g}h"
