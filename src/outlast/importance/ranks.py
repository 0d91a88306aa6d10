"""Ranks within each column of a table."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl


def column_ranks(values: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Return the rank of each value within its column; equal ones share their mean rank.

    Parameters
    ----------
    values : ndarray of float, shape (n, p)
        NaN for missing.

    Returns
    -------
    ndarray of float64, shape (n, p)
        From 1 on; NaN stays NaN.

    Examples
    --------
    >>> column_ranks(np.array([[3.0], [np.nan], [1.0], [3.0]])).ravel().tolist()
    [2.5, nan, 1.0, 2.5]
    """
    ranks = pl.DataFrame(values).select(pl.all().fill_nan(None).rank())
    return ranks.cast(pl.Float64).to_numpy()
