"""A small pool of supervised processes: one that dies takes only its own job with it."""

from __future__ import annotations

import atexit
import os
import pickle
import secrets
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue

from outlast.runners.base import NO_LIMITS, Event, Function, Limits, Runner, Spec, cancelled
from outlast.runners.guard import MARK, Guard, end_marked
from outlast.runners.memory import held, proportional
from outlast.runners.serve import READY
from outlast.runners.workers import GONE, Setting, Verdict, Worker

# Seconds between two looks at the workers, with and without a limit of memory; and how long
# idle workers may take to tidy up at the end.
LOOK_CLOSELY, LOOK, TIDY_UP = 0.05, 0.1, 0.3


class LocalRunner(Runner):
    """Processes on this machine, each reused for many specifications.

    A worker that dies (segmentation fault, killed for memory) is replaced and its job is
    reported as "crashed"; every other job goes on. One that takes too long or too much memory
    is ended together with every process that it has started. All are supervised by a thread, so
    a caller that is busy with one event delays no limit; and none of them, nor any of their
    children, outlives the caller, whatever ends it.
    """

    name = "local"

    def run(
        self, function: Function, specs: Sequence[Spec], limits: Limits = NO_LIMITS
    ) -> Iterator[Event]:
        """See `Runner.run`."""
        if not specs:
            return
        pool = _Pool(pickle.dumps(function), specs, limits, self)
        # A program may end with the iterator left open: later than this, its threads stand still.
        atexit.register(pool.stop)
        try:
            pool.start()
            while (event := pool.next_event()) is not None:
                yield event
        finally:
            atexit.unregister(pool.stop)
            pool.stop()
        if pool.error is not None:
            raise pool.error


