"""What the judge says: estimates with intervals, leaderboard rows and the headline."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from outlast.records import Frozen

Verdict = Literal["clear", "tie", "none", "not_enough_evidence", "only_leaky"]
Trust = Literal["high", "medium", "low"]


class Interval(Frozen):
    """An estimate with its 95 % interval; the interval is None where it cannot be had."""

    value: float | None
    low: float | None = None
    high: float | None = None


class Headline(Frozen):
    """The answer in ten seconds."""

    verdict: Verdict
    sentence: str
    trust: Trust
    trust_reason: str
    split: str | None = None
    row: str | None = Field(default=None, description="id of the recommended leaderboard row")
    score: Interval | None = None
    over_baseline: Interval | None = None
    baseline: str | None = None


class Row(Frozen):
    """One line of the leaderboard: a configuration under one split, over all its folds.

    `tier` is 1 for the best and for all that cannot be told from it; `rank` is "1=" for
    ties. `n_blocks` is the number of independent stretches of time behind the interval.
    """

    id: str
    rank: str
    tier: int
    model: str
    search: str
    selection: str
    split: str
    leaky: bool
    is_baseline: bool
    score: Interval
    over_best: Interval | None = None
    over_baseline: Interval | None = None
    p_over_baseline: float | None = None
    n_folds: int
    n_test: int
    n_blocks: int
    worst_fold: float | None = None
    train_score: float | None = None
    other_scores: dict[str, float | None] = Field(default_factory=dict)
    fit_seconds: float = 0.0
    search_seconds: float = 0.0
    predict_us_per_row: float | None = None
    n_features: int = 0
    jobs: tuple[str, ...] = ()
