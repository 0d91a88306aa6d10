"""What the store's files mean: cells, progress, what is running, and how a run has ended."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from outlast.records import SPLIT_ORDER, Failure, Record
from outlast.store import FINAL

Cell = tuple[str, str, str, str]
Standing = Literal["running", "unknown", "interrupted", "finished", "paused", "failed", "empty"]

# What a session says of itself, and where it says "running", whether its process is there.
_BY_WORD: dict[str, Standing] = {"finished": "finished", "paused": "paused", "failed": "failed"}
_BY_LIFE: dict[bool | None, Standing] = {True: "running", False: "interrupted", None: "unknown"}
_NO_NUMBER = "its score is no finite number"
# What a job that has taken longer than all like it will still take, as a share of those.
_LEAST_LEFT = 0.1


class _Lenient(BaseModel):
    """What is read of a file that another version of outlast may have written."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class PlannedCell(_Lenient):
    """One cell of the matrix with the ids of its jobs."""

    model: str
    split: str
    search: str
    selection: str
    jobs: tuple[str, ...]

    @property
    def key(self) -> Cell:
        """Model, split, search and selection."""
        return self.model, self.split, self.search, self.selection


class Workers(_Lenient):
    """How many processes a session works with."""

    processes: int = 1


class Estimated(_Lenient):
    """What a session reckoned with when it began to train."""

    seconds: float | None = None


class Session(_Lenient):
    """What a page tells of one session, as its manifest has it."""

    id: str = Field(alias="session")
    started: str
    outcome: str
    ended: str = ""
    seconds: float | None = None
    command: str = ""
    metric: str = ""
    jobs: tuple[str, ...] = ()
    cells: tuple[PlannedCell, ...] = ()
    failed: int | None = None
    parallelism: Workers = Workers()
    estimated: Estimated = Estimated()
    shard: tuple[int, int] | None = None
    config: dict[str, Any] = Field(default_factory=dict)
    alive: bool | None = None

    @property
    def standing(self) -> Standing:
        """How it stands: by its own word, and by whether its process is there."""
        if self.outcome == "running":
            return _BY_LIFE[self.alive]
        return _BY_WORD.get(self.outcome.partition(":")[0], "interrupted")

    @property
    def is_open(self) -> bool:
        """Whether it may still be at work."""
        return self.standing in ("running", "unknown")


@dataclass(frozen=True)
class JobFacts:
    """What a page tells of a job: a finished one, or one that was tried.

    `seconds` are those of its own fit: zero where another job's fit serves it.
    """

    id: str
    cell: Cell
    label: str
    status: str
    session: str
    started: str
    seconds: float = 0.0
    score: float | None = None
    message: str = ""
    leaks: tuple[str, ...] = ()

    @classmethod
    def of(cls, record: Record) -> JobFacts:
        """Take what is needed from a record, which is much larger."""
        failure = record.failure
        score = record.score
        return cls(
            id=record.job.id, cell=record.job.configuration, label=record.job.label,
            status=record.status, session=record.session, started=record.started,
            seconds=0.0 if record.shared_with else math.fsum(record.seconds.values()),
            score=score if score is not None and math.isfinite(score) else None,
            message=_message(failure) if failure else record.note or _NO_NUMBER,
            leaks=record.leaks)

    @property
    def is_final(self) -> bool:
        """Whether no other attempt would change it."""
        return self.status in FINAL


def _message(failure: Failure) -> str:
    """Say what ended a job; the kinds that a runner gives say no more than the status does."""
    return f"{failure.kind}: {failure.message}" if failure.kind[:1].isupper() else failure.message


@dataclass(frozen=True)
class CellState:
    """How far one cell of the matrix is."""

    planned: int = 0
    done: int = 0
    failed: int = 0
    running: int = 0
    score: float | None = None
    n_scores: int = 0

    @property
    def word(self) -> str:
        """``none``, ``waiting``, ``running``, ``partial``, ``failed`` or ``done``."""
        if self.planned == 0:
            return "none"
        if self.done >= self.planned:
            return "done"
        if self.running:
            return "running"
        if self.failed:
            return "failed" if not self.done else "partial"
        return "partial" if self.done else "waiting"


