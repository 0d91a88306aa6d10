"""One score under thousands of row weights at once, such as the draws of a bootstrap.

Rows of one timestamp are drawn together, so weights belong to groups of rows. A mean is then
one product of two small matrices, and a ranking metric sorts its rows once for all draws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

# The largest array of one step: 64 MB of float64.
_SLAB = 8_000_000
# Comparing all pairs of groups beats walking through the rows up to this many cells per row.
_PAIRS_PER_ROW = 40
# A variance below this share of its parts is nothing but rounding.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Weights:
    """Row weights of many draws, for rows that share them in groups.

    Attributes
    ----------
    table : ndarray of float64, shape (n_groups, n_draws)
        Non-negative. The draws lie side by side, so that every step works on whole rows.
    group : ndarray of int, shape (n,)
        Which line of the table each row takes.

    Examples
    --------
    >>> twice_and_never = Weights(np.array([[2.0, 0.0]]), np.array([0, 0, 0]))
    >>> twice_and_never.total(np.array([1.0, 2.0, 3.0])).tolist()
    [12.0, 0.0]
    """

    table: Floats
    group: Ints

    @classmethod
    def of_rows(cls, weights: npt.ArrayLike) -> Weights:
        """Weights in which every row has its own, given as an array of shape (n_draws, n)."""
        table = np.ascontiguousarray(np.asarray(weights, dtype=np.float64).T)
        return cls(table, np.arange(len(table)))

    @property
    def n_draws(self) -> int:
        """How many weightings there are."""
        return int(self.table.shape[1])

    def rows(self, index: Ints) -> Floats:
        """Weights of some rows, shape (len(index), n_draws)."""
        return self.table.take(self.group[index], axis=0)

    def total(self, *values: npt.NDArray[np.generic]) -> Floats:
        """Weighted sum of one value per row, under every draw; a line for each if several."""
        sums = [np.bincount(self.group, each, minlength=len(self.table)) for each in values]
        return np.asarray((sums[0] if len(sums) == 1 else np.stack(sums)) @ self.table)

    def slabs(self) -> Iterator[Weights]:
        """The draws in portions whose weights by row stay below the largest array."""
        step = max(1, _SLAB // max(1, self.group.size))
        for start in range(0, self.n_draws, step):
            yield Weights(self.table[:, start : start + step], self.group)


def mean(loss: Callable[[Floats, Floats], Floats], y: Floats, p: Floats, w: Weights) -> Floats:
    """Weighted mean of a loss per row."""
    lost, mass = w.total(loss(y, p), np.ones(y.size))
    return np.asarray(lost / mass)


def root_mean(loss: Callable[[Floats, Floats], Floats], y: Floats, p: Floats, w: Weights) -> Floats:
    """Root of the weighted mean of a loss per row."""
    return np.sqrt(mean(loss, y, p, w))


def r2(y: Floats, p: Floats, w: Weights) -> Floats:
    """Share of the weighted variance that is explained."""
    # Centring first keeps the digits that E[y²] - E[y]² would lose.
    shifted = y - y.mean()
    power, drift, mass, lost = w.total(shifted**2, shifted, np.ones(y.size), (y - p) ** 2)
    spread = power - drift**2 / mass
    defined = spread > _ROUNDING * power
    return np.where(defined, 1 - lost / spread, np.nan)


def roc_auc(y: Floats, p: Floats, w: Weights) -> Floats:
    """P(a positive ranks above a negative), ties count half: the Mann-Whitney statistic."""
    return np.asarray(roc_aucs(y, p[None], w)[0])


def roc_aucs(y: Floats, p: Floats, w: Weights) -> Floats:
    """The AUC of each line of predictions, shape (n_lines, n_draws)."""
    if len(w.table) ** 2 > _PAIRS_PER_ROW * y.size:
        wins = np.stack([_wins_by_row(y, line, w) for line in p])
    else:
        step = max(1, _SLAB // (y.size * len(w.table)))
        wins = np.concatenate([_wins_by_group(y, p[at : at + step], w)
                               for at in range(0, len(p), step)])
    return np.asarray(wins / 2 / w.total(y == 1, y != 1).prod(axis=0))


def _wins_by_group(y: Floats, p: Floats, w: Weights) -> Floats:
    """Twice the weighted wins: wins between groups, times the weights of both."""
    order = np.argsort(p, axis=1)
    ranked = np.take_along_axis(p, order, axis=1)
    one_of = np.eye(len(w.table))[w.group]
    below = np.zeros((len(p), y.size + 1, len(w.table)))
    np.cumsum((one_of * (y != 1)[:, None])[order], axis=1, out=below[:, 1:])
    # All lines have the same positives, at places of their own.
    line, place = np.nonzero((y == 1)[order])
    shape = len(p), int((y == 1).sum()), len(w.table)
    won = below[line, _first_of_tie(ranked)[line, place]]
    won += below[line, y.size - _first_of_tie(ranked[:, ::-1])[line, y.size - 1 - place]]
    positive = one_of[order[line, place]].reshape(shape)
    pairs = positive.transpose(0, 2, 1) @ won.reshape(shape)
    return np.asarray(np.einsum("mgb,gb->mb", pairs @ w.table, w.table))


def _first_of_tie(ranked: Floats) -> Ints:
    """Where the run of equal values starts in which each value of a line lies."""
    starts = np.zeros(ranked.shape, dtype=np.intp)
    starts[:, 1:] = np.arange(1, ranked.shape[1]) * (ranked[:, 1:] != ranked[:, :-1])
    return np.asarray(np.maximum.accumulate(starts, axis=1))


def _wins_by_row(y: Floats, p: Floats, w: Weights) -> Floats:
    """Twice the weighted wins: the weight of each positive times that of what it beats."""
    positive, negative = np.flatnonzero(y == 1), np.flatnonzero(y != 1)
    negative = negative[np.argsort(p[negative], kind="stable")]
    # A positive beats the first `less` negatives, and those up to `not_more` by half.
    less, not_more = (np.searchsorted(p[negative], p[positive], side) for side in ("left", "right"))
    below = np.empty((negative.size + 1, w.n_draws))
    below[0] = 0.0
    below[1:] = w.rows(negative)
    # Adding row to row is several times faster than a cumulative sum across rows.
    for previous, row in pairwise(below):
        np.add(previous, row, row)
    won = below.take(less, axis=0)
    won += won if np.array_equal(less, not_more) else below.take(not_more, axis=0)
    won *= w.rows(positive)
    return np.asarray(won.sum(axis=0))


def auc_ovr(y: Floats, p: Floats, w: Weights) -> Floats:
    """Mean over the classes of each one's AUC against the rest."""
    each = np.stack([roc_auc((y == k).astype(np.float64), p[:, k], w) for k in range(p.shape[1])])
    # A class that a weighting leaves out has no AUC and does not count in its mean.
    defined = np.isfinite(each)
    return np.asarray(np.where(defined, each, 0).sum(axis=0) / defined.sum(axis=0))


