"""Which of many configurations could be the best, and how much of a lead is luck of selection."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt
from scipy import special

from outlast.judge.thresholds import Thresholds

Floats = npt.NDArray[np.float64]

_DRAWS = 999


def model_confidence_set(gains: Floats, *, seed: int = 0, n_draws: int = _DRAWS) -> Floats:
    """Return the p-value of every configuration in the model confidence set.

    Parameters
    ----------
    gains : ndarray, shape (n_models, n_blocks)
        A score per block of time, nearly independent between blocks; more is better.
    seed : int, default 0
    n_draws : int, default 999

    Returns
    -------
    ndarray, shape (n_models,)
        The set at level 1 - α holds all with a p-value above α; the best one has 1.

    References
    ----------
    P. R. Hansen, A. Lunde and J. M. Nason, "The model confidence set", *Econometrica* 79
    (2011), with the statistic T_max; blocks are drawn as they are, being independent already.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> gains = rng.normal(size=(3, 20)) + np.array([[2.0], [2.0], [0.0]])
    >>> (model_confidence_set(gains) > 0.1).tolist()
    [True, True, False]
    """
    n_models, n_blocks = gains.shape
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(n_blocks, np.full(n_blocks, 1 / n_blocks), n_draws) / n_blocks
    means = gains.mean(axis=1)
    # Draws of K blocks vary too little by sqrt((K - 1) / K).
    drawn = (gains @ counts.T - means[:, None]) * np.sqrt(n_blocks / (n_blocks - 1))
    left, p_values, largest = np.arange(n_models), np.ones(n_models), 0.0
    while left.size > 1:
        centred = means[left] - means[left].mean()
        luck = drawn[left] - drawn[left].mean(axis=0)
        error = np.maximum(luck.std(axis=1), 1e-12 * (np.abs(gains).max() or 1.0))
        statistics = -centred / error
        worst = int(statistics.argmax())
        chance = (-luck / error[:, None]).max(axis=0)
        largest = max(largest, float((1 + np.sum(chance >= statistics[worst])) / (1 + n_draws)))
        p_values[left[worst]] = largest
        left = np.delete(left, worst)
    return p_values


def backtest_overfitting(
    gains: Floats, *, most_pieces: int = Thresholds.backtest_pieces
) -> float:
    """Return the probability of backtest overfitting, by symmetric cross-validation of time.

    Time is cut into an even number of pieces; on every half of them the best configuration is
    chosen and looked up among all on the other half. The result is the share of halves on
    whose complement the chosen one is in the lower half, the median included.

    Parameters
    ----------
    gains : ndarray, shape (n_models, n_blocks)
        A score per block of time, in order of time; more is better.
    most_pieces : int, default 12

    Returns
    -------
    float
        NaN with fewer than two configurations or four blocks.

    References
    ----------
    D. H. Bailey, J. M. Borwein, M. López de Prado and Q. J. Zhu, "The probability of backtest
    overfitting", *Journal of Computational Finance* 20 (2017).

    Examples
    --------
    >>> best = np.vstack([np.ones(8), np.zeros((9, 8))])
    >>> backtest_overfitting(best)
    0.0
    """
    n_models, n_blocks = gains.shape
    n_pieces = min(n_blocks, most_pieces) // 2 * 2
    if n_models < 2 or n_pieces < 4:
        return float("nan")
    # What does not fill a piece is left out at the oldest end.
    size = n_blocks // n_pieces
    pieces = gains[:, n_blocks - size * n_pieces:].reshape(n_models, n_pieces, size).mean(axis=2)
    halves = np.zeros((int(special.comb(n_pieces, n_pieces // 2)), n_pieces))
    for row, chosen in zip(halves, combinations(range(n_pieces), n_pieces // 2), strict=True):
        row[list(chosen)] = 1.0
    inside, outside = pieces @ halves.T, pieces @ (1 - halves).T
    at = inside.argmax(axis=0), np.arange(len(halves))
    found = outside[at]
    rank = (outside < found).sum(axis=0) + ((outside == found).sum(axis=0) + 1) / 2
    return float(np.mean(rank / (n_models + 1) <= 0.5))


def selection_optimism(gains: Floats, *, seed: int = 0, n_draws: int = _DRAWS) -> float:
    """Return by how much the best of several scores is better than it will be.

    The best of every bootstrap draw of blocks is looked up on all blocks: what it loses is
    what choosing by the score on the same rows has flattered.

    Parameters
    ----------
    gains : ndarray, shape (n_models, n_blocks)
        More is better.
    seed : int, default 0
    n_draws : int, default 999

    Returns
    -------
    float
        Zero or more, in units of the score.

    References
    ----------
    B. Efron, "Estimating the error rate of a prediction rule", *JASA* 78 (1983); for the
    choice among configurations I. Tsamardinos et al., *Machine Learning* 107 (2018).

    Examples
    --------
    >>> selection_optimism(np.ones((1, 8)))
    0.0
    """
    n_blocks = gains.shape[1]
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(n_blocks, np.full(n_blocks, 1 / n_blocks), n_draws) / n_blocks
    drawn = gains @ counts.T
    best = drawn.argmax(axis=0)
    flattered = drawn[best, np.arange(n_draws)] - gains.mean(axis=1)[best]
    return max(0.0, float(flattered.mean()))
