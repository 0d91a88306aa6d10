"""What ends the processes of a run, even those that nobody knows by name any more.

All of them carry the run's mark in their environment, and so does whatever they start: a child
with a session of its own, or one whose parent is dead, is found all the same. Run as a program,
this file waits for the death of its parent and then ends what the parent left behind. A process
of its own is needed for that, since a worker in the middle of C code can do nothing itself.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress

import psutil

MARK = "OUTLAST_WORKER"

# How often, and seconds between: processes that are being ended may still start others.
ROUNDS, PAUSE = 50, 0.01


class Guard:
    """Ends all processes of a run if this process dies; it lives as long as the run.

    Parameters
    ----------
    mark : str
        What the environments of these processes begin with under `MARK`.
    """

    def __init__(self, mark: str) -> None:
        # By its path: importing the package would take much longer than the program does.
        command = [sys.executable, "-P", __file__, str(os.getpid()), mark]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)

    def tell(self, groups: Iterable[int]) -> None:
        """Name the process groups of today: a child with a cleared environment has no mark."""
        assert self._process.stdin is not None, "the line to the guard is a pipe"
        try:
            self._process.stdin.write(f"{' '.join(map(str, groups))}\n".encode())
            self._process.stdin.flush()
        except OSError:
            pass  # somebody ended the guard; the run goes on

    def __enter__(self) -> Guard:
        return self

    def __exit__(self, *exception: object) -> None:
        """End the guard: nothing is left to guard."""
        self._process.kill()
        self._process.communicate()


def end_marked(mark: str) -> None:
    """Kill every process whose mark begins with this one, and their children, until none is left.

    Parameters
    ----------
    mark : str
    """
    for _ in range(ROUNDS):
        if not (found := _family(mark)):
            return
        for process in found:
            _kill(process)
        time.sleep(PAUSE)


def _family(mark: str) -> list[psutil.Process]:
    """The marked processes with all that descend from them, even with a cleared environment."""
    parents = {process: _parent(process) for process in psutil.process_iter()}
    found = new = {process for process in parents if _carries(process, mark)}
    while new:
        pids = {process.pid for process in new}
        new = {process for process, parent in parents.items() if parent in pids} - found
        found = found | new
    return sorted(found, key=lambda process: process.pid)


def _parent(process: psutil.Process) -> int:
    try:
        return process.ppid()
    except psutil.Error:
        return 0


def _carries(process: psutil.Process, mark: str) -> bool:
    try:
        return process.environ().get(MARK, "").startswith(mark)
    except (psutil.Error, OSError):
        return False  # another user's, or gone


def _kill(process: psutil.Process) -> None:
    with suppress(psutil.Error):  # gone
        process.kill()


def _wait_for_death(parent: int) -> list[int]:
    """Return when the pipe to the parent ends, with the process groups last told by it."""
    told = b""
    # A process that the parent forked may hold the pipe open, so look at the parent as well.
    while os.getppid() == parent:
        if os.name == "nt" or select.select([0], [], [], 1)[0]:
            if not (data := os.read(0, 2**16)):
                break
            told = (told + data)[(told + data).rfind(b"\n", 0, -1) + 1:]
    return [int(group) for group in told.split()]


def _kill_group(group: int) -> None:
    with suppress(AttributeError, OSError):  # a system without groups, or gone
        os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    for group in _wait_for_death(int(sys.argv[1])):
        _kill_group(group)
    end_marked(sys.argv[2])
