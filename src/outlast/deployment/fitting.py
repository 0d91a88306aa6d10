"""A configuration fitted to all that it may learn from, as a run fits it to a fold."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast import __version__
from outlast.data import Panel
from outlast.data.reading import Reading
from outlast.deployment.manifest import Learned, Manifest, Member, Told
from outlast.deployment.reference import Reference
from outlast.deployment.tables import columns_of
from outlast.deployment.trained import Trained, needed_part
from outlast.design import Design
from outlast.errors import InputError
from outlast.experiments.folds import inner_rules
from outlast.experiments.selecting import training_rows
from outlast.features import AnyRecipe, FeatureTable, Recipe, last_known_target
from outlast.features.declared import declare
from outlast.features.recipe import code_hash, usual_step
from outlast.metrics import METRICS
from outlast.models import FitContext, FittedModel, Matrix, make_model
from outlast.records import Job
from outlast.selection import make_selector
from outlast.store import now
from outlast.store.sessions import library_versions
from outlast.tuning import Search, Times, Tuned, tune

Ints = npt.NDArray[np.intp]

# Cells of a table below which a fit is no faster on two threads.
_SMALL = 2**20


@dataclass(frozen=True, eq=False)
class Material:
    """The rows that are learned from, with their features.

    Attributes
    ----------
    panel : Panel
    recipe : Recipe or FunctionRecipe
    rows : ndarray of intp
        Positions of labelled rows.
    table : FeatureTable
    joins : sequence of dict
        What the panel was joined with, as parameters of `outlast.data.Join`.
    reading : Reading
        How the file was written that the panel was read from.
    """

    panel: Panel
    recipe: AnyRecipe
    rows: Ints
    table: FeatureTable
    joins: Sequence[dict[str, Any]] = ()
    reading: Reading = field(default_factory=Reading)

    @cached_property
    def last_known(self) -> npt.NDArray[np.float64]:
        """What was known of the target itself, for baselines."""
        return last_known_target(self.panel)

    def matrix(self, design: Design) -> Matrix:
        """Return the rows for models, with their labels."""
        return design.matrix(self.table.frame[self.rows], self.panel.y[self.rows],
                             self.last_known[self.rows])


@dataclass(frozen=True, eq=False)
class Fit:
    """A member that has learned."""

    fitted: FittedModel
    tuned: Tuned
    design: Design


def fit_member(job: Job, material: Material) -> Fit:
    """Select features, search parameters and fit, all on the rows of the material.

    Parameters
    ----------
    job : Job
        Whose model, selection, search, metric and seed are used; its split gives the rules of
        the inner splits.
    material : Material

    Returns
    -------
    Fit
        What the job itself has fitted where the rows are the training rows of its fold.
    """
    panel, rows = material.panel, material.rows
    context = FitContext(job.task, panel.n_classes, job.seed, _threads(material))
    metric, time, ends = METRICS[job.metric], panel.time.take(rows), panel.label_end[rows]
    given = training_rows(material.table.frame[rows], panel.y[rows], Times(time, ends),
                          material.table.lineage, metric, context)
    kept = make_selector(job.selection.name, job.selection.params).fit(given).kept
    design = Design.fit(material.table.frame, rows, kept)
    train, model = material.matrix(design), make_model(job.model.name, job.model.params)
    search = Search(kind=job.search.name, **job.search.params)  # type: ignore[arg-type]
    times = Times(time, ends, inner_rules(job.split, panel.events))
    tuned = tune(model, train, times, search, metric, context)
    fitted = model.fit(train, tuned.params, context, n_iterations=tuned.n_iterations)
    return Fit(fitted, tuned, design)


def _threads(material: Material) -> int:
    """All cores for a large table; for a small one threads only wait for each other."""
    cells = material.rows.size * len(material.table.names)
    return 1 if cells < _SMALL else os.cpu_count() or 1


def train(jobs: Sequence[Job], material: Material, known: dict[str, Any]) -> Trained:
    """Fit every member of a configuration, and write down all that predicting with it needs.

    Parameters
    ----------
    jobs : sequence of Job
        One for each member.
    material : Material
    known : dict
        What else the manifest says: ``experiment``, ``configuration``, ``told``, ``calibrator``,
        and the like.

    Returns
    -------
    Trained

    Raises
    ------
    InputError
        If the rows cannot be learned from.
    """
    panel, rows = material.panel, material.rows
    if not rows.size:
        raise InputError(f"no row of {panel.name!r} has a label that may be learned from")
    fits = [fit_member(job, material) for job in jobs]
    names = tuple(dict.fromkeys(name for fit in fits for name in fit.design.columns))
    whole = Design.fit(material.table.frame, rows, names)
    needed = needed_part(material.recipe, names)
    roots = (needed.roots if isinstance(needed, Recipe) else
             tuple(dict.fromkeys(root for entry in material.table.lineage for root in entry.roots)))
    lookbacks = {entry.feature: entry.lookback_rows for entry in material.table.lineage
                 if entry.feature in names} if isinstance(needed, Recipe) else {}
    manifest = Manifest(
        trained_at=now(), outlast=__version__, python=platform.python_version(),
        libraries=library_versions(), feature_code=code_hash(), task=panel.task,
        metric=jobs[0].metric, roles=panel.schema, columns=columns_of(panel, roots),
        learned=_learned(panel, rows, str(known.pop("exam", ""))),
        recipe=_declared(material.recipe), recipe_name=material.recipe.name,
        recipe_fingerprint=material.recipe.fingerprint, joins=tuple(material.joins),
        reading=material.reading,
        events_zone=panel.events.zone, levels=dict(whole.codes.levels), lookbacks=lookbacks,
        event_features=tuple(entry.feature for entry in material.table.lineage
                             if entry.family == "event" and entry.feature in names),
        members=tuple(Member(job=job, columns=tuple(fit.design.columns), params=fit.tuned.params,
                             n_iterations=fit.fitted.n_iterations)
                      for job, fit in zip(jobs, fits, strict=True)),
        **{"told": Told(), **known})
    return Trained(manifest, material.recipe, [fit.fitted for fit in fits], panel.events,
                   Reference.of(material.matrix(whole), panel.time.ns[rows]))


def _declared(recipe: AnyRecipe) -> dict[str, Any] | None:
    """A recipe as plain values; None where only its own code can make it."""
    if not isinstance(recipe, Recipe):
        return None
    try:
        return declare(recipe)
    except InputError:
        return None


def _learned(panel: Panel, rows: Ints, exam: str) -> Learned:
    time, entity = panel.time.ns[rows], panel.schema.entity
    names = () if entity is None else tuple(
        panel.frame[entity].cast(pl.String).gather(rows).unique().sort())
    labels = panel.schema.labels
    counts = [int((panel.y[rows] == code).sum()) for code in range(len(labels))]
    return Learned(
        table=panel.name, fingerprint=panel.fingerprint, n_rows=rows.size,
        n_times=np.unique(time).size, first=int(time.min()), last=int(time.max()),
        known=int(panel.label_end[rows].max()), zone=panel.time.zone, tz=panel.time.tz,
        step=usual_step(panel).total_seconds(), entities=names, exam=exam,
        class_shares={label: count / rows.size
                      for label, count in zip(labels, counts, strict=True)})
