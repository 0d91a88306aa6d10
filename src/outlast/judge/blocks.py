"""The evidence: a score for each block of held-out time, the same blocks for all models.

A fold's score is taken apart into blocks of whole timestamps, each about three horizons or
more, so that neighbouring blocks are nearly independent: a block's share is its jackknife
pseudo-value. For a mean loss that is the block's own mean; for the AUC and the like it is what
the block adds to the fold. All that the judge says is arithmetic on this one matrix.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from outlast import metrics
from outlast.judge import statistics
from outlast.judge.board import Interval
from outlast.judge.results import Result, label_steps
from outlast.judge.thresholds import DEFAULTS, Thresholds
from outlast.metrics import Metric
from outlast.weighted import Weights

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Unit = Callable[[Result], Ints]

_HOLDS_ENTITIES_OUT = ("group",)
# Their models share most of the training rows with each other, on both sides of the test.
_TRAINS_ON_BOTH_SIDES = ("random", "purged_kfold", "group")


@dataclass(frozen=True)
class Blocks:
    """The independent units that the folds of one split are made of.

    Where a split holds entities out, its promise is about others: entities are then blocks
    of their own beside those of time, and both spreads count (A. B. Owen, "The pigeonhole
    bootstrap", *Annals of Applied Statistics* 1, 2007).

    Attributes
    ----------
    times : ndarray of int64, shape (m,)
        The distinct held-out timestamps.
    block : ndarray of int, shape (m,)
        To which block of time each belongs; blocks are numbered in order of time.
    entity : ndarray of int, shape (n_codes,), optional
        The same for the code of each entity, where entities are held out.
    n_independent : int
        Stretches of some horizons in the held-out time, or the entities if those are fewer.
    inflation : float, default 1.0
        By what the variance is larger than that of the test rows alone.
    thresholds : Thresholds, optional
    """

    times: npt.NDArray[np.int64]
    block: Ints
    n_independent: int
    entity: Ints | None = None
    inflation: float = 1.0
    thresholds: Thresholds = DEFAULTS

    @classmethod
    def of(cls, folds: Sequence[Result], thresholds: Thresholds = DEFAULTS) -> Blocks:
        """Cut what the folds of one configuration test; all configurations test the same."""
        times = np.unique(np.concatenate([result.time for result in folds]))
        n = statistics.independent_blocks(times.size, label_steps(folds), thresholds.block_horizons)
        block = _cut(times, folds, min(max(n, 1), thresholds.max_blocks))
        split = folds[0].record.job.split.name
        inflation = _nadeau_bengio(folds) if split in _TRAINS_ON_BOTH_SIDES else 1.0
        if split not in _HOLDS_ENTITIES_OUT:
            return cls(times, block, n, None, inflation, thresholds)
        entity = _cut_entities(folds, thresholds.max_blocks)
        return cls(times, block, min(n, int(entity.max()) + 1), entity, inflation, thresholds)

    @property
    def suffice(self) -> bool:
        """Whether there are enough of them for an interval."""
        return self.n_independent >= self.thresholds.interval_blocks

    @cached_property
    def starts(self) -> npt.NDArray[np.int64]:
        """First timestamp of each block of time."""
        return np.asarray(self.times[np.unique(self.block, return_index=True)[1]])

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """How many blocks there are of time, and of entities where these are held out."""
        of_time = int(self.block[-1]) + 1
        return (of_time,) if self.entity is None else (of_time, int(self.entity.max()) + 1)

    def scores(self, metric: Metric, folds: Sequence[Result]) -> Scores:
        """Return what each block says of one configuration.

        Parameters
        ----------
        metric : Metric
        folds : sequence of Result
            Folds in which the metric is defined.

        Returns
        -------
        Scores
        """
        return self.scores_of_many(metric, [folds])[0]

    def scores_of_many(
        self, metric: Metric, configurations: Sequence[Sequence[Result]]
    ) -> list[Scores]:
        """Return what each block says of several configurations, see `scores`."""
        found = [self._kind(metric, configurations, size, unit) for size, unit in
                 zip(self.sizes, (self._time_of, self._entity_of), strict=False)]
        return [Scores(np.concatenate([values[at] for values, _ in found]),
                       np.concatenate([weights[at] for _, weights in found]), self)
                for at in range(len(configurations))]

    def _kind(
        self, metric: Metric, configurations: Sequence[Sequence[Result]], size: int, unit: Unit
    ) -> tuple[Floats, Floats]:
        """Values and weights of one kind of block, a line for each configuration."""
        total, mass = np.zeros((2, len(configurations), size))
        for same in _of_same_rows(configurations):
            lines, results = np.array(list(same)), list(same.values())
            present, group = np.unique(unit(results[0]), return_inverse=True)
            cells = np.ix_(lines, present)
            total[cells] += _shares(metric, results, group) / present.size
            mass[cells] += 1 / present.size
        return (np.divide(total, mass, out=np.zeros_like(total), where=mass > 0),
                mass / np.maximum(mass.sum(axis=1, keepdims=True), 1e-300))

    def _time_of(self, result: Result) -> Ints:
        return np.asarray(self.block[np.searchsorted(self.times, result.time)])

    def _entity_of(self, result: Result) -> Ints:
        assert self.entity is not None, "asked only where entities are held out"
        return np.asarray(self.entity[result.entity])


@dataclass(frozen=True)
class Scores:
    """One score per block, or the difference of two configurations; see `Blocks`.

    Attributes
    ----------
    values : ndarray, shape (n_blocks,)
        Blocks of time, then those of entities.
    weights : ndarray, shape (n_blocks,)
        What each counts; they sum to one for each kind of block.
    blocks : Blocks
    """

    values: Floats
    weights: Floats = field(repr=False)
    blocks: Blocks = field(repr=False)

    def __sub__(self, other: Scores) -> Scores:
        return Scores(self.values - other.values, self.weights, self.blocks)

    def __add__(self, other: Scores) -> Scores:
        return Scores(self.values + other.values, self.weights, self.blocks)

    def times(self, factor: float) -> Scores:
        """Return all values times a number, such as −1 where less is better."""
        return Scores(factor * self.values, self.weights, self.blocks)

    @property
    def over_time(self) -> Floats:
        """The values of the blocks of time, shape (n_blocks_of_time,)."""
        return self.values[: self.blocks.sizes[0]]

    @property
    def time_weights(self) -> Floats:
        """What each block of time counts."""
        return self.weights[: self.blocks.sizes[0]]

    @cached_property
    def mean(self) -> float:
        """Weighted mean over the blocks of time."""
        return float(self.over_time @ self.time_weights)

    @cached_property
    def se(self) -> float:
        """Standard error of the mean over independent blocks; NaN where there are too few."""
        if not self.blocks.suffice:
            return math.nan
        variance = sum(_variance(values, weights) for values, weights in self._kinds())
        return math.sqrt(variance * self.blocks.inflation)

    @cached_property
    def freedom(self) -> int:
        """Degrees of freedom of the standard error."""
        return min(int(np.count_nonzero(weights)) for _, weights in self._kinds()) - 1

    def interval(self, value: float | None, level: float = 0.95) -> Interval:
        """Return an estimate with its interval by Student's t over the blocks.

        Parameters
        ----------
        value : float or None
            The estimate on all rows, which for other metrics than means is not quite the
            mean of the blocks.
        level : float, default 0.95
        """
        if value is None or not math.isfinite(self.se):
            return Interval(value=value)
        margin = statistics.t_quantile((1 + level) / 2, self.freedom) * self.se
        return Interval(value=value, low=value - margin, high=value + margin)

    def p_above(self, limit: float = 0.0) -> float:
        """Return the one-sided p-value of "the mean is not above the limit"."""
        if not math.isfinite(self.se):
            return 1.0
        if self.se == 0:
            return 0.0 if self.mean > limit else 1.0
        return statistics.t_tail((self.mean - limit) / self.se, self.freedom)

    def _kinds(self) -> Iterator[tuple[Floats, Floats]]:
        start = 0
        for size in self.blocks.sizes:
            yield self.values[start : start + size], self.weights[start : start + size]
            start += size


def _variance(values: Floats, weights: Floats) -> float:
    """Variance of a weighted mean of independent values."""
    n = int(np.count_nonzero(weights))
    if n < 2:
        return math.nan
    deviations = weights * (values - values @ weights)
    return float(deviations @ deviations) * n / (n - 1)


def _of_same_rows(configurations: Sequence[Sequence[Result]]) -> Iterable[dict[int, Result]]:
    """The folds that test the same rows, by the number of their configuration."""
    found: defaultdict[Hashable, dict[int, Result]] = defaultdict(dict)
    for at, folds in enumerate(configurations):
        for result in folds:
            rows = (column.tobytes() for column in (result.time, result.entity, result.y))
            found[result.record.job.fold, *rows][at] = result
    return found.values()


def _shares(metric: Metric, results: Sequence[Result], unit: Ints) -> Floats:
    """The jackknife pseudo-value of each unit of a fold, a line for each of its results.

    References
    ----------
    J. W. Tukey, "Bias and confidence in not quite large samples" (1958); for blocks of a
    dependent series H. R. Künsch, *Annals of Statistics* 17 (1989).
    """
    n = int(unit.max()) + 1
    # Every column but the first leaves one unit out.
    left_out = Weights(np.hstack([np.ones((n, 1)), 1.0 - np.eye(n)]), unit)
    scores = metrics.weighted_scores_of_many(
        metric, results[0].y, [result.prediction for result in results], left_out)
    whole, without = scores[:, :1], scores[:, 1:]
    # A unit without which the score is undefined holds all there is of a class.
    change = np.where(np.isfinite(without), whole - without, 0.0)
    return np.asarray(whole + (n - 1) * change)


def _cut(times: npt.NDArray[np.int64], folds: Sequence[Result], n_blocks: int) -> Ints:
    """The block of each timestamp: stretches that the same folds test are cut evenly.

    Where such a stretch is shorter than a block, as the crumbs of a shuffle are, all of time
    is cut as one.
    """
    tested = np.stack([np.isin(times, result.time) for result in folds])
    borders = np.flatnonzero((tested[:, 1:] != tested[:, :-1]).any(axis=0)) + 1
    runs = np.split(np.arange(times.size), borders)
    length = times.size / n_blocks
    if min(run.size for run in runs) < length / 2:
        runs = [np.arange(times.size)]
    pieces = [piece for run in runs
              for piece in np.array_split(run, max(1, round(run.size / length)))]
    return np.repeat(np.arange(len(pieces)), [piece.size for piece in pieces])


def _cut_entities(folds: Sequence[Result], n_blocks: int) -> Ints:
    """The block of each entity's code; a block lies within one fold."""
    found = [np.unique(result.entity) for result in folds]
    per_fold = max(1, n_blocks // len(folds))
    pieces = [piece for codes in found
              for piece in np.array_split(codes, min(per_fold, codes.size))]
    block = np.zeros(max(int(codes[-1]) for codes in found) + 1, dtype=np.intp)
    for at, codes in enumerate(pieces):
        block[codes] = at
    return block


def _nadeau_bengio(folds: Sequence[Result]) -> float:
    """Variance between models of overlapping training sets, over that of the test rows.

    References
    ----------
    C. Nadeau and Y. Bengio, "Inference for the generalization error", *Machine Learning* 52
    (2003): 1 / J becomes 1 / J + n_test / n_train.
    """
    audits = [result.record.audit for result in folds]
    ratios = [audit.n_test / audit.n_train for audit in audits
              if audit is not None and audit.n_train]
    return 1 + len(folds) * float(np.mean(ratios)) if ratios else 1.0
