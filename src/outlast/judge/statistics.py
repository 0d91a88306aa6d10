"""Uncertainty when labels overlap and entities share shocks: whole timestamps, in blocks.

The unit of evidence is the timestamp, never the row: rows of one timestamp share their
shocks, and labels that reach h steps ahead make neighbouring timestamps alike.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import special

from outlast.judge.thresholds import Thresholds

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]


def independent_blocks(
    n_timestamps: int, horizon_steps: int, horizons: int = Thresholds.block_horizons
) -> int:
    """Return how many stretches of time are nearly independent: one per some horizons.

    Parameters
    ----------
    n_timestamps : int
        Distinct timestamps that were scored.
    horizon_steps : int
        How many timestamps a label reaches ahead.
    horizons : int, default 3
        Length of a stretch.

    Returns
    -------
    int

    Examples
    --------
    >>> independent_blocks(654, 5)
    43
    """
    return n_timestamps // max(1, horizons * horizon_steps)


def horizon_in_steps(time: npt.NDArray[np.int64], label_end: npt.NDArray[np.int64]) -> int:
    """Return the median number of distinct timestamps in ``(t, e]``.

    Parameters
    ----------
    time, label_end : ndarray of int64, shape (n,)
        Nanoseconds.

    Examples
    --------
    >>> day = np.arange(10)
    >>> horizon_in_steps(day, np.minimum(day + 2, 9))
    2
    """
    distinct = np.unique(time)
    reach = np.searchsorted(distinct, label_end, "right") - np.searchsorted(distinct, time, "right")
    # The last rows reach past the data; the median is not moved by them.
    return int(np.median(reach)) if reach.size else 0


def t_quantile(share: float, freedom: float) -> float:
    """Return a quantile of Student's t.

    Examples
    --------
    >>> round(t_quantile(0.975, 19), 3)
    2.093
    """
    return float(special.stdtrit(freedom, share))


def t_tail(t: float, freedom: float) -> float:
    """Return P(T > t) of Student's t.

    Examples
    --------
    >>> round(t_tail(2.093, 19), 3)
    0.025
    """
    return float(special.stdtr(freedom, -t))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return Holm's step-down adjusted p-values, in the order given.

    References
    ----------
    Holm (1979), "A simple sequentially rejective multiple test procedure".

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    m = len(p_values)
    scaled = np.array([(m - rank) * p_values[i] for rank, i in enumerate(order)])
    adjusted = np.empty(m)
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1.0) if m else scaled
    return [round(float(p), 12) for p in adjusted]


def kendall_tau(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Return Kendall's tau-b of two lists of scores; NaN where one of them is constant.

    Parameters
    ----------
    a, b : array-like, shape (n,)
        Pairs with an undefined score are left out.

    References
    ----------
    M. G. Kendall, "The treatment of ties in ranking problems", *Biometrika* 33 (1945).

    Examples
    --------
    >>> kendall_tau([1, 2, 3], [1, 3, 2]).__round__(3)
    0.333
    """
    pair = np.asarray([a, b], dtype=np.float64)
    pair = pair[:, np.isfinite(pair).all(axis=0)]
    signs = np.sign(pair[:, :, None] - pair[:, None, :])
    agree, own, other = (signs[0] * signs[1]).sum(), (signs[0] ** 2).sum(), (signs[1] ** 2).sum()
    return float(agree / np.sqrt(own * other)) if own and other else float("nan")
