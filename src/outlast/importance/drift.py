"""How far a feature's distribution moved from train to test, and how far chance moves it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]
Masks = npt.NDArray[np.bool_]

N_DRAWS = 199
# Levels of a number that are told apart; each step is at most this share of the rows.
_LEVELS = 256
# The test time is cut into so many blocks, which chance moves as wholes.
_TEST_BLOCKS = 5


class Drift(NamedTuple):
    """One measure of drift.

    Attributes
    ----------
    method : {"drift_w1", "drift_js", "drift_ks"}
        Wasserstein distance in standard deviations of the train rows, Jensen-Shannon distance
        (base 2, 0 to 1) of categories, Kolmogorov-Smirnov distance (0 to 1).
    value : float
        Between train and test.
    chance : float
        The 99th percentile if blocks of time change places between both.
    """

    method: str
    value: float
    chance: float


@dataclass(frozen=True, eq=False)
class Partition:
    """Rows before and after the start of the test, in blocks of time, and draws of such blocks.

    Attributes
    ----------
    block : ndarray of int, shape (n,)
        The block of each row.
    chosen : ndarray of bool, shape (1 + n_draws, n_blocks)
        Which blocks are the test: first in truth, then drawn at random.
    """

    block: npt.NDArray[np.intp]
    chosen: Masks

    @classmethod
    def at(cls, time: npt.NDArray[np.int64], start: int, seed: int = 0) -> Partition:
        """Cut time into blocks, a fifth of the test each.

        Parameters
        ----------
        time : ndarray of int64, shape (n,)
            With rows on both sides of `start`.
        start : int
            Rows from here on are the test.
        seed : int, default 0

        Returns
        -------
        Partition

        References
        ----------
        Blocks are exchanged and not rows, since rows that follow each other are alike: with
        runs of 20 such rows, PSI > 0.1 is exceeded by chance in 75 to 100 % of cases.

        Examples
        --------
        >>> Partition.at(np.arange(20), 10).chosen[0].tolist()
        [False, False, False, False, False, True, True, True, True, True]
        """
        distinct, place = np.unique(time, return_inverse=True)
        first = int(np.searchsorted(distinct, start))
        length = max(1, round((distinct.size - first) / _TEST_BLOCKS))
        # Counted from the start of the test, so that no block lies on both sides of it.
        block = (place - first) // length
        block -= block.min()
        n_blocks = int(block.max()) + 1
        n_test = n_blocks - int(block[place >= first].min())
        rng = np.random.default_rng(seed)
        ranks = rng.random((N_DRAWS, n_blocks)).argsort(axis=1).argsort(axis=1)
        truth = np.arange(n_blocks) >= n_blocks - n_test
        return cls(block.astype(np.intp), np.vstack([truth, ranks < n_test]))


def drifts(column: pl.Series, partition: Partition) -> list[Drift]:
    """Measure the drift of one column.

    Parameters
    ----------
    column : polars.Series, shape (n,)
        A category where it is made of strings.
    partition : Partition
        Of the same rows.

    Returns
    -------
    list of Drift
        Wasserstein and Kolmogorov-Smirnov distance of a number, without its missing values;
        Jensen-Shannon distance of a category. Empty for a column that never changes.

    Examples
    --------
    >>> partition = Partition.at(np.arange(100), 80)
    >>> found = drifts(pl.Series([0.0, 1.0] * 40 + [4.0, 5.0] * 10), partition)
    >>> [(drift.method, round(drift.value, 2)) for drift in found]
    [('drift_w1', 8.0), ('drift_ks', 1.0)]
    """
    if column.dtype == pl.String:
        return list(_of_category(column, partition))
    values = column.cast(pl.Float64).to_numpy()
    known = np.isfinite(values)
    return list(_of_number(values[known], partition.block[known], partition.chosen))


def _of_number(
    values: Floats, block: npt.NDArray[np.intp], chosen: Masks
) -> Iterator[Drift]:
    train = values[~chosen[0][block]]
    sd = float(train.std()) if train.size else 0.0
    if not sd > 0 or train.size == values.size:
        return
    code, level = _levels(values)
    within, outside = _shares(code, block, chosen)
    gaps = np.abs(np.cumsum(within - outside, axis=1))
    yield _judged("drift_w1", (gaps[:, :-1] * np.diff(level)).sum(axis=1) / sd)
    yield _judged("drift_ks", gaps.max(axis=1))


def _of_category(column: pl.Series, partition: Partition) -> Iterator[Drift]:
    code = column.rank("dense").fill_null(0).cast(pl.Int64).to_numpy()
    if code.size and np.ptp(code) > 0:
        within, outside = _shares(code, partition.block, partition.chosen)
        middle = (within + outside) / 2
        divergence = (_entropy(middle) - (_entropy(within) + _entropy(outside)) / 2)
        yield _judged("drift_js", np.sqrt(np.clip(divergence, 0, 1)))


def _levels(values: Floats) -> tuple[npt.NDArray[np.intp], Floats]:
    """Return each value's level, and the mean value of each level, ascending."""
    distinct, code = np.unique(values, return_inverse=True)
    if distinct.size > _LEVELS:
        edges = np.unique(np.quantile(values, np.arange(1, _LEVELS) / _LEVELS))
        code = np.unique(np.searchsorted(edges, values), return_inverse=True)[1]
    return code, np.bincount(code, values) / np.bincount(code)


def _shares(
    code: npt.NDArray[np.intp], block: npt.NDArray[np.intp], chosen: Masks
) -> tuple[Floats, Floats]:
    """Return the share of each code in the chosen blocks and in all others, by draw."""
    n_blocks, n_codes = chosen.shape[1], int(code.max()) + 1
    counts = np.bincount(block * n_codes + code, minlength=n_blocks * n_codes).reshape(
        n_blocks, n_codes).astype(np.float64)
    within = chosen.astype(np.float64) @ counts
    outside = counts.sum(axis=0) - within
    totals = (np.maximum(side.sum(axis=1, keepdims=True), 1) for side in (within, outside))
    return tuple(side / total
                 for side, total in zip((within, outside), totals, strict=True))


def _entropy(share: Floats) -> Floats:
    """Bits, along the last axis."""
    logs = np.log2(share, out=np.zeros_like(share), where=share > 0)
    return np.asarray(-(share * logs).sum(axis=1))


def _judged(method: str, values: Floats) -> Drift:
    return Drift(method, float(values[0]),
                 float(np.quantile(values[1:], 0.99, method="higher")))
