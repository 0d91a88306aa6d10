"""The models that a model must beat: what is usual, and what was seen last."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from outlast.models.base import Fitting, Model
from outlast.models.fitted import ArrayModel, FittedModel
from outlast.models.matrix import FitContext, Floats, Matrix

# A state seen this often weighs its own frequencies as much as everybody's.
_PRIOR_ROWS = 10.0


class FittedPrior(ArrayModel):
    """Predicts the same for every row: array ``prior`` of shape (k,), or (1,) for a mean."""

    def _predict(self, data: Matrix) -> npt.NDArray[Any]:
        return _as_output(np.tile(self.arrays["prior"], (len(data), 1)), self.card.context)


class Prior(Model):
    """Predict the class frequencies or the mean of the training rows.

    One imaginary row per class keeps every probability above zero.

    Examples
    --------
    >>> train = Matrix(np.zeros((2, 1), "f4"), ("a",), y=np.array([1.0, 1.0]))
    >>> model = Prior().fit(train, {}, FitContext("binary", n_classes=2))
    >>> model.predict(train).tolist()
    [0.75, 0.75]
    """

    name = "prior"
    is_baseline = True
    fitted = FittedPrior

    def _fit(self, order: Fitting) -> FittedModel:
        prior = _prior(order.train.target, order.context)
        return FittedPrior(order.card(self.name), {"prior": prior})


class FittedLastValue(ArrayModel):
    """Predicts from the label known last.

    Arrays: ``prior`` as in `FittedPrior`, and for classes ``after`` of shape (k, k): the
    frequencies of the next class after each class.
    """

    def _predict(self, data: Matrix) -> npt.NDArray[Any]:
        context, prior = self.card.context, self.arrays["prior"]
        last = np.full(len(data), np.nan) if data.last_known is None else data.last_known
        known = np.isfinite(last)
        predicted = np.tile(prior, (len(data), 1))
        if context.task == "regression":
            predicted[known, 0] = last[known]
        else:
            predicted[known] = self.arrays["after"][last[known].astype(np.intp)]
        return _as_output(predicted, context)


class LastValue(Model):
    """Predict what the label known last makes likely, per entity.

    For regression the last known label itself. For classes the frequencies that followed
    that class in training, shrunk towards the overall ones as if ten more rows had shown
    these (m-estimate; Cestnik, ECAI 1990). Rows without a known label get the prior.

    Examples
    --------
    >>> last = np.array([0.5, np.nan])
    >>> train = Matrix(np.zeros((2, 1), "f4"), ("a",), y=np.array([1.0, 2.0]), last_known=last)
    >>> LastValue().fit(train, {}, FitContext("regression")).predict(train).tolist()
    [0.5, 1.5]
    """

    name = "last_value"
    is_baseline = True
    fitted = FittedLastValue

    def _fit(self, order: Fitting) -> FittedModel:
        train, context = order.train, order.context
        arrays = {"prior": _prior(train.target, context)}
        if context.task != "regression":
            arrays["after"] = _transitions(train, arrays["prior"])
        return FittedLastValue(order.card(self.name), arrays)


def _prior(y: Floats, context: FitContext) -> Floats:
    if context.task == "regression":
        return np.array([y.mean()])
    counts = np.bincount(y.astype(np.intp), minlength=context.n_classes) + 1.0
    return np.asarray(counts / counts.sum())


def _transitions(train: Matrix, prior: Floats) -> Floats:
    counts = np.tile(_PRIOR_ROWS * prior, (prior.size, 1))
    if train.last_known is not None:
        known = np.isfinite(train.last_known)
        pairs = train.last_known[known].astype(np.intp), train.target[known].astype(np.intp)
        np.add.at(counts, pairs, 1.0)
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))


def _as_output(table: Floats, context: FitContext) -> Floats:
    """One column per class becomes what `predict` promises."""
    return table if context.task == "multiclass" else table[:, -1]
