"""The held-out rows of one leaderboard row, and what it gains on each over the baseline."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from outlast import metrics
from outlast.judge.leaderboard import Board, Contestant

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class HeldOut:
    """All folds of one configuration, row after row.

    Attributes
    ----------
    contestant : Contestant
    gain : ndarray of float64, shape (n,)
        What it loses less than the baseline: log loss, or squared error.
    baseline : str
        The baseline with the least loss; without one, the constant that fits best.
    """

    contestant: Contestant
    gain: Floats
    baseline: str

    @classmethod
    def of(cls, board: Board, row: str) -> HeldOut:
        """Compare a row with the baselines of its split."""
        contestant = board.contestants[row]
        split = contestant.results[0].split
        bars = {r.model: _losses(board.contestants[r.id]) for r in board.of_split(split)
                if r.is_baseline}
        bars = bars or {"a constant": _constant_losses(contestant)}
        name = min(bars, key=lambda bar: float(bars[bar].mean()))
        return cls(contestant, bars[name] - _losses(contestant), name)

    @property
    def unit(self) -> str:
        """Of the gain."""
        return "squared error" if self._task == "regression" else "log loss"

    @cached_property
    def time(self) -> npt.NDArray[np.int64]:
        """Prediction time of each row."""
        return np.concatenate([r.time for r in self.contestant.results])

    @cached_property
    def entity(self) -> Ints:
        """Code of each row's entity."""
        return np.concatenate([r.entity for r in self.contestant.results])

    @cached_property
    def fold(self) -> Ints:
        """Position of each row's fold."""
        return np.repeat(np.arange(len(self.contestant.results)),
                         [r.y.size for r in self.contestant.results])

    @cached_property
    def age(self) -> Floats:
        """Time of each row since the end of the training of its fold."""
        ends = [r.record.audit.train_end if r.record.audit else 0 for r in self.contestant.results]
        return np.asarray(self.time - np.asarray(ends)[self.fold], dtype=np.float64)

    @cached_property
    def block(self) -> Ints:
        """Independent block of time of each row."""
        blocks = self.contestant.blocks.blocks
        return np.asarray(blocks.block[np.searchsorted(blocks.times, self.time)])

    @cached_property
    def n_blocks(self) -> int:
        """How many there are."""
        return min(self.contestant.blocks.blocks.sizes[0],
                   self.contestant.blocks.blocks.n_independent)

    def outcomes(self) -> tuple[Floats, Floats] | None:
        """What happened and how likely it was said to be; None for regression.

        Of several classes the one that was thought most likely: it did happen, or not.
        """
        if self._task == "regression":
            return None
        y = np.concatenate([r.y for r in self.contestant.results])
        p = np.concatenate([r.prediction for r in self.contestant.results])
        if p.ndim == 1:
            return y, p
        return (p.argmax(axis=1) == y).astype(np.float64), p.max(axis=1)

    def score_without(self, rows: Bools) -> float | None:
        """The mean score of the folds if some rows were not there."""
        metric = metrics.METRICS[self.contestant.record.job.metric]
        # As weights, so that a report need not load scikit-learn.
        scores = [metric.score(r.y, r.prediction, ~rows[self.fold == k])
                  for k, r in enumerate(self.contestant.results)]
        known = [score for score in scores if score is not None]
        return float(np.mean(known)) if known else None

    @property
    def _task(self) -> str:
        return self.contestant.record.job.task


def _losses(contestant: Contestant) -> Floats:
    return np.concatenate([metrics.row_losses(r.record.job.task, r.y, r.prediction)
                           for r in contestant.results])


def _constant_losses(contestant: Contestant) -> Floats:
    task, y = contestant.record.job.task, np.concatenate([r.y for r in contestant.results])
    if task == "regression":
        return np.asarray((y - y.mean()) ** 2)
    shares = np.bincount(y.astype(np.intp)) / y.size
    return -np.log(shares[y.astype(np.intp)])
