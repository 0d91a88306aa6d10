"""Permutation importance of groups of features, within the time of each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from outlast.importance.blocks import Shuffles
from outlast.importance.held_out import Delta, HeldOut, unused_columns
from outlast.models import FittedModel, Matrix


def permutation_importance(
    fitted: FittedModel, held_out: HeldOut, shuffles: Shuffles,
    groups: Mapping[str, Sequence[str]],
) -> dict[str, Delta]:
    """Measure how much the score on held-out rows suffers when features lose their meaning.

    All features of a group are permuted together, so that a copy cannot stand in for its
    twin: this is how much the model *relies* on what they say (see `drop_and_refit` for
    whether others could replace it).

    Parameters
    ----------
    fitted : FittedModel
    held_out : HeldOut
    shuffles : Shuffles
        Of the held-out rows. Every group meets the same ones, so that differences between
        groups owe nothing to the draw.
    groups : mapping of str to sequence of str
        Columns of the model, by a name for them.

    Returns
    -------
    dict of str to Delta
        A group that no tree of the model splits on has exactly 0, without a prediction.

    References
    ----------
    Fisher, Rudin and Dominici, "All models are wrong, but many are useful", *JMLR* 20 (2019);
    Breiman, "Random forests", *Machine Learning* 45 (2001).

    Examples
    --------
    >>> from outlast.metrics import METRICS
    >>> from outlast.models import FitContext, make_model
    >>> X = np.random.default_rng(0).normal(size=(300, 2)).astype("f4")
    >>> data = Matrix(X, ("signal", "noise"), y=X[:, 0].astype(float))
    >>> fitted = make_model("linear").fit(data, {}, FitContext("regression"))
    >>> shuffles = Shuffles.draw(np.zeros(300, dtype=np.intp))
    >>> found = permutation_importance(fitted, HeldOut(data, METRICS["rmse"]), shuffles,
    ...                                {"signal": ["signal"], "noise": ["noise"]})
    >>> found["signal"].value > 100 * abs(found["noise"].value)
    True
    """
    data, unused = held_out.data, unused_columns(fitted)
    base = held_out.scores(fitted.predict(data))
    scratch = np.tile(data.X, (shuffles.n_repeats, 1))
    last_known = None if data.last_known is None else np.tile(data.last_known, shuffles.n_repeats)
    found = {}
    for name, members in groups.items():
        at = [data.columns.index(member) for member in members if member not in unused]
        if not at:
            found[name] = held_out.nothing(base, shuffles.n_repeats)
            continue
        for column in at:
            scratch[:, column] = shuffles.of(data.X[:, column]).reshape(-1)
        permuted = Matrix(scratch, data.columns, data.categorical, last_known=last_known)
        predictions = np.split(fitted.predict(permuted), shuffles.n_repeats)
        found[name] = held_out.loss(base, predictions)
        scratch[:, at] = np.tile(data.X[:, at], (shuffles.n_repeats, 1))
    return found