@dataclass(frozen=True)
class ExperimentState:
    """Everything that the files of one experiment say about it.

    Parameters
    ----------
    name : str
    description : dict
        As it was written when the experiment was created.
    sessions : tuple of Session
        Oldest first.
    jobs : dict of id to JobFacts
        Finished jobs, and those that were tried without a result.
    begun : dict of id to str
        When a job that is being worked on was begun.
    unreadable : tuple of str
        Ids of jobs whose record is broken.
    counted : CellState, optional
        How far the plan is by the word of its last session, where no record was read.
    """

    name: str
    description: Mapping[str, Any] = field(default_factory=dict)
    sessions: tuple[Session, ...] = ()
    jobs: Mapping[str, JobFacts] = field(default_factory=dict)
    begun: Mapping[str, str] = field(default_factory=dict)
    unreadable: tuple[str, ...] = ()
    counted: CellState | None = None

    @cached_property
    def open(self) -> tuple[Session, ...]:
        """Sessions that may be at work."""
        return tuple(session for session in self.sessions if session.is_open)

    @property
    def latest(self) -> Session | None:
        """The session that was begun last."""
        return self.sessions[-1] if self.sessions else None

    @cached_property
    def standing(self) -> Standing:
        """How the experiment stands."""
        if self.latest is None:
            return "empty"
        words = {session.standing for session in self.open}
        return "running" if "running" in words else (
            "unknown" if words else self.latest.standing)

    @property
    def metric(self) -> str:
        """The primary metric."""
        return self.latest.metric if self.latest else ""

    @cached_property
    def plan(self) -> dict[str, Cell | None]:
        """The cell of each planned job; None where an older version has not written it down.

        A cell belongs to the newest session that has planned it: an extended matrix keeps its
        older cells, and one that was planned again has only its new jobs.
        """
        cells: dict[Cell, tuple[str, ...]] = {}
        loose: dict[str, Cell | None] = {}
        for session in self.sessions:
            cells.update({cell.key: cell.jobs for cell in session.cells})
            if not session.cells and session.shard is None:
                loose = {job: self.jobs[job].cell if job in self.jobs else None
                         for job in session.jobs}
            elif session.cells:
                loose = {}
        planned: dict[str, Cell | None] = {job: key for key, jobs in cells.items() for job in jobs}
        return {**loose, **planned}

    @cached_property
    def current(self) -> tuple[str, ...]:
        """The jobs that the progress is told of: of the open sessions, else of the last plan."""
        planned = [s for s in self.open if s.jobs] or [s for s in self.sessions
                                                      if s.shard is None][-1:]
        return tuple(dict.fromkeys(job for session in planned for job in session.jobs))

    @cached_property
    def cells(self) -> dict[Cell, CellState]:
        """How far each cell is."""
        members: dict[Cell, list[str]] = {}
        for job, cell in self.plan.items():
            if cell is not None:
                members.setdefault(cell, []).append(job)
        return {cell: self.count(jobs) for cell, jobs in members.items()}

    @cached_property
    def progress(self) -> CellState:
        """How far the current plan is."""
        return self.counted or self.count(self.current)

    def by_its_word(self) -> ExperimentState | None:
        """Return the same with the counts that a finished run has written down, if it has."""
        last = self.latest
        if last is None or last.standing != "finished" or last.shard or last.failed is None:
            return None
        planned = len(last.jobs)
        return replace(self, counted=CellState(planned, planned - last.failed, last.failed))

    def count(self, jobs: Iterable[str]) -> CellState:
        """Count how far some jobs are; their mean score is over those that have one."""
        jobs = list(jobs)
        known = [self.jobs[job] for job in jobs if job in self.jobs]
        scores = [facts.score for facts in known if facts.is_final and facts.score is not None]
        done = sum(facts.status == "ok" for facts in known)
        return CellState(
            planned=len(jobs), done=done, failed=sum(self.has_failed(job) for job in jobs),
            running=sum(job in self.begun for job in jobs),
            score=math.fsum(scores) / len(scores) if scores else None, n_scores=len(scores))

    def has_failed(self, job: str) -> bool:
        """Whether a job has ended without a result, and no open session tries it again."""
        facts = self.jobs.get(job)
        if facts is None or facts.status == "ok" or job in self.begun:
            return False
        if facts.is_final:
            return True
        at_work = {session.id for session in self.open if job in session.jobs}
        return not at_work or facts.session in at_work

    @property
    def failures(self) -> list[JobFacts]:
        """Jobs without a result, the newest first."""
        found = [self.jobs[job] for job in self.plan if self.has_failed(job)]
        return sorted(found, key=lambda facts: facts.started, reverse=True)

    @property
    def latest_done(self) -> list[JobFacts]:
        """Finished jobs, those that were begun last first."""
        found = [self.jobs[job] for job in self.plan
                 if job in self.jobs and self.jobs[job].status == "ok"]
        return sorted(found, key=lambda facts: facts.started, reverse=True)

    @property
    def models(self) -> list[tuple[str, str, str]]:
        """Rows of the matrix: model, search and selection, as they were planned."""
        return list(dict.fromkeys((model, search, chosen)
                                  for model, _, search, chosen in self.cells))

    @property
    def splits(self) -> list[str]:
        """Columns of the matrix: the split most like deployment first."""
        names = dict.fromkeys(split for _, split, _, _ in self.cells)
        order = {name: at for at, name in enumerate(SPLIT_ORDER)}
        return sorted(names, key=lambda label: order.get(label.split("(")[0], len(order) - 1.5))


    @cached_property
    def leaks(self) -> dict[str, tuple[str, ...]]:
        """What is known to leak in the results of each split that has some."""
        return {self.jobs[job].cell[1]: self.jobs[job].leaks for job in self.plan
                if job in self.jobs and self.jobs[job].leaks}