class _Pool:
    """The workers of one run and what each is to do."""

    def __init__(
        self, function: bytes, specs: Sequence[Spec], limits: Limits, runner: Runner
    ) -> None:
        # Runs inside of a run are ended with it: their marks begin with its mark.
        mark = f"{os.environ.get(MARK, '')}{secrets.token_hex(8)}/"
        self._setting = Setting(function, mark, runner.threads, SimpleQueue())
        self._specs, self._limits = specs, limits
        self._size = min(runner.n_jobs, len(specs))
        self._waiting = deque(range(len(specs)))
        self._workers: list[Worker] = []
        self._stopped = False
        self._next_look = 0.0
        self._thread = threading.Thread(target=self._supervise, name="outlast-pool", daemon=True)
        self.events: SimpleQueue[Event | None] = SimpleQueue()
        # Until the supervisor says that all went well: no outcome is lost in silence.
        self.error: Exception | None = RuntimeError("the supervisor of the workers has failed")

    def start(self) -> None:
        """Begin, in a thread."""
        self._thread.start()

    def next_event(self) -> Event | None:
        """Wait for the next event, None after the last, and let Ctrl-C through.

        A handler of SIGINT that a library put before Python's (polars does) restarts a wait
        without end instead of breaking it off: the caller would stop at the next event only.
        """
        while True:
            with suppress(Empty):
                return self.events.get(timeout=LOOK)

    def stop(self) -> None:
        """End all work now; with `next_event` all that is called by the caller's thread."""
        self._stopped = True
        self._setting.inbox.put((None, None))
        if self._thread.is_alive():
            self._thread.join()

    def _supervise(self) -> None:
        """Run everything; the last event is None, however this ends."""
        try:
            with Guard(self._setting.mark) as guard:
                self._run(guard)
            self.error = None
        except OSError as error:  # the system gives no more processes
            self.error = error
        finally:
            self.events.put(None)

    def _run(self, guard: Guard) -> None:
        try:
            while not self._stopped and (self._waiting or self._busy()):
                self._give_out(guard)
                self._listen()
                self._look()
            self._tidy_up()
        finally:
            self._end_all()

    def _busy(self) -> list[Worker]:
        return [worker for worker in self._workers if worker.index is not None]

    def _give_out(self, guard: Guard) -> None:
        """Start what can be started; after the deadline, say that it is not."""
        while self._waiting and self._is_late():
            self.events.put(cancelled(self._waiting.popleft()))
        while self._waiting and (worker := self._free(guard)):
            index = self._waiting.popleft()
            self.events.put(Event(index, "started"))
            worker.begin(index, self._specs[index])

    def _free(self, guard: Guard) -> Worker | None:
        """An idle worker, a new one while there is room, or None."""
        for worker in self._workers:
            if worker.free:
                return worker
        if len(self._workers) >= self._size:
            return None
        self._workers.append(Worker(self._setting))
        guard.tell(worker.pid for worker in self._workers)
        return self._workers[-1]

    def _listen(self) -> None:
        """Take the next answer of a worker, or none until the next look is due."""
        try:
            worker, message = self._setting.inbox.get(timeout=self._until_look())
        except Empty:
            return
        if worker is None:
            return
        if message == READY:
            worker.ready()
        elif message == GONE:
            self._bury(worker)
        else:
            self.events.put(worker.finish(message.failure))
            if message.last:
                worker.end()

    def _bury(self, worker: Worker) -> None:
        self._workers.remove(worker)
        if (event := worker.bury()) is not None:
            self.events.put(event)

    def _until_look(self) -> float:
        return max(0.0, self._next_look - time.monotonic())

    def _look(self) -> None:
        """Hold every worker to its limits, some times a second."""
        if self._until_look():
            return
        self._next_look = time.monotonic() + (LOOK if self._limits.memory is None else LOOK_CLOSELY)
        for worker in self._busy():
            if (verdict := self._time_is_up(worker)) is not None:
                worker.condemn(verdict)
        self._weigh()
        for worker in self._workers:
            worker.press()

    def _time_is_up(self, worker: Worker) -> Verdict | None:
        timeout, grace = self._limits.timeout, self._limits.grace
        if timeout is not None and time.monotonic() > worker.since + timeout:
            return Verdict("timeout", f"it took longer than the {timeout:g} s that one may take")
        if self._is_late(grace):
            return Verdict("cancelled", f"it still ran {grace:g} s after the time of the run was "
                                        "over")
        return None

    def _is_late(self, grace: float = 0.0) -> bool:
        deadline = self._limits.deadline
        return deadline is not None and time.monotonic() >= deadline + grace

    def _weigh(self) -> None:
        """Note what each worker holds, and end the biggest where that is too much together."""
        holds = held(worker.pid for worker in self._workers)
        for worker in self._workers:
            worker.peak = max(worker.peak, holds[worker.pid])
        limit = self._limits.memory
        if limit is None or sum(holds.values()) <= limit or self._is_freeing():
            return
        # Pages that a fork shares were counted twice, which is no reason to end anything.
        holds = held(holds, proportional)
        if (total := sum(holds.values())) <= limit:
            return
        biggest = max(self._workers, key=lambda worker: holds[worker.pid])
        biggest.condemn(Verdict("oom", (
            f"it held up to {_size(biggest.peak)} when all workers held {_size(total)} of "
            f"{_size(limit)} that they may; run fewer jobs at once, or allow more memory")),
            at_once=True)

    def _is_freeing(self) -> bool:
        return any(worker.verdict and worker.verdict.kind == "oom" for worker in self._workers)

    def _tidy_up(self) -> None:
        until = time.monotonic() + TIDY_UP
        for worker in self._workers:
            worker.dismiss()
        for worker in self._workers:
            worker.wait(until - time.monotonic())

    def _end_all(self) -> None:
        for worker in self._workers:
            worker.end_group()
        end_marked(self._setting.mark)  # one search for all
        for worker in self._workers:
            worker.bury(alone=True)


def _size(count: int) -> str:
    return f"{count / 2**20:,.0f} MiB"
