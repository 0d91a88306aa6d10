"""A plan and the time there is for it: what it will take, and how it is made to fit."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from outlast.errors import CorruptError
from outlast.experiments.estimate import START, Estimate, affordable_trials, estimate, probe
from outlast.experiments.matrix import Skipped, make_plan
from outlast.experiments.prepare import Prepared, order_of
from outlast.experiments.work import take_stock
from outlast.records import content_hash

# A plan is made for a part of its budget, as estimates are rough, and a search for a few trials
# at least.
BUDGET_SHARE, LEAST_TRIALS = 0.85, 3


def foresee(prepared: Prepared) -> Estimate:
    """Estimate what a plan will still take, after measuring small fits of models not yet fitted.

    Parameters
    ----------
    prepared : Prepared

    Returns
    -------
    Estimate
    """
    order, experiment = order_of(prepared), prepared.experiment
    stock = take_stock(order, experiment)
    probe(order, experiment, stock, prepared.how)
    return estimate(order, experiment, stock, prepared.how)


def is_open(prepared: Prepared) -> bool:
    """Whether there is a budget for searches, and it is not settled yet how long they may be."""
    return (prepared.config.time_budget is not None
            and any(job.search.name != "none" for job in prepared.plan.jobs)
            and _settled(prepared) is None)


def within_budget(prepared: Prepared) -> Prepared:
    """Shorten the searches until all ends in time; the same budget gives the same plan again.

    Parameters
    ----------
    prepared : Prepared

    Returns
    -------
    Prepared
        As it was, where there is no budget or all fits into it.
    """
    config, storage = prepared.config, prepared.experiment.storage
    deadline = training_deadline(prepared)
    if deadline is None:
        return prepared
    if is_open(prepared):
        left = BUDGET_SHARE * (deadline - time.monotonic())
        trials = affordable_trials(foresee(prepared), config.n_trials, left) if left > 0 else 0
        storage.write_json(_place(prepared), {"n_trials": trials})
    n_trials = _settled(prepared)
    if n_trials is None or n_trials >= config.n_trials:
        return prepared
    return _shortened(prepared, n_trials)


def _settled(prepared: Prepared) -> int | None:
    """How long searches may be, None where that is not settled yet or the file is damaged."""
    try:
        return int(prepared.experiment.storage.read_json(_place(prepared))["n_trials"])
    except (CorruptError, KeyError, TypeError, ValueError):
        return None


def training_deadline(prepared: Prepared) -> float | None:
    """Return the moment of `time.monotonic` at which training must end; None without a budget.

    What the exam will take is kept back: a start of workers, and its finalists are trained as
    for one more fold, of all rows.
    """
    budget = prepared.config.time_budget
    if budget is None:
        return None
    if prepared.panel.sealed is not None and not prepared.config.keep_sealed:
        train = [len(fold.train) for split in prepared.plan.splits.values() for fold in split.folds]
        budget = (budget - START) / (1 + int(prepared.panel.usable.sum()) / sum(train))
    return prepared.begun + budget


def _shortened(prepared: Prepared, n_trials: int) -> Prepared:
    config, plan = prepared.config, prepared.plan
    worth_it = n_trials >= LEAST_TRIALS
    shorter: dict[str, Any] = {"n_trials": n_trials} if worth_it else {"optimization": ("none",)}
    time_for = f"time for {n_trials} of {config.n_trials} trials" if worth_it else \
        "no time for a search"
    reason = f"{config.time_budget:g} s leave {time_for}"
    fewer = make_plan(config.model_copy(update=shorter), prepared.panel, plan.jobs[0].data,
                      plan.jobs[0].features)
    fewer = replace(fewer, skipped=(*fewer.skipped, Skipped("all", "all", "all", reason)))
    # What was asked for stays as it was: going on with it leads to the same plan again.
    return replace(prepared, plan=fewer)


def _place(prepared: Prepared) -> str:
    """Where it is kept how long the searches of a plan are within its budget."""
    jobs = [job.id for job in prepared.plan.jobs]
    key = content_hash([jobs, prepared.config.time_budget, vars(prepared.how)])
    return f"budgets/{key}.json"
