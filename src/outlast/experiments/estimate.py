"""What a plan will take: fits, time and memory, and what follows from that for how it is run."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
import psutil

from outlast.config import Config
from outlast.data import Panel
from outlast.errors import BudgetError
from outlast.experiments.matrix import Plan
from outlast.experiments.probes import Cost, read_cost, run_probe
from outlast.experiments.work import Order, Stock
from outlast.records import Job, Record
from outlast.runners import make_runner
from outlast.selection import make_selector
from outlast.selection.small_fits import TRAIN_ROWS
from outlast.store import Experiment, FeatureStore

# A trial is raced: most end after their first, smallest inner fold, and few boost to the end.
_RACED = 0.35
# Prediction, explanation and files of a job, and the start of the workers.
_PER_JOB, START = 0.15, 3.0
# A selector's fit, and what it then asks of later rows, per fit of the model with its defaults.
_SMALL_FIT = 0.4
# The stages of a job that a fit of a search takes, too.
_OF_A_FIT = ("prepare", "fit", "predict")
# A process with its libraries, and what a row of a matrix takes while it is being binned.
_PROCESS_BYTES, _BYTES_PER_CELL = 250e6, 12.0
_SHARE_OF_FREE = 0.9
# A fit of a model of which nothing is known.
_UNKNOWN = Cost(seconds=1.0, seconds_per_row=1e-4, bytes=_PROCESS_BYTES, bytes_per_row=500.0)


@dataclass(frozen=True)
class Parallelism:
    """How many processes, and how many threads each of them uses."""

    processes: int
    threads: int


@dataclass(frozen=True)
class Cell:
    """The jobs of one model with one search and one selection.

    Attributes
    ----------
    n_jobs, n_done, n_shared : int
        All of them; those in the store; those that another job's fit serves.
    n_fits : int
        Fits at most, with those of all trials on all inner folds.
    rows : int
        Training rows of the largest job.
    seconds : float
        What the jobs that wait take together on one process; a selection is counted with the
        first model that needs it.
    """

    model: str
    search: str
    selection: str
    n_jobs: int
    n_done: int
    n_shared: int
    n_fits: int
    rows: int
    seconds: float


@dataclass(frozen=True)
class Estimate:
    """What a plan will take.

    Attributes
    ----------
    cells : tuple of Cell
    parallelism : Parallelism
    seconds : float
        Wall-clock time of all jobs that wait.
    memory : float
        Most bytes of all workers together, with the features that they share.
    calibrated : bool
        Whether every model was probed on this table.
    """

    cells: tuple[Cell, ...]
    parallelism: Parallelism
    seconds: float
    memory: float
    calibrated: bool = True


def parallelism(config: Config, n_rows: int, n_features: int) -> Parallelism:
    """Choose processes and threads by the size of the table, the cores and the memory.

    One process per core is fastest, as a fit on one thread wastes nothing. A table of which
    the memory cannot hold that many training parts gets fewer processes, and the cores that
    become free go into their threads. What happens to wait does not count: a resumed job
    must be fitted as it would have been.

    Parameters
    ----------
    config : Config
        Its `n_jobs` and `memory_limit`.
    n_rows, n_features : int

    Returns
    -------
    Parallelism

    Raises
    ------
    BudgetError
        If not even one process fits into the memory limit.
    """
    cores = config.n_jobs or _cores()
    each = _PROCESS_BYTES + _BYTES_PER_CELL * n_rows * n_features
    limit = memory_limit(config)
    room = int(limit // each)
    if room < 1:
        raise BudgetError(f"one job on {n_rows:,} rows x {n_features} features needs about "
                          f"{each / 1e9:.1f} GB, but {limit / 1e9:.1f} GB are allowed; raise "
                          "--memory_limit, or use fewer rows or features")
    processes = max(1, min(cores, room))
    return Parallelism(processes, max(1, cores // processes))


def _cores() -> int:
    """The cores that this process may use, which a container may have fewer of."""
    available = getattr(os, "sched_getaffinity", None)
    return len(available(0)) if available else os.cpu_count() or 1


def memory_limit(config: Config) -> int:
    """Return the bytes that all workers may hold together."""
    return config.memory_limit or int(_SHARE_OF_FREE * psutil.virtual_memory().available)


def probe(order: Order, experiment: Experiment, stock: Stock, how: Parallelism) -> None:
    """Measure, in workers, what a fit of each model costs of which nothing is known yet.

    Parameters
    ----------
    order : Order
    experiment : Experiment
        Where what was measured is kept.
    stock : Stock
        Models that were fitted on the table already need no measuring.
    how : Parallelism
    """
    known = _costs(order, experiment, stock)
    first = {job.model.label: job for job in reversed(order.jobs)}
    specs = [{"job": job.model_dump(mode="json"), "store": order.store,
              "experiment": order.experiment, "threads": how.threads}
             for label, job in first.items() if label not in known]
    # A probe that fails says nothing; its model is then estimated like the dearest other one.
    for _ in make_runner("local", 1, how.threads).run(run_probe, specs):
        pass


def estimate(order: Order, experiment: Experiment, stock: Stock, how: Parallelism) -> Estimate:
    """Estimate what the jobs that wait will take, by probes and by what was seen before.

    Parameters
    ----------
    order : Order
    experiment : Experiment
    stock : Stock
    how : Parallelism

    Returns
    -------
    Estimate
    """
    costs = _costs(order, experiment, stock)
    dearest = max(costs.values(), key=lambda c: c.seconds_of(1e4), default=_UNKNOWN)
    learned = _seen(order, stock.done, costs)
    fits = {group[0].id for group in stock.waiting}
    by_cell: dict[tuple[str, str, str], list[Job]] = {}
    for job in order.jobs:
        by_cell.setdefault(_cell(job), []).append(job)
    selecting = _selecting(order, experiment, stock, costs.get("lightgbm", dearest))
    cells = []
    for (model, search, selection), jobs in by_cell.items():
        cost = costs.get(model, dearest)
        run = [job for job in jobs if job.id in fits]
        factor = learned.get((model, search, selection), 1.0)
        cells.append(Cell(
            model, search, selection, len(jobs), sum(job.id in stock.done for job in jobs),
            sum(job.id not in fits and job.id not in stock.done for job in jobs),
            sum(_n_fits(job) for job in run), max(_rows(order, job) for job in jobs),
            sum(factor * _seconds(cost, job, _rows(order, job)) + selecting.get(job.id, 0.0)
                for job in run)))
    waiting = [job for group in stock.waiting for job in group[:1]]
    most = max((costs.get(j.model.label, dearest).bytes_of(_rows(order, j)) for j in waiting),
               default=0.0)
    busy = min(how.processes, max(1, len(waiting)))
    total = sum(cell.seconds for cell in cells)
    return Estimate(tuple(cells), how, total / busy + (START if waiting else 0.0), busy * most,
                    all(cell.model in costs for cell in cells))


def affordable_trials(found: Estimate, n_trials: int, budget: float) -> int:
    """Return how many trials each search may have for the whole to end within a budget.

    Parameters
    ----------
    found : Estimate
        Of the plan with `n_trials` trials.
    n_trials : int
    budget : float
        Seconds.

    Returns
    -------
    int
        0 if there is no time for a search worth its name.
    """
    if found.seconds <= budget:
        return n_trials
    searched = sum(cell.seconds for cell in found.cells if cell.search != "none")
    rest = found.seconds - searched / found.parallelism.processes
    share = (budget - rest) * found.parallelism.processes / max(searched, 1e-9)
    return max(0, min(n_trials, int(n_trials * share)))


def _costs(order: Order, experiment: Experiment, stock: Stock) -> dict[str, Cost]:
    """What a fit of each model costs: by its probe, or else by its fits with defaults."""
    first = {job.model.label: job for job in order.jobs}
    probed = {label: read_cost(experiment, job) for label, job in first.items()}
    fitted: dict[str, list[tuple[float, int]]] = {}
    for job in order.jobs:
        record = stock.done.get(job.id)
        if record is not None and not record.shared_with and job.search.name == "none":
            fitted.setdefault(job.model.label, []).append(
                (sum(record.seconds.get(stage, 0.0) for stage in _OF_A_FIT), _rows(order, job)))
    return {label: _cost_of(fits) for label, fits in fitted.items()} | {
        label: cost for label, cost in probed.items() if cost is not None}


def _cost_of(fits: list[tuple[float, int]]) -> Cost:
    seconds, rows = map(sum, zip(*fits, strict=True))
    return _UNKNOWN.model_copy(update={"seconds": 0.0, "seconds_per_row": seconds / rows})


def _seen(
    order: Order, done: dict[str, Record], costs: dict[str, Cost]
) -> dict[tuple[str, str, str], float]:
    """How much longer than estimated the finished jobs of each cell took."""
    took: dict[tuple[str, str, str], list[float]] = {}
    for job in order.jobs:
        record = done.get(job.id)
        if record is not None and not record.shared_with and job.model.label in costs:
            expected = _seconds(costs[job.model.label], job, _rows(order, job))
            spent = sum(record.seconds.values()) - record.seconds.get("select", 0.0)
            took.setdefault(_cell(job), []).append(spent / max(expected, 1e-3))
    return {cell: float(np.median(ratios)) for cell, ratios in took.items()}


def _cell(job: Job) -> tuple[str, str, str]:
    return job.model.label, job.search.label, job.selection.label


def _selecting(
    order: Order, experiment: Experiment, stock: Stock, cost: Cost
) -> dict[str, float]:
    """Seconds of the selections that are still to be made, by the first job that needs each."""
    known = {(job.selection.label, job.split.label, job.fold) for job in order.jobs
             if job.id in stock.done}
    manifest = FeatureStore(experiment.store.features).manifest(order.jobs[0].features)
    width = len(manifest.lineage) if manifest else 1
    found: dict[str, float] = {}
    for job in (group[0] for group in stock.waiting):
        key = (job.selection.label, job.split.label, job.fold)
        if key in known:
            continue
        known.add(key)
        n_fits = make_selector(job.selection.name, job.selection.params).n_fits(width)
        rows = min(_rows(order, job), TRAIN_ROWS)
        found[job.id] = _SMALL_FIT * n_fits * cost.seconds_of(rows)
    return found


def _rows(order: Order, job: Job) -> int:
    return order.audits[job.split.label][job.fold].n_train


def _n_fits(job: Job) -> int:
    """The final fit, and every trial on every inner fold."""
    trials = job.search.params.get("n_trials", 0) if job.search.name != "none" else 0
    return 1 + int(trials) * int(job.search.params.get("inner_splits", 2))


def _seconds(cost: Cost, job: Job, rows: int) -> float:
    """Inner folds expand: together they have half of the rows times their number."""
    inner = (_n_fits(job) - 1) * _RACED
    return _PER_JOB + cost.seconds_of(rows) + inner * cost.seconds_of(rows / 2)


def unscorable(plan: Plan, panel: Panel) -> list[str]:
    """Name the folds that cannot be learned or scored, since their rows have one class only.

    Parameters
    ----------
    plan : Plan
    panel : Panel

    Returns
    -------
    list of str
        One sentence per fold and side.
    """
    if panel.task == "regression":
        return []
    return [f"{label} #{fold.index}: all {len(rows):,} {side} rows have one class"
            for label, split in plan.splits.items() for fold in split.folds
            for side, rows in (("train", fold.train), ("test", fold.test))
            if np.ptp(panel.y[rows]) == 0]
