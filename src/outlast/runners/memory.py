"""How much memory worker processes hold, cheaply enough to look many times a second."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil


def held(leaders: Iterable[int], measure: Callable[[int], int] | None = None) -> dict[int, int]:
    """Return the bytes that each session of processes holds, shared pages left out.

    Feature tables are mapped from files by all workers, and are charged to none of them. A child
    that left the session of its worker is not counted.

    Parameters
    ----------
    leaders : iterable of int
        Process ids of the sessions' leaders.
    measure : callable, optional
        From a process id to bytes; `private` by default.
    """
    measure = measure or private
    total = dict.fromkeys(leaders, 0)
    for pid in psutil.pids() if hasattr(os, "getsid") else total:
        if (leader := _session(pid)) in total:
            total[leader] += _of_living(pid, measure)
    return total


def private(pid: int) -> int:
    """Return the bytes of one process, in microseconds; pages shared by a fork count twice."""
    info = psutil.Process(pid).memory_info()
    return int(info.rss - getattr(info, "shared", 0))


def proportional(pid: int) -> int:
    """Return the same in milliseconds, with each page divided among the processes that hold it."""
    rollup = Path(f"/proc/{pid}/smaps_rollup")
    if not rollup.exists():
        return private(pid)
    fields = dict(line.split(":", 1) for line in rollup.read_text().splitlines()[1:])
    return int(fields["Pss_Anon"].split()[0]) * 1024


def _session(pid: int) -> int:
    try:
        return os.getsid(pid) if hasattr(os, "getsid") else pid
    except OSError:
        return 0


def _of_living(pid: int, measure: Callable[[int], int]) -> int:
    try:
        return measure(pid)
    except (psutil.Error, OSError):
        return 0
