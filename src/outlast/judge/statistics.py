"""Uncertainty when labels overlap and entities share shocks: whole timestamps, in blocks.

The unit of evidence is the timestamp, never the row: rows of one timestamp share their
shocks, and labels that reach h steps ahead make neighbouring timestamps alike.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from outlast.judge.board import Interval

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

MIN_BLOCKS = 4
_HORIZONS_PER_BLOCK = 3


def independent_blocks(n_timestamps: int, horizon_steps: int) -> int:
    """Return how many stretches of time are nearly independent: one per three horizons.

    Parameters
    ----------
    n_timestamps : int
        Distinct timestamps that were scored.
    horizon_steps : int
        How many timestamps a label reaches ahead.

    Returns
    -------
    int

    Examples
    --------
    >>> independent_blocks(654, 5)
    43
    """
    return n_timestamps // max(1, _HORIZONS_PER_BLOCK * horizon_steps)


def horizon_in_steps(time: npt.NDArray[np.int64], label_end: npt.NDArray[np.int64]) -> int:
    """Return the median number of distinct timestamps in ``(t, e]``.

    Parameters
    ----------
    time, label_end : ndarray of int64, shape (n,)
        Nanoseconds.

    Examples
    --------
    >>> day = np.arange(10)
    >>> horizon_in_steps(day, np.minimum(day + 2, 9))
    2
    """
    distinct = np.unique(time)
    reach = np.searchsorted(distinct, label_end, "right") - np.searchsorted(distinct, time, "right")
    # The last rows reach past the data; the median is not moved by them.
    return int(np.median(reach)) if reach.size else 0


def block_length(losses: Floats, horizon_steps: int) -> int:
    """Return the bootstrap's block length: two horizons, or more if the losses remember longer.

    Parameters
    ----------
    losses : ndarray, shape (n_timestamps,)
        A mean loss per timestamp, in order of time.
    horizon_steps : int

    Returns
    -------
    int
        At least 1 and at most a quarter of the timestamps, so that blocks still vary.

    References
    ----------
    Politis and White (2004), corrected by Patton, Politis and White (2009), as in
    ``arch.bootstrap.optimal_block_length``.
    """
    n = losses.size
    wanted = max(1, 2 * horizon_steps)
    if n >= 20 and np.ptp(losses) > 0:
        optimal = _optimal_length(losses)
        if math.isfinite(optimal):
            wanted = max(wanted, math.ceil(optimal))
    return max(1, min(wanted, n // 4))


def _optimal_length(series: Floats) -> float:
    """The length that suits the memory of a series, for blocks that wrap around its end."""
    n, centred = series.size, series - series.mean()
    run = max(5, int(math.log10(n)))
    most = math.ceil(math.sqrt(n)) + run
    products = np.array([centred[lag:] @ centred[: n - lag] for lag in range(most + 1)])
    squares = centred**2
    powers = np.array([squares[lag + 1 :].sum() * squares[: n - lag - 1].sum()
                       for lag in range(most)])
    with np.errstate(divide="ignore", invalid="ignore"):
        small = np.abs(products[:most]) / np.sqrt(powers) < 2 * math.sqrt(math.log10(n) / n)
    # Memory ends at the first lag from which a whole run of autocorrelations is small.
    ends = np.flatnonzero(np.lib.stride_tricks.sliding_window_view(small, run).all(axis=1))
    width = min(2 * max(int(ends[0]), 1), most) if ends.size else most
    lags = np.arange(1, width + 1)
    tapered = 2 * np.minimum(1, 2 * (1 - lags / width)) * products[1 : width + 1] / n
    spectrum = products[0] / n + tapered.sum()
    optimal = (1.5 * (lags * tapered).sum() ** 2 / spectrum**2 * n) ** (1 / 3)
    return float(min(optimal, math.ceil(min(3 * math.sqrt(n), n / 3))))


def block_counts(n: int, length: int, n_draws: int, rng: np.random.Generator) -> Ints:
    """Draw circular-block-bootstrap samples as counts.

    Parameters
    ----------
    n : int
        Number of timestamps.
    length : int
        Block length in timestamps.
    n_draws : int
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of int, shape (n_draws, n)
        How often each timestamp was drawn; every row sums to n.

    References
    ----------
    Politis and Romano (1992), "A circular block-resampling procedure for stationary data".

    Examples
    --------
    >>> counts = block_counts(10, 3, 2, np.random.default_rng(0))
    >>> counts.shape, counts.sum(axis=1).tolist()
    ((2, 10), [10, 10])
    """
    starts = rng.integers(0, n, size=(n_draws, math.ceil(n / length)))
    drawn = (starts[:, :, None] + np.arange(length)) % n
    drawn = drawn.reshape(n_draws, -1)[:, :n]
    cells = drawn + n * np.arange(n_draws)[:, None]
    return np.bincount(cells.ravel(), minlength=n_draws * n).reshape(n_draws, n)


def percentile_interval(
    value: float | None, draws: Floats, n_blocks: int, level: float = 0.95
) -> Interval:
    """Return an estimate with its expanded percentile interval from bootstrap draws.

    Parameters
    ----------
    value : float or None
        The estimate on the data themselves.
    draws : ndarray, shape (n_draws,)
        Undefined draws are NaN and are left out.
    n_blocks : int
        Blocks in each draw. Draws of K blocks vary too little by the factor
        sqrt((K - 1) / K), and K blocks know their spread only as Student's t does.
    level : float, default 0.95

    References
    ----------
    T. Hesterberg, "What teachers should know about the bootstrap", *The American
    Statistician* 69 (2015), section 5.4.
    """
    defined = draws[np.isfinite(draws)]
    if value is None or n_blocks < 2 or defined.size < 0.5 * draws.size:
        return Interval(value=value)
    tail = _expanded_tail(n_blocks, level)
    ordered = np.sort(defined)
    return Interval(value=value, low=_quantile(ordered, tail), high=_quantile(ordered, 1 - tail))


@cache
def _expanded_tail(n_blocks: int, level: float) -> float:
    """The share of draws below the lower end."""
    quantile = stats.t.ppf((1 - level) / 2, n_blocks - 1) * math.sqrt(n_blocks / (n_blocks - 1))
    return float(stats.norm.cdf(quantile))


def _quantile(ordered: Floats, share: float) -> float:
    """Quantile of sorted values, as `numpy.quantile` has it at ten times the cost."""
    place = share * (ordered.size - 1)
    at = int(place)
    low, high = float(ordered[at]), float(ordered[min(at + 1, ordered.size - 1)])
    part = place - at
    # Starting from the nearer end keeps the result between the two.
    return low + (high - low) * part if part < 0.5 else high - (high - low) * (1 - part)


def one_sided_p(gains: Floats, n_blocks: int) -> float:
    """Return the p-value of "no gain": the gain over its bootstrap error, on Student's t.

    The error is corrected for the number of blocks as the interval is. A share of draws
    could not be smaller than one in all of them, which few blocks make a large p-value.

    Examples
    --------
    >>> gains = np.array([1.0, 2.0, -1.0, -2.0])
    >>> one_sided_p(gains, 4), one_sided_p(gains, 1)
    (0.5, 1.0)
    """
    defined = gains[np.isfinite(gains)]
    if n_blocks < 2 or defined.size < 2:
        return 1.0
    mean, spread = float(defined.mean()), float(defined.std(ddof=1))
    if spread == 0:
        return 1.0 if mean <= 0 else 1 / (1 + defined.size)
    t = mean / spread * math.sqrt((n_blocks - 1) / n_blocks)
    return float(special.stdtr(n_blocks - 1, -t))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return Holm's step-down adjusted p-values, in the order given.

    References
    ----------
    Holm (1979), "A simple sequentially rejective multiple test procedure".

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    m = len(p_values)
    scaled = np.array([(m - rank) * p_values[i] for rank, i in enumerate(order)])
    adjusted = np.empty(m)
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1.0) if m else scaled
    return [round(float(p), 12) for p in adjusted]


def batch_means(differences: Floats, horizon_steps: int, level: float = 0.95) -> Interval:
    """Return the mean of a serially dependent series with an interval that holds.

    The series is cut into K equal contiguous blocks of about three horizons and the block
    means are treated as independent.

    Parameters
    ----------
    differences : ndarray, shape (n_timestamps,)
        One value per timestamp, in order of time.
    horizon_steps : int
    level : float, default 0.95

    Returns
    -------
    Interval
        Without bounds when there are fewer than four blocks: not enough evidence.

    Notes
    -----
    K = clip(floor(T / 3h), 4, 20); the bounds are mean ± t(K - 1) · sd / sqrt(K).
    Under overlapping labels and a shared shock this test of nominal size 5 % rejects a
    true null in 5 to 7 % of cases, where a test per row rejects in 55 to 89 %.

    Examples
    --------
    >>> interval = batch_means(np.tile([0.0, 2.0], 75), horizon_steps=4)
    >>> interval.value, interval.low < 1.0 < interval.high
    (1.0, True)
    """
    value = float(np.mean(differences))
    possible = independent_blocks(differences.size, horizon_steps)
    if possible < MIN_BLOCKS:
        return Interval(value=value)
    means = np.array([b.mean() for b in np.array_split(differences, min(possible, 20))])
    quantile = stats.t.ppf((1 + level) / 2, means.size - 1)
    margin = quantile * means.std(ddof=1) / math.sqrt(means.size)
    return Interval(value=value, low=value - float(margin), high=value + float(margin))
