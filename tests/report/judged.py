"""What the judge says in the sample document: promise, exam, rules, calibration, costs."""

from __future__ import annotations

from typing import Any

from outlast.judge.board import (
    Ageing,
    CalibrationCard,
    CostCard,
    CoverageCard,
    Exam,
    Grade,
    Interval,
    Opening,
    Period,
    Promise,
    Row,
    RuleCard,
    Strength,
)
from outlast.judge.details import Details

DAY = 86_400 * 10**9
NOTHING: dict[str, Any] = {
    "promise": None, "rules": (), "strength": Strength(n_tried=0), "calibration": None,
    "costs": None, "details": Details(), "exam": Exam(
        status="none", reason="the table is too short",
        sentence="There is no sealed exam: the table is too short."),
}
INTERVALS = CoverageCard(level=0.9, coverage=Interval(value=0.887, low=0.86, high=0.914),
                         by_period=(0.91, 0.88, 0.87), half_width=0.0312)


def near(value: float, width: float) -> Interval:
    return Interval(value=value, low=value - width, high=value + width)


def judged(rows: tuple[Row, ...]) -> dict[str, Any]:
    """All parts that follow from a leaderboard, by name."""
    best, second = rows[0], rows[1]
    promise = Promise(
        row=best.id, model=best.model, search=best.search, selection=best.selection,
        split=best.split, score=near(0.732, 0.06), level=0.9, forward=0.741,
        optimism=0.006, recent=0.001,
        older=-0.003, between_windows=0.02, within_windows=0.025, n_windows=5,
        ageing=Ageing(per_day=near(-0.0001, 0.00005), p=0.01, mean_age_days=180, oldest_days=400),
        retrain_days=620, sentence=f"{best.model} is expected to score roc_auc 0.732 on what comes "
                                   "next (90 % interval 0.672 to 0.792).")
    exam = Exam(
        status="opened", start="2011-03-14", end="2013-02-22", n_rows=2151, n_times=490,
        n_blocks=32, sha256="849513426b155d663fe16a759dc5778ab6bd2177a6aa9823401985550c9894fa",
        openings=(Opening(opened="2025-11-03T09:41:00+00:00", session="20251103-094100-ab12",
                          finalists=(f"{best.model} · exam #0", f"{second.model} · exam #0")),),
        grades=(Grade(row=best.id, label=best.label, promised=promise.score,
                      score=near(0.738, 0.05), over_baseline=near(0.17, 0.04), kept=True),
                Grade(row=second.id, label=second.label, promised=near(0.72, 0.02),
                      score=near(0.68, 0.05), over_baseline=near(0.11, 0.05), kept=False)),
        sentence=f"In the sealed exam (2011-03-14 to 2013-02-22, 2,151 rows), opened once, "
                 f"{best.model} scores roc_auc 0.738 (95 % CI 0.688 to 0.788).")
    rules = (
        RuleCard(rule="best_mean", description="the best mean over all windows so far",
                 score=0.73, regret=0.01, over_usual=near(0.0, 0.0), n_others=0,
                 picks=(best.label, best.label, second.label), row=best.id, chosen=True),
        RuleCard(rule="last_window", description="the best in the last window", score=0.72,
                 regret=0.02, over_usual=near(-0.01, 0.02), n_others=2,
                 picks=(best.label, second.label, second.label), row=second.id))
    periods = tuple(Period(start=k * 400 * DAY, end=(k + 1) * 400 * DAY - DAY, n_rows=1500,
                           said=0.24 + k / 100, happened=0.25, error=0.03, error_after=0.02)
                    for k in range(1, 4))
    return {
        "promise": promise, "exam": exam, "rules": rules,
        "strength": Strength(n_tried=9, confidence_set=(best.id, second.id), overfitting=0.23,
                             persistence=0.26, detectable=0.0185),
        "calibration": CalibrationCard(
            periods=periods, gain=near(0.004, 0.003), slope=0.86, intercept=-0.1, helps=True,
            curve=tuple((0.05 + k / 10, 0.06 + k / 11, 600) for k in range(10))),
        "costs": CostCard(false_positive=1.0, false_negative=5.0, threshold=1 / 6,
                          raw_threshold=0.171, cost=near(0.41, 0.05), saved=near(0.29, 0.1),
                          acts_on=0.62),
    }
