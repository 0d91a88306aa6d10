"""Standard errors of a mean over folds: folds share training rows, or follow each other in time."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]

# Folds of these splits are drawn again from the same rows; all others lie one after another.
RESAMPLED = ("random", "purged_kfold", "combinatorial_purged", "group")
N_DRAWS = 2_000


class Means(NamedTuple):
    """Mean over folds with its standard error and 95 % interval, one entry per series.

    ``p`` is the one-sided p-value of a mean above zero. NaN where one fold or none leaves no
    error to estimate.
    """

    mean: Floats
    se: Floats
    low: Floats
    high: Floats
    p: Floats


def fold_means(values: Floats, split: str, test_to_train: float = 0.0) -> Means:
    """Return the mean over folds of each series, with the error that suits the split.

    Parameters
    ----------
    values : ndarray of float64, shape (n_series, K)
        Folds in order of time; NaN where a series has none.
    split : str
        Name of the split: Nadeau and Bengio's error for resampled folds, else blocks.
    test_to_train : float, default 0.0
        Test rows over training rows, for Nadeau and Bengio.

    Returns
    -------
    Means
        Intervals on Student's t with K - 1 degrees of freedom.

    References
    ----------
    C. Nadeau and Y. Bengio, "Inference for the generalization error", *Machine Learning* 52
    (2003). D. N. Politis and J. P. Romano, "A circular block-resampling procedure" (1992).

    Examples
    --------
    >>> means = fold_means(np.array([[1.0, 2.0, 3.0]]), "random", test_to_train=0.5)
    >>> round(float(means.se[0]), 4)
    0.9129
    """
    known = np.isfinite(values)
    k = known.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(known, values, 0.0).sum(axis=1) / k
        if split in RESAMPLED:
            squares = np.where(known, (values - mean[:, None]) ** 2, 0.0).sum(axis=1)
            se = np.sqrt(squares / (k - 1) * (1 / k + test_to_train))
        else:
            se = _block_errors(values, known) * np.sqrt(k / (k - 1))
        se = np.where(k > 1, se, np.nan)
        freedom = np.maximum(k - 1, 1)
        margin = special.stdtrit(freedom, 0.975) * se
        # Folds that agree to the last digit would divide by zero.
        p = special.stdtr(freedom, -mean / np.maximum(se, np.finfo(float).tiny))
    return Means(mean, se, mean - margin, mean + margin, np.where(k > 1, p, np.nan))


def _block_errors(values: Floats, known: npt.NDArray[np.bool_]) -> Floats:
    """Spread of the mean over draws of blocks of neighbouring folds."""
    n = values.shape[1]
    length = max(1, round(n ** (1 / 3)))
    starts = np.random.default_rng(0).integers(0, n, (N_DRAWS, math.ceil(n / length)))
    drawn = ((starts[:, :, None] + np.arange(length)) % n).reshape(N_DRAWS, -1)[:, :n]
    cells = drawn + n * np.arange(N_DRAWS)[:, None]
    counts = np.bincount(cells.ravel(), minlength=N_DRAWS * n).reshape(N_DRAWS, n).T
    total = np.where(known, values, 0.0) @ counts
    means = np.divide(total, known @ counts, out=np.full_like(total, np.nan),
                      where=known @ counts > 0)
    defined = np.isfinite(means)
    size = np.maximum(defined.sum(axis=1), 1)
    centre = np.where(defined, means, 0.0).sum(axis=1) / size
    squares = np.where(defined, means - centre[:, None], 0.0) ** 2
    return np.asarray(np.sqrt(squares.sum(axis=1) / size))
