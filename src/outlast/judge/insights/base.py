"""What an insight rule is: evidence in, one finding out, always."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import polars as pl

from outlast.judge import statistics
from outlast.judge.board import Row
from outlast.judge.held_out import HeldOut
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
    half_life : float, default 0.5
        Share of the gain over the baseline after whose loss a model is to be trained again.
    outlier_z : float, default 3.5
        Modified z-score from which a fold is different (Iglewicz and Hoaglin, 1993).
    min_folds : int, default 6
        Fewer folds say nothing about one of them.
    influence_se : float, default 1.0
        Standard errors by which the score falls without an event that carries it.
    influence_share : float, default 0.5
        The same as a share of all gain over the baseline.
    min_events : int, default 4
        Fewer events say nothing about one of them.
    segment_loss : float, default 0.2
        A segment fails when it gains less than all others by this share of all gain.
    segment_rows : int, default 50
        Rows below which a segment is not looked at.
    segment_share : float, default 0.02
        The same as a share of the held-out rows.
    optimism_se : float, default 2.0
        Standard errors by which tuning must promise more than it keeps.
    edge_width : float, default 0.05
        Part of a parameter's range at each end that counts as its edge.
    edge_folds : float, default 0.6
        Share of the folds whose best value must lie at the same edge.
    edge_share : float, default 0.1
        Share of the trials' spread of score that the parameter must account for.
    min_trials : int, default 8
        Fewer trials say nothing about the course of a search.
    stable_phi : float, default 0.4
        Stability below which a selection is unstable.
    min_sets : int, default 10
        Fewer chosen sets say nothing about stability.
    redundancy_gap : float, default 0.15
        If groups of alike features are so much more stable, only the choice among copies varies.
    drift_ratio : float, default 1.25
        Times the 99th percentile of chance by which a feature must drift: of many features one
        exceeds that percentile by chance.
    shap_ratio : float, default 2.0
        A feature moves predictions without moving the score if its SHAP share is so many times
        the most that its share of permutation importance may be.
    shap_share : float, default 0.05
        That counts only in features with this share of SHAP.
    slope_margin : float, default 0.1
        A calibration slope nearer to 1 than this does no harm.
    overfit_se : float, default 2.0
        Standard errors by which the training score must exceed the test score.
    overfit_share : float, default 0.3
        The same as a share of the gain over the baseline.
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
    half_life: float = 0.5
    outlier_z: float = 3.5
    min_folds: int = 6
    influence_se: float = 1.0
    influence_share: float = 0.5
    min_events: int = 4
    segment_loss: float = 0.2
    segment_rows: int = 50
    segment_share: float = 0.02
    optimism_se: float = 2.0
    edge_width: float = 0.05
    edge_folds: float = 0.6
    edge_share: float = 0.1
    min_trials: int = 8
    stable_phi: float = 0.4
    min_sets: int = 10
    redundancy_gap: float = 0.15
    drift_ratio: float = 1.25
    shap_ratio: float = 2.0
    shap_share: float = 0.05
    slope_margin: float = 0.1
    overfit_se: float = 2.0
    overfit_share: float = 0.3

    def as_numbers(self) -> dict[str, float]:
        """The thresholds by name."""
        return {name: float(value) for name, value in asdict(self).items() if value is not None}


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
    thresholds : Thresholds
    command : str
        The command that runs the experiment, to build ready actions from.
    around : Surroundings, optional
        What is known besides the records.
    """

    board: Board
    split: str | None
    records: Sequence[Record]
    thresholds: Thresholds
    command: str = "outlast run"
    around: Surroundings = field(default_factory=Surroundings)

    @property
    def rows(self) -> list[Row]:
        """Scored rows of the headline split, best first."""
        return [row for row in self.board.of_split(self.split) if row.score.value is not None]

    @property
    def models(self) -> list[Row]:
        """The rows that are no baselines, and no means of others."""
        return [row for row in self.rows if not (row.is_baseline or row.members)]

    @property
    def lacks_skill(self) -> bool:
        """Whether models were tested against a baseline and none of them beats it."""
        tested = [row.p_over_baseline for row in self.models if row.p_over_baseline is not None]
        return bool(tested) and min(statistics.holm(tested)) > self.thresholds.alpha

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
