"""Every statistical decision of the judge: levels, minimal counts, shares."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Thresholds:
    """Every threshold of the judge, in one place; the report prints them.

    Intervals are at 95 % unless a level is named here: that is what an interval of the report
    means.

    Parameters
    ----------
    alpha : float, default 0.05
        Level of the tests against the baseline (Holm-corrected over the models).
    tolerance_se : float, default 0.25
        A difference below this many standard errors of the skill does not matter.
    selection_tolerance : float, optional
        What a selection may cost, in units of the metric; default: `tolerance_se` standard
        errors of the score with all features.
    power : float, default 0.8
        With what chance a difference is to be found that is called detectable.
    block_horizons : int, default 3
        Horizons after which stretches of time are taken for independent.
    max_blocks : int, default 20
        Held-out time is cut into at most so many blocks, and so are held-out entities.
    interval_blocks : int, default 4
        Independent blocks of time below which there is no interval and no winner.
    min_blocks : int, default 10
        Independent blocks of time below which evidence is thin.
    min_positives : int, default 100
        Labels of the rarer class in the held-out rows below which evidence is thin.
    ensemble_se : float, default 1.0
        A model is in the ensemble if it is behind the best one by at most this many standard
        errors of the difference, and so must the ensemble be to be taken.
    audition_folds : int, default 3
        Folds that it takes to compare rules of choosing: one is seen before the first choice,
        and two choices make a comparison.
    audition_choices : int, default 3
        Choices in which another rule must differ from the usual one: one or two are an anecdote.
    audition_level : float, default 0.9
        Level of the interval by which another rule must have served better.
    finalists : int, default 4
        Rivals of the recommended model that sit the exam beside it.
    set_alpha : float, default 0.1
        A configuration with a p-value above this could be the best (model confidence set).
    set_rivals : int, default 100
        The best so many configurations are asked; the rest is far behind.
    backtest_pieces : int, default 12
        Pieces of time on whose halves the probability of backtest overfitting is counted.
    cheaper_ratio : float, default 1 / 3
        A model is cheaper when it costs at most this share of the best one's time.
    linear_reach : float, default 2.0
        A linear model is enough if the upper end of the best one's lead is below this many
        tolerances, and the lead below one.
    promise_level : float, default 0.9
        Level of the interval of a promise.
    recency_half_life : float, default 2.0
        After so many windows a window counts half: enough to follow a drift, and little is lost
        where there is none.
    min_windows : int, default 3
        With fewer folds, runs of blocks stand for windows.
    window_blocks : int, default 4
        Blocks of such a run.
    ageing_freedom : int, default 6
        Degrees of freedom below which nothing is said of ageing.
    ageing_alpha : float, default 0.05
        Level at which age must tell to be counted.
    retrain_share : float, default 0.5
        Share of the gain over the baseline after whose loss a model is to be trained again.
    coverage_level : float, default 0.9
        How often intervals around predicted values are to hold.
    calibration_rows : int, default 50
        Rows that the first period must have to correct later ones by it.
    calibration_bins : int, default 10
        Bins of equal size in which what was said is compared with what happened.
    calibration_alpha : float, default 0.01
        Level of the tests of calibration: there are two chances to be wrong, and what blocks
        still share at their borders makes errors small.
    slope_margin : float, default 0.1
        A calibration slope nearer to 1 than this does no harm.
    isotonic_positives : int, default 1000
        Positives from which isotonic recalibration is advised instead of a sigmoid.
    leak_gap_se : float, default 2.0
        Standard errors by which a random split must exceed the honest one to be an issue.
    leak_gap_high_se : float, default 3.0
        Standard errors from which that issue is of high severity.
    rank_tau : float, default 0.5
        Kendall's tau of the models' ranks under two splits below which they disagree.
    rank_models : int, default 3
        Fewer models have no ranks to compare.
    trend_blocks : int, default 8
        A trend over fewer blocks is never told from none.
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
    event_stretches : int, default 4
        Fewer stretches as long as the event do not tell what is usual.
    segment_loss : float, default 0.2
        A segment fails when it gains less than all others by this share of all gain.
    segment_rows : int, default 50
        Rows below which a segment is not looked at.
    segment_share : float, default 0.02
        The same as a share of the held-out rows.
    segment_suspects : int, default 3
        Segments that the first half of time may name for the second half to confirm.
    segment_alpha : float, default 0.1
        One-sided level at which the first half names them.
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
    redundant_share : float, default 0.1
        Share of dropped features from which the recipe is called redundant.
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
    overfit_se : float, default 2.0
        Standard errors by which the training score must exceed the test score.
    overfit_share : float, default 0.3
        The same as a share of the gain over the baseline.
    calmer_share : float, default 0.5
        Share of that gap which a model may have at most to be advised instead.

    Examples
    --------
    >>> Thresholds(alpha=0.01).as_numbers()["alpha"]
    0.01
    """

    # Tests, and what matters
    alpha: float = 0.05
    tolerance_se: float = 0.25
    selection_tolerance: float | None = None
    power: float = 0.8

    # Blocks of held-out time
    block_horizons: int = 3
    max_blocks: int = 20
    interval_blocks: int = 4
    min_blocks: int = 10
    min_positives: int = 100

    # Which model
    ensemble_se: float = 1.0
    audition_folds: int = 3
    audition_choices: int = 3
    audition_level: float = 0.9
    finalists: int = 4
    set_alpha: float = 0.1
    set_rivals: int = 100
    backtest_pieces: int = 12
    cheaper_ratio: float = 1 / 3
    linear_reach: float = 2.0

    # The promise
    promise_level: float = 0.9
    recency_half_life: float = 2.0
    min_windows: int = 3
    window_blocks: int = 4
    ageing_freedom: int = 6
    ageing_alpha: float = 0.05
    retrain_share: float = 0.5

    # Whether predictions mean what they say
    coverage_level: float = 0.9
    calibration_rows: int = 50
    calibration_bins: int = 10
    calibration_alpha: float = 0.01
    slope_margin: float = 0.1
    isotonic_positives: int = 1000

    # Splits
    leak_gap_se: float = 2.0
    leak_gap_high_se: float = 3.0
    rank_tau: float = 0.5
    rank_models: int = 3

    # Over time, by event and by segment
    trend_blocks: int = 8
    outlier_z: float = 3.5
    min_folds: int = 6
    influence_se: float = 1.0
    influence_share: float = 0.5
    min_events: int = 4
    event_stretches: int = 4
    segment_loss: float = 0.2
    segment_rows: int = 50
    segment_share: float = 0.02
    segment_suspects: int = 3
    segment_alpha: float = 0.1

    # Searches
    optimism_se: float = 2.0
    edge_width: float = 0.05
    edge_folds: float = 0.6
    edge_share: float = 0.1
    min_trials: int = 8

    # Features, and fit
    redundant_share: float = 0.1
    stable_phi: float = 0.4
    min_sets: int = 10
    redundancy_gap: float = 0.15
    drift_ratio: float = 1.25
    shap_ratio: float = 2.0
    shap_share: float = 0.05
    overfit_se: float = 2.0
    overfit_share: float = 0.3
    calmer_share: float = 0.5

    def as_numbers(self) -> dict[str, float]:
        """The thresholds by name."""
        return {name: float(value) for name, value in asdict(self).items() if value is not None}


DEFAULTS = Thresholds()
