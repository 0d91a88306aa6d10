"""A recipe turns a panel into a table of features, row for row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import polars as pl
import polars.selectors as cs

from outlast.data.joins import Origin
from outlast.data.panel import Panel
from outlast.errors import InputError, suggest, unknown_name
from outlast.features.arithmetic import Category, Raw
from outlast.features.base import ENTITY, TIME, Feature
from outlast.features.extraction import Extraction
from outlast.features.lineage import Lineage, trace
from outlast.records import content_hash, source_hash


@dataclass(frozen=True)
class FeatureTable:
    """The features of a panel.

    Attributes
    ----------
    frame : polars.DataFrame
        Row i belongs to row i of the panel. Numbers are Float32, missing ones NaN;
        categories are text, missing ones null.
    lineage : tuple of Lineage
        One entry per column, in the same order.
    fingerprint : str
        Names the data and the recipe together.
    """

    frame: pl.DataFrame
    lineage: tuple[Lineage, ...]
    fingerprint: str

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all features."""
        return tuple(self.frame.columns)

    @property
    def categorical(self) -> tuple[str, ...]:
        """The names of the features that are categories."""
        return tuple(self.frame.select(cs.string()).columns)


@dataclass(frozen=True)
class Recipe:
    """An ordered list of features, in which later ones may build on earlier ones.

    Parameters
    ----------
    name : str
    features : tuple of Feature
        An input is an earlier feature or, if there is none of that name, a raw column.
    exported : tuple of str, optional
        The features that become columns; all when empty. The rest are only steps.
    skipped : tuple of (str, str), optional
        Columns of the table that were left out, each with the reason.
    place : callable, optional
        Says where a feature of some name is declared, for messages.

    Raises
    ------
    InputError
        If two features share a name, or an exported name is no feature.

    Examples
    --------
    >>> from outlast.data import load_stocks
    >>> from outlast.features.windows import Return, Rolling
    >>> recipe = Recipe("returns", (Return("r1", "adj_close"),
    ...                             Rolling("vol_21", "r1", statistic="std", rows=21)), ("vol_21",))
    >>> table = recipe.transform(load_stocks())
    >>> table.frame.shape, table.lineage[0].expression
    ((12154, 1), "Rolling(Return(adj_close, steps=1), rows=21, statistic='std')")
    """

    name: str
    features: tuple[Feature, ...]
    exported: tuple[str, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    place: Callable[[str], str] | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        names = [feature.name for feature in self.features]
        if not names:
            left_out = "".join(f"; {column}: {reason}" for column, reason in self.skipped)
            raise InputError(f"recipe {self.name!r} has no features; add a column that is known "
                             f"at prediction time{left_out}")
        for name in names:
            if names.count(name) > 1:
                raise InputError(f"recipe {self.name!r}: two features are called {name!r}")
        for name in self.exported:
            if name not in names:
                raise unknown_name("exported feature", name, names)
        object.__setattr__(self, "exported", self.exported or tuple(names))

    @cached_property
    def roots(self) -> tuple[str, ...]:
        """The raw columns that the recipe needs."""
        entries = self._entries.values()
        return tuple(dict.fromkeys(root for entry in entries for root in entry.roots))

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the exported features: names, formulas, parameters and inputs."""
        return content_hash([[name, self._entries[name].feature_id] for name in self.exported])

    @cached_property
    def _entries(self) -> dict[str, Lineage]:
        """The catalogue entries as they are where no clock time is counted in rows."""
        return trace(self.features, timedelta(0))

    def table_fingerprint(self, panel: Panel) -> str:
        """Return the name of the table that `transform` makes: data, recipe and code."""
        learned = any(entry.uses_target for entry in self._entries.values())
        return content_hash([panel.fingerprint, self.fingerprint, code_hash(),
                             *[panel.schema.label_fingerprint] * learned])

    def transform(self, panel: Panel) -> FeatureTable:
        """Compute the features.

        Parameters
        ----------
        panel : Panel

        Returns
        -------
        FeatureTable

        Raises
        ------
        InputError
            If a column is missing, may not be a feature, or has the wrong type.
        """
        self.check(panel)
        return FeatureTable(
            frame=Extraction(panel, self.features, self.roots).table(self.exported),
            lineage=self.lineage(panel),
            fingerprint=self.table_fingerprint(panel),
        )

    def lineage(self, panel: Panel) -> tuple[Lineage, ...]:
        """Return the catalogue entries of the exported features."""
        counts_time = any(feature.lookback.time for feature in self.features)
        step = usual_step(panel) if counts_time else timedelta(0)
        entries = trace(self.features, step)
        return tuple(_of_panel(entries[name], panel) for name in self.exported)

    def check(self, panel: Panel) -> None:
        """Raise if the recipe does not fit the panel.

        Raises
        ------
        InputError
            Naming the column or feature and what is wrong with it.
        """
        roots, categories = set(self.roots), set[str]()
        for feature in self.features:
            try:
                if text := categories.intersection(_measured(feature)):
                    raise InputError(f"feature {feature.name!r} needs numbers, but {min(text)!r} "
                                     "is an earlier feature that is a category")
                _check_inputs(feature, panel, roots)
            except InputError as error:
                if self.place is None:
                    raise
                raise InputError(f"{self.place(feature.name)}: {error}") from error
            if isinstance(feature, Category):
                categories.add(feature.name)

    def fits(self, panel: Panel) -> bool:
        """Whether the recipe can be used on the panel."""
        try:
            self.check(panel)
        except InputError:
            return False
        return True


@cache
def code_hash() -> str:
    """Return the hash of everything that computes features."""
    return source_hash(Path(__file__).parent.glob("*.py"))


def _of_panel(entry: Lineage, panel: Panel) -> Lineage:
    """Say which tables the columns of a feature come from, what they wait for, and which target.

    What was learned from other labels is another feature.
    """
    waits_for = panel.schema.available_after
    origins = [panel.joined.get(root) or Origin(panel.name, waits_for.get(root, ""))
               for root in entry.roots]
    tables = dict.fromkeys(origin.table for origin in origins)
    waits = dict.fromkeys(origin.available_after for origin in origins if origin.available_after)
    identity = entry.feature_id if not entry.uses_target else content_hash(
        [entry.feature_id, panel.schema.label_fingerprint], 10)
    return replace(entry, feature_id=identity, source_table=", ".join(tables),
                   available_after=", ".join(waits))


def _check_inputs(feature: Feature, panel: Panel, roots: set[str]) -> None:
    for column in feature.inputs:
        if column in roots:
            _check_root(feature, column, panel)
    _check_feature(feature, panel, roots)
    feature.check(panel.schema)


def _check_root(feature: Feature, column: str, panel: Panel) -> None:
    schema = panel.schema
    if column not in panel.columns:
        raise InputError(f"feature {feature.name!r} needs column {column!r}, which is neither "
                         "in the table nor an earlier feature: "
                         f"{suggest(column, panel.frame.columns)}")
    if column in schema.reserved - {schema.time}:
        raise InputError(f"feature {feature.name!r}: column {column!r} is declared as target, "
                         "label end, leaky or ignored; it can never be the input of a feature")


def _measured(feature: Feature) -> set[str]:
    """The inputs that must be of the type that the feature accepts."""
    if feature.accepts in ("category", "any"):
        return set()
    return {getattr(feature, field) for field in feature.input_fields
            if field not in feature.group_fields}


def _check_feature(feature: Feature, panel: Panel, roots: set[str]) -> None:
    if feature.name in {TIME, ENTITY} or (
        feature.name in panel.columns and not isinstance(feature, (Raw, Category))
    ):
        raise InputError(f"feature {feature.name!r} has the name of a column; give it another")
    if feature.needs_clock and panel.time.zone == "abstract":
        raise InputError(f"feature {feature.name!r} needs real times, but {panel.schema.time!r} "
                         "holds plain integers; count in rows or steps instead")
    for column in roots.intersection(_measured(feature)):
        dtype = panel.frame[column].dtype
        number = dtype.is_numeric() or dtype == pl.Boolean
        if feature.accepts == "number" and not number:
            raise InputError(f"feature {feature.name!r} needs numbers, but {column!r} is {dtype}; "
                             "use it as a category or convert it")
        if feature.accepts == "time" and column != panel.schema.time:
            raise InputError(f"feature {feature.name!r} reads the time column "
                             f"{panel.schema.time!r}, got {column!r}")


def usual_step(panel: Panel) -> timedelta:
    """Median time between two rows of an entity."""
    order = np.argsort(panel.entity, kind="stable")
    gaps = np.diff(panel.time.ns[order])[np.diff(panel.entity[order]) == 0]
    return timedelta(microseconds=int(np.median(gaps)) // 1000 if gaps.size else 0)
