"""One worker process as the pool sees it: what it does, holds, prints, and how it ended."""

from __future__ import annotations

import os
import pickle
import secrets
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import IO, Any, Literal

from outlast.records import Failure
from outlast.runners.base import Event, Spec
from outlast.runners.excerpt import Excerpt
from outlast.runners.guard import MARK, end_marked
from outlast.runners.serve import BOOT, Order, thread_variables

# What comes from a worker besides its answers: its line has ended.
GONE = "gone"

Inbox = SimpleQueue[tuple["Worker | None", Any]]

# Seconds: that a new process may need besides its time limit, that one asked to end has for it,
# and that a dead one's last words are waited for.
START, YIELD, LAST_WORDS = 60.0, 1.0, 1.0


@dataclass(frozen=True)
class Setting:
    """What all workers of a run have in common.

    Attributes
    ----------
    function : bytes
        The pickled function.
    mark : str
        What the marks of its processes begin with.
    threads : int
        How many threads the libraries of each may use.
    inbox : queue
        Where what comes from a worker is put, together with the worker.
    """

    function: bytes
    mark: str
    threads: int
    inbox: Inbox


@dataclass(frozen=True)
class Verdict:
    """Why a worker is ended, which becomes the outcome of what it runs."""

    kind: Literal["timeout", "oom", "cancelled"]
    message: str


class Worker:
    """A process, reused for one specification after the other.

    Parameters
    ----------
    setting : Setting
    """

    def __init__(self, setting: Setting) -> None:
        self._mark = f"{setting.mark}{secrets.token_hex(4)}/"
        self._process = _start(setting, self._mark)
        self.pid = self._process.pid
        self.index: int | None = None
        self.since = 0.0
        self.peak = 0
        self.verdict: Verdict | None = None
        self._end_by = float("inf")
        self._waiting: Spec | None = None
        self._ready = self._ending = False
        seal = secrets.token_bytes(16)
        self._printed = _Printed(self._process.stderr, seal)
        threading.Thread(target=self._read, args=(setting.inbox,), daemon=True).start()
        self._send(sys.path)
        self._send(Order(setting.function, os.getpid(), seal))

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    @property
    def free(self) -> bool:
        """Whether it can be given a specification; one that is being ended cannot."""
        return self.index is None and self.alive and not self._ending

    def begin(self, index: int, spec: Spec) -> None:
        """Give it a specification, which it takes as soon as it is ready."""
        self.index, self.peak, self._waiting = index, 0, spec
        # Until it is ready, its clock stands.
        self.since = time.monotonic() + START
        if self._ready:
            self.ready()

    def ready(self) -> None:
        """Hand over what waits: only now, as a pipe that nobody reads would block the pool."""
        self._ready = True
        if self._waiting is not None:
            self.since = time.monotonic()
            self._send(dict(self._waiting))
            self._waiting = None

    def finish(self, failure: Failure | None) -> Event:
        """Return the event of the specification that has just been answered."""
        assert self.index is not None, "only a busy worker has an outcome"
        index, self.index = self.index, None
        return Event(index, "failed" if failure else "ok", failure, self._printed.take(), self.peak)

    def condemn(self, verdict: Verdict, at_once: bool = False) -> None:
        """Ask it to end; what it runs will have this verdict."""
        self.verdict, self._ending = self.verdict or verdict, True
        self._signal_group("SIGKILL" if at_once else "SIGTERM")
        self._end_by = min(self._end_by, time.monotonic() + YIELD)

    def press(self) -> None:
        """End it if it died without its children, or was asked to end and does not."""
        if not self.alive or time.monotonic() > self._end_by:
            self.end()

    def dismiss(self) -> None:
        """Let it end by itself if it is idle, so that what it left behind is tidied up."""
        if self._ready and self.index is None and self._process.stdin:
            _close(self._process.stdin)
        else:
            self._signal_group("SIGKILL")

    def wait(self, seconds: float) -> int | None:
        """Return the exit code, or None if it is still alive after so long."""
        try:
            return self._process.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            return None

    def end(self) -> None:
        """End the process and everything that it has started."""
        self.end_group()
        end_marked(self._mark)

    def end_group(self) -> None:
        """End the process and what did not leave its group, which takes no search."""
        self._ending = True
        self._signal_group("SIGKILL")

    def bury(self, alone: bool = False) -> Event | None:
        """Return the event of what it ran; unless it is alone, end what is left of it before."""
        code = self.wait(LAST_WORDS)  # its line ends a moment before it is dead
        if alone:
            self.end_group()
        else:
            self.end()
        self._process.wait()
        output = self._printed.end()
        if self._process.stdin is not None:
            _close(self._process.stdin)
        if self.index is None:
            return None
        if self.verdict is None:
            failure = Failure(kind="crashed", message=f"the worker process died: {_cause(code)}")
            return Event(self.index, "crashed", failure, output, self.peak)
        failure = Failure(kind=self.verdict.kind, message=self.verdict.message)
        return Event(self.index, self.verdict.kind, failure, output, self.peak)

    def _read(self, inbox: Inbox) -> None:
        """Put every answer into the inbox, and at last that there will be none."""
        assert self._process.stdout is not None, "every stream of a worker is a pipe"
        with self._process.stdout as answers:
            while True:
                try:
                    inbox.put((self, pickle.load(answers)))
                except (EOFError, OSError, pickle.UnpicklingError):
                    break  # it is dead, perhaps in the middle of an answer
        inbox.put((self, GONE))

    def _send(self, message: Any) -> None:
        assert self._process.stdin is not None, "every stream of a worker is a pipe"
        try:
            pickle.dump(message, self._process.stdin)
            self._process.stdin.flush()
        except OSError:
            pass  # it is dead, and the end of its line will say so

    def _signal_group(self, name: str) -> None:
        try:
            if hasattr(os, "killpg"):
                os.killpg(self.pid, getattr(signal, name))
            else:
                self._process.kill()
        except (ProcessLookupError, PermissionError):
            pass  # all of it is dead


