"""Compute features again on tables that end earlier, and compare the rows they share."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast.audit.base import Positions
from outlast.audit.disturbance import FAILURES
from outlast.audit.replay_tables import (
    Variant,
    bounded,
    cut_times,
    perturbed,
    truncated,
    without_entities,
)
from outlast.data import Panel
from outlast.data.times import NAT
from outlast.features import AnyRecipe, FunctionRecipe, Recipe
from outlast.features.base import ACROSS_ENTITIES

Mode = Literal["truncate", "perturb", "drop_entity"]
Value = float | str | None

_BEFORE_ALL = NAT + 1

# Features are Float32, about 7 digits: 1e-5 forgives rounding and the order of a sum, and
# still sees one row too many among 50,000 in a mean or a count. Values far below the usual
# size of their column are what cancellation left over, with fewer digits of their own.
_RELATIVE, _OF_USUAL, _ABSOLUTE = 1e-5, 1e-6, 1e-12


@dataclass(frozen=True)
class Divergence:
    """A value that is not the same on another table, although it should be.

    Attributes
    ----------
    mode : {"truncate", "perturb", "drop_entity"}
    column : str
    entity : str, optional
        None in a table without entities.
    time : int
        Prediction time of the row, in nanoseconds.
    cut : int or str
        The time after which rows were removed or changed, or the entity left out.
    full, replayed : float, str or None
        The value on all rows and on the other table; None where it is missing.
    """

    mode: Mode
    column: str
    entity: str | None
    time: int
    cut: int | str
    full: Value
    replayed: Value

    @property
    def gap(self) -> float | None:
        """The difference of both values; None where one of them is no number."""
        if isinstance(self.full, float) and isinstance(self.replayed, float):
            return abs(self.full - self.replayed)
        return None


@dataclass(frozen=True)
class Comparison:
    """What one mode of a replay found.

    Attributes
    ----------
    divergences : tuple of Divergence
        One per column: at the earliest cut that shows it, the earliest row.
    errors : tuple of str
        What the features raised on tables that they should be able to read.
    n_runs : int
        Tables compared; those that raised an error are not counted.
    n_keys : int
        Rows compared, summed over the tables.
    """

    divergences: tuple[Divergence, ...]
    errors: tuple[str, ...]
    n_runs: int
    n_keys: int


@dataclass(frozen=True)
class Replay:
    """What came out when the features were computed again on other tables.

    Attributes
    ----------
    truncate : Comparison
        With the rows after a cut removed, and what was not known by then.
    perturb : Comparison
        With the values after a cut changed, the table as long as before.
    drop_entity : Comparison
        With one entity removed; features declared as cross-sectional are left out.
    columns : tuple of str
        The features compared.
    not_assessed : mapping of str to str
        The other features -> why they could not be.
    unmoved : tuple of str
        Those that a function gives whatever the table's values are, such as the weekday.
        If they were computed elsewhere, no replay can see how.
    n_rows : int
        Rows of the table that was replayed.
    """

    truncate: Comparison
    perturb: Comparison
    drop_entity: Comparison
    columns: tuple[str, ...]
    not_assessed: Mapping[str, str]
    unmoved: tuple[str, ...]
    n_rows: int


def replay(
    recipe: AnyRecipe | Callable[[pl.DataFrame], Any], panel: Panel, *, cuts: int = 12,
    seed: int = 0, before: Sequence[int] = (),
) -> Replay:
    """Compute the features again on tables that know less, and compare.

    A feature that looks only backwards has the same value whether or not the table goes on
    after its row, whatever stands there. Beyond 20,000 rows, or 600,000 values of features, the
    last rows of at most 40 entities stand for the table, of 5,000 rows or more: a feature that
    looks ahead does so on any part of it.

    Parameters
    ----------
    recipe : AnyRecipe or callable
        A function is wrapped in a `FunctionRecipe`.
    panel : Panel
    cuts : int, default 12
        Number of times after which rows are removed or changed: evenly spread, with up to
        half of them just before events and `before`, and at rows with missing values.
    seed : int, default 0
        Decides how values are changed.
    before : sequence of int, optional
        Times, in nanoseconds, to cut just before, such as the starts of tests.

    Returns
    -------
    Replay

    Notes
    -----
    A label is available from its label end on, and never to its own row: labels that are
    not known at the cut are removed or changed as well.

    Examples
    --------
    >>> from outlast.data import Schema
    >>> table = {"day": range(8), "x": [1, 5, 2, 8, 3, 9, 4, 7], "y": [0, 1] * 4}
    >>> panel = Panel.build(table, Schema(time="day", target="y"))
    >>> done = replay(lambda t: t.select(ahead=pl.col("x").shift(-1)), panel)
    >>> done.truncate.divergences[0]
    Divergence(mode='truncate', column='ahead', entity=None, time=0, cut=0, full=5.0, replayed=None)
    """
    recipe = _without_memory(recipe)
    with warnings.catch_warnings():
        # What is said about a table that was cut for this check concerns nobody.
        warnings.simplefilter("ignore")
        part, full = _full_run(recipe, panel)
        unsure = _unstable(full, recipe.transform(replace(part)).frame)
        if part is not panel:
            unsure = _empty(full) | unsure
        sure = full.drop(unsure)
        run = _Run(recipe, part, sure)
        times = cut_times(part, cuts, before)
        rng = np.random.default_rng(seed)
        return Replay(
            truncate=run.compare("truncate", (truncated(part, cut) for cut in times)),
            perturb=run.compare("perturb", (perturbed(part, cut, rng) for cut in times)),
            drop_entity=run.compare("drop_entity", without_entities(part),
                                    _declared(recipe, sure.columns)),
            columns=tuple(sure.columns), not_assessed=unsure,
            unmoved=() if isinstance(recipe, Recipe) else run.unmoved(rng), n_rows=part.n_rows,
        )


@dataclass(frozen=True, eq=False)
class _Run:
    """The features of the full table, to compare those of other tables with."""

    recipe: AnyRecipe
    panel: Panel
    full: pl.DataFrame

    def compare(
        self, mode: Mode, variants: Iterator[Variant], declared: Collection[str] = ()
    ) -> Comparison:
        """Compute the features of every variant; keep the first divergence of each column."""
        found: dict[str, Divergence] = {}
        errors: list[str] = []
        runs: list[int] = []
        for variant in variants:
            try:
                frame = self.recipe.transform(variant.panel).frame
            except FAILURES as error:
                errors.append(f"{type(error).__name__}: {error}")
                continue
            runs.append(variant.rows.size)
            if not self.full.columns:  # before polars 2 such a table has no rows to choose from
                continue
            full, other = self.full[variant.rows], frame[variant.same]
            if full.equals(other):
                continue
            names = [n for n in self.full.columns if n not in found and n not in declared]
            known = [self._divergence(mode, name, variant, full[name],
                                      other[name] if name in other.columns else None)
                     for name in names]
            found |= {d.column: d for d in known if d is not None}
        return Comparison(tuple(found.values()), tuple(errors), len(runs), sum(runs))

    def unmoved(self, rng: np.random.Generator) -> tuple[str, ...]:
        """Change every value of the table and name the columns that do not react."""
        try:
            frame = self.recipe.transform(perturbed(self.panel, _BEFORE_ALL, rng).panel).frame
        except FAILURES:
            return ()
        there = set(frame.columns)
        return tuple(name for name in self.full.columns if name in there
                     and not _differing(self.full[name], frame[name]).size)

    def _divergence(
        self, mode: Mode, name: str, variant: Variant, full: pl.Series, other: pl.Series | None
    ) -> Divergence | None:
        differing = _differing(full, other)
        if not differing.size:
            return None
        first, entity = differing[0], self.panel.schema.entity
        row = int(variant.rows[first])
        return Divergence(
            mode, name, None if entity is None else str(self.panel.frame[entity][row]),
            int(self.panel.time.ns[row]), variant.cut, _value(full, first),
            None if other is None else _value(other, first))


def _without_memory(recipe: AnyRecipe | Callable[[pl.DataFrame], Any]) -> AnyRecipe:
    """Return the recipe without the features that it made last, and leave the caller's as it is."""
    if isinstance(recipe, Recipe):
        return recipe
    return replace(recipe) if isinstance(recipe, FunctionRecipe) else FunctionRecipe(recipe)