@dataclass(frozen=True)
class Rest:
    """What is left to train.

    Attributes
    ----------
    seconds : float or None
        None as long as nothing has finished that would tell.
    unlike : tuple of (str, str)
        Models, each with its search, of which nothing has finished yet: taken for as dear as
        others, which is too little, as cheap ones are run first.
    """

    seconds: float | None
    unlike: tuple[tuple[str, str], ...] = ()


def rest_of(state: ExperimentState, now: float, moments: Mapping[str, float]) -> Rest:
    """Estimate what the jobs that wait or run will take, from what those like them have taken.

    Parameters
    ----------
    state : ExperimentState
    now : float
        Seconds since 1970.
    moments : mapping of job id to float
        When each running job was begun, on the same clock.

    Returns
    -------
    Rest
    """
    waiting = [job for job in state.current
               if not state.has_failed(job)
               and not (job in state.jobs and state.jobs[job].is_final)]
    alike = _means(state)
    cells = [state.plan.get(job) for job in waiting]
    if not waiting:
        return Rest(0.0)
    if not alike:
        return Rest(None)
    dearest = max(alike.values())
    expected = [_expected(cell, alike, dearest) for cell in cells]
    left = [max(seconds - (now - moments[job]), _LEAST_LEFT * seconds) if job in moments
            else seconds for job, seconds in zip(waiting, expected, strict=True)]
    workers = sum(session.parallelism.processes for session in state.open) or 1
    unlike = {(model, search) for model, _, search, selection in filter(None, cells)
              if (model, search, selection) not in alike}
    # No job is shared out: the last one alone can take longer than the rest of the work.
    seconds = max(math.fsum(left) / min(workers, len(left)), max(left))
    return Rest(seconds, tuple(sorted(unlike)))


def _means(state: ExperimentState) -> dict[tuple[str, ...], float]:
    """Mean seconds of finished jobs by model, search and selection, and by model alone."""
    taken: dict[tuple[str, ...], list[float]] = {}
    for facts in state.jobs.values():
        if facts.is_final:
            model, _, search, selection = facts.cell
            for key in ((model, search, selection), (model,)):
                taken.setdefault(key, []).append(facts.seconds)
    return {key: math.fsum(seconds) / len(seconds) for key, seconds in taken.items()}


def _expected(cell: Cell | None, alike: Mapping[tuple[str, ...], float], dearest: float) -> float:
    if cell is None:
        return dearest
    model, _, search, selection = cell
    known: Sequence[float | None] = (alike.get((model, search, selection)), alike.get((model,)))
    return next((seconds for seconds in known if seconds is not None), dearest)
