"""What makes predictions less sure than was promised: strangers, drift, age, short history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field

from outlast.data import Panel
from outlast.data.times import format_ns
from outlast.deployment.history import History, needs_of
from outlast.deployment.trained import Trained
from outlast.features.recipe import Recipe, code_hash
from outlast.models import Matrix
from outlast.records import Frozen

DAY = 86_400 * 10**9
_SHOWN = 3

Ints = npt.NDArray[np.intp]


class Caution(Frozen):
    """One reason to trust some predictions less; `evidence` holds the numbers of the sentence."""

    code: Literal["unknown_entities", "unknown_categories", "drift", "age", "short_history",
                  "old_events", "other_code"]
    sentence: str
    evidence: dict[str, Any] = Field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Asked:
    """The rows that are predicted, among the history that their features were computed from.

    Attributes
    ----------
    trained : Trained
    panel : Panel
    features : polars.DataFrame
        Of all rows of the panel.
    rows : ndarray of intp
        Positions of the predicted rows.
    matrix : Matrix
        Of the predicted rows.
    has_new_events : bool, default False
        Whether events were given with the rows.
    """

    trained: Trained
    panel: Panel
    features: pl.DataFrame
    rows: Ints
    matrix: Matrix
    has_new_events: bool = False

    @cached_property
    def times(self) -> npt.NDArray[np.int64]:
        """When the predicted rows were made."""
        return self.panel.time.ns[self.rows]


def cautions(asked: Asked) -> tuple[Caution, ...]:
    """Return every reason to trust the predictions of some rows less.

    Parameters
    ----------
    asked : Asked

    Returns
    -------
    tuple of Caution
    """
    if not asked.rows.size:
        return ()
    return tuple(caution for find in (_code, _entities, _categories, _age, _history,
                                      _events, _drift)
                 for caution in find(asked))


def _code(asked: Asked) -> Iterator[Caution]:
    manifest = asked.trained.manifest
    if manifest.feature_code != code_hash():
        yield Caution(
            code="other_code",
            sentence=f"the features are computed by other code than that of outlast "
                     f"{manifest.outlast} that trained the model; refit it, or predict with that "
                     "version", evidence={"outlast": manifest.outlast})


def _entities(asked: Asked) -> Iterator[Caution]:
    column, known = asked.panel.schema.entity, asked.trained.manifest.learned.entities
    if column is None:
        return
    names = asked.panel.frame[column].cast(pl.String).gather(asked.rows)
    strange = names.filter(~names.is_in(list(known)))
    if len(strange):
        found = strange.unique(maintain_order=True).to_list()
        yield Caution(
            code="unknown_entities",
            sentence=f"{len(strange):,} of {len(names):,} rows are about {_listed(found)} in "
                     f"column {column!r}, of which the model has never seen a row",
            evidence={"rows": len(strange), "entities": found})


def _categories(asked: Asked) -> Iterator[Caution]:
    for name, levels in asked.trained.manifest.levels.items():
        if name == asked.panel.schema.entity:
            continue  # told already
        values = asked.features[name].gather(asked.rows).drop_nulls()
        strange = values.filter(~values.is_in(list(levels)))
        if len(strange):
            found = strange.unique(maintain_order=True).to_list()
            yield Caution(
                code="unknown_categories",
                sentence=f"feature {name!r} has in {len(strange):,} of {asked.rows.size:,} rows a "
                         f"category that was not in the training rows, and counts as missing "
                         f"there: {_listed(found)}",
                evidence={"feature": name, "rows": len(strange), "categories": found})


def _age(asked: Asked) -> Iterator[Caution]:
    manifest = asked.trained.manifest
    cadence = manifest.told.retrain_days
    if cadence is None or not manifest.calendar:
        return
    age = (int(asked.times.max()) - manifest.learned.last) / DAY
    if age > cadence:
        yield Caution(
            code="age",
            sentence=f"the newest row is {age:,.0f} days later than the newest one that the "
                     f"model has learned from, and the report advises to retrain after "
                     f"{cadence:,.0f} days: outlast retrain",
            evidence={"days": age, "retrain_days": cadence})


def _history(asked: Asked) -> Iterator[Caution]:
    """Whether windows reach back before the first row of an entity that is given."""
    manifest = asked.trained.manifest
    reach, start = manifest.lookbacks, int(asked.panel.time.ns[0])
    if start <= manifest.learned.first:
        # There is no more: in training, too, the first rows of an entity had short windows.
        return
    # Features that a function makes have no known reach.
    needs = needs_of(asked.trained.recipe) if isinstance(asked.trained.recipe, Recipe) else {}
    history, step = History.of(asked.panel, asked.rows), int(manifest.learned.step * 1e9)
    short = {name: int(history.lacks(needs[name], step).sum()) for name in reach if name in needs
             and not needs[name].own.unbounded}
    worst = max(short, key=lambda name: (short[name], reach[name]), default=None)
    if worst is not None and short[worst]:
        yield Caution(
            code="short_history",
            sentence=f"{short[worst]:,} of {asked.rows.size:,} rows have less before them in the "
                     f"table than feature {worst!r} looks back on ({needs[worst]}): give more "
                     "history before them",
            evidence={"rows": short[worst], "needed": reach[worst], "feature": worst,
                      "fewest": int(history.rows.min())})
    unbounded = sorted(name for name, rows in reach.items() if rows is None)
    if unbounded:
        yield Caution(
            code="short_history",
            sentence=f"{_listed(unbounded)} look back to the first row there is; in the table that "
                     f"is {format_ns(start)}, and it was {format_ns(manifest.learned.first)} when "
                     "the model was trained: give the whole history",
            evidence={"features": unbounded, "start": start})


def _events(asked: Asked) -> Iterator[Caution]:
    """Whether features look at events that nobody has told of."""
    manifest, newest = asked.trained.manifest, int(asked.times.max())
    looking = [name for name in manifest.event_features if name in manifest.names]
    if looking and not asked.has_new_events and newest > manifest.learned.last:
        yield Caution(
            code="old_events",
            sentence=f"{_listed(looking)} look at events, and those of the training are used, "
                     f"though the newest row is of {format_ns(newest)} and training ended at "
                     f"{format_ns(manifest.learned.last)}: give the events since then with "
                     "--events (events=)",
            evidence={"features": looking})


def _drift(asked: Asked) -> Iterator[Caution]:
    found = asked.trained.reference.moved(asked.matrix, np.unique(asked.times).size)
    if not found:
        return
    told = "; ".join(f"{one.feature} ({one.distance:.2f}, until then at most {one.record:.2f})"
                     for one in found[:_SHOWN])
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    yield Caution(
        code="drift",
        sentence=f"{len(found)} of {len(asked.matrix.columns)} features lie farther from the "
                 f"training rows than in any stretch of these as long as the new one: "
                 f"{told}{more} (largest difference of the shares below any value)",
        evidence={one.feature: one.distance for one in found})


def _listed(names: list[Any]) -> str:
    shown = ", ".join(repr(str(name)) for name in names[:_SHOWN])
    return shown + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
