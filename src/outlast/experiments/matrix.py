"""From configuration to jobs: models x splits x optimization x folds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from outlast.config import Config
from outlast.data.events import Events
from outlast.data.times import Instants
from outlast.errors import InputError, suggest
from outlast.metrics import METRICS, default_metric
from outlast.models import MODELS, default_models, make_model
from outlast.records import FoldAudit, Job, Strategy, Task, source_hash
from outlast.selection import make_selector
from outlast.splits import SPLITTERS, Fold, Splitter, make_splitter

_RESULT_CODE = ("data", "features", "splits", "models", "selection", "experiments",
                "metrics.py", "tuning.py", "records.py")


@dataclass(frozen=True)
class Skipped:
    """A cell of the matrix that is not run, and why."""

    model: str
    split: str
    search: str
    reason: str


@dataclass(frozen=True)
class Plan:
    """What one run is going to do.

    Attributes
    ----------
    jobs : tuple of Job
        Cheap ones first, so that a first leaderboard is soon there.
    skipped : tuple of Skipped
    audits : dict of split label to the purge audits of its folds
    metric : str
    """

    jobs: tuple[Job, ...]
    skipped: tuple[Skipped, ...]
    audits: dict[str, tuple[FoldAudit, ...]]
    metric: str


@dataclass(frozen=True)
class Table:
    """The facts about a table that a plan needs; times are those of the usable rows."""

    data: str
    features: str
    task: Task
    time: Instants
    label_end: Instants
    events: Events


def make_plan(config: Config, table: Table) -> Plan:
    """Check every name and every fold, then list the jobs.

    Parameters
    ----------
    config : Config
    table : Table

    Returns
    -------
    Plan

    Raises
    ------
    InputError
        For an unknown name, a strategy that does not fit the table, or a split without
        folds: before anything is computed.
    """
    metric = check_metric(config.metric, table.task)
    make_selector(config.selection.name, config.selection.params)
    skipped: list[Skipped] = []
    splits = dict(_splits(config, table, skipped))
    models = list(_models(config, table.task, skipped))
    jobs = [
        Job(data=table.data, features=table.features, task=table.task, model=model, split=split,
            fold=fold.index, search=search, selection=config.selection, metric=metric,
            seed=config.seed, code=code_fingerprint())
        for model in models
        for search in _searches(model, config)
        for split, folds in splits.values()
        for fold in folds
    ]
    if not jobs:
        reasons = "; ".join(sorted({entry.reason for entry in skipped}))
        raise InputError(f"nothing to run: {reasons}")
    audits = {label: tuple(fold.audit for fold in folds) for label, (_, folds) in splits.items()}
    return Plan(tuple(sorted(jobs, key=_cost_order)), tuple(skipped), audits, metric)


def check_metric(name: str | None, task: Task) -> str:
    """Return the primary metric's name.

    Raises
    ------
    InputError
        If the metric is unknown or made for another task.
    """
    if name is None:
        return default_metric(task).name
    known = {metric.name for metric in METRICS.values() if task in metric.tasks}
    if name not in known:
        raise InputError(f"unknown metric {name!r} for a {task} target: {suggest(name, known)}")
    return name


def splitter_of(split: Strategy, events: Events) -> Splitter:
    """Return the splitter of a strategy, with the table's events where it asks for them."""
    return make_splitter(split.name, split.params, events=events)


@cache
def code_fingerprint() -> str:
    """Return the hash of all code that can change a result.

    It is a part of every job's id: after a change of the code that made them, results are
    not used again.
    """
    root = Path(__file__).parents[1]
    modules = [root / name for name in _RESULT_CODE if name.endswith(".py")]
    folders = [root / name for name in _RESULT_CODE if not name.endswith(".py")]
    return source_hash([*modules, *(path for folder in folders for path in folder.glob("*.py"))])


def _splits(
    config: Config, table: Table, skipped: list[Skipped]
) -> Iterator[tuple[str, tuple[Strategy, list[Fold]]]]:
    for split in config.splits:
        if split.name == "event_aware" and not len(table.events):
            reason = "the table has no events; give some with --events"
            skipped.append(Skipped("all", split.label, "all", reason))
            continue
        folds = splitter_of(split, table.events).folds(table.time, table.label_end)
        yield split.label, (split, folds)


def _models(config: Config, task: Task, skipped: list[Skipped]) -> Iterator[Strategy]:
    if config.models is not None:
        for strategy in config.models:
            model = make_model(strategy.name, strategy.params)
            if task not in model.tasks:
                raise InputError(f"model {strategy.name!r} cannot do {task}; it does "
                                 f"{', '.join(sorted(model.tasks))}")
            yield strategy
        return
    installed = default_models()
    for name, kind in MODELS.items():
        if kind.default_in_matrix and name not in installed:
            reason = f"{kind.requires} is not installed: pip install 'outlast[{kind.requires}]'"
            skipped.append(Skipped(name, "all", "all", reason))
    yield from (Strategy(name=name) for name in installed if task in make_model(name).tasks)


def _searches(model: Strategy, config: Config) -> Iterator[Strategy]:
    """The searches of one model; a model without anything to tune is run once."""
    if not make_model(model.name, model.params).space():
        yield Strategy(name="none")
        return
    for kind in config.optimization:
        if kind == "none":
            yield Strategy(name="none")
            continue
        params: dict[str, Any] = {"n_trials": config.n_trials}
        if config.inner_splits != Config.model_fields["inner_splits"].default:
            params["inner_splits"] = config.inner_splits
        yield Strategy(name=kind, params=params)


def _cost_order(job: Job) -> tuple[bool, bool, int, str, str, int]:
    """Baselines, then defaults, then searches; forward splits before the contrast."""
    names = list(MODELS)
    leaky = SPLITTERS[job.split.name].leaky
    return (job.search.name != "none", leaky, names.index(job.model.name), job.search.label,
            job.split.label, job.fold)
