"""The small fits that selectors learn from, and what later rows say of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars.selectors as cs

from outlast.features import OrdinalCodes
from outlast.importance.blocks import Shuffles, spread_rows, time_blocks
from outlast.importance.held_out import HeldOut
from outlast.importance.permutation import permutation_importance
from outlast.importance.probes import PROBES, Probes
from outlast.models import FittedModel, Matrix, make_model
from outlast.selection.base import Floats, Fold, Ints, TrainingRows

# Enough to rank features in a tenth of a second, far too little to win anything.
_LEARNER = {"n_iterations": 60, "learning_rate": 0.1, "num_leaves": 15}
_MOST_PER_LEAF, _LEAVES_WANTED = 30, 20
TRAIN_ROWS, TEST_ROWS = 8_000, 1_000

Times = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Sides:
    """An inner fold: rows to fit on, and later ones to measure on.

    Attributes
    ----------
    train, test : Matrix
    train_time, test_time : ndarray of int64
    """

    train: Matrix
    test: Matrix
    train_time: Times
    test_time: Times

    def select(self, names: Sequence[str]) -> Sides:
        """Return the same rows with some columns."""
        return Sides(self.train.select(names), self.test.select(names), self.train_time,
                     self.test_time)


def encode(rows: TrainingRows) -> Matrix:
    """Return training rows as a matrix, their categories as codes.

    Parameters
    ----------
    rows : TrainingRows

    Returns
    -------
    Matrix
    """
    texts = rows.frame.select(cs.string()).columns
    numbers = OrdinalCodes.fit(rows.frame, texts).transform(rows.frame)
    values = numbers.select(cs.numeric().cast(float).fill_null(np.nan)).to_numpy()
    at = tuple(rows.frame.columns.index(name) for name in texts)
    return Matrix(values.astype(np.float32), tuple(rows.frame.columns), at, rows.y)


def divide(rows: TrainingRows, folds: Iterable[Fold]) -> Iterator[Sides]:
    """Yield the two sides of inner folds, few enough rows to fit many times.

    Parameters
    ----------
    rows : TrainingRows
    folds : iterable of (train, test)
        Positions; a fold with one label alone on a side is left out.

    Yields
    ------
    Sides
    """
    data, seed = encode(rows), rows.context.seed
    for train, test in folds:
        fitted_on = train[spread_rows(rows.time[train], TRAIN_ROWS, seed)]
        measured = test[spread_rows(rows.time[test], TEST_ROWS, seed)]
        if _varies(rows.y[fitted_on]) and _varies(rows.y[measured]):
            yield Sides(data.take(fitted_on), data.take(measured), rows.time[fitted_on],
                        rows.time[measured])


def fit(data: Matrix, rows: TrainingRows, seed: int = 0) -> FittedModel:
    """Fit a small LightGBM.

    Parameters
    ----------
    data : Matrix
    rows : TrainingRows
        Their context says what is fitted.
    seed : int, default 0
        On top of that of the context.

    Returns
    -------
    FittedModel
    """
    leaf = min(_MOST_PER_LEAF, max(1, len(data) // _LEAVES_WANTED))
    context = rows.context
    params = {**_LEARNER, "min_data_in_leaf": leaf, "seed": context.seed + seed}
    return make_model("lightgbm", params).fit(data, {}, context)


def lost_by_shuffling(
    rows: TrainingRows, sides: Sides, groups: Mapping[str, Sequence[str]], n_repeats: int = 3,
    seed: int = 0,
) -> dict[str, tuple[float, float]]:
    """Fit to one side, shuffle groups of columns of the other, and return what that costs.

    Parameters
    ----------
    rows : TrainingRows
    sides : Sides
    groups : mapping of str to sequence of str
    n_repeats : int, default 3
    seed : int, default 0

    Returns
    -------
    dict of str to (float, float)
        Mean and standard deviation between repeats, in units of the metric; groups on which
        the metric is not defined are left out.
    """
    shuffles = Shuffles.draw(time_blocks(sides.test_time), n_repeats, rows.context.seed + seed)
    found = permutation_importance(fit(sides.train, rows, seed), HeldOut(sides.test, rows.metric),
                                   shuffles, groups)
    return {name: (delta.value, delta.sd or 0.0) for name, delta in found.items()
            if delta.value is not None}


@dataclass(frozen=True)
class ProbedFit:
    """What groups of features and the best of three random probes were worth in one fit."""

    worth: Mapping[str, float]
    best_probe: float

    def above(self, name: str) -> bool:
        """Whether a group is worth more than noise, and anything at all."""
        return self.worth[name] > max(self.best_probe, 0.0)


def probed_fits(
    rows: TrainingRows, folds: Sequence[Fold], groups: Mapping[str, Sequence[str]],
    n_repeats: int = 3,
) -> list[ProbedFit]:
    """Fit to columns with random probes beside them, once per fold.

    Parameters
    ----------
    rows : TrainingRows
    folds : sequence of (train, test)
    groups : mapping of str to sequence of str
    n_repeats : int, default 3

    Returns
    -------
    list of ProbedFit
        Fewer than folds where the metric is not defined on some.
    """
    found = []
    sources = np.random.default_rng(rows.context.seed).choice(rows.frame.columns, len(folds))
    for at, sides in enumerate(divide(rows, folds)):
        probes = Probes(str(sources[at]), rows.context.seed + at)
        probed = Sides(probes.beside(sides.train, time_blocks(sides.train_time)),
                       probes.beside(sides.test, time_blocks(sides.test_time)),
                       sides.train_time, sides.test_time)
        alone = {name: [name] for name in PROBES}
        lost = lost_by_shuffling(rows, probed, {**groups, **alone}, n_repeats, at)
        if lost:
            worth = {name: value for name, (value, _) in lost.items()}
            found.append(ProbedFit(worth, max(worth.pop(name) for name in PROBES)))
    return found


def pushes(fitted: FittedModel, data: Matrix) -> Floats:
    """Return the mean absolute SHAP value of each column on some rows.

    Parameters
    ----------
    fitted : FittedModel
        With trees.
    data : Matrix

    Returns
    -------
    ndarray of float64, shape (p,)
    """
    contributions = fitted.contributions(data)
    assert contributions is not None, "trees have SHAP values"
    strength: Floats = np.abs(contributions).mean(axis=0)
    return strength


def contiguous(time: Times, n_blocks: int) -> Ints:
    """Return the block of each row: the distinct times cut into equal stretches.

    Examples
    --------
    >>> contiguous(np.array([1, 1, 2, 3, 4]), 2).tolist()
    [0, 0, 0, 1, 1]
    """
    distinct, place = np.unique(time, return_inverse=True)
    return (place * min(n_blocks, len(distinct)) // max(1, len(distinct))).astype(np.intp)


def _varies(y: Floats) -> bool:
    return y.size > 1 and float(np.ptp(y)) > 0
