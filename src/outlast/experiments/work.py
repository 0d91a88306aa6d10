"""What is to be run, in a form that any machine can take up, and the loop that sees it done."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from outlast.errors import StorePausedError
from outlast.experiments.train import run_job
from outlast.records import Failure, FoldAudit, Frozen, Job, Record, Status
from outlast.runners import Event, Limits, Runner
from outlast.store import FINAL, Experiment, Session, Store, now

_LOG = logging.getLogger("outlast.run")

# How often a job is tried again after what was hardly its own fault.
_RETRIES = {"crashed": 1, "oom": 1, "lost": 3}
_STATUS: dict[str, Status] = {"failed": "failed", "crashed": "crashed", "lost": "crashed",
                              "timeout": "timeout", "oom": "oom", "cancelled": "cancelled"}


@dataclass(frozen=True)
class Progress:
    """How far a run is; given to the listener after every change."""

    job: Job
    kind: str
    done: int
    total: int
    record: Record | None = None
    failure: Failure | None = None
    phase: Literal["train", "explain"] = "train"


Listener = Callable[[Progress], None]


class Order(Frozen):
    """All that a worker on another machine needs to know of a plan.

    Attributes
    ----------
    store, experiment : str
        URL of the store and name of the experiment.
    groups : tuple of tuple of Job
        Jobs that one fit serves are together.
    leaks : dict of split label to tuple of str
        What is known to leak in the results of a split.
    audits : dict of split label to tuple of FoldAudit
    """

    store: str
    experiment: str
    groups: tuple[tuple[Job, ...], ...]
    leaks: dict[str, tuple[str, ...]]
    audits: dict[str, tuple[FoldAudit, ...]]

    @cached_property
    def jobs(self) -> tuple[Job, ...]:
        """All jobs, group by group."""
        return tuple(job for group in self.groups for job in group)

    @cached_property
    def twins(self) -> dict[str, tuple[Job, ...]]:
        """For each job all jobs that the same fit serves."""
        return {job.id: group for group in self.groups for job in group}

    def open(self) -> Experiment:
        """Open the experiment."""
        return Store.open(self.store).experiment(self.experiment)

    def shard(self, index: int, count: int) -> Order:
        """Return the share of one of several workers, the same whoever asks."""
        mine = tuple(group for group in self.groups if int(group[0].id, 16) % count == index)
        return self.model_copy(update={"groups": mine})


@dataclass(frozen=True)
class Stock:
    """What the store holds of an order.

    Attributes
    ----------
    done : dict of job id to Record
        Finished jobs whose files are all whole.
    waiting : tuple of tuple of Job
        The rest, those together that one fit serves.
    """

    done: dict[str, Record]
    waiting: tuple[tuple[Job, ...], ...]

    @property
    def n_waiting(self) -> int:
        """Number of jobs that are not done."""
        return sum(map(len, self.waiting))

    def without(self, groups: Sequence[tuple[Job, ...]]) -> Stock:
        """Let nothing wait that somebody has seen to, whatever became of it."""
        tried = {group[0].id for group in groups}
        return Stock(self.done, tuple(group for group in self.waiting if group[0].id not in tried))


def take_stock(order: Order, experiment: Experiment) -> Stock:
    """Look up which jobs are done; a finished job with a damaged file counts as not done.

    Parameters
    ----------
    order : Order
    experiment : Experiment

    Returns
    -------
    Stock
    """
    jobs = experiment.jobs
    records = jobs.read_all(job.id for job in order.jobs)
    done = {job_id: record for job_id, record in records.items() if record.status in FINAL}
    damaged = {job_id: name for job_id, record in done.items() if (name := jobs.damage(record))}
    damaged |= {job.id: "its record" for job in order.jobs
                if job.id not in done and jobs.is_broken(job.id)}
    for job_id, name in damaged.items():
        _LOG.warning("job %s: %s is missing or was changed; it is put aside and run again",
                     job_id, name)
        jobs.quarantine(job_id)
        done.pop(job_id, None)
    waiting = (tuple(job for job in group if job.id not in done) for group in order.groups)
    return Stock(done, tuple(group for group in waiting if group))


@dataclass
class Tally:
    """How the jobs of one run have ended, and the most memory that one of them held."""

    ended: Counter[str] = field(default_factory=Counter)
    memory: int = 0

    @property
    def trained(self) -> int:
        """Jobs that came to a result."""
        return self.ended["ok"]

    @property
    def failed(self) -> int:
        """Jobs that did not."""
        return self.ended.total() - self.trained

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.ended + other.ended, max(self.memory, other.memory))


@dataclass(frozen=True)
class Driver:
    """Sees the waiting jobs of an order done.

    Parameters
    ----------
    order : Order
    experiment : Experiment
    session : Session
    limits : Limits
    listener : callable, optional
        Called with a `Progress` after every change.
    """

    order: Order
    experiment: Experiment
    session: Session
    limits: Limits
    listener: Listener | None = None

    def run(self, stock: Stock, runner: Runner) -> Tally:
        """Run everything that waits; try again what a dead process or machine took along.

        Raises
        ------
        StorePausedError
            If the store takes nothing more; what was finished is kept.
        """
        tally, tries = Tally(), Counter[str]()
        waiting: Sequence[tuple[Job, ...]] = stock.waiting
        while waiting:
            again: list[tuple[Job, ...]] = []
            for group, event in self._events(stock, waiting, runner):
                tally.memory = max(tally.memory, event.memory or 0)
                if tries[group[0].id] < _RETRIES.get(event.kind, 0):
                    tries[group[0].id] += 1
                    _LOG.warning("%s: %s; it is tried again", group[0].label, event.kind)
                    again.append(group)
                else:
                    self._tell(stock, group, event, tally)
            waiting = again
            # What went out of memory beside others gets the machine to itself.
            runner = copy(runner)
            runner.n_jobs = 1
        return tally

    def _events(
        self, stock: Stock, groups: Sequence[tuple[Job, ...]], runner: Runner
    ) -> Iterator[tuple[tuple[Job, ...], Event]]:
        specs = [self._spec(stock, group, runner.threads) for group in groups]
        for event in runner.run(run_job, specs, self.limits):
            if event.failure is not None and event.failure.kind == StorePausedError.__name__:
                raise StorePausedError(event.failure.message)
            yield groups[event.index], event

    def _spec(self, stock: Stock, group: Sequence[Job], threads: int) -> dict[str, Any]:
        twins = self.order.twins[group[0].id]
        return {
            "jobs": [job.model_dump(mode="json") for job in group],
            "done": next((twin.id for twin in twins if twin.id in stock.done), None),
            "store": self.order.store,
            "experiment": self.order.experiment,
            "session": self.session.id,
            "threads": threads,
            "leaks": {job.id: self.order.leaks[job.split.label] for job in group},
        }

    def _tell(self, stock: Stock, group: Sequence[Job], event: Event, tally: Tally) -> None:
        for job in group:
            record = None
            if event.kind != "started":
                record = self._settle(job, event)
                tally.ended[record.status] += 1
            if self.listener is not None:
                self.listener(Progress(job, event.kind, len(stock.done) + tally.ended.total(),
                                       len(self.order.jobs), record, event.failure))

    def _settle(self, job: Job, event: Event) -> Record:
        """Return the record of a job that has ended, making one where it failed."""
        jobs = self.experiment.jobs
        record = jobs.read(job.id) if event.kind == "ok" else None
        if record is not None and record.status in FINAL:
            jobs.keep_output(job.id, event.output)
            _LOG.info("%s: %s = %s", job.label, job.metric, record.score,
                      extra={"fields": {"job": job.id, "seconds": record.seconds}})
            return record
        failure = event.failure or Failure(kind="lost", message="the job left no record")
        record = Record(job=job, status=_STATUS.get(event.kind, "failed"), session=self.session.id,
                        started=now(), failure=failure,
                        audit=self.order.audits[job.split.label][job.fold],
                        leaks=self.order.leaks[job.split.label])
        jobs.fail(record, event.output)
        _LOG.error("%s %s: %s: %s", job.label, record.status, failure.kind, failure.message)
        return record


def compact(experiment: Experiment, records: Mapping[str, Record]) -> None:
    """Take finished jobs into the index, so that reports over many of them are fast.

    Parameters
    ----------
    experiment : Experiment
    records : mapping of job id to Record
        Finished jobs.
    """
    jobs = experiment.jobs
    fresh = [record for job_id, record in records.items() if job_id not in jobs.index.records]
    if fresh:
        jobs.index.add(fresh, [jobs.predictions(record) for record in fresh],
                       jobs.observations(fresh))
