"""What an insight rule is: evidence in, one finding out, always."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import polars as pl

from outlast.judge import statistics
from outlast.judge.board import Row
from outlast.judge.decay import Decay
from outlast.judge.held_out import HeldOut
from outlast.judge.leaderboard import Board
from outlast.judge.non_inferiority import Comparison, compare_selections
from outlast.judge.thresholds import Thresholds
from outlast.records import Finding, Record, Severity


@dataclass(frozen=True)
class Range:
    """Between which values a search may choose a parameter.

    Parameters
    ----------
    low, high : float
    log : bool, default False
        Whether it is searched on the logarithmic scale.

    Examples
    --------
    >>> Range(1.0, 100.0, log=True).place(10.0)
    0.5
    """

    low: float
    high: float
    log: bool = False

    @property
    def capped(self) -> bool:
        """Whether its upper end is a natural one: no share can be above one."""
        return self.high == 1.0 and not self.log

    def place(self, value: float) -> float:
        """Where a value lies in the range, from 0 at the lower to 1 at the upper end."""
        low, high, at = (math.log(x) if self.log else x for x in (self.low, self.high, value))
        return (at - low) / (high - low)

    def beyond(self, upper: bool) -> float:
        """A value as far beyond an end as a quarter of the range is long."""
        if self.log:
            step = (self.high / self.low) ** 0.25
            return float(self.high * step if upper else self.low / step)
        step = (self.high - self.low) / 4
        return self.high + step if upper else self.low - step


@dataclass(frozen=True)
class Surroundings:
    """What rules need besides scores, as plain data: the judge reads no store.

    Parameters
    ----------
    features : polars.DataFrame, optional
        The feature ledger's rows of the headline split.
    events : polars.DataFrame, optional
        ``name``, ``kind``, ``start`` and ``end`` (int64, closed) of what concerns everyone.
    entities : sequence of str
        Names of the entities by their code.
    spaces : mapping
        By label of a model, the range of each parameter that is searched.
    calendar : bool, default False
        Whether times are nanoseconds of a real clock, not plain counts.
    """

    features: pl.DataFrame | None = None
    events: pl.DataFrame | None = None
    entities: Sequence[str] = ()
    spaces: Mapping[str, Mapping[str, Range]] = field(default_factory=dict)
    calendar: bool = False


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
    command : str
        The command that runs the experiment, to build ready actions from.
    around : Surroundings, optional
        What is known besides the records.
    """

    board: Board
    split: str | None
    records: Sequence[Record]
    command: str = "outlast run"
    around: Surroundings = field(default_factory=Surroundings)

    @property
    def thresholds(self) -> Thresholds:
        """The thresholds of the judge."""
        return self.board.thresholds

    @property
    def rows(self) -> list[Row]:
        """Scored rows of the headline split, best first."""
        return [row for row in self.board.of_split(self.split) if row.score.value is not None]

    @property
    def models(self) -> list[Row]:
        """The rows that are no baselines, and no means of others."""
        return [row for row in self.rows if not (row.is_baseline or row.members)]

    @property
    def lacks_models(self) -> bool:
        """Whether nothing but baselines has finished under the headline split."""
        return not self.models

    @property
    def lacks_skill(self) -> bool:
        """Whether models were tested against a baseline and none of them beats it."""
        return bool(self.tested) and min(self.p_over_baseline) > self.thresholds.alpha

    @property
    def tested(self) -> list[Row]:
        """The rows that were tested against a baseline, the ensemble among them."""
        return [row for row in self.rows if row.p_over_baseline is not None and not row.is_baseline]

    @property
    def p_over_baseline(self) -> list[float]:
        """Their one-sided p-values, with Holm's correction for as many comparisons."""
        return [float(p) for p in statistics.holm([row.p_over_baseline or 0.0
                                                   for row in self.tested])]

    def se(self, row: Row) -> float:
        """Standard error of a row's score."""
        return self.board.se(row.id)

    def tolerance(self, row: Row) -> float:
        """The difference in score below which two models are practically the same."""
        return self.thresholds.tolerance_se * self.se(row)

    def tied(self, best: Row, row: Row) -> bool:
        """Whether a row cannot be told from a better one."""
        gain = self.board.gain(best.id, row.id)
        return gain.low is None or gain.low <= 0

    @cached_property
    def held_out(self) -> HeldOut | None:
        """The held-out rows of the best model under the headline split."""
        return HeldOut.of(self.board, self.models[0].id) if self.models else None

    @cached_property
    def decay(self) -> Decay | None:
        """Their gain by the time since training, where all of them come after it."""
        return Decay.of(self.held_out) if self.held_out else None

    @property
    def selections(self) -> tuple[Comparison, ...]:
        """Each selection of the headline split against all features."""
        return compare_selections(self.board, self.models)


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
                       sentence=sentence, action=action, evidence=_known(numbers),
                       anchor=self.anchor)

    def tip(self, sentence: str, action: str, **numbers: Any) -> Finding:
        """The rule found something to gain."""
        return Finding(code=self.code, outcome="tip", severity="info", title=self.title,
                       sentence=sentence, action=action, evidence=_known(numbers),
                       anchor=self.anchor)

    def passed(self, sentence: str, **numbers: Any) -> Finding:
        """The rule looked and found nothing."""
        return Finding(code=self.code, outcome="passed", severity="info", title=self.title,
                       sentence=sentence, evidence=_known(numbers), anchor=self.anchor)

    def not_applicable(self, reason: str) -> Finding:
        """The rule had nothing to look at."""
        return Finding(code=self.code, outcome="not_applicable", severity="info",
                       title=self.title, sentence=reason, anchor=self.anchor)


def _known(value: Any) -> Any:
    """The same with None for what is no number, as an error of a single block is."""
    if isinstance(value, Mapping):
        return {key: _known(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_known(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
