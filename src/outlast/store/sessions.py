"""Every training session leaves a manifest and a log, readable and as JSON lines."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import platform
import secrets
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from outlast.credentials import hidden, hidden_in
from outlast.errors import (
    CorruptError,
    InputError,
    OutlastError,
    OutlastWarning,
    StoreError,
    StorePausedError,
    unknown_name,
)
from outlast.store.experiments import LOCK, SESSIONS, Experiment, Store
from outlast.store.storage import Storage

MANIFEST = "manifest.json"
_LIBRARIES = ("outlast", "numpy", "polars", "scikit-learn", "lightgbm", "xgboost-cpu", "xgboost",
              "catboost", "optuna", "altair", "vl-convert-python", "scipy")


def now() -> str:
    """Return the time in UTC as ISO text with seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Session:
    """One invocation that trains: ``<experiment>/sessions/<id>/``."""

    id: str
    storage: Storage

    def update(self, **values: Any) -> None:
        """Add values to the manifest, the file that tells the session whole."""
        known = self.storage.read_json(MANIFEST) if self.storage.exists(MANIFEST) else {}
        self.storage.write_json(MANIFEST, {**known, **hidden_in(values)})


@contextlib.contextmanager
def open_session(experiment: Experiment, **details: Any) -> Iterator[Session]:
    """Begin a session, keep its log, and write down how it ended.

    Parameters
    ----------
    experiment : Experiment
    **details
        JSON values for the manifest: configuration, data, jobs.

    Yields
    ------
    Session
    """
    session_id = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    session = Session(session_id, experiment.storage.at(f"{SESSIONS}/{session_id}"))
    session.update(session=session_id, started=now(), outcome="running", **environment(), **details)
    begun = time.monotonic()
    outcome = "interrupted"
    try:
        with experiment.storage.scratch(f"{SESSIONS}/{session_id}") as folder, \
                keep_log(folder / "session"):
            yield session
        outcome = "finished"
    except StorePausedError as error:
        outcome = f"paused: {error}"
        raise
    except OutlastError as error:
        outcome = f"failed: {error}"
        raise
    finally:
        # Where the disk is full the error that said so must come through.
        with contextlib.suppress(StoreError):
            session.update(outcome=outcome, ended=now(), seconds=time.monotonic() - begun)


def read_sessions(experiment: Experiment) -> list[dict[str, Any]]:
    """Return the manifests of an experiment, oldest first; broken ones are left out."""
    manifests = []
    for session in experiment.storage.folders(SESSIONS):
        with contextlib.suppress(CorruptError):
            manifest = experiment.storage.read_json(f"{SESSIONS}/{session}/{MANIFEST}")
            manifests.append({**manifest, "experiment": experiment.name})
    return manifests


def last_session(experiment: Experiment) -> dict[str, Any]:
    """Return the manifest of the last session that can be read, and warn if that is not the last.

    Raises
    ------
    InputError
        If there is none, with the way out.
    """
    names, readable = experiment.storage.folders(SESSIONS), read_sessions(experiment)
    if not readable:
        raise InputError(f"the settings of {experiment.name!r} are not known: "
                         f"{experiment.storage.url}/{SESSIONS} holds no whole manifest; run the "
                         "command that made it again: what is finished is kept")
    if readable[-1]["session"] != names[-1]:
        warnings.warn(f"{experiment.storage.url}/{SESSIONS}/{names[-1]}/{MANIFEST} is missing or "
                      f"damaged; the settings are those of session {readable[-1]['session']}",
                      OutlastWarning, stacklevel=2)
    return readable[-1]


