"""Held-out rows and how predictions of them are scored: in all, and in each event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from outlast.metrics import Metric, weighted_scores
from outlast.models import FittedModel, Matrix
from outlast.weighted import Weights

Floats = npt.NDArray[np.float64]
Masks = Mapping[str, npt.NDArray[np.bool_]]


@dataclass(frozen=True)
class Delta:
    """What the score loses when a feature or a group of them is taken away; positive = it helps.

    Attributes
    ----------
    value : float or None
        Mean over the repeats, in units of the metric; None where it is not defined.
    sd : float or None
        Between the repeats; None for a single one.
    n_repeats : int
    by_event : dict of str to float
        The same on the rows of each event on which the metric is defined.
    """

    value: float | None
    sd: float | None
    n_repeats: int
    by_event: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Rows that a model has not seen.

    Attributes
    ----------
    data : Matrix
        Labelled.
    metric : Metric
    events : mapping of str to ndarray of bool, shape (n,)
        Which rows are of which event.
    """

    data: Matrix
    metric: Metric
    events: Masks = field(default_factory=dict)

    def scores(self, prediction: Floats) -> Floats:
        """Return the score on all rows and then on those of each event; NaN if not defined."""
        return weighted_scores(self.metric, self.data.target, prediction, self._weights)

    def loss(self, base: Floats, without: Sequence[Floats]) -> Delta:
        """Compare scores with those of predictions that lack something, one per repeat."""
        sign = 1 if self.metric.greater_is_better else -1
        lost = sign * (base - np.stack([self.scores(prediction) for prediction in without]))
        mean = lost.mean(axis=0)
        sd = float(lost[:, 0].std(ddof=1)) if len(lost) > 1 else None
        defined = bool(np.isfinite(mean[0]))
        by_event = {name: float(value) for name, value in zip(self.events, mean[1:], strict=True)
                    if np.isfinite(value)}
        return Delta(float(mean[0]) if defined else None, sd if defined else None, len(lost),
                     by_event)

    def nothing(self, base: Floats, n_repeats: int) -> Delta:
        """Return the delta of a feature that the model does not look at: exactly 0."""
        zero = 0.0 if np.isfinite(base[0]) else None
        return Delta(zero, zero, n_repeats,
                     {name: 0.0 for name, value in zip(self.events, base[1:], strict=True)
                      if np.isfinite(value)})

    @cached_property
    def _weights(self) -> Weights:
        """All rows and each event as weightings; rows of the same events share theirs."""
        table = np.stack([np.ones(len(self.data), dtype=bool), *self.events.values()], axis=1)
        lines, group = np.unique(table, axis=0, return_inverse=True)
        return Weights(lines.astype(np.float64), group.reshape(-1).astype(np.intp))


def unused_columns(fitted: FittedModel) -> frozenset[str]:
    """Return the columns that no tree of a model splits on; empty for models without trees."""
    n_splits = fitted.splits()
    if n_splits is None:
        return frozenset()
    return frozenset(np.array(fitted.card.columns, dtype=object)[n_splits == 0])
