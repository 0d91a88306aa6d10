"""Features that say the same, in groups."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
import polars.selectors as cs
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from outlast.selection.correlation import rank_correlation

Matrix = npt.NDArray[np.float64]


def closeness(frame: pl.DataFrame, sample_rows: int = 5000, min_rows: int = 30) -> Matrix:
    """Return the absolute Spearman correlation of every pair of columns.

    Parameters
    ----------
    frame : polars.DataFrame
        Numbers with NaN or null for missing, categories as text.
    sample_rows : int, default 5000
        Computed on at most this many rows, drawn with a fixed seed.
    min_rows : int, default 30
        Two columns with fewer known rows in common get 0.

    Returns
    -------
    ndarray of float64, shape (p, p)
        1 for equal columns of any type; 0 between a category and anything else.
    """
    # Evenly spaced rows would keep hitting the same entity of a balanced panel.
    rows = np.sort(np.random.default_rng(0).permutation(frame.height)[:sample_rows])
    numeric = frame[rows].select(cs.numeric())
    at = [frame.get_column_index(name) for name in numeric.columns]
    close = np.zeros((frame.width, frame.width))
    values = numeric.cast(pl.Float64).fill_null(np.nan).to_numpy(order="c")
    close[np.ix_(at, at)] = np.abs(rank_correlation(values, min_rows))
    for i, j in _equal_columns(frame):
        close[i, j] = close[j, i] = 1.0
    return close


def correlation_clusters(
    frame: pl.DataFrame, min_rho: float = 0.9, sample_rows: int = 5000
) -> dict[str, tuple[str, ...]]:
    """Group features by average linkage of their absolute rank correlation.

    Parameters
    ----------
    frame : polars.DataFrame
        See `closeness`.
    min_rho : float, default 0.9
        Groups are joined while their features correlate at least so closely on average.
    sample_rows : int, default 5000
        See `closeness`.

    Returns
    -------
    dict of str to tuple of str
        The first feature of each group -> all its features, in the order of the columns.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> frame = pl.DataFrame({"a": rng.normal(size=50), "b": rng.normal(size=50)})
    >>> correlation_clusters(frame.with_columns(twice=pl.col("a") * 2))
    {'a': ('a', 'twice'), 'b': ('b',)}
    """
    names = frame.columns
    if len(names) < 2:
        return {name: (name,) for name in names}
    distance = 1 - closeness(frame, sample_rows)
    np.fill_diagonal(distance, 0.0)
    tree = linkage(squareform(distance, checks=False), method="average")
    labels = fcluster(tree, 1 - min_rho + 1e-9, criterion="distance")
    groups: dict[int, list[str]] = {}
    for name, label in zip(names, labels, strict=True):
        groups.setdefault(int(label), []).append(name)
    return {members[0]: tuple(members) for members in groups.values()}


def _equal_columns(frame: pl.DataFrame) -> list[tuple[int, int]]:
    """Columns with the same content, found by hash instead of by comparing every pair."""
    first: dict[bytes, int] = {}
    contents = (column.hash().to_numpy().tobytes() for column in frame)
    pairs = [(first.setdefault(content, i), i) for i, content in enumerate(contents)]
    return [(i, j) for i, j in pairs if i != j]
