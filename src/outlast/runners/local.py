"""A small pool of supervised processes: one that dies takes only its own job with it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext, SpawnProcess
from types import ModuleType

from outlast.records import Failure
from outlast.runners.base import NO_LIMITS, Event, Function, Limits, Runner, Spec, attempt

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
                     "POLARS_MAX_THREADS")


class LocalRunner(Runner):
    """Processes on this machine, each reused for many specifications.

    Workers are spawned, not forked: OpenMP libraries hang in a forked child. A worker that
    dies (segmentation fault, killed for memory) is replaced and its job is reported as
    "crashed"; every other job goes on.
    """

    name = "local"

    def run(
        self, function: Function, specs: Sequence[Spec], limits: Limits = NO_LIMITS  # noqa: ARG002
    ) -> Iterator[Event]:
        """See `Runner.run`."""
        context = multiprocessing.get_context("spawn")
        waiting = list(reversed(range(len(specs))))
        workers: list[_Worker] = []
        try:
            while waiting or any(worker.busy for worker in workers):
                while waiting and (worker := self._free(workers, function, context)):
                    index = waiting.pop()
                    worker.start(index, specs[index])
                    yield Event(index, "started")
                for worker in _ready(workers):
                    yield worker.collect()
                workers = [worker for worker in workers if worker.alive]
        finally:
            for worker in workers:
                worker.stop()

    def _free(
        self, workers: list[_Worker], function: Function, context: SpawnContext
    ) -> _Worker | None:
        """An idle worker, a new one while there is room, or None."""
        for worker in workers:
            if not worker.busy:
                return worker
        if len(workers) >= self.n_jobs:
            return None
        workers.append(_Worker(function, context))
        return workers[-1]


class _Worker:
    """One process and the line to it."""

    def __init__(self, function: Function, context: SpawnContext) -> None:
        self._line, theirs = context.Pipe()
        self._process: SpawnProcess = context.Process(target=_serve, args=(function, theirs),
                                                      daemon=True)
        with _worker_environment():
            self._process.start()
        theirs.close()
        self._index: int | None = None
        self.alive = True

    @property
    def busy(self) -> bool:
        return self._index is not None

    @property
    def line(self) -> Connection:
        return self._line

    def start(self, index: int, spec: Spec) -> None:
        self._index = index
        self._line.send(dict(spec))

    def collect(self) -> Event:
        """Take the outcome of the running specification, or note the worker's death."""
        assert self._index is not None, "only a busy worker has an outcome"
        index, self._index = self._index, None
        try:
            failure: Failure | None = self._line.recv()
        except (EOFError, ConnectionError):
            return Event(index, "crashed", self._death())
        return Event(index, "failed" if failure else "ok", failure)

    def stop(self) -> None:
        """End the process, whatever it is doing."""
        if self._process.is_alive():
            self._process.terminate()
            self._process.join(2)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._line.close()
        self.alive = False

    def _death(self) -> Failure:
        self._process.join(5)
        code = self._process.exitcode
        self.stop()
        return Failure(kind="crashed", message=f"the worker process died: {_cause(code)}")


class _worker_environment:
    """What a new process inherits: one thread, deafness to Ctrl-C, and no main script.

    Ctrl-C reaches the whole process group; the parent alone decides when a worker ends. A
    worker would run the caller's script again, were it not hidden: jobs need none of it.
    """

    def __enter__(self) -> None:
        self._script = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        self._before = {name: os.environ.get(name) for name in _THREAD_VARIABLES}
        os.environ.update(dict.fromkeys(_THREAD_VARIABLES, "1"))
        self._main = threading.current_thread() is threading.main_thread()
        if self._main:
            self._handler = signal.signal(signal.SIGINT, signal.SIG_IGN)

    def __exit__(self, *exception: object) -> None:
        sys.modules["__main__"] = self._script
        if self._main:
            signal.signal(signal.SIGINT, self._handler)
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _ready(workers: list[_Worker]) -> list[_Worker]:
    lines = {worker.line: worker for worker in workers if worker.busy}
    return [lines[line] for line in wait(list(lines)) if isinstance(line, Connection)]


def _serve(function: Function, line: Connection) -> None:
    """The worker's whole life: take a specification, work, answer, until the line closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            spec = line.recv()
        except (EOFError, ConnectionError):
            return
        line.send(attempt(function, spec))


def _cause(code: int | None) -> str:
    if code is not None and code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"
