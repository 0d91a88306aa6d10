"""The only place where the roles meet: table, features, plan, runner, store, tracker."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from outlast.audit import AuditReport, Protocol, run_checks
from outlast.config import Config, DataConfig
from outlast.data import Events, Join, Panel, Schema, load_stocks, read_table
from outlast.data.schema import describe
from outlast.errors import InputError
from outlast.experiments.changes import describe_content, refuse_changed_data
from outlast.experiments.estimate import (
    Estimate,
    Parallelism,
    estimate,
    memory_limit,
    parallelism,
)
from outlast.experiments.evidence import Evidence
from outlast.experiments.exam import Choose, Sitting, seal
from outlast.experiments.explain import Explained, Explainer, headline_split
from outlast.experiments.folds import store_folds
from outlast.experiments.leaks import (
    audit_key,
    facts_of,
    find_recipe,
    leaks_of,
    stored_audit,
)
from outlast.experiments.matrix import Plan, check_pins, make_plan
from outlast.experiments.work import (
    Driver,
    Listener,
    Order,
    Stock,
    Tally,
    compact,
    take_stock,
)
from outlast.feature_tracker import FeatureTracker
from outlast.features import FeatureTable, last_known_target
from outlast.records import Record, content_hash
from outlast.runners import Limits, Runner, make_runner
from outlast.store import FINAL, Experiment, FeatureStore, Session, Store, now, open_session

_LOG = logging.getLogger("outlast.run")


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


@dataclass(frozen=True)
class Outcome:
    """What a run has done."""

    session: str
    experiment: Experiment
    plan: Plan
    trained: int
    reused: int
    failed: int
    ended: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    estimated: float | None = None
    explained: Explained | None = None
    examined: dict[str, Record] = field(default_factory=dict)


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
    frame = read_table(data.source)
    if data.time is None or data.target is None:
        missing = "--time" if data.time is None else "--target"
        raise InputError(f"{missing} is needed for {data.source!r}: name the column; the table "
                         f"has {', '.join(frame.columns)}")
    fields = data.model_dump(exclude={"source", "events", "joins"})
    events = Events.from_frame(read_table(data.events)) if data.events else None
    name = Path(data.source).name.split(".")[0] or "table"
    return Panel.build(frame, Schema(**fields), events=events, name=name,
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


def run(
    prepared: Prepared, listener: Listener | None = None, runner: str | None = None,
    choose: Choose | None = None,
) -> Outcome:
    """Train every job of the plan that is not in the store yet.

    Jobs of an experiment whose table, features or splits leak are refused unless the
    configuration allows leaks.

    Parameters
    ----------
    prepared : Prepared
    listener : callable, optional
        Called with a `Progress` after every change.
    runner : str, optional
        In place of the configured one.
    choose : callable, optional
        Given the finished records, returns who sits the sealed exam; default: it stays sealed.

    Returns
    -------
    Outcome

    Raises
    ------
    LeakError
        If an exact check found a leak and leaks are not allowed.
    StoreLockedError
        If another run works on the same experiment.
    StorePausedError
        If the store takes nothing more; what was finished is kept.
    """
    config, experiment = prepared.config, prepared.experiment
    if not config.allow_leaks:
        prepared.report.raise_for_leaks()
    begun = time.monotonic()
    order = order_of(prepared)
    with experiment.lock():
        stock = take_stock(order, experiment)
        expected = estimate(order, experiment, stock, prepared.how)
        with open_session(experiment, **manifest(prepared, stock, expected)) as session:
            _LOG.info("%d jobs planned, %d done before, %d to run", len(order.jobs),
                      len(stock.done), stock.n_waiting)
            driver = Driver(order, experiment, session, limits(config, prepared.begun), listener)
            processes = min(prepared.how.processes, max(1, len(stock.waiting)))
            chosen = make_runner(runner or config.runner, processes, prepared.how.threads,
                                 config.address)
            tally = driver.run(stock, chosen)
            took = time.monotonic() - begun
            explained = _explain(prepared, order, driver, chosen)
            finish(order, experiment, session, tally, explained, _evidence(prepared, order))
            examined = _examine(prepared, driver, chosen, choose)
    return Outcome(session.id, experiment, prepared.plan, tally.trained, len(stock.done),
                   tally.failed, dict(tally.ended), took,
                   expected.seconds if expected.calibrated and stock.waiting else None, explained,
                   examined)


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


def finish(
    order: Order, experiment: Experiment, session: Session, tally: Tally,
    explained: Explained | None = None, evidence: pl.DataFrame | None = None,
) -> None:
    """Index what is finished, bring the ledger up to date, and close the session's books."""
    done = _finished(order, experiment)
    compact(experiment, done)
    tracker = FeatureTracker(experiment.store.features)
    tracker.absorb(session.id, experiment.name, experiment.jobs, done.values(),
                   None if explained is None else explained.table, evidence)
    told = {"explained": explained.as_json()} if explained is not None else {}
    session.update(trained=tally.trained, failed=tally.failed, ended_as=dict(tally.ended),
                   most_memory=tally.memory, **told)