def average_precision(y: Floats, p: Floats, w: Weights) -> Floats:
    """Precision at each threshold, weighted by the recall that it adds."""
    order, starts = _tie_groups(-p)
    ranked = w.rows(order)
    called = np.cumsum(np.add.reduceat(ranked, starts, axis=0), axis=0)
    ranked *= y[order][:, None]
    hits = np.add.reduceat(ranked, starts, axis=0)
    total = hits.sum(axis=0)
    # Thresholds before the first weighted row divide 0 by 0, and add no recall.
    precision = np.divide(np.cumsum(hits, axis=0), called, where=called > 0,
                          out=np.zeros_like(called))
    scores = (hits * precision).sum(axis=0) / total
    return np.where(called[-1] > total, scores, np.nan)


def spearman(y: Floats, p: Floats, w: Weights) -> Floats:
    """Pearson correlation of the mid-ranks that each weighting gives."""
    each = w.rows(np.arange(y.size))
    total = each.sum(axis=0)
    a, b = (ranks - (each * ranks).sum(axis=0) / total
            for ranks in (_midranks(y, w), _midranks(p, w)))
    spread = (each * a * a).sum(axis=0) * (each * b * b).sum(axis=0)
    defined = spread > (_ROUNDING * total**3) ** 2
    return np.where(defined, (each * a * b).sum(axis=0) / np.sqrt(spread), np.nan)


def _midranks(values: Floats, w: Weights) -> Floats:
    order, starts = _tie_groups(values)
    mass = np.add.reduceat(w.rows(order), starts, axis=0)
    middle = np.cumsum(mass, axis=0) - mass / 2
    group = np.empty(values.size, dtype=np.intp)
    group[order] = np.repeat(np.arange(starts.size), np.diff(np.r_[starts, values.size]))
    return middle.take(group, axis=0)


def _tie_groups(values: Floats) -> tuple[Ints, Ints]:
    """Ascending order, and where each group of equal values starts in it."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    return order, starts
