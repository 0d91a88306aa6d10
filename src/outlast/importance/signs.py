"""In which direction a feature pushes the prediction."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from outlast.importance.ranks import column_ranks

Floats = npt.NDArray[np.float64]

_FEWEST = 3


def slope_signs(
    X: npt.NDArray[np.floating], contributions: Floats, categorical: Collection[int] = ()
) -> Floats:
    """Return the rank correlation of each feature with its own contribution.

    1 where a higher value always raises the prediction, -1 where it always lowers it, near 0
    for a feature that pushes both ways. Over the folds of a split, the share with the same
    sign tells whether the model has learned the same thing each time.

    Parameters
    ----------
    X : ndarray, shape (n, p)
        NaN for missing; such rows do not count.
    contributions : ndarray of float64, shape (n, p)
        Such as SHAP values.
    categorical : collection of int
        Columns whose numbers have no order.

    Returns
    -------
    ndarray of float64, shape (p,)
        NaN where there is no order, fewer than three known values, or nothing varies.

    Examples
    --------
    >>> X = np.array([[1.0, 1.0], [2.0, 1.0], [3.0, 1.0]])
    >>> slope_signs(X, -X).tolist()
    [-1.0, nan]
    """
    known = ~np.isnan(X)
    values = _centred_ranks(X, known)
    pushes = _centred_ranks(contributions, known)
    spread = np.sqrt((values**2).sum(axis=0) * (pushes**2).sum(axis=0))
    ordered = (spread > 0) & (known.sum(axis=0) >= _FEWEST)
    ordered[list(categorical)] = False
    signs = np.full(X.shape[1], np.nan)
    np.divide((values * pushes).sum(axis=0), spread, where=ordered, out=signs)
    return signs


def _centred_ranks(table: npt.NDArray[np.floating], known: npt.NDArray[np.bool_]) -> Floats:
    """Ranks within each column, less their mean; 0 for what is not known."""
    ranks = column_ranks(np.where(known, table, np.nan))
    middle = (known.sum(axis=0) + 1) / 2
    return np.where(known, ranks - middle, 0.0)
