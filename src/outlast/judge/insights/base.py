"""What an insight rule is: evidence in, one finding out, always."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from outlast.judge.board import Row
from outlast.judge.leaderboard import Board
from outlast.judge.non_inferiority import Comparison, compare_selections
from outlast.records import Finding, Record, Severity


@dataclass(frozen=True)
class Thresholds:
    """Every threshold of the judge, in one place; the report prints them.

    Parameters
    ----------
    alpha : float, default 0.05
        Level of the tests against the baseline (Holm-corrected over the models).
    tolerance_se : float, default 0.25
        A difference below this many standard errors of the skill does not matter.
    leak_gap_se : float, default 2.0
        Standard errors by which a random split must exceed the honest one to be an issue.
    leak_gap_high_se : float, default 3.0
        Standard errors from which that issue is of high severity.
    cheaper_ratio : float, default 1 / 3
        A model is cheaper when it costs at most this share of the best one's time.
    min_blocks : int, default 10
        Independent blocks of time below which evidence is thin.
    min_positives : int, default 100
        Labels of the rarer class in the held-out rows below which evidence is thin.
    redundant_share : float, default 0.1
        Share of dropped features from which the recipe is called redundant.
    selection_tolerance : float, optional
        What a selection may cost, in units of the metric; default: `tolerance_se` standard
        errors of the score with all features.
    """

    alpha: float = 0.05
    tolerance_se: float = 0.25
    leak_gap_se: float = 2.0
    leak_gap_high_se: float = 3.0
    cheaper_ratio: float = 1 / 3
    min_blocks: int = 10
    min_positives: int = 100
    redundant_share: float = 0.1
    selection_tolerance: float | None = None

    def as_numbers(self) -> dict[str, float]:
        """The thresholds by name."""
        return {name: float(value) for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class Evidence:
    """Everything that a rule may look at.

    Parameters
    ----------
    board : Board
    split : str, optional
        The headline split.
    records : sequence of Record
        All records of the experiment, failed ones included.
    thresholds : Thresholds
    command : str
        The command that runs the experiment, to build ready actions from.
    """

    board: Board
    split: str | None
    records: Sequence[Record]
    thresholds: Thresholds
    command: str = "outlast run"

    @property
    def rows(self) -> list[Row]:
        """Scored rows of the headline split, best first."""
        return [row for row in self.board.of_split(self.split) if row.score.value is not None]

    @property
    def models(self) -> list[Row]:
        """The rows that are no baselines."""
        return [row for row in self.rows if not row.is_baseline]

    def se(self, row: Row) -> float:
        """Standard error of a row's score."""
        return self.board.se(row.id)

    def tolerance(self, row: Row) -> float:
        """The difference in score below which two models are practically the same."""
        return self.thresholds.tolerance_se * self.se(row)


    @property
    def selections(self) -> tuple[Comparison, ...]:
        """Each selection of the headline split against all features."""
        limits = self.thresholds
        return compare_selections(self.board, self.models, limits.selection_tolerance,
                                  limits.tolerance_se, limits.alpha)


class Rule(ABC):
    """One insight rule with a stable code.

    A subclass returns `issue`, `tip` or `passed` with a sentence full of numbers, or
    `not_applicable` with the reason.
    """

    code: ClassVar[str]
    title: ClassVar[str]
    anchor: ClassVar[str] = "leaderboard"

    @abstractmethod
    def judge(self, evidence: Evidence) -> Finding:
        """Look at the evidence and answer."""

    def issue(self, severity: Severity, sentence: str, action: str, **numbers: Any) -> Finding:
        """The rule fired."""
        return Finding(code=self.code, outcome="issue", severity=severity, title=self.title,
                       sentence=sentence, action=action, evidence=numbers,
                       anchor=self.anchor)

    def tip(self, sentence: str, action: str, **numbers: Any) -> Finding:
        """The rule found something to gain."""
        return Finding(code=self.code, outcome="tip", severity="info", title=self.title,
                       sentence=sentence, action=action, evidence=numbers,
                       anchor=self.anchor)

    def passed(self, sentence: str, **numbers: Any) -> Finding:
        """The rule looked and found nothing."""
        return Finding(code=self.code, outcome="passed", severity="info", title=self.title,
                       sentence=sentence, evidence=numbers, anchor=self.anchor)

    def not_applicable(self, reason: str) -> Finding:
        """The rule had nothing to look at."""
        return Finding(code=self.code, outcome="not_applicable", severity="info",
                       title=self.title, sentence=reason, anchor=self.anchor)
