"""From configuration to jobs: models x selections x splits x optimization x folds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from outlast.config import Config
from outlast.data import Panel
from outlast.described import is_importable, references
from outlast.errors import InputError, suggest
from outlast.experiments.folds import PlannedSplit, plan_splits
from outlast.metrics import METRICS, default_metric
from outlast.models import MODELS, default_models, kind_of, make_model
from outlast.models.device import on_device
from outlast.models.estimator import Estimator
from outlast.own_estimator import ESTIMATOR
from outlast.own_metric import code_of, is_own, path_of
from outlast.records import Job, Strategy, Task, content_hash, source_hash
from outlast.selection import make_selector

_RESULT_CODE = ("data", "features", "splits", "models", "importance", "selection", "experiments",
                "metrics.py", "tuning.py", "records.py", "described.py", "own_estimator.py",
                "own_metric.py")


NO_SPLIT = Strategy(name="")


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
    splits : dict of label to PlannedSplit
    metric : str
    """

    jobs: tuple[Job, ...]
    skipped: tuple[Skipped, ...]
    splits: dict[str, PlannedSplit]
    metric: str

    @cached_property
    def groups(self) -> tuple[tuple[Job, ...], ...]:
        """The jobs, those together that one fit serves.

        Strategies often agree on a fold: same rows, same inner rules, so the same result.
        """
        groups: dict[str, list[Job]] = {}
        for job in self.jobs:
            groups.setdefault(self._work(job), []).append(job)
        return tuple(map(tuple, groups.values()))

    @property
    def cells(self) -> list[dict[str, Any]]:
        """The jobs by the cell of the matrix that they fill, for whoever watches it fill up."""
        cells: dict[tuple[str, ...], list[str]] = {}
        for job in self.jobs:
            cells.setdefault(job.configuration, []).append(job.id)
        return [{"model": model, "split": split, "search": search, "selection": selection,
                 "jobs": jobs} for (model, split, search, selection), jobs in cells.items()]

    def _work(self, job: Job) -> str:
        """What decides the outcome of a job, whatever its split is called."""
        split = self.splits[job.split.label]
        rules = split.inner_rules if job.search.name != "none" else ()
        same = job.model_copy(update={"split": NO_SPLIT, "fold": 0})
        return content_hash([same.id, split.rows[job.fold], rules])


def make_plan(config: Config, panel: Panel, data: str, features: str) -> Plan:
    """Check every name and every fold, then list the jobs.

    Parameters
    ----------
    config : Config
    panel : Panel
    data, features : str
        Fingerprints of the table and of its features.

    Returns
    -------
    Plan

    Raises
    ------
    InputError
        For an unknown name, a strategy that does not fit the table, or a split without
        folds: before anything is computed.
    """
    metric = check_metric(config.metric, panel.task)
    for chosen in config.selections:
        make_selector(chosen.name, chosen.params)
    splits, left_out = plan_splits(config, panel)
    skipped = [Skipped("all", label, "all", reason) for label, reason in left_out.items()]
    models = on_device(list(_models(config, panel.task, skipped)), config.device)
    code = content_hash([code_fingerprint(), *own], 12) if (own := code_of(metric)) else (
        code_fingerprint())
    jobs = [
        Job(data=data, features=features, task=panel.task, model=model, split=split.strategy,
            fold=fold.index, search=search, selection=selection, metric=metric,
            seed=config.seed, code=code)
        for model in models
        for selection in _selections(model, config)
        for search in _searches(model, config)
        for split in splits.values()
        for fold in split.folds
    ]
    if not jobs:
        reasons = "; ".join(sorted({entry.reason for entry in skipped}))
        raise InputError(f"nothing to run: {reasons}")
    leaky = {label for label, split in splits.items() if split.audited.leaky}
    rows = {(label, fold.index): len(fold.train) for label, split in splits.items()
            for fold in split.folds}
    ordered = sorted(jobs, key=lambda job: _cost_order(
        job, job.split.label in leaky, rows[job.split.label, job.fold]))
    return Plan(tuple(ordered), tuple(skipped), splits, metric)


def check_metric(name: str | None, task: Task) -> str:
    """Return the primary metric's name.

    Raises
    ------
    InputError
        If the metric is unknown or made for another task.
    """
    if name is None:
        return default_metric(task).name
    if is_own(name):
        return name
    known = {metric.name for metric in METRICS.values() if task in metric.tasks}
    if name not in known:
        raise InputError(f"unknown metric {name!r} for a {task} target: {suggest(name, known)}")
    return name


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


def _selections(model: Strategy, config: Config) -> tuple[Strategy, ...]:
    """The selections of one model; a model that looks at no feature is run once."""
    is_baseline = make_model(model.name, model.params).is_baseline
    return config.selections[:1] if is_baseline else config.selections


def refuse_unreachable(config: Config) -> None:
    """Raise if a model or a metric is made of code that no other process can import.

    Parameters
    ----------
    config : Config

    Raises
    ------
    InputError
        With the way out.
    """
    needed = {path: f"model {model.label!r}" for model in config.models or ()
              for path in references(model.params.get(ESTIMATOR))}
    if config.metric and is_own(config.metric):
        needed[path_of(config.metric)] = "the metric"
    lost = [path for path in needed if not is_importable(path)]
    if lost:
        raise InputError(f"{needed[lost[0]]} needs {lost[0]!r}, which worker processes cannot "
                         "import: move it into a module of its own, or run everything in this "
                         "process with runner=\"inline\"")


def check_pins(config: Config, names: Sequence[str]) -> None:
    """Raise if a feature that is to be kept or dropped is not in the table.

    Parameters
    ----------
    config : Config
    names : sequence of str
        All features.

    Raises
    ------
    InputError
        With the nearest known name.
    """
    for chosen in config.selections:
        make_selector(chosen.name, chosen.params).check_pins(names)


def _cost_order(
    job: Job, leaky: bool, rows: int
) -> tuple[bool, bool, int, int, str, str, int, str]:
    """Baselines, then defaults, then searches; honest splits before the contrast.

    Of the searches the longest come first, so that no core waits for one at the end.
    """
    searched, place = job.search.name != "none", [*MODELS.values(), Estimator].index(
        kind_of(job.model.name))
    return (searched, leaky, -rows if searched else place, place, job.search.label,
            job.split.label, job.fold, job.selection.label)