def _explain(
    prepared: Prepared, order: Order, driver: Driver, runner: Runner
) -> Explained | None:
    """Ask the best fits for their reasons, as far as a share of their time pays for it."""
    config = prepared.config
    if not config.importance:
        return None
    explainer = Explainer(order, prepared.experiment, config.importance, driver.limits,
                          config.headline_split, driver.listener)
    return explainer.run(list(_finished(order, prepared.experiment).values()), runner)


def _examine(
    prepared: Prepared, driver: Driver, runner: Runner, choose: Choose | None
) -> dict[str, Record]:
    """Let the finalists sit the sealed exam, if there is one and somebody is worth it."""
    if choose is None or prepared.panel.sealed is None:
        return {}
    choice = choose(list(_finished(driver.order, prepared.experiment).values()))
    if choice is None:
        return {}
    sitting = Sitting(driver.order, prepared.experiment, driver.session,
                      replace(driver.limits, deadline=None), driver.listener)
    return sitting.examine(choice, runner)


def _evidence(prepared: Prepared, order: Order) -> pl.DataFrame:
    """Ask the table about its features, under the split that stands for deployment."""
    headline = headline_split(order, prepared.config.headline_split)
    return Evidence(prepared.panel, prepared.features, prepared.plan.splits[headline],
                    prepared.plan.metric, prepared.config.seed).stored(
        prepared.experiment, prepared.report)


def _finished(order: Order, experiment: Experiment) -> dict[str, Record]:
    records = experiment.jobs.read_all(job.id for job in order.jobs)
    return {job_id: record for job_id, record in records.items() if record.status in FINAL}


def limits(config: Config, begun: float) -> Limits:
    """Return what workers may use, in a run that began at a moment of `time.monotonic`."""
    deadline = None if config.time_budget is None else begun + config.time_budget
    return Limits(timeout=config.job_timeout, memory=memory_limit(config), deadline=deadline)


def _identity(panel: Panel) -> str:
    return content_hash([panel.fingerprint, panel.schema.fingerprint, panel.sealed])


def manifest(prepared: Prepared, stock: Stock, expected: Estimate | None) -> dict[str, Any]:
    """Return what a session writes down about its plan."""
    return {
        "config": prepared.config.model_dump(mode="json"),
        "data": {"name": prepared.panel.name, "fingerprint": prepared.panel.fingerprint,
                 "rows": prepared.panel.n_rows, "schema": describe(prepared.panel.schema)},
        "features": prepared.features.fingerprint,
        "metric": prepared.plan.metric,
        "seed": prepared.config.seed,
        "jobs": [job.id for job in prepared.plan.jobs],
        "to_train": [job.id for group in stock.waiting for job in group],
        "parallelism": vars(prepared.how),
        "estimated": expected and {"seconds": expected.seconds, "memory": expected.memory},
        "skipped": [vars(entry) for entry in prepared.plan.skipped],
        "audit": [finding.model_dump(mode="json") for finding in prepared.report],
    }


def _slug(name: str) -> str:
    """Letters, digits and dashes only: safe as a part of a folder name everywhere."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c == "_") else "-" for c in name)
    return kept.strip("-").lower()[:40] or "table"
