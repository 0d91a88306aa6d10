"""Scores of predictions: one number per fold, one loss per row, thousands per bootstrap.

`Metric.score` says what scikit-learn says, which spends more time on checks of its arguments;
`weighted_scores` computes the same number under many row weights at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import numpy.typing as npt

from outlast import own_metric, weighted
from outlast.errors import InputError
from outlast.records import Task
from outlast.weighted import Weights

Floats = npt.NDArray[np.float64]
Scores = dict[str, float | None]
Weighted = Callable[[Floats, Floats, Weights], Floats]

# scikit-learn clips probabilities at the same place.
_EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Metric:
    """A named way to score predictions.

    Attributes
    ----------
    name : str
    greater_is_better : bool
    tasks : tuple of {"binary", "multiclass", "regression"}
    unit : str
        What one step of the score means; "" for a pure number.
    description : str
        One sentence for reports.
    """

    name: str
    greater_is_better: bool
    tasks: tuple[Task, ...]
    unit: str
    description: str
    weighted: Weighted = field(repr=False)
    weighted_lines: Weighted | None = field(default=None, repr=False)

    def score(
        self, y: npt.ArrayLike, prediction: npt.ArrayLike, weight: npt.ArrayLike | None = None
    ) -> float | None:
        """Score one set of predictions.

        Parameters
        ----------
        y : array-like, shape (n,)
            Class indices, or values for regression.
        prediction : array-like, shape (n,) or (n, k)
            P(class 1), the probability of each of the k classes, or the predicted value.
        weight : array-like, shape (n,), optional
            Non-negative row weights; all equal when not given.

        Returns
        -------
        float or None
            None where the metric is not defined: no rows, only one class for a ranking
            metric, a constant target for R² or Spearman, or a non-finite prediction.

        Raises
        ------
        InputError
            If the lengths differ.

        Examples
        --------
        >>> METRICS["roc_auc"].score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        0.75
        >>> METRICS["roc_auc"].score([1, 1], [0.1, 0.4]) is None
        True
        """
        truth, guess = _aligned(y, prediction)
        if not (truth.size and np.isfinite(guess).all() and np.isfinite(truth).all()):
            return None
        if self.name in _NEED_TWO_VALUES and np.ptp(truth) == 0:
            return None
        # All rows weigh the same: one group of them, whose sums are the cheapest.
        equal = Weights(np.ones((1, 1)), np.zeros(truth.size, dtype=np.intp))
        drawn = equal if weight is None else _by_row(np.asarray(weight)[None], truth.size)
        value = weighted_scores(self, truth, guess, drawn).item()
        return float(value) if np.isfinite(value) else None


def default_metric(task: Task) -> Metric:
    """Return the metric that selects models when none is named.

    Examples
    --------
    >>> default_metric("regression").name
    'rmse'
    """
    names: dict[Task, str] = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}
    return METRICS[names[task]]


def score_all(
    task: Task, y: npt.ArrayLike, prediction: npt.ArrayLike, weight: npt.ArrayLike | None = None,
    *, primary: str | None = None,
) -> Scores:
    """Return every metric of a task and the primary one, None where one is not defined.

    Examples
    --------
    >>> score_all("regression", [1.0, 2.0], [1.0, 4.0])["mae"]
    1.0
    """
    names = [name for name, metric in METRICS.items() if task in metric.tasks]
    if primary is not None and primary not in names:
        names.append(primary)
    return {name: METRICS[name].score(y, prediction, weight) for name in names}


def improvement(metric: Metric, a: float, b: float) -> float:
    """Return how much better score `a` is than score `b`; negative when it is worse.

    Examples
    --------
    >>> improvement(METRICS["rmse"], 1.0, 1.5)
    0.5
    """
    return a - b if metric.greater_is_better else b - a


def row_losses(task: Task, y: npt.ArrayLike, prediction: npt.ArrayLike) -> Floats:
    """Return the proper loss of each row: log loss, or squared error for regression.

    Parameters
    ----------
    task : {"binary", "multiclass", "regression"}
    y : array-like, shape (n,)
    prediction : array-like, shape (n,) or (n, k)

    Returns
    -------
    ndarray of float64, shape (n,)
        In nats, or squared units of the target. The smaller the better.

    Examples
    --------
    >>> row_losses("binary", [1, 0], [0.5, 0.0]).round(3).tolist()
    [0.693, 0.0]
    """
    truth, guess = _aligned(y, prediction)
    return _squared_error(truth, guess) if task == "regression" else _log_loss(truth, guess)


def weighted_scores(
    metric: Metric, y: npt.ArrayLike, prediction: npt.ArrayLike, weights: npt.ArrayLike | Weights
) -> Floats:
    """Score the same predictions under many row weights, exactly.

    Rows are sorted once for all weightings, and rows that share their weights are summed
    first, so thousands of bootstrap replicates take milliseconds.

    Parameters
    ----------
    metric : Metric
    y : array-like, shape (n,)
    prediction : array-like, shape (n,) or (n, k)
    weights : array-like of shape (B, n), or Weights
        Non-negative, such as how often each row was drawn.

    Returns
    -------
    ndarray of float64, shape (B,)
        NaN where the metric is not defined.

    Raises
    ------
    InputError
        If the shapes do not fit.

    Examples
    --------
    >>> counts = [[1, 1, 1, 1], [2, 0, 1, 1], [2, 2, 0, 0]]
    >>> y, p = [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]
    >>> weighted_scores(METRICS["roc_auc"], y, p, counts).tolist()
    [0.75, 1.0, nan]
    """
    truth, guess = _aligned(y, prediction)
    drawn = weights if isinstance(weights, Weights) else _by_row(weights, truth.size)
    if not (truth.size and np.isfinite(guess).all()):
        return np.full(drawn.n_draws, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [metric.weighted(truth, guess, slab) for slab in drawn.slabs()]
    return np.concatenate([np.empty(0), *parts])


def weighted_scores_of_many(
    metric: Metric, y: npt.ArrayLike, predictions: Sequence[npt.ArrayLike], weights: Weights
) -> Floats:
    """Score several predictions of the same rows, each as `weighted_scores` does.

    A few rows are scored in less time than it takes to ask for them: a metric that can takes
    all predictions at once.

    Parameters
    ----------
    metric : Metric
    y : array-like, shape (n,)
    predictions : sequence of array-like
        Each of shape (n,) or (n, k).
    weights : Weights

    Returns
    -------
    ndarray of float64, shape (n_predictions, B)

    Examples
    --------
    >>> each = Weights.of_rows([[1, 1, 1], [1, 0, 2]])
    >>> y, forecasts = [0, 0, 1], ([0.1, 0.4, 0.35], [0.2, 0.1, 0.2])
    >>> weighted_scores_of_many(METRICS["roc_auc"], y, forecasts, each).tolist()
    [[0.5, 1.0], [0.75, 0.5]]
    """
    truth, lines = np.asarray(y, dtype=np.float64), np.asarray(predictions, dtype=np.float64)
    if metric.weighted_lines is None or not (truth.size and np.isfinite(lines).all()):
        return np.stack([weighted_scores(metric, truth, line, weights) for line in lines])
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [metric.weighted_lines(truth, lines, slab) for slab in weights.slabs()]
    return np.concatenate(parts, axis=1)


def _by_row(weights: npt.ArrayLike, n: int) -> Weights:
    table = np.asarray(weights)
    if table.ndim != 2 or table.shape[1] != n:
        raise InputError(f"weights must have shape (B, {n}), got {table.shape}")
    return Weights.of_rows(table)


def _aligned(y: npt.ArrayLike, prediction: npt.ArrayLike) -> tuple[Floats, Floats]:
    truth, guess = np.asarray(y, dtype=np.float64), np.asarray(prediction, dtype=np.float64)
    if truth.ndim != 1 or guess.ndim not in (1, 2) or len(truth) != len(guess):
        raise InputError(f"y has shape {truth.shape} and prediction {guess.shape}; "
                         "they must have one row for each other")
    return truth, guess


def _squared_error(y: Floats, p: Floats) -> Floats:
    return np.asarray((y - p) ** 2)


def _absolute_error(y: Floats, p: Floats) -> Floats:
    return np.abs(y - p)


def _is_right(y: Floats, p: Floats) -> Floats:
    return np.asarray(_labels(p) == y, dtype=np.float64)


def _log_loss(y: Floats, p: Floats) -> Floats:
    table = _distribution(p)
    chosen = table[np.arange(len(y)), y.astype(np.intp)]
    return -np.log(np.clip(chosen, _EPS, 1 - _EPS))


def _distribution(p: Floats) -> Floats:
    """One column per class, rows that sum to one (boosters return float32 sums)."""
    if p.ndim == 1:
        return np.column_stack([1 - p, p])
    return np.asarray(p / p.sum(axis=1, keepdims=True))


def _labels(p: Floats) -> npt.NDArray[np.intp]:
    return p.argmax(axis=1) if p.ndim == 2 else (p > 0.5).astype(np.intp)


_NEED_TWO_VALUES = frozenset({"roc_auc", "average_precision", "roc_auc_ovr", "r2", "spearman"})

_CLASSES: tuple[Task, ...] = ("binary", "multiclass")


class _Registry(dict[str, Metric]):
    """The metrics by name; a function of your own is found by the path that is its name."""

    def __missing__(self, name: str) -> Metric:
        return Metric(name, own_metric.is_greater_better(name), (*_CLASSES, "regression"), "",
                      own_metric.description(name), partial(own_metric.weighted_scores, name))


METRICS: dict[str, Metric] = _Registry({
    metric.name: metric
    for metric in (
        Metric("roc_auc", True, ("binary",), "",
               "Chance that a positive row is ranked above a negative one (0.5 is a coin).",
               weighted.roc_auc, weighted.roc_aucs),
        Metric("average_precision", True, ("binary",), "",
               "Area under the precision-recall curve (the share of positives is chance).",
               weighted.average_precision),
        Metric("roc_auc_ovr", True, ("multiclass",), "",
               "Mean over the classes present of the ROC AUC of that class against the rest.",
               weighted.auc_ovr),
        Metric("log_loss", False, _CLASSES, "nats",
               "Mean negative log probability given to what happened.",
               partial(weighted.mean, _log_loss)),
        Metric("brier", False, ("binary",), "",
               "Mean squared error of the probability.",
               partial(weighted.mean, _squared_error)),
        Metric("accuracy", True, _CLASSES, "",
               "Share of rows whose most probable class is the true one.",
               partial(weighted.mean, _is_right)),
        Metric("rmse", False, ("regression",), "target units",
               "Root of the mean squared error.",
               partial(weighted.root_mean, _squared_error)),
        Metric("mae", False, ("regression",), "target units",
               "Mean absolute error.",
               partial(weighted.mean, _absolute_error)),
        Metric("r2", True, ("regression",), "",
               "Share of the target's variance on these rows that is explained.",
               weighted.r2),
        Metric("spearman", True, ("regression",), "",
               "Correlation between the ranks of prediction and target.",
               weighted.spearman),
    )
})
