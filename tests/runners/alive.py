"""Whether processes live, as tests ask."""

from __future__ import annotations

import time
from pathlib import Path

import psutil

from outlast.runners.guard import MARK
from outlast.testing.runners import survivors

__all__ = ["marked", "pids_in", "survivors", "wait_for_pids"]


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
