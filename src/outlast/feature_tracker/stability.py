"""How alike the sets are that folds, seeds and models choose, and how alike they rank."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import special

Floats = npt.NDArray[np.float64]


class Stability(NamedTuple):
    """Stability of M sets: 1 if all are equal, about 0 if they are drawn by chance."""

    phi: float
    se: float
    low: float
    high: float
    n_sets: int


def nogueira(selected: npt.NDArray[np.bool_]) -> Stability:
    """Return the stability of feature sets, corrected for chance.

    Parameters
    ----------
    selected : ndarray of bool, shape (M, d)
        Which of d features each of M sets holds.

    Returns
    -------
    Stability
        NaN where all features or none are in every set, or there is one set alone: there is
        nothing to measure. The interval uses Student's t with M - 1 degrees of freedom; below
        ten sets it is too narrow, and sets of one data set are not independent.

    References
    ----------
    S. Nogueira, K. Sechidis and G. Brown, "On the stability of feature selection algorithms",
    *JMLR* 18 (2018), definition 4 and theorem 7.

    Examples
    --------
    >>> sets = np.array([[1, 1, 0, 0], [1, 0, 1, 0], [1, 1, 0, 0]], dtype=bool)
    >>> round(nogueira(sets).phi, 4), nogueira(sets).n_sets
    (0.3333, 3)
    """
    z = np.asarray(selected, dtype=np.float64)
    m, d = z.shape
    p, k = z.mean(axis=0), z.sum(axis=1)
    chance = k.mean() / d * (1 - k.mean() / d) if d else 0.0
    if m < 2 or chance <= 0:
        return Stability(np.nan, np.nan, np.nan, np.nan, m)
    phi = 1 - (m / (m - 1) * p * (1 - p)).mean() / chance
    parts = ((z * p).mean(axis=1) - k * k.mean() / d**2
             + phi / 2 * (2 * k * k.mean() / d**2 - k / d - k.mean() / d + 1)) / chance
    se = float(np.sqrt(4 / m**2 * ((parts - parts.mean()) ** 2).sum()))
    margin = float(special.stdtrit(m - 1, 0.975)) * se
    return Stability(float(phi), se, float(phi) - margin, float(phi) + margin, m)


def by_cluster(
    selected: npt.NDArray[np.bool_], clusters: npt.NDArray[np.intp]
) -> npt.NDArray[np.bool_]:
    """Return which clusters each set holds: those of which it holds any member.

    Examples
    --------
    >>> by_cluster(np.array([[True, False, False]]), np.array([0, 0, 1])).tolist()
    [[True, False]]
    """
    return np.stack([selected[:, clusters == c].any(axis=1) for c in np.unique(clusters)], axis=1)


def kendalls_w(values: Floats) -> float:
    """Return Kendall's coefficient of concordance of raters over items, ties corrected.

    Parameters
    ----------
    values : ndarray of float64, shape (n_raters, n_items)

    Returns
    -------
    float
        1 if all rank alike, NaN with fewer than two raters or items.

    Examples
    --------
    >>> kendalls_w(np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]]))
    1.0
    """
    m, n = values.shape
    if m < 2 or n < 2:
        return float("nan")
    # Loading scipy.stats for this takes as long as all else that a question to the tracker needs.
    ranks = np.stack([pl.Series(row).rank().to_numpy() for row in values])
    ties = sum(float((c**3 - c).sum()) for c in
               (np.unique(row, return_counts=True)[1] for row in ranks))
    spread = ((ranks.sum(axis=0) - m * (n + 1) / 2) ** 2).sum()
    most = m**2 * (n**3 - n) - m * ties
    return float(12 * spread / most) if most > 0 else float("nan")
