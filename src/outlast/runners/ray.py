"""Tasks of Ray, on one machine or on many. Ray is loaded when such a runner is made."""

from __future__ import annotations

import os
import pickle
import secrets
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Any

from outlast.errors import MissingDependencyError
from outlast.records import Failure
from outlast.runners.base import (
    NO_LIMITS,
    Event,
    Function,
    Limits,
    Runner,
    Spec,
    attempt,
    cancelled,
)
from outlast.runners.excerpt import Excerpt
from outlast.runners.guard import MARK, Guard, end_marked
from outlast.runners.serve import flush, thread_variables

# Read by the processes of Ray. The first keeps them on the loopback interface, on Linux as on
# systems where a cluster is one machine; the last ends what a task's process has started.
_QUIET = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_process_group_cleanup_enabled": "1",
}

# Seconds: between two looks at the limits, that a machine has to take a call, and that ended
# tasks have to be gone.
LOOK, REACH, GONE = 0.1, 2.0, 5.0


class RayRunner(Runner):
    """A Ray task for every specification, none of which Ray tries again.

    Where Ray is in use in this process already, that cluster is used and left as it is. Time
    limits and the deadline hold as they do on one machine; memory is watched by Ray itself,
    machine by machine, and no peak is told. What a specification prints is lost with a process
    that dies, but for the logs of Ray.

    Parameters
    ----------
    n_jobs : int, default 1
        How many specifications run at once; those that find no room on the cluster wait.
    threads : int, default 1
        How many processors each of them has, and threads its libraries may use.
    address : str, optional
        A running cluster; by default one is started on this machine, which no other can reach.

    Raises
    ------
    MissingDependencyError
        If Ray is not installed.
    """

    name = "ray"

    def __init__(self, n_jobs: int = 1, threads: int = 1, address: str | None = None) -> None:
        super().__init__(n_jobs, threads)
        self.address = address
        self._ray = _library()

    def run(
        self, function: Function, specs: Sequence[Spec], limits: Limits = NO_LIMITS
    ) -> Iterator[Event]:
        """See `Runner.run`."""
        if not specs:
            return
        with _cluster(self._ray, self):
            tasks = _Tasks(self._ray, pickle.dumps(function), specs, limits, self.threads)
            try:
                while tasks.waiting or tasks.running:
                    yield from tasks.begin(self.n_jobs)
                    yield from tasks.advance()
                    tasks.look()
            finally:
                tasks.end_all()


@dataclass
class _Task:
    """A task that was handed to Ray; since and node are known once it runs."""

    index: int
    since: float | None = None
    node: str = ""
    verdict: Failure | None = None


class _Tasks:
    """All tasks of one run: Ray's generators, which first tell of a start and then of an end."""

    def __init__(
        self, ray: Any, function: bytes, specs: Sequence[Spec], limits: Limits, threads: int
    ) -> None:
        self._ray, self._specs, self._limits = ray, specs, limits
        self._function, self._threads = function, threads
        self._remote = ray.remote(num_cpus=threads, max_retries=0)(_work)
        self.waiting = deque(range(len(specs)))
        self.running: dict[Any, _Task] = {}

    def begin(self, room: int) -> Iterator[Event]:
        """Hand over what there is room for; after the deadline, say that it is not."""
        while self.waiting and self._is_late():
            yield cancelled(self.waiting.popleft())
        while self.waiting and len(self.running) < room:
            index = self.waiting.popleft()
            line = self._remote.remote(self._function, dict(self._specs[index]), self._threads)
            self.running[line] = _Task(index)
            yield Event(index, "started")

    def advance(self) -> Iterator[Event]:
        """Take the next word of a task, or none until the next look is due."""
        if not self.running:
            return
        ready, _ = self._ray.wait(list(self.running), timeout=LOOK)
        for line in ready:
            if (event := self._hear(line, self.running[line])) is not None:
                del self.running[line]
                yield event

    def look(self) -> None:
        """Hold every task to its limits."""
        for line, task in self.running.items():
            if task.verdict is None and (verdict := self._time_is_up(task)) is not None:
                task.verdict = verdict
                self._ray.cancel(line, force=True)

    def end_all(self) -> None:
        """End what runs, and wait until it is gone."""
        for line in self.running:
            self._ray.cancel(line, force=True)
        until = time.monotonic() + GONE
        while self.running and time.monotonic() < until:
            for _ in self.advance():
                pass

    def _hear(self, line: Any, task: _Task) -> Event | None:
        try:
            told = self._ray.get(next(line))
        except self._ray.exceptions.RayError as error:
            return self._ended(task, error)
        if "node" in told:
            task.since, task.node = time.monotonic(), told["node"]
            return None
        failure = Failure(**told["failure"]) if told["failure"] else None
        return Event(task.index, "failed" if failure else "ok", failure, told["output"])

    def _ended(self, task: _Task, error: Exception) -> Event:
        """Return the event of a task that could not say itself how it ended."""
        if task.verdict is not None:
            kind: Any = task.verdict.kind
            return Event(task.index, kind, task.verdict)
        known = self._ray.exceptions
        message = str(error).strip()[:2000]
        kind = "crashed"
        if isinstance(error, known.RayTaskError):
            kind = "failed"
        elif isinstance(error, known.OutOfMemoryError):
            kind = "oom"
        elif isinstance(error, known.NodeDiedError) or self._is_dead(task.node):
            kind, message = "lost", f"the machine that it ran on is gone: {message}"
        return Event(task.index, kind, Failure(kind=kind, message=message))

    def _is_dead(self, node: str) -> bool:
        """Whether a machine takes no calls; Ray itself notices that only after a while."""
        for known in self._ray.nodes():
            if known["NodeID"] == node and known["Alive"]:
                return not _takes_calls(known["NodeManagerAddress"], known["NodeManagerPort"])
        return bool(node)

    def _time_is_up(self, task: _Task) -> Failure | None:
        timeout, grace = self._limits.timeout, self._limits.grace
        if task.since is None:
            return cancelled(task.index).failure if self._is_late() else None
        if timeout is not None and time.monotonic() > task.since + timeout:
            return Failure(kind="timeout", message=(
                f"it took longer than the {timeout:g} s that one may take"))
        if self._is_late(grace):
            return Failure(kind="cancelled", message=(
                f"it still ran {grace:g} s after the time of the run was over"))
        return None

    def _is_late(self, grace: float = 0.0) -> bool:
        deadline = self._limits.deadline
        return deadline is not None and time.monotonic() >= deadline + grace


