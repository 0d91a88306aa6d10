"""Results, one line of JSON each, so that a run goes on where it was ended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.foresight.contenders import Answer, Contender
from benchmarks.foresight.sitting import Sitting


@dataclass(frozen=True)
class Result:
    """How one contender fared in one sitting.

    Attributes
    ----------
    table, cut : str
        The sitting.
    tool, setting : str
        The contender.
    budget : float
        Seconds.
    seed : int
    metric : {"roc_auc", "rmse"}
    unit : float
        See `Sitting.unit`.
    answer : Answer, optional
        None where it failed.
    error : str
        Why it failed.
    """

    table: str
    cut: str
    tool: str
    setting: str
    budget: float
    seed: int
    metric: str
    unit: float
    answer: Answer | None = None
    error: str = ""

    @property
    def key(self) -> tuple[str, str, str, float, int]:
        """What has to be run only once."""
        return self.table, self.cut, self.contender, self.budget, self.seed

    @property
    def contender(self) -> str:
        """Tool and setting."""
        return f"{self.tool}:{self.setting}"

    @property
    def realised(self) -> float | None:
        """What the future said; None where it was not asked."""
        return self.answer.realised if self.answer else None

    @property
    def loss(self) -> float:
        """The realised score so that less is better; infinite without one."""
        if self.realised is None:
            return float("inf")
        return -self.realised if self.metric == "roc_auc" else self.realised

    @property
    def gap(self) -> float | None:
        """By how much the promise was too good: points of AUC, or per cent of the labels' sd."""
        if self.answer is None or self.answer.promise is None or self.realised is None:
            return None
        better = self.answer.promise - self.realised
        return 100 * (better if self.metric == "roc_auc" else -better / self.unit)

    @property
    def covered(self) -> bool | None:
        """Whether the stated interval held what was realised; None without either."""
        told = self.answer
        if told is None or told.low is None or told.high is None or told.realised is None:
            return None
        return told.low <= told.realised <= told.high


def result_of(sitting: Sitting, contender: Contender, answer: Answer | None = None,
              error: str = "") -> Result:
    """Put a contender's answer, or why it has none, on record."""
    budget = sitting.budget
    return Result(sitting.name, sitting.moment, contender.tool, contender.setting, budget.seconds,
                  budget.seed, sitting.metric, sitting.unit, answer, error)


def append(path: Path, result: Result) -> None:
    """Add a result to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(result)) + "\n")


def read(path: Path) -> Iterator[Result]:
    """Read the results of a file, if there is one."""
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    for told in map(json.loads, lines):
        answer = told.pop("answer")
        yield Result(**told, answer=Answer(**answer) if answer else None)
