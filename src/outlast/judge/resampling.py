"""One bootstrap of held-out time for all models and folds of a split, so that gains are paired."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from outlast import metrics
from outlast.judge import statistics
from outlast.metrics import Metric
from outlast.records import Record
from outlast.weighted import Weights

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

# A run of time with fewer blocks than this varies too little between draws.
_LEAST_BLOCKS = 3
_HOLDS_ENTITIES_OUT = ("group",)


@dataclass(frozen=True)
class Result:
    """One finished fold: its record and its held-out predictions."""

    record: Record
    predictions: pl.DataFrame

    @cached_property
    def time(self) -> npt.NDArray[np.int64]:
        """Prediction time of each held-out row, shape (n,)."""
        return self.predictions["time"].to_numpy()

    @cached_property
    def entity(self) -> Ints:
        """Code of each held-out row's entity, shape (n,)."""
        return self.predictions["code"].to_numpy().astype(np.intp)

    @cached_property
    def y(self) -> Floats:
        """Class index or value of each held-out row, shape (n,)."""
        return self.predictions["y"].to_numpy()

    @cached_property
    def prediction(self) -> Floats:
        """Shape (n,), or (n, k) for multiclass."""
        if "p" in self.predictions.columns:
            return self.predictions["p"].to_numpy()
        return self.predictions.select(pl.col("^p_[0-9]+$")).to_numpy()

    @cached_property
    def configuration(self) -> tuple[str, str, str, str]:
        """Model, split, search and selection, whose names take time to write."""
        return self.record.job.configuration

    @property
    def split(self) -> str:
        """Name of the split with its parameters."""
        return self.configuration[1]


