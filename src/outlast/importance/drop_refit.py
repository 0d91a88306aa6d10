"""Whether the other features could replace a group: refit without it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from outlast.importance.held_out import Delta, HeldOut
from outlast.importance.probes import Fit
from outlast.models import FittedModel, Matrix


def drop_and_refit(
    fit: Fit, fitted: FittedModel, train: Matrix, held_out: HeldOut,
    groups: Mapping[str, Collection[str]],
) -> dict[str, Delta]:
    """Measure what the score loses when a model never had a group of features.

    Near 0 for a group that others can replace, however much the model relies on it (see
    `permutation_importance`). One refit per group (leave one covariate out: Lei et al.,
    "Distribution-free predictive inference for regression", *JASA* 113, 2018).

    Parameters
    ----------
    fit : callable
        Fits the same configuration to a matrix.
    fitted : FittedModel
        What it makes of all columns.
    train : Matrix
    held_out : HeldOut
    groups : mapping of str to collection of str
        Columns, by a name for them.

    Returns
    -------
    dict of str to Delta
        A group that holds every column is left out: nothing could be fitted without it.

    Examples
    --------
    >>> import numpy as np
    >>> from outlast.metrics import METRICS
    >>> from outlast.models import FitContext, make_model
    >>> signal = np.random.default_rng(0).normal(size=300).astype("f4")
    >>> data = Matrix(np.column_stack([signal, signal]), ("a", "twin"), y=signal.astype(float))
    >>> def fit(rows):
    ...     return make_model("linear", {"alpha": 0.1}).fit(rows, {}, FitContext("regression"))
    >>> held_out = HeldOut(data, METRICS["rmse"])
    >>> found = drop_and_refit(fit, fit(data), data, held_out, {"a": ["a"], "twin": ["twin"]})
    >>> [round(delta.value, 2) for delta in found.values()]
    [0.0, 0.0]
    """
    base = held_out.scores(fitted.predict(held_out.data))
    found = {}
    for name, members in groups.items():
        kept = [column for column in train.columns if column not in members]
        if kept:
            learned = fit(train.select(kept))
            found[name] = held_out.loss(base, [learned.predict(held_out.data.select(kept))])
    return found
