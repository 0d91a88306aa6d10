"""What the judge says: estimates with intervals, leaderboard rows and the headline."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from outlast.records import USUAL_SELECTION, Frozen

Verdict = Literal["clear", "tie", "none", "not_enough_evidence", "only_leaky"]
Trust = Literal["high", "medium", "low"]


class Interval(Frozen):
    """An estimate with its 95 % interval; the interval is None where it cannot be had."""

    value: float | None
    low: float | None = None
    high: float | None = None

    def leaves_out(self, value: float) -> bool:
        """Return whether an interval is known and does not hold a value.

        Examples
        --------
        >>> Interval(value=2.0, low=1.0, high=3.0).leaves_out(0.0)
        True
        """
        if self.low is None or self.high is None:
            return False
        return value < self.low or value > self.high


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

    `tier` is 1 for the best and for all that cannot be told from it; `rank` is "1=" for those at
    the top, and such as "8~" for one below a row that can be told from the best. `n_blocks` is
    the number of independent stretches of time behind the interval.
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
    members: tuple[str, ...] = Field(default=(), description="rows that an ensemble is made of")

    @property
    def label(self) -> str:
        """Model, search and selection in one short text."""
        return " ".join([self.model, *[self.search] * (self.search not in ("none", "given")),
                         *[self.selection] * (self.selection != USUAL_SELECTION)])


class Ageing(Frozen):
    """How the score changes with the time since training.

    `per_day` is the slope in units of the metric with its 95 % interval, `p` of no slope.
    """

    per_day: Interval
    p: float
    mean_age_days: float
    oldest_days: float


class Promise(Frozen):
    """What a row will score on the time that comes, with an interval at `level`.

    `score` is `forward`, the mean over the folds, plus `recent`, what counting recent windows
    more changes, less the `optimism` of having been chosen, plus `older`, the change for a model
    of another age than those of the folds.
    `between_windows` and `within_windows` are the standard deviations of a window's score
    that come from windows being different and from the rows that fall into one.
    `retrain_days` is the age at which so much of the lead over the baseline is lost that it is
    time to retrain, if age tells.
    """

    row: str
    model: str
    search: str
    selection: str
    split: str
    score: Interval
    level: float
    forward: float
    optimism: float
    recent: float
    older: float
    between_windows: float
    within_windows: float
    n_windows: int
    ageing: Ageing | None = None
    retrain_days: float | None = None
    sentence: str

    @property
    def label(self) -> str:
        """Model and search in one short text."""
        return self.model if self.search in ("none", "given") else f"{self.model} ({self.search})"


class RuleCard(Frozen):
    """A rule of choosing a model, and how it would have served at every past cut.

    `score` is the mean of what its choices scored, `regret` what that was below the best
    configuration of each window, `over_usual` what it gained over choosing by the best mean.
    `picks` are its choices, `n_others` of them are not those of the best mean, `row` is what it
    would choose now.
    """

    rule: str
    description: str
    score: float
    regret: float
    over_usual: Interval
    picks: tuple[str, ...]
    n_others: int
    row: str
    chosen: bool = False


class Period(Frozen):
    """Said and happened in one period; `start` and `end` are nanoseconds.

    `error` is the mean distance between both in bins of equal size, `error_after` the same
    after a recalibration by the periods before.
    """

    start: int
    end: int
    n_rows: int
    said: float
    happened: float
    error: float
    error_after: float


class CalibrationCard(Frozen):
    """How well the probabilities of the recommended row keep.

    `gain` is the log loss per row that a recalibration by earlier periods saves in later ones;
    `slope` and `intercept` are those of a sigmoid on the log-odds, fitted to all periods.
    `curve` holds mean probability, share that happened and rows of each bin.
    """

    periods: tuple[Period, ...]
    gain: Interval
    slope: float
    intercept: float
    helps: bool
    curve: tuple[tuple[float, float, int], ...]


class CoveragePeriod(Frozen):
    """How often intervals of one half-width held in one period; times are nanoseconds."""

    start: int
    end: int
    n_rows: int
    coverage: Interval
    half_width: float


class CoverageCard(Frozen):
    """How often intervals around predicted values have held, made of earlier errors."""

    level: float
    coverage: Interval
    by_period: tuple[float, ...]
    half_width: float
    periods: tuple[CoveragePeriod, ...] = ()


class CostCard(Frozen):
    """From which probability on to act at stated costs, and what that saves per row.

    `threshold` is on recalibrated probabilities, `raw_threshold` on those of the model.
    `saved` is against always or never acting, whichever was the cheaper before.
    """

    false_positive: float
    false_negative: float
    threshold: float
    raw_threshold: float
    cost: Interval
    saved: Interval
    acts_on: float


class ParameterCard(Frozen):
    """One parameter of a row's searches: what it does to the score, where its best values lie.

    `share` is the squared rank correlation of its value with the score of the trials on the
    first inner fold, `p` that of none. `bests` holds the best value of each search, `edge` the end
    of the range where most of them lie and towards which the score still rises.
    """

    row: str
    model: str
    parameter: str
    low: float
    high: float
    log: bool = False
    bests: tuple[float, ...] = ()
    share: float
    p: float
    n_trials: int
    edge: Literal["", "low", "high"] = ""


class Strength(Frozen):
    """How much the held-out time of the headline split can tell.

    `confidence_set` are the rows that could be the best (model confidence set, over all
    rows that are no baselines), `overfitting` the probability of backtest overfitting,
    `persistence` the mean of Kendall's tau between the ranks of one fold and the next,
    `detectable` the smallest difference to the best row that would be found with the chance
    `Thresholds.power`.
    """

    n_tried: int
    confidence_set: tuple[str, ...] = ()
    overfitting: float | None = None
    persistence: float | None = None
    detectable: float | None = None


class Grade(Frozen):
    """What one finalist was promised to score in the exam, and what it did."""

    row: str
    label: str
    promised: Interval
    score: Interval
    over_baseline: Interval | None = None
    kept: bool | None = Field(default=None, description="whether the score lies in the interval")


class Opening(Frozen):
    """One opening of the exam."""

    opened: str
    session: str
    finalists: tuple[str, ...]


class Exam(Frozen):
    """The sealed exam: where it lies, who was allowed to look, and what came of the promise."""

    status: Literal["none", "sealed", "opened"]
    reason: str = ""
    start: str = ""
    end: str = ""
    n_rows: int = 0
    n_times: int = 0
    n_blocks: int = 0
    sha256: str = ""
    openings: tuple[Opening, ...] = ()
    grades: tuple[Grade, ...] = Field(default=(), description="the recommended one first")
    sentence: str
