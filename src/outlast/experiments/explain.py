"""After the jobs: the best configuration of each family and split is asked for its reasons."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from outlast import importance
from outlast.errors import CorruptError
from outlast.experiments.afford import LEAST_SECONDS, Best, Size, best_configurations, sizes
from outlast.experiments.explanation import explain_fit
from outlast.experiments.train import open_bench
from outlast.experiments.work import Listener, Order, Progress
from outlast.feature_tracker.observations import SCHEMA, of_job
from outlast.records import Record, content_hash, source_hash
from outlast.runners import Event, Limits, Runner
from outlast.selection.clusters import correlation_clusters
from outlast.splits import SPLITTERS
from outlast.store import Experiment

_LOG = logging.getLogger("outlast.run")

PLACE = "explanations"


@dataclass(frozen=True)
class Task:
    """One fit to be explained, all folds of its configuration, and its share of the fit time."""

    record: Record
    folds: tuple[str, ...]
    size: Size
    fit_seconds: float

    @property
    def owner(self) -> str:
        """The job whose fit it is."""
        return _owner(self.record)

    @property
    def place(self) -> str:
        """Where the result is kept: named by all that decides it."""
        key = content_hash([self.owner, self.folds, self.size.model_dump(), _code()], 12)
        return f"{PLACE}/{self.owner[:2]}/{self.owner}-{key}.parquet"


@dataclass(frozen=True)
class Explained:
    """What explaining has come to.

    Attributes
    ----------
    n_fits, n_failed, n_late : int
        Fits that were explained now, that could not be, and that there was no time for.
    seconds, fit_seconds : float
        What that took, on one process, and what the fits and searches behind them took.
    table : polars.DataFrame
        What is known of all fits that were worth it, with columns as in `SCHEMA`; fits that
        could not be explained now have rows of status "failed", those for which there was no
        budget "skipped_budget".
    """

    n_fits: int
    n_failed: int
    n_late: int
    seconds: float
    fit_seconds: float
    table: pl.DataFrame = field(repr=False)

    @property
    def share(self) -> float:
        """Seconds of explaining per second of fitting."""
        return self.seconds / self.fit_seconds if self.fit_seconds else 0.0

    @property
    def is_news(self) -> bool:
        """Whether anything was to be explained now."""
        return bool(self.n_fits or self.n_failed or self.n_late)

    def __str__(self) -> str:
        fits = f"{self.n_fits} fit{'s' * (self.n_fits != 1)}"
        told = [f"explained {fits} in {self.seconds:.1f} s"]
        # Of the moment that small fits take, a share would mislead: see `sizes`.
        told += [f"{100 * self.share:.0f} % of their fit time"
                 if self.fit_seconds >= LEAST_SECONDS else
                 f"which took {self.fit_seconds:.1f} s themselves"] * bool(self.n_fits)
        told += [f"{self.n_failed} failed"] * bool(self.n_failed)
        told += [f"no time for {self.n_late}"] * bool(self.n_late)
        return ", ".join(told)

    def as_json(self) -> dict[str, Any]:
        """Return the numbers for the manifest of a session."""
        return {"fits": self.n_fits, "failed": self.n_failed, "late": self.n_late,
                "seconds": self.seconds, "fit_seconds": self.fit_seconds}


@dataclass(frozen=True)
class Explainer:
    """Explains what a share of the fit time pays for, once.

    Parameters
    ----------
    order : Order
    experiment : Experiment
    share : float
        Of the fit and search seconds of each model family under each split.
    limits : Limits
        Of the run: nothing is started after its deadline.
    headline : str, optional
        The split that stands for deployment; default: the first honest one.
    listener : callable, optional
        Called with a `Progress` after every change.
    """

    order: Order
    experiment: Experiment
    share: float
    limits: Limits
    headline: str | None = None
    listener: Listener | None = None

    def tasks(self, records: Iterable[Record]) -> list[Task]:
        """Return what is to be measured, the same for the same records.

        Parameters
        ----------
        records : iterable of Record
            All that are finished.
        """
        found: dict[str, Task] = {}
        bests = best_configurations(records, headline_split(self.order, self.headline))
        for best, paid in zip(bests, sizes(bests, self.share), strict=True):
            for task in _tasks(best, paid):
                known = found.get(task.owner)
                # Strategies that share a fit share its explanation.
                if known is None or task.size.richness > known.size.richness:
                    found[task.owner] = task
        return list(found.values())

    def run(self, records: Sequence[Record], runner: Runner) -> Explained:
        """Measure what is not in the store yet; whatever fails is told and fails nothing else.

        Parameters
        ----------
        records : sequence of Record
            All that are finished.
        runner : Runner
        """
        tasks = self.tasks(records)
        kept = set(self.experiment.storage.files(PLACE)) if tasks else set()
        waiting = [task for task in tasks if task.size.groups and task.place not in kept]
        lacking = [self._unmeasured(t, "skipped_budget") for t in tasks if not t.size.groups]
        ended = Counter[str]()
        for task, event in self._events(waiting, runner):
            if event.kind != "started":
                ended[event.kind] += 1
            if event.failure is not None and event.kind != "cancelled":
                lacking.append(self._unmeasured(task, "failed"))
            self._tell(task, event, ended.total(), len(waiting))
        done = [task for task in waiting if self.experiment.storage.exists(task.place)]
        seconds = sum(_seconds(self.experiment, task.place) for task in done)
        table = pl.concat([read_explanations(self.experiment, records), *lacking])
        failed = ended.total() - ended["ok"] - ended["cancelled"]
        explained = Explained(len(done), failed, ended["cancelled"], seconds,
                              sum(task.fit_seconds for task in done), table)
        if waiting:
            _LOG.info("%s", explained)
        return explained

    def _events(self, tasks: Sequence[Task], runner: Runner) -> Iterator[tuple[Task, Event]]:
        if not tasks:
            return
        clusters = self._clusters(tasks[0].record.job.features)
        specs = [{"job": task.record.job.model_dump(mode="json"), "folds": task.folds,
                  "size": task.size.model_dump(),
                  "place": task.place, "clusters": clusters, "store": self.order.store,
                  "experiment": self.order.experiment, "threads": runner.threads}
                 for task in tasks]
        for event in runner.run(explain_fit, specs, self.limits):
            yield tasks[event.index], event

    def _clusters(self, features: str) -> str:
        """Where the groups of a feature table are kept, made once from its values alone."""
        name = f"{PLACE}/clusters-{content_hash([features, _code()], 12)}.json"
        try:
            self.experiment.storage.read_json(name)
        except CorruptError:  # missing, or damaged
            table = open_bench(self.order.store, self.order.experiment, features).table
            self.experiment.storage.write_json(name, correlation_clusters(table.frame))
        return name

    def _tell(self, task: Task, event: Event, done: int, total: int) -> None:
        failure = event.failure
        if failure is not None and event.kind != "cancelled":
            _LOG.warning("%s could not be explained: %s: %s", task.record.job.label, failure.kind,
                         failure.message)
        if self.listener is not None:
            self.listener(Progress(task.record.job, event.kind, done, total, failure=failure,
                                   phase="explain"))

    def _unmeasured(self, task: Task, status: str) -> pl.DataFrame:
        """Rows that say of the features of a fit that they were not measured."""
        kept = [decision.feature for decision in task.record.decisions
                if decision.action not in ("drop", "quarantine")]
        table = pl.DataFrame({"feature": pl.Series(kept, dtype=pl.String)}).with_columns(
            method=pl.lit("perm_group"), status=pl.lit(status))
        return of_job(table, task.record.job, self.experiment.name, {"score": task.record.score})


def read_explanations(experiment: Experiment, records: Iterable[Record]) -> pl.DataFrame:
    """Return what was measured of some finished jobs, for each the most that is in the store.

    Parameters
    ----------
    experiment : Experiment
    records : iterable of Record
        Jobs that share a fit each get its explanation under their own name.

    Returns
    -------
    polars.DataFrame
        Columns as in `outlast.feature_tracker.observations.SCHEMA`; no rows for jobs that were
        not explained.
    """
    places: dict[str, list[str]] = {}
    for name in experiment.storage.files(PLACE):
        owner = Path(name).stem.split("-")[0]
        if name.endswith(".parquet"):
            places.setdefault(owner, []).append(name)
    tables = [pl.DataFrame(schema=SCHEMA)]
    for record in records:
        stored = (_read(experiment, name) for name in places.get(_owner(record), []))
        richest = max((table for table in stored if table is not None), key=_evidence, default=None)
        if richest is not None:
            job = record.job
            tables.append(richest.with_columns(
                job=pl.lit(job.id), split=pl.lit(job.split.label),
                fold=pl.lit(job.fold, pl.Int32)))
    return pl.concat(tables)


def headline_split(order: Order, wanted: str | None) -> str:
    """Return the split that stands for deployment: the wanted one, else the first honest one.

    Parameters
    ----------
    order : Order
    wanted : str, optional
        Name or label of a split; one with more leaks than another is never taken.
    """
    splits = {job.split.label: job.split.name for job in order.jobs}
    known = list(SPLITTERS)

    def rank(label: str) -> tuple[int, bool, int, str]:
        place = known.index(splits[label]) if splits[label] in known else len(known)
        return len(order.leaks.get(label, ())), wanted not in (label, splits[label]), place, label

    return min(splits, key=rank)


def _tasks(best: Best, paid: Sequence[Size]) -> Iterator[Task]:
    folds = tuple(record.job.id for record in best.records)
    for record, size in zip(best.records, paid, strict=True):
        yield Task(record, folds, size, best.seconds / len(best.records))


def _owner(record: Record) -> str:
    return record.shared_with or record.job.id


def _read(experiment: Experiment, name: str) -> pl.DataFrame | None:
    """Return a stored explanation; a damaged one is taken away, so that it is made again."""
    try:
        return experiment.storage.read_parquet(name)
    except CorruptError as error:
        _LOG.warning("%s; the next run measures it again", error)
        experiment.storage.remove(name)
        return None


def _seconds(experiment: Experiment, place: str) -> float:
    table = _read(experiment, place)
    return 0.0 if table is None else float(table["seconds"].sum())


def _evidence(table: pl.DataFrame) -> tuple[int, int]:
    """How much was measured: features first, then rows times repeats."""
    measured = table.filter(pl.col("status") == "ok")
    rows = (measured["n_rows"] * measured["n_repeats"].cast(pl.Int64)).sum()
    return measured.height, int(rows)


@cache
def _code() -> str:
    """The hash of the code that measures; that of the jobs is in their ids."""
    return source_hash(Path(importance.__file__).parent.glob("*.py"))
