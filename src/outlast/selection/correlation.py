"""Spearman's rank correlation of many columns at once, missing values and all."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from outlast.importance.ranks import column_ranks

Matrix = npt.NDArray[np.float64]


def rank_correlation(values: Matrix, min_rows: int = 3) -> Matrix:
    """Return the Spearman correlation of every pair of columns.

    Each column is ranked over its own known rows, then each pair is correlated over the rows
    in which both are known. Without missing values this is Spearman's rho exactly.

    Parameters
    ----------
    values : ndarray of float64, shape (n, p)
        NaN marks a missing value.
    min_rows : int, default 3
        A pair with fewer rows in common gets 0.

    Returns
    -------
    ndarray of float64, shape (p, p)
        0 where a column does not vary over the rows in common.

    References
    ----------
    Spearman, "The proof and measurement of association between two things", American
    Journal of Psychology 15 (1904).

    Examples
    --------
    >>> rank_correlation(np.array([[1.0, 1.0], [2.0, 8.0], [3.0, 27.0]])).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    known = ~np.isnan(values)
    seen = known.astype(np.float64)
    ranks = column_ranks(values)
    # Centred ranks keep the sums small; a missing value then adds nothing.
    centred = np.where(known, ranks - (seen.sum(axis=0) + 1) / 2, 0.0)
    common = np.maximum(seen.T @ seen, 1.0)
    sums = centred.T @ seen
    squares = (centred**2).T @ seen - sums**2 / common
    covariance = centred.T @ centred - sums * sums.T / common
    scale = np.sqrt(np.maximum(squares * squares.T, 0.0))
    comparable = (common >= min_rows) & (scale > 1e-9 * common)
    rho = np.divide(covariance, scale, out=np.zeros_like(scale), where=comparable)
    return np.clip(rho, -1.0, 1.0)
