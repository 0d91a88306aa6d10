"""Contrasts of held-out rows: differences, trends, calibration and what stands out.

Rows of one block of time may depend on each other in any way: only sums over whole blocks, which
are nearly independent, enter an error. See `outlast.judge.blocks`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from outlast.judge import statistics
from outlast.judge.board import Interval

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]

@dataclass(frozen=True)
class Estimate:
    """A number with its error, on Student's t.

    Attributes
    ----------
    value, se : float
    n_blocks : int
        Degrees of freedom are one less.
    """

    value: float
    se: float
    n_blocks: int

    def interval(self, level: float = 0.95) -> Interval:
        """The estimate with its two-sided interval."""
        if self.n_blocks < 2 or not math.isfinite(self.se):
            return Interval(value=self.value)
        margin = statistics.t_quantile((1 + level) / 2, self.n_blocks - 1) * self.se
        return Interval(value=self.value, low=self.value - margin, high=self.value + margin)

    def p_above(self, bar: float = 0.0) -> float:
        """One-sided p-value of "not above the bar"."""
        if self.n_blocks < 2 or not self.se > 0:
            return 1.0
        return statistics.t_tail((self.value - bar) / self.se, self.n_blocks - 1)

    def p_below(self, bar: float = 0.0) -> float:
        """One-sided p-value of "not below the bar"."""
        return Estimate(-self.value, self.se, self.n_blocks).p_above(-bar)


def stretches_of(time: npt.NDArray[np.int64], length: int) -> Ints:
    """Return the stretch of each row: equal runs of so many distinct timestamps or a few more.

    Examples
    --------
    >>> stretches_of(np.array([10, 10, 20, 30, 40]), length=2).tolist()
    [0, 0, 0, 1, 1]
    """
    distinct, place = np.unique(time, return_inverse=True)
    n_stretches = max(1, distinct.size // length)
    return np.asarray(place * n_stretches // distinct.size, dtype=np.intp)


def mean(values: Floats, block: Ints) -> Estimate:
    """Return the mean of all rows, with an error from the sums over blocks."""
    return _linear(values.mean(), (values - values.mean()) / values.size, block)


def share(happened: Floats, block: Ints, least_blocks: int = 2) -> Interval:
    """Return how often something happened, with a 95 % interval that stays within 0 and 1.

    Parameters
    ----------
    happened : ndarray of float64, shape (n,)
        1 where it did, else 0.
    block : ndarray of int, shape (n,)
    least_blocks : int, default 2
        With fewer there is no interval.

    Returns
    -------
    Interval

    References
    ----------
    E. B. Wilson, *JASA* 22 (1927), with as many rows as would make the same error if they were
    independent; E. L. Korn and B. I. Graubard, *Survey Methodology* 24 (1998).

    Examples
    --------
    >>> never = share(np.zeros(40), np.arange(40) // 4)
    >>> never.value, never.low, round(never.high, 2)
    (0.0, 0.0, 0.34)
    """
    found = mean(happened, block)
    p, k = found.value, found.n_blocks
    if k < max(2, least_blocks):
        return Interval(value=p)
    # Where all rows agree, each block counts as one.
    n = min(happened.size, p * (1 - p) / found.se**2) if found.se > 0 else k
    z = statistics.t_quantile(0.975, k - 1)
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return Interval(value=p, low=max(0.0, middle - half), high=min(1.0, middle + half))


def difference(values: Floats, chosen: Bools, block: Ints) -> Estimate:
    """Return the mean of the chosen rows less the mean of the others.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
    chosen : ndarray of bool, shape (n,)
        Some rows, but not all.
    block : ndarray of int, shape (n,)

    Returns
    -------
    Estimate
        The error is that of the linearised ratio; the blocks that count are those that hold
        chosen rows.

    Examples
    --------
    >>> values, block = np.array([1.0, 3.0, 2.0, 6.0]), np.array([0, 0, 1, 1])
    >>> difference(values, np.array([False, True, False, True]), block).value
    3.0
    """
    inside, outside = values[chosen].mean(), values[~chosen].mean()
    parts = np.where(chosen, (values - inside) / chosen.sum(),
                     (outside - values) / (~chosen).sum())
    return _linear(inside - outside, parts, block, np.unique(block[chosen]).size)


def _linear(value: float, parts: Floats, block: Ints, k: int | None = None) -> Estimate:
    sums = np.bincount(block, parts)
    k = int(np.count_nonzero(np.bincount(block))) if k is None else k
    se = math.sqrt(k / (k - 1) * float(sums @ sums)) if k > 1 else math.nan
    return Estimate(float(value), se, k)


def trend(x: Floats, y: Floats, group: Ints) -> Interval:
    """Return Theil and Sen's slope of y over x within groups, with its 95 % interval.

    Parameters
    ----------
    x, y : ndarray of float64, shape (n,)
        One point per independent block.
    group : ndarray of int, shape (n,)
        Only points of the same group are compared, so that a group's level does not matter.

    Returns
    -------
    Interval
        Without bounds where all points together could not tell a slope from none.

    References
    ----------
    P. K. Sen, *JASA* 63 (1968); for groups: R. M. Hirsch, J. R. Slack and R. A. Smith,
    "Techniques of trend analysis", *Water Resources Research* 18 (1982).

    Examples
    --------
    >>> x = np.arange(8.0)
    >>> trend(x, 2 * x, np.zeros(8, dtype=int)).low
    2.0
    """
    early, late = np.triu_indices(x.size, 1)
    same = (group[early] == group[late]) & (x[early] != x[late])
    early, late = early[same], late[same]
    if not early.size:
        return Interval(value=None)
    slopes = np.sort((y[late] - y[early]) / (x[late] - x[early]))
    value = float(np.median(slopes))
    sizes = np.bincount(group).astype(np.float64)
    spread = math.sqrt(float((sizes * (sizes - 1) * (2 * sizes + 5)).sum()) / 18)
    # Kendall's count of rising less falling pairs is that far from zero by chance.
    reach = 1.959964 * spread
    low, high = round((slopes.size - reach) / 2), round((slopes.size + reach) / 2)
    if low < 1 or high >= slopes.size:
        return Interval(value=value)
    return Interval(value=value, low=float(slopes[low - 1]), high=float(slopes[high]))


@dataclass(frozen=True)
class Calibration:
    """How well probabilities keep what they say.

    Attributes
    ----------
    slope : Estimate
        Of the log-odds that happened on those that were said: 1 is right, less is too extreme.
    excess : Estimate
        Mean probability less the share that happened.
    """

    slope: Estimate
    excess: Estimate


def calibration(y: Floats, p: Floats, block: Ints) -> Calibration | None:
    """Return slope and mean of a logistic recalibration, with errors from blocks of time.

    Parameters
    ----------
    y : ndarray of float64, shape (n,)
        1 where it happened, else 0.
    p : ndarray of float64, shape (n,)
        Its probability.
    block : ndarray of int, shape (n,)

    Returns
    -------
    Calibration or None
        None where there is one class, or one probability for all, or classes that a
        threshold tells apart without error.

    References
    ----------
    B. Van Calster et al., "Calibration: the Achilles heel of predictive analytics", *BMC
    Medicine* 17 (2019); errors: K.-Y. Liang and S. L. Zeger, *Biometrika* 73 (1986).
    """
    weights = recalibration(y, p)
    if weights is None:
        return None
    design = np.column_stack([np.ones_like(p), log_odds(p)])
    chance = special.expit(design @ weights)
    hessian = design.T @ (design * (chance * (1 - chance))[:, None])
    parts = (design * (y - chance)[:, None]) @ np.linalg.inv(hessian)[1]
    return Calibration(_linear(weights[1], parts, block), mean(p - y, block))


def log_odds(p: Floats) -> Floats:
    """Return the log-odds of probabilities, kept away from certainty."""
    return np.asarray(special.logit(np.clip(p, 1e-6, 1 - 1e-6)))


def recalibration(y: Floats, p: Floats) -> Floats | None:
    """Return intercept and slope of a logistic regression of y on the log-odds of p.

    Parameters
    ----------
    y, p : ndarray of float64, shape (n,)

    Returns
    -------
    ndarray of float64, shape (2,), or None
        None where there is one class, one probability for all, or no finite solution.
    """
    logit = log_odds(p)
    if np.ptp(y) == 0 or np.ptp(logit) == 0:
        return None
    design = np.column_stack([np.ones_like(logit), logit])
    # From no relation at all: from "all is right" the first step may go astray.
    weights = np.zeros(2)
    for _ in range(50):
        chance = special.expit(design @ weights)
        hessian = design.T @ (design * (chance * (1 - chance))[:, None])
        if not np.linalg.cond(hessian) < 1e12:
            return None
        step = np.linalg.solve(hessian, design.T @ (y - chance))
        weights = weights + step
        if np.abs(step).max() < 1e-8:
            break
    return weights


def stands_out(values: Floats, at: int) -> float:
    """Return the one-sided p-value of "not above" of one value among others.

    The t-test of one value against all others. Twice the number of values times as much is
    Grubbs' test for the value that lies farthest from the others.

    References
    ----------
    F. E. Grubbs, *Annals of Mathematical Statistics* 21 (1950).

    Examples
    --------
    >>> stands_out(np.array([1.0, 2.0, 1.5, 1.2, 1.8, 9.0]), 5) < 0.001
    True
    """
    others = np.delete(values, at)
    spread = float(others.std(ddof=1)) if others.size > 1 else 0.0
    if spread == 0:
        return 1.0
    t = float(values[at] - others.mean()) / (spread * math.sqrt(1 + 1 / others.size))
    return statistics.t_tail(t, others.size - 1)


def rank_correlation(x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[float, float]:
    """Return Spearman's correlation and the one-sided p-value of "not positive".

    Examples
    --------
    >>> rho, p = rank_correlation([1, 2, 3, 4, 5], [1, 2, 3, 5, 4])
    >>> round(rho, 2), round(p, 3)
    (0.9, 0.019)
    """
    a, b = (_ranks(np.asarray(values, dtype=np.float64)) for values in (x, y))
    if a.size < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0, 1.0
    rho = float(np.corrcoef(a, b)[0, 1])
    t = rho * math.sqrt((a.size - 2) / max(1 - rho**2, 1e-12))
    return rho, statistics.t_tail(t, a.size - 2)


def _ranks(values: Floats) -> Floats:
    """Mean ranks of ties."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count - 1) / 2)[place])


def modified_z(values: Floats) -> Floats:
    """Return how far each value lies from the median, in robust standard deviations.

    References
    ----------
    B. Iglewicz and D. C. Hoaglin, *How to Detect and Handle Outliers* (1993).

    Examples
    --------
    >>> modified_z(np.array([1.0, 2.0, 3.0, 4.0, 100.0])).round(2).tolist()
    [-1.35, -0.67, 0.0, 0.67, 65.43]
    """
    away = values - np.median(values)
    spread = float(np.median(np.abs(away)))
    return 0.6745 * away / spread if spread > 0 else np.zeros_like(away)
