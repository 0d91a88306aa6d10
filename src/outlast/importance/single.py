"""What one feature predicts without any other, and what a delay of it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast.metrics import Metric, improvement

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Folds = Sequence[tuple[Ints, Ints]]

_BINS = 20
# A feature with less than this share of the best feature's skill has nothing to lose by a delay.
_SKILLED = 0.05


class Skill(NamedTuple):
    """By how much a prediction beats the mean of the training labels, over folds.

    Attributes
    ----------
    value : float or None
        Mean over folds, in units of the metric; None where it is not defined.
    sd : float or None
        Between folds; None for a single one.
    n_folds : int
    """

    value: float | None
    sd: float | None
    n_folds: int


def predict_alone(train: pl.Series, y: Floats, test: pl.Series, n_classes: int = 1) -> Floats:
    """Predict the target's mean, or the share of each class, in the bins of one feature.

    A number has twenty bins of equally many training values, a category one for each level;
    what is missing or new shares one. One row of the overall mean keeps empty bins at it.

    Parameters
    ----------
    train : polars.Series, shape (n_train,)
    y : ndarray, shape (n_train,)
        Class index or value.
    test : polars.Series, shape (n_test,)
    n_classes : int, default 1
        Above 1: `y` holds class indices, one column of shares is predicted for each.

    Returns
    -------
    ndarray, shape (n_test,) or (n_test, n_classes)

    Examples
    --------
    >>> shop = pl.Series(["a", "a", "a", "b", "b", "b"])
    >>> guess = predict_alone(shop, np.array([1.0, 1, 1, 0, 0, 0]), pl.Series(["b", "a", "c"]))
    >>> guess.tolist()
    [0.125, 0.875, 0.5]
    """
    seen, new = _bins(train, test)
    size = int(max(seen.max(), new.max())) + 1
    targets = [(y == k).astype(np.float64) for k in range(n_classes)] if n_classes > 1 else [y]
    count = np.bincount(seen, minlength=size)
    means = [(np.bincount(seen, t, size) + t.mean()) / (count + 1) for t in targets]
    return np.column_stack(means)[new] if n_classes > 1 else np.asarray(means[0][new])


def flat_scores(
    y: Floats, folds: Folds, metric: Metric, n_classes: int = 1
) -> list[float | None]:
    """Return what the mean of the training labels scores on each fold, see `single_skill`."""
    return [metric.score(y[test], predict_alone(
        pl.Series(np.zeros(train.size)), y[train], pl.Series(np.zeros(test.size)), n_classes))
        for train, test in folds]


def single_skill(
    column: pl.Series, y: Floats, folds: Folds, metric: Metric, n_classes: int = 1,
    flat: Sequence[float | None] | None = None,
) -> Skill:
    """Return how much better a feature alone predicts than the mean label does.

    Parameters
    ----------
    column : polars.Series, shape (n,)
    y : ndarray, shape (n,)
    folds : sequence of (train, test)
        Positions.
    metric : Metric
    n_classes : int, default 1
        Above 1 for class indices.
    flat : sequence of float, optional
        `flat_scores` of the same folds, where many columns share them.

    Returns
    -------
    Skill
        Folds on which the metric is not defined do not count.
    """
    gains = []
    bases = flat_scores(y, folds, metric, n_classes) if flat is None else flat
    for (train, test), base in zip(folds, bases, strict=True):
        guess = predict_alone(column[train], y[train], column[test], n_classes)
        alone = metric.score(y[test], guess)
        if alone is not None and base is not None:
            gains.append(improvement(metric, alone, base))
    known = np.asarray(gains)[np.isfinite(gains)]
    return Skill(float(known.mean()) if known.size else None,
                 float(known.std(ddof=1)) if known.size > 1 else None, int(known.size))


def skilled(skills: Mapping[str, Skill]) -> dict[str, float]:
    """Return the features that have a skill to speak of, one in twenty of the best at least.

    Examples
    --------
    >>> skilled({"a": Skill(0.2, None, 1), "b": Skill(0.001, None, 1), "c": Skill(None, None, 0)})
    {'a': 0.2}
    """
    own = {name: skill.value for name, skill in skills.items() if skill.value is not None}
    least = _SKILLED * max(own.values(), default=0.0)
    return {name: value for name, value in own.items() if value > max(least, 0.0)}


def lag_losses(skills: Mapping[str, Skill], lagged: Mapping[str, Skill]) -> dict[str, float]:
    """Return the share of its own skill that each feature loses when it comes one step later.

    What is read off the label loses all of it, what describes a state keeps most. Features
    that have no skill to speak of are left out, see `skilled`.

    Parameters
    ----------
    skills, lagged : mapping of feature to Skill

    Returns
    -------
    dict of feature to float

    Examples
    --------
    >>> lag_losses({"level": Skill(0.2, None, 1), "told": Skill(0.4, None, 1)},
    ...            {"level": Skill(0.15, None, 1), "told": Skill(0.0, None, 1)})
    {'level': 0.25, 'told': 1.0}
    """
    after = {name: skill.value for name, skill in lagged.items()}
    return {name: round(1 - kept / value, 12) for name, value in skilled(skills).items()
            if (kept := after.get(name)) is not None}


def one_step_earlier(entity: Ints, time: npt.NDArray[np.int64]) -> Ints:
    """Return the position of each row's predecessor of the same entity, -1 for the first.

    Examples
    --------
    >>> one_step_earlier(np.array([0, 1, 0, 1]), np.array([1, 1, 2, 2])).tolist()
    [-1, -1, 0, 1]
    """
    order = np.lexsort((time, entity))
    earlier = np.full(entity.size, -1, dtype=np.intp)
    same = entity[order[1:]] == entity[order[:-1]]
    earlier[order[1:][same]] = order[:-1][same]
    return earlier


def _bins(train: pl.Series, test: pl.Series) -> tuple[Ints, Ints]:
    if train.dtype == pl.String:
        levels = train.drop_nulls().unique().sort()
        codes = [side.replace_strict(levels, range(1, len(levels) + 1), default=0,
                                     return_dtype=pl.Int64) for side in (train, test)]
        return codes[0].fill_null(0).to_numpy(), codes[1].fill_null(0).to_numpy()
    values, new = (side.cast(pl.Float64).to_numpy() for side in (train, test))
    known = values[np.isfinite(values)]
    edges = np.unique(np.quantile(known, np.arange(1, _BINS) / _BINS)) if known.size else known
    binned = [np.where(np.isfinite(side), np.searchsorted(edges, side, "left") + 1, 0)
              for side in (values, new)]
    return binned[0], binned[1]
