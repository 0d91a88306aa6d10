"""Other values in the place of those that must not matter."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast.errors import OutlastError

# What code that others wrote may raise on a table that is shorter or odder than theirs.
FAILURES = (ArithmeticError, AssertionError, AttributeError, LookupError, OutlastError,
            RuntimeError, TypeError, ValueError, pl.exceptions.PolarsError)


def disturbed(
    column: pl.Series, rows: npt.NDArray[np.bool_], rng: np.random.Generator, *,
    scale: bool = True,
) -> pl.Series:
    """Permute the values of some rows among themselves; numbers become three times that plus 5.

    Parameters
    ----------
    column : polars.Series of length n
    rows : ndarray of bool, shape (n,)
        Where to change it; all other values stay as they are.
    rng : numpy.random.Generator
    scale : bool, default True
        False only permutes, as needed for classes.

    Returns
    -------
    polars.Series
        Of the same type.

    Examples
    --------
    >>> late = np.array([False, False, True, True])
    >>> sorted(disturbed(pl.Series([1, 2, 3, 4]), late, np.random.default_rng(0)))
    [1, 2, 14, 17]
    """
    places = np.flatnonzero(rows)
    source = np.arange(len(column))
    source[places] = rng.permutation(places)
    mixed = column[source]
    if not (scale and column.dtype.is_numeric()):
        return mixed
    scaled = (mixed.cast(pl.Float64) * 3 + 5).cast(column.dtype, strict=False)
    # A small integer type may not hold the new value; being permuted has to do then.
    return scaled.fill_null(mixed).zip_with(pl.Series(rows), column)
