"""What a runner is: it maps one function over specifications and never loses an outcome."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from traceback import TracebackException
from typing import Any, ClassVar, Literal

from outlast.credentials import hidden
from outlast.records import Failure

Spec = Mapping[str, Any]
Function = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Limits:
    """What a run may use.

    Attributes
    ----------
    timeout : float, optional
        Seconds that one specification may take.
    memory : int, optional
        Bytes that all workers with their children may hold together, shared pages left out.
    deadline : float, optional
        Moment of `time.monotonic` after which nothing is started.
    grace : float, default 10.0
        Seconds after the deadline at which what still runs is ended.
    """

    timeout: float | None = None
    memory: int | None = None
    deadline: float | None = None
    grace: float = 10.0


NO_LIMITS = Limits()


@dataclass(frozen=True)
class Event:
    """Something that happened to one specification.

    Attributes
    ----------
    index : int
        Position of the specification.
    kind : {"started", "ok", "failed", "crashed", "timeout", "oom", "lost", "cancelled"}
        "failed" raised an exception, "crashed" lost its process, "timeout" and "oom" were ended
        for their time or memory, "lost" went down with its machine, "cancelled" met the
        deadline, mostly before it was started.
    failure : Failure, optional
        For every final kind but "ok".
    output : str
        What the specification printed, its middle left out where it is long.
    memory : int, optional
        Most bytes that it held at once, shared pages left out; None where nobody looked.
    """

    index: int
    kind: Literal["started", "ok", "failed", "crashed", "timeout", "oom", "lost", "cancelled"]
    failure: Failure | None = None
    output: str = ""
    memory: int | None = None


class Runner(ABC):
    """Runs a top-level function over JSON specifications.

    Parameters
    ----------
    n_jobs : int, default 1
        How many specifications run at once.
    threads : int, default 1
        How many threads the libraries of each may use.
    """

    name: ClassVar[str]

    def __init__(self, n_jobs: int = 1, threads: int = 1) -> None:
        self.n_jobs = n_jobs
        self.threads = threads

    @abstractmethod
    def run(
        self, function: Function, specs: Sequence[Spec], limits: Limits = NO_LIMITS
    ) -> Iterator[Event]:
        """Yield a "started" event and then exactly one final event per specification.

        One that never starts has its final event alone. The function's own result is not
        carried back: it commits what it made. Closing the iterator early ends all running
        work. Nothing is tried twice here; that is the caller's to decide.
        """


def attempt(function: Function, spec: Spec) -> Failure | None:
    """Call a function and turn whatever it raises into a `Failure`, `sys.exit` included.

    Examples
    --------
    >>> attempt(lambda spec: None, {}) is None
    True
    >>> attempt(lambda spec: 1 / 0, {}).kind
    'ZeroDivisionError'
    """
    try:
        function(dict(spec))
    # A model may raise anything at all; the other jobs must go on, and nothing is hidden:
    # the whole traceback is recorded.
    except (Exception, SystemExit) as error:
        return failure_of(error)
    return None


def failure_of(error: BaseException) -> Failure:
    """Return what is kept of an exception, even of one that fails to say what it is.

    Examples
    --------
    >>> failure_of(ValueError("no luck")).message
    'no luck'
    """
    told = TracebackException.from_exception(error)
    kind = type(error).__name__
    return Failure(kind=kind, message=hidden(_plain(str(told)))[:2000] or kind,
                   traceback=hidden(_plain("".join(told.format())))[-100_000:])


def cancelled(index: int) -> Event:
    """Return the one event of a specification that the deadline keeps from starting."""
    failure = Failure(kind="cancelled", message="the time of the run was over before it started")
    return Event(index, "cancelled", failure)


def _plain(text: str) -> str:
    """Text that can be stored: lone surrogates, as in odd file names, are written out."""
    return text.strip().encode("utf-8", "backslashreplace").decode()
