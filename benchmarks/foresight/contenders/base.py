"""What a contender is: somebody who promises a score and is held to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.foresight.sitting import Sitting


class FailedError(Exception):
    """A contender had no answer."""


@dataclass(frozen=True)
class Answer:
    """A promise, what became of it, and what both have taken.

    Attributes
    ----------
    promise : float or None
        The contender's own estimate, in the metric of the sitting.
    realised : float or None
        What its predictions of the future score.
    seconds, cpu_seconds : float
    version : str
    low, high : float, optional
        The interval that it states around its promise.
    note : str
        What was shipped.
    """

    promise: float | None
    realised: float | None
    seconds: float
    cpu_seconds: float
    version: str
    low: float | None = None
    high: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Contender:
    """A tool in one of its settings.

    Attributes
    ----------
    tool : str
    setting : {"default", "time", "structure"}
        Its defaults, or what it has for data in order of time.
    what : str
        What that setting is, in a line.
    ask : callable of (sitting, empty folder) -> Answer
        Raises `FailedError`.
    """

    tool: str
    setting: str
    what: str
    ask: Callable[[Sitting, Path], Answer]

    @property
    def name(self) -> str:
        """Tool and setting."""
        return f"{self.tool}:{self.setting}"
