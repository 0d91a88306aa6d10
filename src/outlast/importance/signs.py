"""In which direction a feature pushes the prediction."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import numpy.typing as npt
from scipy.stats import spearmanr

Floats = npt.NDArray[np.float64]


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
    signs = np.full(X.shape[1], np.nan)
    for column in set(range(X.shape[1])) - set(categorical):
        known = ~np.isnan(X[:, column])
        values, pushes = X[known, column], contributions[known, column]
        if known.sum() >= 3 and np.ptp(values) > 0 and np.ptp(pushes) > 0:
            signs[column] = spearmanr(values, pushes).statistic
    return signs
