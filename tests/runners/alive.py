"""Whether processes live, as tests ask."""

from __future__ import annotations

import time
from pathlib import Path

import psutil

from outlast.runners.guard import MARK


def pids_in(file: Path) -> list[int]:
    """Return the process ids that jobs wrote into a file."""
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def wait_for_pids(file: Path, count: int, seconds: float = 60) -> list[int]:
    """Return the process ids once there are so many."""
    until = time.monotonic() + seconds
    while len(pids := pids_in(file)) < count:
        assert time.monotonic() < until, f"only {len(pids)} of {count} processes came"
        time.sleep(0.02)
    return pids


def survivors(pids: list[int], seconds: float = 0) -> list[int]:
    """Return which of the processes live; with seconds, which do so even after that long."""
    until = time.monotonic() + seconds
    while (alive := [pid for pid in pids if _lives(pid)]) and time.monotonic() < until:
        time.sleep(0.02)
    return alive


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def marked(mark: str) -> list[int]:
    """Return the processes whose mark begins with this one."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK, "").startswith(mark):
                found.append(process.pid)
        except psutil.Error:
            continue
    return found
