"""What the store's files say, read again only where they have changed; nothing is written."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from pydantic import ValidationError

from outlast.errors import CorruptError, InputError
from outlast.records import Record
from outlast.store import EXPERIMENTS, SESSIONS, Experiment, JobStore, Store, is_alive
from outlast.watch.state import ExperimentState, JobFacts, Session

_MANIFEST, _DESCRIPTION, _ATTEMPT_LOG = "manifest.json", "description.json", "job.jsonl"
# From so many records on the index is worth its reading.
_MANY = 50
# Several pages and tabs share what was read within this time; a slow store is asked less often.
_FRESH, _PAUSE = 1.0, 5.0


@dataclass
class _Kept:
    """What was read of an experiment and need not be read again."""

    description: dict[str, Any] | None = None
    sessions: dict[str, tuple[str, Session]] = field(default_factory=dict)
    jobs: dict[str, JobFacts] = field(default_factory=dict)
    newest: str = ""
    state: ExperimentState | None = None
    until: float = 0.0


class Reader:
    """Reads the experiments of a store.

    Parameters
    ----------
    store : Store
    clock : callable, default time.monotonic
        Tells how long something was kept.
    """

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self.store = store
        self._clock = clock
        self._kept: dict[str, _Kept] = {}

    def names(self) -> list[str]:
        """Return the names of all experiments, those worked on last first."""
        names = [name for name in self.store.storage.folders(EXPERIMENTS) if _is_name(name)]
        newest = {name: max(self.store.place(name).storage.folders(SESSIONS), default="")
                  for name in names if self.store.place(name).exists}
        return sorted(newest, key=lambda name: (newest[name], name), reverse=True)

    def glance(self, name: str) -> ExperimentState | None:
        """Return what the list of all experiments tells of one; of a finished run no record."""
        experiment = self._place(name)
        if experiment is None:
            return None
        known = _outline(experiment, self._kept.setdefault(name, _Kept()))
        return known.by_its_word() or self.read(name)

    def read(self, name: str) -> ExperimentState | None:
        """Return what is known of an experiment, None if there is none of that name."""
        experiment = self._place(name)
        if experiment is None:
            return None
        kept = self._kept.setdefault(name, _Kept())
        begun = self._clock()
        if kept.state is None or begun >= kept.until:
            kept.state = _read(experiment, kept)
            took = self._clock() - begun
            kept.until = begun + max(_FRESH, _PAUSE * took)
        return kept.state

    def _place(self, name: str) -> Experiment | None:
        experiment = self.store.place(name) if _is_name(name) else None
        if experiment is None or not experiment.exists:
            self._kept.pop(name, None)
            return None
        return experiment


def _outline(experiment: Experiment, kept: _Kept) -> ExperimentState:
    """Read description and sessions, without the jobs."""
    if kept.description is None:
        kept.description = _json_of(experiment, _DESCRIPTION)
    return ExperimentState(experiment.name, kept.description, tuple(_sessions(experiment, kept)))


def _read(experiment: Experiment, kept: _Kept) -> ExperimentState:
    state = _outline(experiment, kept)
    sessions = state.sessions
    if kept.state is not None and kept.state.sessions == sessions and not state.open:
        return kept.state
    newest = sessions[-1].id if sessions else ""
    if newest != kept.newest:
        # A run that begins puts damaged jobs aside: what was known of them may be gone.
        kept.newest, kept.jobs = newest, {}
    at_work = {session.id for session in state.open}
    there = {job for session in sessions for job in session.jobs} & set(experiment.jobs.ids())
    settled = {job: facts for job, facts in kept.jobs.items()
               if job in there and (facts.is_final or facts.session in at_work)}
    jobs = JobStore(experiment.storage)
    found = _records(jobs, sorted(there - settled.keys()), known=len(kept.jobs))
    kept.jobs = settled | found
    rest = [job for job in there if job not in kept.jobs or not kept.jobs[job].is_final]
    begun = {job: since for job in rest if at_work
             and (since := _begun(jobs, job, at_work, kept.jobs.get(job))) is not None}
    broken = tuple(sorted(job for job in rest if job not in kept.jobs and jobs.is_broken(job)))
    return replace(state, jobs=dict(kept.jobs), begun=begun, unreadable=broken)


def _sessions(experiment: Experiment, kept: _Kept) -> Iterable[Session]:
    """Yield the sessions, oldest first; one that has ended is not read again."""
    for name in experiment.storage.folders(SESSIONS):
        _, known = kept.sessions.get(name, ("", None))
        if known is None or not known.ended:
            known = _session(experiment, name, kept)
        if known is not None and known.outcome == "running":
            known = _with_life(experiment, name, kept, known)
        if known is not None:
            yield known


def _with_life(experiment: Experiment, name: str, kept: _Kept, session: Session) -> Session:
    manifest = {"started": session.started, "shard": session.shard}
    alive = is_alive(experiment, manifest)
    if alive is False:
        # It may have written how it ended, and let go, between the two looks.
        session = _session(experiment, name, kept) or session
    return session.model_copy(update={"alive": alive})


def _session(experiment: Experiment, name: str, kept: _Kept) -> Session | None:
    try:
        text = experiment.storage.read_text(f"{SESSIONS}/{name}/{_MANIFEST}")
    except (CorruptError, InputError):
        return None
    digest = sha256(text).hexdigest()
    if kept.sessions.get(name, ("", None))[0] != digest:
        try:
            kept.sessions[name] = digest, Session.model_validate_json(text)
        except ValidationError:
            return None
    return kept.sessions[name][1]


def _records(jobs: JobStore, ids: list[str], known: int) -> dict[str, JobFacts]:
    """Read some jobs; at the first look at many by the index, which has them in few files."""
    found: dict[str, Record] = {}
    if not known and len(ids) > _MANY:
        # A run that ends may put the index in order meanwhile: then the jobs are asked.
        with contextlib.suppress(CorruptError):
            found = jobs.read_all(ids)
    for job in ids:
        if job not in found and (record := jobs.read(job)) is not None:
            found[job] = record
    return {job: JobFacts.of(record) for job, record in found.items()}


def _begun(
    jobs: JobStore, job: str, sessions: set[str], known: JobFacts | None
) -> str | None:
    """When an open session began to work on a job, None if none has or it has ended since."""
    since = None
    place = jobs.place(job)
    for attempt in jobs.storage.folders(place):
        first = _first_line(jobs, f"{place}/{attempt}/{_ATTEMPT_LOG}")
        if first.get("session") in sessions:
            since = max(since or "", str(first.get("time", "")))
    if known is not None and since is not None and since <= known.started:
        return None
    return since


def _first_line(jobs: JobStore, name: str) -> dict[str, Any]:
    try:
        line = json.loads(jobs.storage.read(name).split(b"\n", 1)[0])
    except (CorruptError, InputError, ValueError, RecursionError):
        return {}
    return line if isinstance(line, dict) else {}


def _json_of(experiment: Experiment, name: str) -> dict[str, Any]:
    try:
        value = experiment.storage.read_json(name)
    except CorruptError:
        return {}
    return value if isinstance(value, dict) else {}


def _is_name(name: str) -> bool:
    """Whether a name can be that of a folder: what a browser asks for may be anything."""
    return bool(name) and name not in (".", "..") and not set(name) & {"/", "\\", "\0"}