def _work(function: bytes, spec: dict[str, Any], threads: int) -> Iterator[dict[str, Any]]:
    """The task: say where it runs, and then how it ended."""
    import ray

    os.environ.update(thread_variables(threads))
    yield {"node": ray.get_runtime_context().get_node_id()}
    with _captured() as printed:
        failure = attempt(lambda given: pickle.loads(function)(given), spec)
    yield {"failure": failure and failure.model_dump(), "output": printed.text()}


@contextmanager
def _captured() -> Iterator[Excerpt]:
    """Collect what is printed, from Python and past it, and give the streams back."""
    excerpt = Excerpt()
    read, write = os.pipe()
    before = {number: os.dup(number) for number in (1, 2)}
    for number in before:
        os.dup2(write, number)
    os.close(write)
    reader = threading.Thread(target=_collect, args=(os.fdopen(read, "rb"), excerpt), daemon=True)
    reader.start()
    try:
        yield excerpt
    finally:
        flush()
        for number, copy in before.items():
            os.dup2(copy, number)
            os.close(copy)
        # A child of the task may hold the pipe open for ever.
        reader.join(1)


def _collect(pipe: IO[bytes], excerpt: Excerpt) -> None:
    with pipe:
        while data := pipe.read1(2**16):  # type: ignore[attr-defined]
            excerpt.add(data)


def _library() -> Any:
    try:
        import ray
    except ImportError as error:
        raise MissingDependencyError(
            "runner 'ray' needs the library ray: pip install 'outlast[ray]'") from error
    return ray


@contextmanager
def _cluster(ray: Any, runner: RayRunner) -> Iterator[None]:
    """The cluster in use, the one at the address, or one of our own, which ends with the run."""
    if ray.is_initialized():
        yield
        return
    quiet = {"log_to_driver": False, "configure_logging": False}
    if runner.address is not None:
        ray.init(address=runner.address, **quiet)
        try:
            yield
        finally:
            ray.shutdown()
        return
    mark = f"{os.environ.get(MARK, '')}{secrets.token_hex(8)}/"
    with Guard(mark):
        try:
            with _environment({**_QUIET, MARK: mark}), _on_loopback(ray):
                ray.init(address="local", num_cpus=runner.n_jobs * runner.threads,
                         include_dashboard=False, _node_ip_address="127.0.0.1", **quiet)
            yield
        finally:
            ray.shutdown()
            end_marked(mark)


@contextmanager
def _on_loopback(ray: Any) -> Iterator[None]:
    """Do the same as the variable does, which Ray has read already when it was imported."""
    constants = ray._private.ray_constants
    before, constants.ENABLE_RAY_CLUSTER = constants.ENABLE_RAY_CLUSTER, False
    try:
        yield
    finally:
        constants.ENABLE_RAY_CLUSTER = before


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set variables for a while; what the caller has set is the caller's choice."""
    added = {name: value for name, value in values.items()
             if name == MARK or name not in os.environ}
    before = {name: os.environ.get(name) for name in added}
    os.environ.update(added)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def _takes_calls(address: str, port: int) -> bool:
    with suppress(OSError), socket.create_connection((address, port), timeout=REACH):
        return True
    return False
