"""Whether predictions mean what they say, period by period, and what to do about it.

Everything is asked forward: a period is corrected by what the periods before it have shown, as
it will be in deployment. One window alone is cut in two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import special

from outlast import metrics
from outlast.judge import contrasts
from outlast.judge.blocks import Blocks
from outlast.judge.board import (
    CalibrationCard,
    CostCard,
    CoverageCard,
    CoveragePeriod,
    Interval,
    Period,
)
from outlast.judge.leaderboard import Contestant
from outlast.judge.results import Result
from outlast.judge.thresholds import Thresholds

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Forward:
    """The held-out rows of one configuration, period after period.

    Attributes
    ----------
    periods : tuple of Result
        In order of time, without a row in common.
    thresholds : Thresholds
    """

    periods: tuple[Result, ...]
    thresholds: Thresholds

    @classmethod
    def of(cls, contestant: Contestant) -> Forward | None:
        """Order the folds by time; None where they overlap, or hold too little."""
        folds = sorted(contestant.results, key=lambda result: int(result.time.min()))
        if len(folds) == 1:
            folds = _halves(folds[0])
        apart = all(int(a.time.max()) < int(b.time.min())
                    for a, b in pairwise(folds))
        least = contestant.thresholds.calibration_rows
        if not apart or len(folds) < 2 or folds[0].y.size < least:
            return None
        return cls(tuple(folds), contestant.thresholds)

    @cached_property
    def blocks(self) -> Blocks:
        """Independent blocks of time of all periods that have one before them."""
        return Blocks.of(self.periods[1:], self.thresholds)

    def steps(self) -> Iterator[tuple[Floats, Floats, Result]]:
        """Yield truth and prediction of all earlier rows, with each period but the first."""
        for at in range(1, len(self.periods)):
            past = self.periods[:at]
            yield (np.concatenate([r.y for r in past]),
                   np.concatenate([r.prediction for r in past]), self.periods[at])

    def everything(self) -> tuple[Floats, Floats]:
        """Truth and prediction of all rows."""
        return (np.concatenate([r.y for r in self.periods]),
                np.concatenate([r.prediction for r in self.periods]))

    def block_of(self, period: Result) -> npt.NDArray[np.intp]:
        """Block of time of each row of one of the later periods."""
        return np.asarray(self.blocks.block[np.searchsorted(self.blocks.times, period.time)])

    def mean_of(self, values: Sequence[Floats]) -> Interval:
        """Return the mean of a value per row of the later periods, by blocks of time."""
        block = np.concatenate([self.block_of(r) for r in self.periods[1:]])
        found = contrasts.mean(np.concatenate(values), block)
        if not self.blocks.suffice:
            return Interval(value=found.value)
        return found.interval()


def _halves(result: Result) -> list[Result]:
    middle = int(np.median(np.unique(result.time)))
    early = result.predictions["time"] < middle
    return [Result(result.record, result.predictions.filter(part)) for part in (early, ~early)
            if part.any()]


def fit_sigmoid(y: Floats, p: Floats) -> tuple[float, float]:
    """Return slope and intercept of the log-odds that happened on those that were said.

    A sigmoid keeps the order of the predictions, so that no ranking changes.

    Parameters
    ----------
    y : ndarray of float64, shape (n,)
    p : ndarray of float64, shape (n,)
        Probabilities.

    Returns
    -------
    (float, float)
        (1, 0) where nothing can be fitted.

    References
    ----------
    J. Platt, "Probabilistic outputs for support vector machines" (1999), on the log-odds as
    D. R. Cox (1958) has it.

    Examples
    --------
    >>> p = np.full(100, 0.5)
    >>> fit_sigmoid(np.ones(100), p)
    (1.0, 0.0)
    """
    found = contrasts.recalibration(y, p)
    return (1.0, 0.0) if found is None else (float(found[1]), float(found[0]))


def apply_sigmoid(p: Floats, slope: float, intercept: float) -> Floats:
    """Return recalibrated probabilities.

    Examples
    --------
    >>> apply_sigmoid(np.array([0.5]), 2.0, 0.0).tolist()
    [0.5]
    """
    return np.asarray(special.expit(intercept + slope * contrasts.log_odds(p)))


def calibrate(contestant: Contestant) -> CalibrationCard | None:
    """Return how well the probabilities of a configuration keep, and what recalibrating gains.

    Parameters
    ----------
    contestant : Contestant

    Returns
    -------
    CalibrationCard or None
        None unless it predicts the probability of one of two classes, over two periods.
    """
    forward = Forward.of(contestant) if contestant.record.job.task == "binary" else None
    if forward is None:
        return None
    n_bins, periods, gains = forward.thresholds.calibration_bins, [], []
    for y, p, period in forward.steps():
        better = apply_sigmoid(period.prediction, *fit_sigmoid(y, p))
        periods.append(_period(period, better, n_bins))
        gains.append(metrics.row_losses("binary", period.y, period.prediction)
                     - metrics.row_losses("binary", period.y, better))
    gain = forward.mean_of(gains)
    slope, intercept = fit_sigmoid(*forward.everything())
    return CalibrationCard(
        periods=tuple(periods), gain=gain, slope=slope, intercept=intercept,
        helps=gain.low is not None and gain.low > 0,
        curve=tuple(_curve(*forward.everything(), n_bins)))


def _period(result: Result, better: Floats, n_bins: int) -> Period:
    return Period(
        start=int(result.time.min()), end=int(result.time.max()), n_rows=result.y.size,
        said=float(result.prediction.mean()), happened=float(result.y.mean()),
        error=calibration_error(result.y, result.prediction, n_bins),
        error_after=calibration_error(result.y, better, n_bins))


def calibration_error(
    y: Floats, p: Floats, n_bins: int = Thresholds.calibration_bins
) -> float:
    """Return the mean distance between what was said and what happened, in bins of equal size.

    Parameters
    ----------
    y, p : ndarray of float64, shape (n,)
    n_bins : int, default 10

    References
    ----------
    M. P. Naeini, G. F. Cooper and M. Hauskrecht, "Obtaining well calibrated probabilities",
    AAAI 2015; with bins of equal size.

    Examples
    --------
    >>> calibration_error(np.array([0.0, 1.0]), np.array([0.2, 0.8])).__round__(3)
    0.2
    """
    return float(sum(abs(said - happened) * n for said, happened, n in _curve(y, p, n_bins))
                 / y.size)


def _curve(y: Floats, p: Floats, n_bins: int) -> Iterator[tuple[float, float, int]]:
    order = np.argsort(p, kind="stable")
    for part in np.array_split(order, min(n_bins, y.size)):
        yield float(p[part].mean()), float(y[part].mean()), int(part.size)


def cover(contestant: Contestant) -> CoverageCard | None:
    """Return intervals around predicted values that have held as often as they say.

    The half-width for a period is the quantile of the absolute errors of all periods before.

    Parameters
    ----------
    contestant : Contestant

    Returns
    -------
    CoverageCard or None
        None unless it predicts values over two periods.

    References
    ----------
    V. Vovk, A. Gammerman and G. Shafer, *Algorithmic Learning in a Random World* (2005),
    split conformal; later periods need not be like earlier ones, so coverage is measured.
    """
    forward = Forward.of(contestant) if contestant.record.job.task == "regression" else None
    if forward is None:
        return None
    level, covered, periods = forward.thresholds.coverage_level, [], []
    for y, p, period in forward.steps():
        width = half_width(y, p, level)
        inside = (np.abs(period.y - period.prediction) <= width).astype(np.float64)
        covered.append(inside)
        periods.append(CoveragePeriod(
            start=int(period.time.min()), end=int(period.time.max()), n_rows=inside.size,
            half_width=width, coverage=contrasts.share(
                inside, forward.block_of(period), forward.thresholds.interval_blocks)))
    return CoverageCard(level=level, coverage=forward.mean_of(covered), periods=tuple(periods),
                        by_period=tuple(float(inside.mean()) for inside in covered),
                        half_width=half_width(*forward.everything(), level))


def half_width(y: Floats, p: Floats, level: float = Thresholds.coverage_level) -> float:
    """Return the quantile of the absolute errors that covers a new row as often as it says.

    Examples
    --------
    >>> half_width(np.arange(10.0), np.zeros(10), level=0.8)
    8.0
    """
    errors = np.sort(np.abs(y - p))
    at = min(int(np.ceil((errors.size + 1) * level)), errors.size) - 1
    return float(errors[at])


def choose_threshold(contestant: Contestant, costs: tuple[float, float]) -> CostCard | None:
    """Return from which probability on to act, and what that saves.

    Parameters
    ----------
    contestant : Contestant
    costs : (float, float)
        Of acting where nothing happens (a false positive), and of not acting where it does.

    Returns
    -------
    CostCard or None
        None unless it predicts the probability of one of two classes, over two periods. The
        saving is per row, against always or never acting, whichever was the cheaper before.

    References
    ----------
    C. Elkan, "The foundations of cost-sensitive learning", IJCAI 2001: act where the
    probability is at least c_fp / (c_fp + c_fn).
    """
    forward = Forward.of(contestant) if contestant.record.job.task == "binary" else None
    if forward is None:
        return None
    threshold = costs[0] / sum(costs)
    saved, spent, acted = [], [], []
    for y, p, period in forward.steps():
        better = apply_sigmoid(period.prediction, *fit_sigmoid(y, p))
        acts = better >= threshold
        always = costs[0] * (1 - y.mean()) < costs[1] * y.mean()
        spent.append(_cost(period.y, acts, costs))
        saved.append(_cost(period.y, np.full(acts.size, always), costs) - spent[-1])
        acted.append(acts.astype(np.float64))
    slope, intercept = fit_sigmoid(*forward.everything())
    raw = float(apply_sigmoid(np.array([threshold]), 1 / slope, -intercept / slope)[0])
    return CostCard(false_positive=costs[0], false_negative=costs[1], threshold=threshold,
                    raw_threshold=raw, cost=forward.mean_of(spent), saved=forward.mean_of(saved),
                    acts_on=float(np.concatenate(acted).mean()))


def _cost(y: Floats, acts: npt.NDArray[np.bool_], costs: tuple[float, float]) -> Floats:
    return np.asarray(np.where(acts, costs[0] * (y == 0), costs[1] * (y == 1)))
