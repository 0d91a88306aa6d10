"""The inside of a worker process: take a specification, work, answer, until the line closes."""

from __future__ import annotations

import ctypes
import faulthandler
import io
import os
import pickle
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from outlast.records import Failure
from outlast.runners.base import attempt, failure_of

# The three standard streams are the only lines to a process that work everywhere. Once they
# are taken over, they are free for the work: nothing to read, and one pipe for what is printed.
BOOT = ("import os, pickle, sys; line = os.fdopen(os.dup(0), 'rb'); "
        "sys.path[:] = pickle.load(line); from outlast.runners.serve import serve; serve(line)")

READY = "ready"

_PR_SET_PDEATHSIG = 1

_THREADS = ("OMP", "OPENBLAS", "MKL", "BLIS", "VECLIB_MAXIMUM", "NUMEXPR", "NUMBA", "RAYON",
            "POLARS_MAX")


@dataclass(frozen=True)
class Order:
    """What a worker is for.

    Attributes
    ----------
    function : bytes
        The function, pickled: it is loaded by the worker, whose failure to do so is an outcome.
    parent : int
        Process that the worker must not outlive.
    seal : bytes
        Written after what a specification printed; nothing else is known to hold it.
    """

    function: bytes
    parent: int
    seal: bytes


@dataclass(frozen=True)
class Answer:
    """How a specification ended, and whether the worker ends with it."""

    failure: Failure | None
    last: bool = False


def thread_variables(threads: int) -> dict[str, str]:
    """Return the environment that keeps libraries from using more than so many threads."""
    count = str(threads)
    return {**{f"{name}_NUM_THREADS": count for name in _THREADS if "_" not in name},
            **{f"{name}_THREADS": count for name in _THREADS if "_" in name},
            "LOKY_MAX_CPU_COUNT": count}


def serve(line: BinaryIO) -> None:
    """Live the worker's whole life.

    Parameters
    ----------
    line : file
        Where pickled specifications come from, after the `Order`.
    """
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    printed = os.dup(2)
    _free_streams(printed)
    order: Order = pickle.load(line)
    _die_with(order.parent)
    _leave_traces(printed)
    # A function that cannot be loaded fails each of its specifications, not the worker.
    attempt(lambda _: pickle.loads(order.function), {})
    pickle.dump(READY, answers)
    for spec in _specs(line):
        _free_streams(printed)
        try:
            failure = attempt(lambda given: pickle.loads(order.function)(given), spec)
        except BaseException as error:
            # It is meant to end the process, and does so; but what it ends has an outcome first.
            _seal(printed, order.seal)
            pickle.dump(Answer(failure_of(error), last=True), answers)
            raise
        _seal(printed, order.seal)
        pickle.dump(Answer(failure), answers)


def _specs(line: BinaryIO) -> Iterator[dict[str, Any]]:
    while True:
        try:
            yield pickle.load(line)
        except EOFError:
            return


def _seal(printed: int, seal: bytes) -> None:
    """Hand over everything that a specification printed, and say that this was all."""
    flush()
    os.write(printed, seal)


def flush() -> None:
    """Empty every buffer of what is printed."""
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None and not stream.closed:
            stream.flush()
    if os.name == "posix":
        ctypes.CDLL(None).fflush(None)  # what C code printed waits in a buffer of its own


def _free_streams(printed: int) -> None:
    """Let there be nothing to read, and one pipe for all that is printed, even from C."""
    empty = os.open(os.devnull, os.O_RDONLY)
    if empty != 0:  # which it is where the work has closed it
        os.dup2(empty, 0)
        os.close(empty)
    os.dup2(printed, 1)
    os.dup2(printed, 2)


def _leave_traces(printed: int) -> None:
    """Show each printed line at once, and the stack where a signal ends the process."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    faulthandler.enable(printed)
    if hasattr(faulthandler, "register"):
        # Where a specification hung that took too long; it works in the middle of C code.
        faulthandler.register(signal.SIGTERM, printed, chain=True)


def _die_with(parent: int) -> None:
    """Have the system end this process with its parent, on Linux; the guard does elsewhere."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the system was told
        os.kill(os.getpid(), signal.SIGKILL)