class _Printed:
    """Reads what a worker prints as it comes, or the worker would wait for a reader."""

    def __init__(self, pipe: IO[bytes] | None, seal: bytes) -> None:
        assert pipe is not None, "every stream of a worker is a pipe"
        self._done: SimpleQueue[str] = SimpleQueue()
        self._excerpt = Excerpt()
        self._thread = threading.Thread(target=self._read, args=(pipe, seal), daemon=True)
        self._thread.start()

    def take(self) -> str:
        """Return what the answered specification printed."""
        try:
            return self._done.get(timeout=LAST_WORDS)
        except Empty:
            return ""

    def end(self) -> str:
        """Return what was printed last, when the worker is dead."""
        self._thread.join(LAST_WORDS)
        return self._excerpt.text()

    def _read(self, pipe: IO[bytes], seal: bytes) -> None:
        rest = b""
        with pipe:
            while data := pipe.read1(2**16):  # type: ignore[attr-defined]
                *finished, rest = (rest + data).split(seal)
                for text in finished:
                    self._excerpt.add(text)
                    self._done.put(self._excerpt.text())
                    self._excerpt = Excerpt()
                # The beginning of a seal may be at the end of what came.
                sure = max(0, len(rest) - len(seal) + 1)
                self._excerpt.add(rest[:sure])
                rest = rest[sure:]
        self._excerpt.add(rest)


def _start(setting: Setting, mark: str) -> subprocess.Popen[bytes]:
    """Start a process that runs nothing of the caller's script.

    It is spawned, not forked: OpenMP libraries hang in a forked child. In a session of its own,
    Ctrl-C does not reach it: the caller decides when it ends.
    """
    pipe = subprocess.PIPE
    environment = {**os.environ, **thread_variables(setting.threads), MARK: mark}
    return subprocess.Popen([sys.executable, "-c", BOOT], stdin=pipe, stdout=pipe, stderr=pipe,
                            env=environment, start_new_session=True,
                            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0))


def _close(stream: IO[bytes]) -> None:
    with suppress(OSError):  # what it still held cannot be written: the reader is dead
        stream.close()


def _cause(code: int | None) -> str:
    if code is None:
        return "it closed its line"
    if code >= 0:
        return f"exit code {code}"
    name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    hint = "; the system does that where memory runs out" if name == "SIGKILL" else ""
    return f"killed by {name}{hint}"
