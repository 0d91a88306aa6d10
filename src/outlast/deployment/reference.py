"""Whether new rows are like those that a model has learned from, beyond what chance would do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy import special

from outlast.models import Matrix
from outlast.untrusted import npz_arrays

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

FILE = "reference.npz"
# Levels of a feature that are told apart, the last one for missing values.
_CELLS = 21
# The training time is cut into at most so many blocks, each of which keeps its counts.
_MOST_BLOCKS = 128
# A distance that no window of the training time falls short of is not told from none.
_LEAST_SCALE = 0.02
_ALPHA = 0.05


@dataclass(frozen=True, eq=False)
class Moved:
    """A feature that lies farther from the training rows than chance would have it.

    `distance` is the largest difference of the shares below any value (of the shares of any set of
    categories), `record` the largest of that in equally long stretches of the training time.
    """

    feature: str
    distance: float
    record: float


@dataclass(frozen=True, eq=False)
class Reference:
    """How often each level of each feature came up in each block of the training time.

    Attributes
    ----------
    columns : tuple of str, length p
    categorical : ndarray of bool, shape (p,)
    edges : ndarray of float64, shape (p, n_cells - 2)
        Quantiles of the training rows; infinite beyond the last distinct one.
    counts : ndarray of int64, shape (n_blocks, p, n_cells)
        The last cell counts missing values.
    times_per_block : float
    """

    columns: tuple[str, ...]
    categorical: npt.NDArray[np.bool_]
    edges: Floats
    counts: Counts
    times_per_block: float

    @classmethod
    def of(cls, data: Matrix, time: npt.NDArray[np.int64]) -> Reference:
        """Count the levels of training rows.

        Parameters
        ----------
        data : Matrix
        time : ndarray of int64, shape (n,)
        """
        categorical = np.isin(np.arange(len(data.columns)), data.categorical)
        edges = np.full((len(data.columns), _CELLS - 2), np.inf)
        for at in range(len(data.columns)):
            known = data.X[np.isfinite(data.X[:, at]), at].astype(np.float64)
            found = (np.arange(_CELLS - 2) + 0.5 if categorical[at] else
                     np.unique(np.quantile(known, np.arange(1, _CELLS - 1) / (_CELLS - 1)))
                     if known.size else np.array([]))
            edges[at, : found.size] = found
        distinct, place = np.unique(time, return_inverse=True)
        n_blocks = min(distinct.size, _MOST_BLOCKS)
        made = cls(data.columns, categorical, edges, np.zeros((0, 0, 0), np.int64),
                   distinct.size / n_blocks)
        return cls(data.columns, categorical, edges,
                   made._counted(data, place * n_blocks // distinct.size, n_blocks),
                   made.times_per_block)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read back what `write` wrote."""
        stored = npz_arrays(folder / FILE)
        return cls(tuple(map(str, stored["columns"])), stored["categorical"], stored["edges"],
                   stored["counts"], float(stored["times_per_block"]))

    def write(self, folder: Path) -> None:
        """Write the counts into an existing folder, without pickle."""
        np.savez_compressed(
            folder / FILE, allow_pickle=False, columns=np.array(self.columns, dtype=str),
            categorical=self.categorical, edges=self.edges, counts=self.counts,
            times_per_block=np.array(self.times_per_block))

    def tells(self, n_times: int) -> bool:
        """Whether so many timestamps are enough to be compared with stretches of training."""
        return len(self.counts) >= 4 and n_times >= self.times_per_block / 2

    def moved(self, data: Matrix, n_times: int) -> list[Moved]:
        """Return the features that have moved beyond chance, the farthest first.

        Every stretch of the training time that is as long as the new rows is compared with the
        training rows outside it. A feature has moved if it lies farther from them than in any of
        these stretches, by more than the farthest one had surpassed all that are apart from it.
        Some features do so by chance: they are told of only if they are more than chance makes
        (5 % of the binomial distribution), or if one surpasses its record by more than any
        other feature ever has.

        Parameters
        ----------
        data : Matrix
            New rows with the same columns.
        n_times : int
            Distinct timestamps among them.

        Returns
        -------
        list of Moved
            Empty where there are too few timestamps, see `tells`.
        """
        if not self.tells(n_times) or not len(data):
            return []
        n_blocks = len(self.counts)
        width = min(max(1, round(n_times / self.times_per_block)), n_blocks // 2)
        sums = np.concatenate([np.zeros_like(self.counts[:1]), self.counts.cumsum(axis=0)])
        windows = sums[width:] - sums[:-width]
        before = np.array([self._distances(window, sums[-1] - window) for window in windows])
        new = self._distances(self._counted(data, np.zeros(len(data), np.intp), 1)[0], sums[-1])
        beyond = new / np.maximum(before.max(axis=0), _LEAST_SCALE)
        margins = np.maximum(_margins(before, width), 1.0)
        far = np.flatnonzero(beyond > margins)
        # Among so many stretches and a new one each is as likely to be the farthest.
        chance = special.bdtrc(far.size - 1, len(self.columns), width / (n_blocks + width))
        if not (far.size and (chance <= _ALPHA or beyond.max() > margins.max())):
            return []
        order = far[np.argsort(-beyond[far], kind="stable")]
        return [Moved(self.columns[at], float(new[at]), float(before[:, at].max()))
                for at in order]

    def _counted(self, data: Matrix, block: npt.NDArray[np.intp], n_blocks: int) -> Counts:
        counts = np.zeros((n_blocks, len(self.columns), _CELLS), np.int64)
        for at in range(len(self.columns)):
            values = data.X[:, at].astype(np.float64)
            cell = np.searchsorted(self.edges[at], values, side="left")
            cell[~np.isfinite(values)] = _CELLS - 1
            counts[:, at] = np.bincount(block * _CELLS + cell, minlength=n_blocks * _CELLS
                                        ).reshape(n_blocks, _CELLS)
        return counts

    def _distances(self, some: Counts, others: Counts) -> Floats:
        """Shape (p,): Kolmogorov-Smirnov of numbers, total variation of categories."""
        gap = (some / np.maximum(some.sum(axis=1, keepdims=True), 1)
               - others / np.maximum(others.sum(axis=1, keepdims=True), 1))
        return np.asarray(np.where(self.categorical, np.abs(gap).sum(axis=1) / 2,
                                   np.abs(np.cumsum(gap, axis=1)).max(axis=1)))


def _margins(before: Floats, width: int) -> Floats:
    """By what factor the record of each feature exceeds its record in stretches apart from it."""
    best = before.argmax(axis=0)
    apart = np.abs(np.arange(len(before))[:, None] - best) >= width
    second = np.where(apart, before, 0.0).max(axis=0)
    return np.asarray(before.max(axis=0) / np.maximum(second, _LEAST_SCALE))