@dataclass(frozen=True)
class Resampling:
    """Draws of whole timestamps, in blocks, over everything that the folds of a split test.

    Folds that test the same timestamps, as those of held-out entities do, meet the same
    draws there: what moves a day moves it in all of them, so it is one piece of evidence.
    Where a split holds entities out, these are drawn too, as its promise is about others:
    a row weighs by its timestamp times its entity (A. B. Owen, "The pigeonhole bootstrap",
    *Annals of Applied Statistics* 1, 2007, which errs on the side of caution).

    Attributes
    ----------
    times : ndarray of int64, shape (m,)
        The distinct held-out timestamps.
    counts : ndarray of int, shape (n_draws, m)
        How often each draw holds each timestamp.
    n_blocks : int
        Independent stretches of time among them, or the entities if those are fewer.
    n_drawn : int
        Blocks that a draw is made of, or the entities if those are fewer.
    entities : ndarray of int, shape (n_draws, k), optional
        How often each draw holds each entity.
    """

    times: npt.NDArray[np.int64]
    counts: Ints = field(repr=False)
    n_blocks: int
    n_drawn: int
    entities: Ints | None = field(default=None, repr=False)

    @classmethod
    def of(cls, folds: Sequence[Result], n_draws: int, seed: int) -> Resampling:
        """Draw blocks inside every stretch of time that is tested by the same folds."""
        times = np.unique(np.concatenate([result.time for result in folds]))
        losses, steps = losses_over_time(times, folds), label_steps(folds)
        length = statistics.block_length(losses, steps)
        parts, n_drawn = [], 0
        for index, stretch in enumerate(_stretches(times, folds, length)):
            # The seed depends on the place alone: every model of the split meets these draws.
            rng = np.random.default_rng([seed, index])
            n_drawn += stretch.size // length
            parts.append(statistics.block_counts(stretch.size, length, n_draws, rng))
        counts = np.concatenate(parts, axis=1)
        n_blocks = statistics.independent_blocks(times.size, steps)
        if folds[0].record.job.split.name not in _HOLDS_ENTITIES_OUT:
            return cls(times, counts, n_blocks, n_drawn)
        present = np.unique(np.concatenate([result.entity for result in folds]))
        drawn = np.zeros((n_draws, present[-1] + 1), dtype=np.intp)
        rng = np.random.default_rng([seed, present.size])
        drawn[:, present] = rng.multinomial(present.size, [1 / present.size] * present.size,
                                            size=n_draws)
        return cls(times, counts, min(n_blocks, present.size), min(n_drawn, present.size), drawn)

    def mean_scores(self, metric: Metric, contestants: Sequence[Sequence[Result]]) -> Floats:
        """Return each contestant's mean over its folds on every draw.

        Parameters
        ----------
        metric : Metric
        contestants : sequence of sequences of Result
            The folds of each.

        Returns
        -------
        ndarray of float64, shape (n_contestants, n_draws)
            A fold that a draw misses is left out of the mean of that draw.
        """
        total = np.zeros((len(contestants), len(self.counts)))
        known = np.zeros(total.shape, dtype=np.int32)
        # The products are so small that a second thread only waits for the first.
        with threadpool_limits(1, user_api="blas"):
            for at, drawn in self._drawn(metric, contestants):
                defined = np.isfinite(drawn)
                total[at] += np.where(defined, drawn, 0.0)
                known[at] += defined
        with np.errstate(invalid="ignore"):
            return np.asarray(np.divide(total, known, out=total))

    def _drawn(
        self, metric: Metric, contestants: Sequence[Sequence[Result]]
    ) -> Iterator[tuple[int, Floats]]:
        """Yield the scores of every fold, with the position of its contestant."""
        for tests in self._by_test(contestants):
            # All models are tested on the same rows: one set of weights is enough.
            weights = self._weights(tests[0][1])
            for at, result in tests:
                yield at, metrics.weighted_scores(metric, result.y, result.prediction, weights)

    def _by_test(
        self, contestants: Sequence[Sequence[Result]]
    ) -> Iterable[list[tuple[int, Result]]]:
        """The results that are of the same rows, each with the position of its contestant."""
        tests: dict[tuple[bytes, bytes], list[tuple[int, Result]]] = {}
        for at, folds in enumerate(contestants):
            for result in folds:
                entities = b"" if self.entities is None else result.entity.tobytes()
                tests.setdefault((result.time.tobytes(), entities), []).append((at, result))
        return tests.values()

    def _weights(self, result: Result) -> Weights:
        """How often each draw holds each row of a fold."""
        if self.entities is None:
            times, group = np.unique(result.time, return_inverse=True)
            columns = np.searchsorted(self.times, times)
            return Weights(self.counts.T[columns].astype(np.float64, order="C"), group)
        columns = np.searchsorted(self.times, result.time)
        drawn = self.counts.T[columns] * self.entities.T[result.entity]
        return Weights(drawn.astype(np.float64, order="C"), np.arange(columns.size))


def _stretches(
    times: npt.NDArray[np.int64], folds: Sequence[Result], length: int
) -> list[Ints]:
    """Runs of timestamps that the same folds test.

    All of time is one run where they are too short to draw blocks from, or the crumbs of a
    shuffle; a draw may then miss a fold.
    """
    tested = np.stack([np.isin(times, result.time) for result in folds])
    borders = np.flatnonzero((tested[:, 1:] != tested[:, :-1]).any(axis=0)) + 1
    runs = np.split(np.arange(times.size), borders)
    crumbs = min(run.size for run in runs) < _LEAST_BLOCKS * length
    return [np.arange(times.size)] if crumbs else runs


def losses_over_time(times: npt.NDArray[np.int64], folds: Sequence[Result]) -> Floats:
    """Return the mean loss at each timestamp, over all folds that test it."""
    lost, rows = np.zeros(times.size), np.zeros(times.size)
    for result in folds:
        at = np.searchsorted(times, result.time)
        losses = metrics.row_losses(result.record.job.task, result.y, result.prediction)
        lost += np.bincount(at, losses, minlength=times.size)
        rows += np.bincount(at, minlength=times.size)
    return lost / rows


def label_steps(folds: Sequence[Result]) -> int:
    """Return the median number of held-out timestamps that a label runs over."""
    starts = np.concatenate([result.time for result in folds])
    ends = np.concatenate([result.predictions["label_end"].to_numpy() for result in folds])
    return statistics.horizon_in_steps(starts, ends)
