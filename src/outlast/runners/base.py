"""What a runner is: it maps one function over specifications and never loses an outcome."""

from __future__ import annotations

import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from outlast.records import Failure

Spec = Mapping[str, Any]
Function = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Event:
    """Something that happened to one specification.

    Attributes
    ----------
    index : int
        Position of the specification.
    kind : {"started", "ok", "failed", "crashed"}
        "failed" raised an exception, "crashed" lost its process.
    failure : Failure, optional
        For "failed" and "crashed".
    """

    index: int
    kind: Literal["started", "ok", "failed", "crashed"]
    failure: Failure | None = None


class Runner(ABC):
    """Runs a top-level function over JSON specifications.

    Parameters
    ----------
    n_jobs : int, default 1
        How many specifications run at once.
    """

    name: ClassVar[str]

    def __init__(self, n_jobs: int = 1) -> None:
        self.n_jobs = n_jobs

    @abstractmethod
    def run(self, function: Function, specs: Sequence[Spec]) -> Iterator[Event]:
        """Yield a "started" event and then exactly one final event per specification.

        The function's own result is not carried back: it commits what it made. Closing
        the iterator early ends all running work.
        """


def attempt(function: Function, spec: Spec) -> Failure | None:
    """Call a function and turn whatever it raises into a `Failure`.

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
    except Exception as error:
        return Failure(kind=type(error).__name__, message=_message(error),
                       traceback=traceback.format_exc())
    return None


def _message(error: Exception) -> str:
    text = str(error).strip()
    return text[:2000] or type(error).__name__
