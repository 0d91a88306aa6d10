"""Everything that the judge concludes from finished folds, before the sealed exam is opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from outlast.judge import calibration, statistics, verdict
from outlast.judge.board import (
    CalibrationCard,
    CostCard,
    CoverageCard,
    Grade,
    Headline,
    Interval,
    Promise,
    Row,
    RuleCard,
    Strength,
)
from outlast.judge.confidence_set import backtest_overfitting, model_confidence_set
from outlast.judge.curves import confusion_card, curve_card, superiority_card
from outlast.judge.deployment import compare_rules
from outlast.judge.details import Details
from outlast.judge.ensemble import mean_of
from outlast.judge.insights import Evidence, find_insights
from outlast.judge.leaderboard import Board, BoardSettings, Contestant, build_board
from outlast.judge.promise import Window, gain_matrix, make_promise
from outlast.judge.reliability import reliability, residual_bins
from outlast.judge.results import Result
from outlast.judge.slices import event_scores, segment_card
from outlast.records import Finding


@dataclass(frozen=True)
class Judgement:
    """The leaderboard and all that follows from it.

    Parameters
    ----------
    board : Board
    evidence : Evidence
        What the insight rules look at; its split is the headline's.
    window : Window, optional
        The stretch of time that promises are about.
    """

    board: Board
    evidence: Evidence
    window: Window | None = None

    @property
    def split(self) -> str | None:
        """The headline split."""
        return self.evidence.split

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """One per insight rule."""
        return find_insights(self.evidence)

    @cached_property
    def rules(self) -> tuple[RuleCard, ...]:
        """The rules of choosing a model, the chosen one first."""
        return compare_rules(self.board, self.split)

    @cached_property
    def headline(self) -> Headline:
        """The answer in one sentence."""
        return verdict.make_headline(self.board, self.split, self.findings, self.rules,
                                     self.evidence.records)

    @property
    def chosen(self) -> Row | None:
        """The recommended row, if there is one."""
        if self.headline.verdict not in ("clear", "tie"):
            return None
        return next((row for row in self.board.rows if row.id == self.headline.row), None)

    @cached_property
    def finalists(self) -> tuple[Row, ...]:
        """Who sits the exam: the recommended row, its members, the bar, its nearest rivals."""
        rows = [row for row in self.board.of_split(self.split) if row.score.value is not None]
        best = verdict.recommended(self.board, self.split, self.rules)
        if best is None:
            return ()
        bar = [row for row in rows if row.is_baseline][:1]
        members = [row for row in rows if row.id in best.members]
        rivals: dict[str, Row] = {}
        for row in rows:
            if row.tier == 1 and not (row.is_baseline or row.members):
                rivals.setdefault(row.model, row)
        asked = [best, *members, *bar, *list(rivals.values())[:self.board.thresholds.finalists]]
        return tuple({row.id: row for row in asked}.values())

    def promise(self, row_id: str) -> Promise | None:
        """What a row will score on the time that comes."""
        if row_id not in self._promises:
            self._promises[row_id] = make_promise(self.board, row_id, self.window,
                                                  calendar=self.evidence.around.calendar)
        return self._promises[row_id]

    @cached_property
    def _promises(self) -> dict[str, Promise | None]:
        return {}

    @cached_property
    def strength(self) -> Strength:
        """How much the held-out time can tell at all."""
        rows = [row for row in self.board.of_split(self.split)
                if row.score.value is not None and not row.is_baseline]
        limits = self.board.thresholds
        if not rows or rows[0].n_blocks < limits.interval_blocks:
            return Strength(n_tried=len(rows))
        leading = [row.id for row in rows[:limits.set_rivals]]
        gains = gain_matrix(self.board, leading)
        could_be_best = model_confidence_set(gains) > limits.set_alpha
        return Strength(
            n_tried=len(rows),
            confidence_set=tuple(row for row, is_in in zip(leading, could_be_best, strict=True)
                                 if is_in),
            overfitting=_defined(backtest_overfitting(
                gains, most_pieces=limits.backtest_pieces)),
            persistence=_persistence(self.board, leading),
            detectable=_detectable(self.board, leading),
        )

    @cached_property
    def calibration(self) -> CalibrationCard | None:
        """Whether the probabilities of the best row mean what they say."""
        return calibration.calibrate(self._best) if self._best else None

    @cached_property
    def coverage(self) -> CoverageCard | None:
        """Intervals around the values of the best row."""
        return calibration.cover(self._best) if self._best else None

    def costs(self, costs: tuple[float, float] | None) -> CostCard | None:
        """From which probability of the best row on to act."""
        if costs is None or self._best is None:
            return None
        return calibration.choose_threshold(self._best, costs)

    @cached_property
    def details(self) -> Details:
        """What figures show of the best row, and of the rows beside it."""
        best, evidence = self._best, self.evidence
        if best is None:
            return Details()
        row, held, events = self.finalists[0], evidence.held_out, evidence.around.events
        bar = next((r for r in evidence.rows if r.is_baseline and r.id != row.id), None)
        beside = self.board.contestants[bar.id] if bar else None
        # What rules have said of time and segments is said of the best single model.
        single = evidence.models[0].model if evidence.models else ""
        decay = evidence.decay
        return Details(
            row=row.id, label=row.label, baseline=bar.label if bar else "",
            decay=decay.card(held, single, self.board.thresholds, evidence.around.calendar)
            if held and decay else None,
            events=() if events is None else event_scores(best, beside, self.board.metric, events),
            segments=segment_card(held, single, evidence.around) if held else None,
            reliability=reliability(best),
            curves=curve_card(self.board, [row, *([bar] if bar else [])]),
            residuals=residual_bins(best), confusion=confusion_card(best, beside),
            superiority=superiority_card(self.board, evidence.rows))

    @property
    def _best(self) -> Contestant | None:
        """The recommended row, or the one that is nearest to it."""
        return self.board.contestants[self.finalists[0].id] if self.finalists else None

    def grade(self, examined: Sequence[Result]) -> tuple[Grade, ...]:
        """Return what the finalists were promised and what they scored in the exam.

        Parameters
        ----------
        examined : sequence of Result
            One for each finalist that is no ensemble, of the sealed rows.
        """
        by_row = {row.id: result for row in self.finalists if not row.members
                  for result in examined if _same(result, self.board.contestants[row.id].results)}
        for row in self.finalists:
            if row.members and all(member in by_row for member in row.members):
                (by_row[row.id],) = mean_of([[by_row[member]] for member in row.members])
        if not by_row:
            return ()
        sat = build_board(list(by_row.values()), self.board.metric,
                          BoardSettings(_baselines(self.finalists), ensembles=False,
                                        thresholds=self.board.thresholds))
        scored = {sat.contestants[row.id].results[0].record.job.id: row for row in sat.rows}
        return tuple(self._grade(row, scored[by_row[row.id].record.job.id])
                     for row in self.finalists if row.id in by_row)

    def _grade(self, row: Row, sat: Row) -> Grade:
        promise = self.promise(row.id)
        promised = promise.score if promise else Interval(value=None)
        kept = None
        if None not in (promised.low, promised.high, sat.score.value):
            kept = promised.low <= sat.score.value <= promised.high  # type: ignore[operator]
        return Grade(row=row.id, label=row.label, promised=promised, score=sat.score,
                     over_baseline=None if row.is_baseline else sat.over_baseline, kept=kept)


def _same(result: Result, folds: Sequence[Result]) -> bool:
    """Whether a result in the exam is of the configuration that the folds are of."""
    job, other = result.record.job, folds[0].record.job
    return (job.model, job.search, job.selection) == (other.model, other.search, other.selection)


def _baselines(rows: Sequence[Row]) -> frozenset[str]:
    return frozenset(row.model for row in rows if row.is_baseline)


def _persistence(board: Board, rows: Sequence[str]) -> float | None:
    """Mean of Kendall's tau between the ranks in one fold and in the next."""
    name = board.metric.name
    scores = np.array([[r.record.scores.get(name) for r in board.contestants[row].results]
                       for row in rows], dtype=np.float64)
    taus = [statistics.kendall_tau(a, b) for a, b in pairwise(scores.T)]
    known = [tau for tau in taus if np.isfinite(tau)]
    return float(np.mean(known)) if known else None


def _detectable(board: Board, rows: Sequence[str]) -> float | None:
    """The smallest difference to the best row that is found with the chance that is asked for."""
    gains = [board.gains(rows[0], row) for row in rows[1:]]
    errors = [gain.se for gain in gains if gain.se > 0]
    if not errors:
        return None
    freedom = gains[0].freedom
    quantiles = [statistics.t_quantile(share, freedom) for share in (0.975, board.thresholds.power)]
    return float(np.median(errors)) * sum(quantiles)


def _defined(value: float) -> float | None:
    return value if np.isfinite(value) else None
