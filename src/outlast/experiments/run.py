"""The only place where the roles meet: table, features, plan, runner, store, tracker."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from outlast.audit import AuditReport, Protocol, run_checks
from outlast.config import Config, DataConfig
from outlast.data import Events, Panel, Schema, load_stocks, read_table
from outlast.data.schema import describe
from outlast.errors import InputError
from outlast.experiments.folds import store_folds
from outlast.experiments.leaks import (
    audit_key,
    facts_of,
    find_recipe,
    leaks_of,
    stored_audit,
)
from outlast.experiments.matrix import Plan, make_plan
from outlast.experiments.train import run_job
from outlast.feature_tracker import FeatureTracker
from outlast.features import FeatureTable, last_known_target
from outlast.records import Failure, Job, Record, content_hash
from outlast.runners import Event, make_runner
from outlast.store import Experiment, FeatureStore, Session, check_writable, now, open_session
from outlast.store.local import LocalStorage

EXPERIMENTS = "experiment_results"
FEATURES = "feature_data"

_LOG = logging.getLogger("outlast.run")


@dataclass(frozen=True)
class Prepared:
    """A checked configuration with its table, features and plan; nothing is trained yet."""

    config: Config
    panel: Panel
    features: FeatureTable
    features_reused: bool
    experiment: Experiment
    plan: Plan
    report: AuditReport


@dataclass(frozen=True)
class Progress:
    """How far a run is; given to the listener after every change."""

    job: Job
    kind: str
    done: int
    total: int
    record: Record | None = None
    failure: Failure | None = None


@dataclass(frozen=True)
class Outcome:
    """What a run has done."""

    session: str
    experiment: Experiment
    plan: Plan
    trained: int
    reused: int
    failed: int


Listener = Callable[[Progress], None]


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
    if data.source == "stocks":
        return load_stocks(data.target or "big_move_5")
    frame = read_table(data.source)
    if data.time is None or data.target is None:
        missing = "--time" if data.time is None else "--target"
        raise InputError(f"{missing} is needed for {data.source!r}: name the column; the table "
                         f"has {', '.join(frame.columns)}")
    fields = data.model_dump(exclude={"source", "events"})
    events = Events.from_frame(read_table(data.events)) if data.events else None
    name = Path(data.source).name.split(".")[0] or "table"
    return Panel.build(frame, Schema(**fields), events=events, name=name)


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
    panel = panel or load_panel(config.data)
    check_writable(config.folder)
    recipe = find_recipe(config, panel, features)
    table, reused = FeatureStore(LocalStorage(config.folder / FEATURES)).extract(recipe, panel)
    identity = _identity(panel)
    plan = make_plan(config, panel, identity, table.fingerprint)
    unique = content_hash([identity, recipe.fingerprint], 6)
    name = f"{_slug(panel.name)}-{_slug(panel.schema.target)}-{unique}"
    experiment = Experiment.create(
        config.folder / EXPERIMENTS / name, panel, last_known_target(panel),
        {"created": now(), "fingerprint": panel.fingerprint, "recipe": recipe.name},
    )
    store_folds(plan.splits, experiment)
    facts = facts_of(config, panel, recipe, table, plan)
    report = stored_audit(experiment, audit_key(config, recipe, plan),
                          lambda: run_checks(facts, config.mute, on_check))
    return Prepared(config, panel, table, reused, experiment, plan, report)


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
    panel = panel or load_panel(config.data)
    recipe = find_recipe(config, panel, features)
    table = recipe.transform(panel)
    plan = make_plan(config, panel, _identity(panel), table.fingerprint)
    facts = facts_of(config, panel, recipe, table, plan)
    facts = replace(facts, protocols=learners) if learners else facts
    return run_checks(facts, config.mute, on_check)


def run(prepared: Prepared, listener: Listener | None = None, runner: str = "local") -> Outcome:
    """Train every job of the plan that is not in the store yet.

    Jobs of an experiment whose table, features or splits leak are refused unless the
    configuration allows leaks.

    Parameters
    ----------
    prepared : Prepared
    listener : callable, optional
        Called with a `Progress` after every change.
    runner : str, default "local"

    Returns
    -------
    Outcome

    Raises
    ------
    LeakError
        If an exact check found a leak and leaks are not allowed.
    """
    if not prepared.config.allow_leaks:
        prepared.report.raise_for_leaks()
    jobs, store = prepared.plan.jobs, prepared.experiment.jobs
    known = {job.id: store.read(job.id) for job in jobs}
    waiting = [job for job in jobs if (r := known[job.id]) is None or r.status != "ok"]
    details = _manifest(prepared, waiting)
    with open_session(prepared.experiment.folder, **details) as session:
        _LOG.info("%d jobs planned, %d done before, %d to run", len(jobs),
                  len(jobs) - len(waiting), len(waiting))
        failed = _run_waiting(prepared, session, waiting, listener, runner)
        records = [record for job in jobs if (record := store.read(job.id)) is not None]
        tracker = FeatureTracker(prepared.config.folder / FEATURES)
        tracker.absorb(session.id, prepared.experiment.folder.name, store, records)
        session.update(trained=len(waiting) - failed, failed=failed)
    return Outcome(session.id, prepared.experiment, prepared.plan, len(waiting) - failed,
                   len(jobs) - len(waiting), failed)


def _run_waiting(
    prepared: Prepared, session: Session, waiting: list[Job], listener: Listener | None, runner: str
) -> int:
    """Run the jobs, record the failed ones, and return how many those are."""
    n_jobs = min(prepared.config.n_jobs or os.cpu_count() or 1, max(1, len(waiting)))
    specs = [_spec(prepared, session, job) for job in waiting]
    done = len(prepared.plan.jobs) - len(waiting)
    failed = 0
    for event in make_runner(runner, n_jobs).run(run_job, specs):
        job = waiting[event.index]
        record = None
        if event.kind != "started":
            done += 1
            record = _settle(prepared, session, job, event)
            failed += record.status != "ok"
        if listener is not None:
            listener(Progress(job, event.kind, done, len(prepared.plan.jobs), record,
                              event.failure))
    return failed


def _settle(prepared: Prepared, session: Session, job: Job, event: Event) -> Record:
    """Return the record of a finished job, making one where it failed."""
    store = prepared.experiment.jobs
    record = store.read(job.id) if event.kind == "ok" else None
    if record is None:
        failure = event.failure or Failure(kind="lost", message="the job left no record")
        status = "crashed" if event.kind == "crashed" else "failed"
        split = prepared.plan.splits[job.split.label]
        record = Record(job=job, status=status, session=session.id, started=now(),
                        failure=failure, audit=split.folds[job.fold].audit,
                        leaks=leaks_of(prepared.report, split))
        store.commit(record)
        _LOG.error("%s %s: %s: %s", job.label, status, failure.kind, failure.message)
    else:
        _LOG.info("%s: %s = %s", job.label, job.metric, record.score,
                  extra={"fields": {"job": job.id, "seconds": record.seconds}})
    return record


def _spec(prepared: Prepared, session: Session, job: Job) -> dict[str, Any]:
    return {
        "job": job.model_dump(mode="json"),
        "experiment": str(prepared.experiment.folder),
        "features": str(prepared.config.folder / FEATURES),
        "session": session.id,
        "threads": 1,
        "leaks": leaks_of(prepared.report, prepared.plan.splits[job.split.label]),
    }


def _identity(panel: Panel) -> str:
    return content_hash([panel.fingerprint, panel.schema.fingerprint])


def _manifest(prepared: Prepared, waiting: list[Job]) -> dict[str, Any]:
    return {
        "config": prepared.config.model_dump(mode="json"),
        "data": {"name": prepared.panel.name, "fingerprint": prepared.panel.fingerprint,
                 "rows": prepared.panel.n_rows, "schema": describe(prepared.panel.schema)},
        "features": prepared.features.fingerprint,
        "metric": prepared.plan.metric,
        "seed": prepared.config.seed,
        "jobs": [job.id for job in prepared.plan.jobs],
        "to_train": [job.id for job in waiting],
        "skipped": [vars(entry) for entry in prepared.plan.skipped],
        "audit": [finding.model_dump(mode="json") for finding in prepared.report],
    }


def _slug(name: str) -> str:
    """Letters, digits and dashes only: safe as a part of a folder name everywhere."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c == "_") else "-" for c in name)
    return kept.strip("-").lower()[:40] or "table"
