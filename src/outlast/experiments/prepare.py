"""All that comes before training: the checked configuration, its table, features and plan."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from outlast.audit import AuditReport, Protocol, run_checks
from outlast.config import Config, DataConfig
from outlast.data import Events, Join, Panel, Schema, load_stocks, read_table
from outlast.data.conventions import usual_roles
from outlast.data.readers import table_name
from outlast.data.reading import Reading
from outlast.data.schema import describe
from outlast.errors import InputError
from outlast.experiments.changes import describe_content, refuse_changed_data
from outlast.experiments.estimate import Parallelism, parallelism
from outlast.experiments.exam import seal
from outlast.experiments.folds import store_folds
from outlast.experiments.leaks import audit_key, facts_of, find_recipe, leaks_of, stored_audit
from outlast.experiments.matrix import Plan, check_pins, make_plan
from outlast.experiments.work import Order
from outlast.features import FeatureTable, last_known_target
from outlast.records import Job, content_hash
from outlast.store import Experiment, FeatureStore, Store, now


@dataclass(frozen=True)
class Prepared:
    """A checked configuration with its table, features and plan; nothing is trained yet.

    `begun` is the moment of `time.monotonic` at which a time budget starts.
    """

    config: Config
    panel: Panel
    features: FeatureTable
    features_reused: bool
    experiment: Experiment
    plan: Plan
    report: AuditReport
    how: Parallelism
    begun: float = field(default_factory=time.monotonic)


def load_panel(data: DataConfig) -> Panel:
    """Read the table that a configuration names.

    Parameters
    ----------
    data : DataConfig

    Returns
    -------
    Panel

    Raises
    ------
    InputError
        If the table or a column is missing, or time or target is not named.
    """
    joins = [Join(**declared) for declared in data.joins]
    if data.source == "stocks":
        return load_stocks(data.target or "big_move_5", joins)
    reading = Reading.of(data.model_dump())
    frame = reading.table(data.source)
    roles = {role: getattr(data, role) for role in ("time", "entity", "target")}
    data = data.model_copy(update=usual_roles(frame.columns, roles))
    if data.time is None or data.target is None:
        missing = "--time" if data.time is None else "--target"
        raise InputError(f"{missing} is needed for {data.source!r}: name the column, or let "
                         "`outlast init` propose all of them; the table has "
                         f"{', '.join(frame.columns)}")
    frame = reading.with_times(frame, data.time)
    fields = data.model_dump(exclude={"source", "events", "joins", *Reading.model_fields})
    events = Events.from_frame(read_table(data.events)) if data.events else None
    return Panel.build(frame, Schema(**fields), events=events, name=table_name(data.source),
                       joins=joins)


def prepare(
    config: Config, panel: Panel | None = None, features: Any = None,
    on_check: Callable[[str], None] | None = None,
) -> Prepared:
    """Check everything, extract the features (or find them on disk), plan and audit the jobs.

    Parameters
    ----------
    config : Config
    panel : Panel, optional
        A table that is in memory already; default: the one the configuration names.
    features : Recipe, FunctionRecipe or callable, optional
        What makes the features; default: what the configuration names.
    on_check : callable, optional
        Called with the name of each leak check before it looks.

    Returns
    -------
    Prepared

    Raises
    ------
    InputError
        For anything wrong with table, names or folds.
    StoreError
        If the reports folder cannot be written.
    """
    begun = time.monotonic()
    panel, sealed = seal(config, panel or load_panel(config.data))
    store = Store.open(config.store_url)
    store.check_writable()
    refuse_changed_data(store, config, panel)
    recipe = find_recipe(config, panel, features)
    identity = _identity(panel)
    unique = content_hash([identity, recipe.fingerprint], 6)
    place = store.place(f"{_slug(panel.name)}-{_slug(panel.schema.target)}-{unique}")
    if place.exists:
        with place.lock():
            pass  # whoever holds it is named before anything is computed
    table, reused = FeatureStore(store.features).extract(recipe, panel)
    check_pins(config, table.names)
    plan = make_plan(config, panel, identity, table.fingerprint)
    how = parallelism(config, panel.n_rows, len(table.names))
    experiment = place.create(
        panel, last_known_target(panel),
        {"created": now(), "fingerprint": panel.fingerprint, "recipe": recipe.name,
         "content": describe_content(panel), "exam": sealed},
    )
    store_folds(plan.splits, experiment)
    facts = facts_of(config, panel, recipe, table, plan)
    report = stored_audit(experiment, audit_key(config, recipe, plan),
                          lambda: run_checks(facts, config.mute, on_check))
    return Prepared(config, panel, table, reused, experiment, plan, report, how, begun)


def audit_plan(
    config: Config, panel: Panel | None = None, features: Any = None,
    learners: Mapping[str, Protocol] | None = None,
    on_check: Callable[[str], None] | None = None,
) -> AuditReport:
    """Ask all leak checks about what `run` would do; nothing is written or trained.

    Parameters
    ----------
    config : Config
    panel, features : optional
        See `prepare`.
    learners : mapping of name to Protocol, optional
        Ways of learning to be examined; default: those of the plan.
    on_check : callable, optional
        See `prepare`.

    Returns
    -------
    AuditReport

    Raises
    ------
    InputError
        For anything wrong with table, names or folds.
    """
    panel, _ = seal(config, panel or load_panel(config.data))
    recipe = find_recipe(config, panel, features)
    table = recipe.transform(panel)
    check_pins(config, table.names)
    plan = make_plan(config, panel, _identity(panel), table.fingerprint)
    facts = facts_of(config, panel, recipe, table, plan)
    facts = replace(facts, protocols=learners) if learners else facts
    return run_checks(facts, config.mute, on_check)


def order_of(prepared: Prepared) -> Order:
    """Return a plan in the form that workers take up."""
    splits = prepared.plan.splits
    return Order(
        store=prepared.config.store_url,
        experiment=prepared.experiment.name,
        groups=prepared.plan.groups,
        leaks={label: leaks_of(prepared.report, split) for label, split in splits.items()},
        audits={label: tuple(fold.audit for fold in split.folds)
                for label, split in splits.items()},
    )


def manifest(prepared: Prepared, waiting: Iterable[tuple[Job, ...]]) -> dict[str, Any]:
    """Return what a session writes down about its plan, and the groups of it that it trains."""
    return {
        "config": prepared.config.model_dump(mode="json"),
        "data": {"name": prepared.panel.name, "fingerprint": prepared.panel.fingerprint,
                 "rows": prepared.panel.n_rows, "schema": describe(prepared.panel.schema)},
        "features": prepared.features.fingerprint,
        "metric": prepared.plan.metric,
        "seed": prepared.config.seed,
        "jobs": [job.id for job in prepared.plan.jobs],
        "to_train": [job.id for group in waiting for job in group],
        "cells": prepared.plan.cells,
        "parallelism": vars(prepared.how),
        "skipped": [vars(entry) for entry in prepared.plan.skipped],
        "audit": [finding.model_dump(mode="json") for finding in prepared.report],
    }


def _identity(panel: Panel) -> str:
    return content_hash([panel.fingerprint, panel.schema.fingerprint, panel.sealed])


def _slug(name: str) -> str:
    """Letters, digits and dashes only: safe as a part of a folder name everywhere."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c == "_") else "-" for c in name)
    return kept.strip("-").lower()[:40] or "table"
