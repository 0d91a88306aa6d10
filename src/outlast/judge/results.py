"""Finished folds as the judge sees them: a record and its held-out predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast import metrics
from outlast.judge import statistics
from outlast.records import Record

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]


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
