"""Statistics of the last rows: one formula for expressions and for columns of the grid."""

from __future__ import annotations

from typing import Literal, TypeVar

import numpy as np
import polars as pl

from outlast.features.column import Column
from outlast.features.memory import Floats

Operand = TypeVar("Operand", pl.Expr, Column)
RolledStatistic = Literal["mean", "std", "min", "max", "sum", "quantile", "slope", "count"]
# The number of known values, the mean of places and of values, and the sums of the squared
# distances of places and of their products with those of values.
Fit = tuple[Floats, Floats, Floats, Floats, Floats]

STATISTICS = {
    "mean": pl.Expr.rolling_mean,
    "std": pl.Expr.rolling_std,
    "min": pl.Expr.rolling_min,
    "max": pl.Expr.rolling_max,
    "sum": pl.Expr.rolling_sum,
}
ROLLED = (*STATISTICS, "quantile", "slope", "count")


def rolling(column: Operand, statistic: RolledStatistic, rows: int, min_rows: int) -> Operand:
    """Return a statistic of the last `rows` values, missing below `min_rows` known ones.

    The count itself is never missing, and a quantile is asked for by `rolling_quantile`.
    """
    if statistic == "slope":
        return _rolling_slope(column, rows, max(2, min_rows))
    if statistic == "count":
        return _rolling_count(column, rows)
    assert statistic != "quantile", "a quantile needs its level"
    if isinstance(column, Column):
        return column.rolling(statistic, rows, max(1, min_rows))
    return STATISTICS[statistic](column, window_size=rows, min_samples=max(1, min_rows))


def rolling_quantile(column: Operand, level: float, rows: int, min_rows: int) -> Operand:
    """Return a quantile of the last `rows` values, between two of them on the straight line."""
    if isinstance(column, Column):
        frame = pl.DataFrame(column.values, nan_to_null=True)
        rolled = frame.select(rolling_quantile(pl.all(), level, rows, min_rows))
        return Column(rolled.cast(pl.Float64).fill_null(float("nan")).to_numpy())
    return column.rolling_quantile(level, "linear", window_size=rows,
                                   min_samples=max(1, min_rows))


def slopes(values: Floats, rows: int, at_least: int) -> Floats:
    """Return the least-squares slope over the last `rows` rows of each column, per row.

    Windows of 1, 2, 4, ... rows are merged, as `Column` does for moments: a value depends on
    the rows of its own window alone, and a large level costs no digits.

    Parameters
    ----------
    values : ndarray of float64, shape (n, columns)
        NaN is missing: it leaves the others in their places.
    rows, at_least : int
        Length of the window, and how many known values it needs.

    Examples
    --------
    >>> slopes(np.array([[1.0], [3.0], [np.nan], [7.0]]), rows=3, at_least=2).ravel().tolist()
    [nan, 2.0, 2.0, 2.0]
    """
    known = ~np.isnan(values)
    nothing = np.zeros_like(values)
    power: Fit = (known.astype(float), nothing, np.where(known, values, 0.0), nothing, nothing)
    window: Fit | None = None
    reach, length = 0, 1
    while length <= rows:
        if rows & length:
            window = power if window is None else _merged(window, power, reach)
            reach += length
        power = _merged(power, power, length)
        length *= 2
    assert window is not None, "a window has at least one row"
    count, _, _, places, products = window
    with np.errstate(all="ignore"):
        found: Floats = np.where(count >= at_least, products / places, np.nan)
    return found


def _merged(later: Fit, earlier: Fit, rows: int) -> Fit:
    """Merge windows of `rows` rows with those right before; places count from the newest row."""
    n1, t1, x1, tt1, tx1 = (part[rows:] for part in later)
    n2, t2, x2, tt2, tx2 = (part[:-rows] for part in earlier)
    count = n1 + n2
    share = n2 / np.maximum(count, 1)
    weight = n1 * share
    apart_t, apart_x = t2 - rows - t1, x2 - x1
    merged = (count, t1 + share * apart_t, x1 + share * apart_x,
              tt1 + tt2 + weight * apart_t * apart_t, tx1 + tx2 + weight * apart_t * apart_x)
    first, second, third, fourth, fifth = (
        np.concatenate([part[:rows], new]) for part, new in zip(later, merged, strict=True))
    return first, second, third, fourth, fifth


def _rolling_slope(column: Operand, rows: int, at_least: int) -> Operand:
    if isinstance(column, Column):
        return Column(slopes(column.values, rows, at_least))

    def of_series(series: pl.Series) -> pl.Series:
        numbers = series.cast(pl.Float64).to_numpy()
        return pl.Series(slopes(numbers[:, None], rows, at_least)[:, 0], nan_to_null=True)

    return column.map_batches(of_series, return_dtype=pl.Float64)


def _rolling_count(column: Operand, rows: int) -> Operand:
    if isinstance(column, Column):
        return column.known(rows)
    return column.is_not_null().cast(pl.Float64).rolling_sum(rows, min_samples=1)
