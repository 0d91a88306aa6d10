"""A plan and the time there is for it: what it will take, and how it is made to fit."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from outlast.experiments.estimate import Estimate, affordable_trials, estimate, probe
from outlast.experiments.matrix import Skipped, make_plan
from outlast.experiments.run import Prepared, order_of
from outlast.experiments.work import Stock, take_stock
from outlast.records import content_hash

# A plan is made for a part of its budget, as estimates are rough, and a search for a few trials
# at least.
BUDGET_SHARE, LEAST_TRIALS = 0.85, 3


def foresee(prepared: Prepared, stock: Stock | None = None) -> Estimate:
    """Estimate what a plan will take, after measuring small fits of every model.

    Parameters
    ----------
    prepared : Prepared
    stock : Stock, optional
        Default: what the store holds now.

    Returns
    -------
    Estimate
    """
    order, experiment = order_of(prepared), prepared.experiment
    probe(order, experiment, prepared.how)
    return estimate(order, experiment, stock or take_stock(order, experiment), prepared.how)


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
    if prepared.config.time_budget is None:
        return prepared
    config, experiment, plan = prepared.config, prepared.experiment, prepared.plan
    budget = prepared.config.time_budget
    key = content_hash([[job.id for job in plan.jobs], budget, vars(prepared.how)])
    name = f"budgets/{key}.json"
    if not experiment.storage.exists(name):
        found = foresee(prepared, Stock({}, plan.groups))
        left = BUDGET_SHARE * _for_plan(prepared, budget)
        trials = affordable_trials(found, config.n_trials, left)
        experiment.storage.write_json(name, {"n_trials": trials, "estimated": found.seconds})
    n_trials = int(experiment.storage.read_json(name)["n_trials"])
    if n_trials >= config.n_trials:
        return prepared
    shorter: dict[str, Any] = {"n_trials": n_trials}
    if n_trials < LEAST_TRIALS:
        shorter = {"optimization": ("none",)}
    config = config.model_copy(update=shorter)
    first = plan.jobs[0]
    fewer = make_plan(config, prepared.panel, first.data, first.features)
    reason = (f"{budget:g} s leave time for {n_trials} of {prepared.config.n_trials} trials"
              if n_trials >= LEAST_TRIALS else f"{budget:g} s leave no time for a search")
    fewer = replace(fewer, skipped=(*fewer.skipped, Skipped("all", "all", "search", reason)))
    return replace(prepared, config=config, plan=fewer)


def _for_plan(prepared: Prepared, budget: float) -> float:
    """What is left of a budget for the plan, after its preparation and before its exam.

    The finalists are trained as for one more fold, of all rows.
    """
    left = budget - (time.monotonic() - prepared.begun)
    if prepared.panel.sealed is None or prepared.config.keep_sealed:
        return left
    train = [len(fold.train) for split in prepared.plan.splits.values() for fold in split.folds]
    return left / (1 + int(prepared.panel.usable.sum()) / sum(train))
