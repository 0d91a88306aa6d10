"""One plan for many machines that know nothing of each other: each works off its share."""

from __future__ import annotations

import time

from outlast.config import Config
from outlast.errors import CorruptError, InputError
from outlast.experiments.estimate import memory_limit, parallelism
from outlast.experiments.prepare import Prepared, manifest, order_of
from outlast.experiments.run import finish
from outlast.experiments.work import Driver, Listener, Order, Tally, take_stock
from outlast.runners import Limits, make_runner
from outlast.store import (
    Experiment,
    FeatureStore,
    Store,
    last_session,
    open_session,
    shard_lock,
)

ORDER = "order.json"
# What the session of a worker takes over from the one that made the plan.
_TAKEN_OVER = ("config", "data", "features", "metric", "seed", "skipped", "audit")


def place_order(prepared: Prepared) -> Order:
    """Store a plan, so that workers on other machines can take their shares of it.

    Parameters
    ----------
    prepared : Prepared

    Returns
    -------
    Order

    Raises
    ------
    LeakError
        If an exact check found a leak and leaks are not allowed.
    """
    if not prepared.config.allow_leaks:
        prepared.report.raise_for_leaks()
    order, experiment = order_of(prepared), prepared.experiment
    experiment.storage.write_json(ORDER, order.model_dump(mode="json"))
    with open_session(experiment, **manifest(prepared, order.groups)):
        return order


def work_off(
    config: Config, shard: tuple[int, int], experiment: str | None = None,
    listener: Listener | None = None,
) -> tuple[Tally, int]:
    """Run one share of a stored plan.

    Parameters
    ----------
    config : Config
        Its store, and how the work is to be done.
    shard : (int, int)
        Which share, counted from 0, and of how many.
    experiment : str, optional
        Default: the one that was worked on last.
    listener : callable, optional

    Returns
    -------
    Tally
    int
        How many jobs of the share were done before.

    Raises
    ------
    InputError
        If no plan is stored.
    StoreLockedError
        If another worker has the same share.
    """
    begun = time.monotonic()
    store = Store.open(config.store_url)
    chosen = store.experiment(experiment) if experiment else store.latest()
    order = _order(chosen, config.store_url).shard(*shard)
    with chosen.storage.lock(shard_lock(*shard)):
        stock = take_stock(order, chosen)
        plan = last_session(chosen)
        details = {key: plan[key] for key in _TAKEN_OVER if key in plan}
        jobs = [job.id for job in order.jobs]
        with open_session(chosen, **details, jobs=jobs, shard=list(shard)) as session:
            if not stock.waiting:
                return Tally(), len(stock.done)
            how = parallelism(config, chosen.rows.height, _width(store, order))
            runner = make_runner(config.runner, min(how.processes, len(stock.waiting)), how.threads,
                                 config.address)
            tally = Driver(order, chosen, session, _limits(config, begun), listener).run(
                stock, runner)
            finish(order, chosen, session, tally)
    return tally, len(stock.done)


def _limits(config: Config, begun: float) -> Limits:
    deadline = None if config.time_budget is None else begun + config.time_budget
    return Limits(timeout=config.job_timeout, memory=memory_limit(config), deadline=deadline)


def _order(experiment: Experiment, store: str) -> Order:
    if not experiment.storage.exists(ORDER):
        raise InputError(f"no plan is stored for {experiment.name!r}; store one first: "
                         "outlast experiments --prepare_only")
    try:
        order = Order.model_validate(experiment.storage.read_json(ORDER))
    except (CorruptError, ValueError) as error:
        raise CorruptError(f"{experiment.storage.url}/{ORDER} is damaged; store the plan again: "
                           "outlast experiments --prepare_only with the same settings") from error
    # The worker may reach the store by another path than the maker of the plan.
    return order.model_copy(update={"store": store})


def _width(store: Store, order: Order) -> int:
    table = FeatureStore(store.features).load(order.jobs[0].features)
    return len(table.names) if table else 1