def is_alive(experiment: Experiment, manifest: Mapping[str, Any]) -> bool | None:
    """Whether the process of a session that calls itself running still works.

    Told from what the holder of the lock wrote into it; the lock itself is not touched.

    Parameters
    ----------
    experiment : Experiment
    manifest : mapping
        Of the session.

    Returns
    -------
    bool or None
        None where this machine cannot know: the store has no locks, or another machine holds it.
    """
    lock = shard_lock(*manifest["shard"]) if manifest.get("shard") else LOCK
    if not experiment.storage.exists(lock):
        return None
    try:
        holder = experiment.storage.read_json(lock)
        pid, host, since = int(holder["pid"]), holder["host"], _moment(holder["since"])
    except (CorruptError, KeyError, TypeError, ValueError):
        return False  # whoever gives the lock back empties it
    if since > _moment(manifest["started"]):
        return False  # another run has taken it since
    return _runs(pid, since) if host == socket.gethostname() else None


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _runs(pid: int, since: float) -> bool:
    """Whether a process of that number is there that is as old as its lock."""
    try:
        begun = psutil.Process(pid).create_time()
    except psutil.Error:
        return False
    # The lock was written to the second; a later process has only inherited the number.
    return begun < since + 2


def shard_lock(index: int, count: int) -> str:
    """Name of the lock of one worker's share."""
    return f"shard-{index}-of-{count}.lock"


def find_session(store: Store, prefix: str) -> dict[str, Any]:
    """Return the manifest of the session whose id starts with `prefix`.

    Raises
    ------
    InputError
        If no session or more than one does.
    """
    every = [m for experiment in store.experiments() for m in read_sessions(experiment)]
    matching = [m for m in every if m["session"].startswith(prefix)]
    if len(matching) != 1:
        raise unknown_name("session", prefix, [m["session"] for m in matching or every])
    return matching[0]


def environment() -> dict[str, Any]:
    """Return what a result depends on beside data and configuration."""
    return {
        "command": hidden(" ".join([Path(sys.argv[0]).name, *sys.argv[1:]])),
        "git": git_state(),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "libraries": library_versions(),
    }


def library_versions() -> dict[str, str]:
    """Return the versions of the libraries that can change a number."""
    versions = {}
    for name in _LIBRARIES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[name] = metadata.version(name)
    return versions


def git_state() -> dict[str, str]:
    """Return commit and uncommitted difference of the working folder, empty outside git."""
    commit = _git("rev-parse", "HEAD")
    if not commit:
        return {}
    difference = _git("diff", "HEAD")
    return {"commit": commit, "diff": difference[:200_000], "dirty": str(bool(difference)).lower()}


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, timeout=10,
                              check=False)
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


class _JsonLines(logging.Formatter):
    """One JSON object a line: when, level, message and the extra fields."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {"time": datetime.fromtimestamp(record.created, UTC).isoformat(),
                  "level": record.levelname.lower(), "message": record.getMessage()}
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        told = hidden_in({**fields, **getattr(record, "fields", {})})
        return json.dumps(told, default=lambda value: hidden(str(value)))


class _Readable(logging.Formatter):
    """One line for people, without passwords."""

    def format(self, record: logging.LogRecord) -> str:
        return hidden(super().format(record))


@contextlib.contextmanager
def keep_log(stem: Path) -> Iterator[logging.Logger]:
    """Send outlast's log to ``<stem>.log`` for people and ``<stem>.jsonl`` for programs.

    The folder must be there.

    Yields
    ------
    logging.Logger
        The package's logger; ``extra={"fields": {...}}`` reaches the JSON lines.
    """
    logger = logging.getLogger("outlast")
    readable = _Readable("%(asctime)s %(levelname)-7s %(message)s", "%Y-%m-%d %H:%M:%S")
    handlers = [logging.FileHandler(stem.with_suffix(suffix), encoding="utf-8")
                for suffix in (".log", ".jsonl")]
    for handler, formatter in zip(handlers, (readable, _JsonLines()), strict=True):
        handler.setFormatter(formatter)
        logger.addHandler(handler)
    level = logger.level
    logger.setLevel(logging.INFO)
    try:
        yield logger
    finally:
        logger.setLevel(level)
        for handler in handlers:
            logger.removeHandler(handler)
            handler.close()
