"""The only place where the roles meet: plan, runner, store, tracker, exam."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field, replace

import polars as pl

from outlast.experiments.budget import is_open, training_deadline, within_budget
from outlast.experiments.estimate import estimate, memory_limit
from outlast.experiments.evidence import Evidence
from outlast.experiments.exam import Choose, Sitting
from outlast.experiments.explain import Explained, Explainer, headline_split
from outlast.experiments.matrix import Plan
from outlast.experiments.prepare import Prepared, manifest, order_of
from outlast.experiments.work import Driver, Listener, Order, Stock, Tally, compact, take_stock
from outlast.feature_tracker import FeatureTracker
from outlast.records import Record
from outlast.runners import Limits, Runner, make_runner
from outlast.store import FINAL, Experiment, Session, open_session

_LOG = logging.getLogger("outlast.run")
# What runs when the time is over may take this part of a short budget longer.
_GRACE = 0.1


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
    with experiment.lock():
        calibrating = is_open(prepared)
        prepared = prepared if calibrating else within_budget(prepared)
        order = order_of(prepared)
        stock = take_stock(order, experiment)
        with open_session(experiment, **manifest(prepared, stock.waiting)) as session:
            _LOG.info("%d jobs planned, %d done before, %d to run", len(order.jobs),
                      len(stock.done), stock.n_waiting)
            driver = Driver(order, experiment, session, _limits(prepared), listener)
            chosen = make_runner(runner or config.runner, prepared.how.processes,
                                 prepared.how.threads, config.address)
            tally, before = Tally(), 0.0
            if calibrating:
                prepared, driver, stock, tally = _calibrate(prepared, driver, stock, chosen)
                before = time.monotonic() - begun
            n_reused = len(stock.done) - tally.trained
            expected = estimate(driver.order, experiment, stock, prepared.how)
            session.update(estimated={"seconds": before + expected.seconds,
                                      "memory": expected.memory})
            tally += driver.run(stock, chosen)
            took = time.monotonic() - begun
            explained = _explain(prepared, driver, chosen)
            finish(driver.order, experiment, session, tally, explained, _evidence(prepared, driver))
            examined = _examine(prepared, driver, chosen, choose)
    return Outcome(session.id, experiment, prepared.plan, tally.trained, n_reused,
                   tally.failed, dict(tally.ended), took,
                   before + expected.seconds if expected.calibrated and stock.waiting else None,
                   explained, examined)


def _calibrate(
    prepared: Prepared, driver: Driver, stock: Stock, runner: Runner
) -> tuple[Prepared, Driver, Stock, Tally]:
    """Train all defaults, and shorten the searches to what the time left pays for.

    What a fit costs is learned from fits that are wanted anyway, and the first boosters are
    there before anything is searched.
    """
    defaults = tuple(group for group in stock.waiting if group[0].search.name == "none")
    tally = driver.run(Stock(stock.done, defaults), runner)
    prepared = within_budget(prepared)
    order = order_of(prepared)
    rest = take_stock(order, prepared.experiment).without(defaults)
    driver.session.update(**manifest(prepared, (*defaults, *rest.waiting)))
    return prepared, replace(driver, order=order), rest, tally


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


def _explain(prepared: Prepared, driver: Driver, runner: Runner) -> Explained | None:
    """Ask the best fits for their reasons, as far as a share of their time pays for it."""
    config = prepared.config
    if not config.importance:
        return None
    explainer = Explainer(driver.order, driver.experiment, config.importance, driver.limits,
                          config.headline_split, driver.listener)
    return explainer.run(list(_finished(driver.order, driver.experiment).values()), runner)


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


def _evidence(prepared: Prepared, driver: Driver) -> pl.DataFrame:
    """Ask the table about its features, under the split that stands for deployment."""
    headline = headline_split(driver.order, prepared.config.headline_split)
    return Evidence(prepared.panel, prepared.features, prepared.plan.splits[headline],
                    prepared.plan.metric, prepared.config.seed).stored(
        prepared.experiment, prepared.report)


def _finished(order: Order, experiment: Experiment) -> dict[str, Record]:
    records = experiment.jobs.read_all(job.id for job in order.jobs)
    return {job_id: record for job_id, record in records.items() if record.status in FINAL}


def _limits(prepared: Prepared) -> Limits:
    config, budget = prepared.config, prepared.config.time_budget
    grace = Limits.grace if budget is None else min(Limits.grace, _GRACE * budget)
    return Limits(timeout=config.job_timeout, memory=memory_limit(config),
                  deadline=training_deadline(prepared), grace=grace)