def _full_run(recipe: AnyRecipe, panel: Panel) -> tuple[Panel, pl.DataFrame]:
    part = bounded(panel, len(recipe.features) if isinstance(recipe, Recipe) else 1)
    try:
        return part, recipe.transform(part).frame
    except FAILURES:
        if part is panel:
            raise
    # It may look for an entity or a time that the part does not have.
    return panel, recipe.transform(panel).frame


def _unstable(full: pl.DataFrame, again: pl.DataFrame) -> dict[str, str]:
    twice = {name: again[name] if name in again.columns else None for name in full.columns}
    return {name: "differs between two runs on the same rows"
            for name, other in twice.items() if _differing(full[name], other).size}


def _empty(full: pl.DataFrame) -> dict[str, str]:
    return {column.name: f"has no value in the {full.height:,} rows replayed"
            for column in full if _missing(column).all()}


def _declared(recipe: AnyRecipe, columns: Collection[str]) -> set[str]:
    """Return the features that may depend on other entities."""
    if isinstance(recipe, FunctionRecipe):
        told = recipe.cross_sectional
        return set(told) if isinstance(told, tuple) else set(columns if told else ())
    declared: set[str] = set()
    for feature in recipe.features:
        if feature.family in ACROSS_ENTITIES or declared.intersection(feature.inputs):
            declared.add(feature.name)
    return declared


def _differing(full: pl.Series, other: pl.Series | None) -> Positions:
    """Positions at which two columns differ."""
    if other is None:
        # A column may come later: without different values it tells nothing before.
        told = ~_missing(full) if full.n_unique() > 1 else np.zeros(len(full), np.bool_)
        return np.flatnonzero(told)
    if pl.String in (full.dtype, other.dtype):
        return np.flatnonzero(full.cast(pl.String).ne_missing(other.cast(pl.String)).to_numpy())
    a, b = (column.to_numpy().astype(np.float64) for column in (full, other))
    usual = float(np.nanmedian(np.abs(a))) if np.isfinite(a).any() else 0.0
    slack = _ABSOLUTE + _OF_USUAL * usual + _RELATIVE * np.maximum(np.abs(a), np.abs(b))
    return np.flatnonzero((np.abs(a - b) > slack) | (np.isnan(a) != np.isnan(b)))


def _missing(column: pl.Series) -> npt.NDArray[np.bool_]:
    return (column.is_null() if column.dtype == pl.String else column.is_nan()).to_numpy()


def _value(column: pl.Series, row: int) -> Value:
    value = column[int(row)]
    return None if value is None or value != value else value
