"""Logistic or ridge regression on standardised columns."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from outlast.models.base import Fitting, Model
from outlast.models.fitted import ArrayModel, FittedModel
from outlast.models.matrix import Floats, Matrix

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

Arrays = dict[str, npt.NDArray[Any]]

# What a design column shows of its source: the value, that it is missing, or one category.
_VALUE, _MISSING, _LEVEL = 0, 1, 2
# One wild value in a test row must not outvote all other columns.
_CLIP = 10.0
_MAX_LEVELS = 100
_BLOCK = 4096


class FittedLinear(ArrayModel):
    """Design columns and their coefficients.

    Arrays of shape (q,), one entry per design column: ``source`` (input column), ``kind``,
    ``level``, ``fill``, ``centre``, ``scale``. Then ``coef`` (m, q), ``intercept`` (m,) with
    m = 1 or the number of classes, and ``gain`` (p,).
    """

    def gain(self) -> Floats:
        """Return the mean absolute contribution of each column on the training rows."""
        return self.arrays["gain"]

    def _predict(self, data: Matrix) -> npt.NDArray[Any]:
        margin = _design(data.X, self.arrays) @ self.arrays["coef"].T + self.arrays["intercept"]
        if self.card.context.task == "regression":
            return np.asarray(margin[:, 0])
        if self.card.context.task == "binary":
            return np.asarray(0.5 * (1 + np.tanh(margin[:, 0] / 2)))
        shifted = np.exp(margin - margin.max(axis=1, keepdims=True))
        return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))

    def _contributions(self, data: Matrix) -> Floats:
        design, width = _design(data.X, self.arrays), data.X.shape[1]
        shares = np.stack(list(_shares(design, self.arrays, width)), axis=-1)
        return shares if self.card.context.task == "multiclass" else shares[:, 0]


class Linear(Model):
    """Logistic regression for classes, ridge regression for values (scikit-learn).

    Missing numbers become the training median, with an indicator column where training
    rows had any; columns are standardised and clipped at 10 standard deviations; the 100
    most frequent categories of a column get an indicator each, all others get none.

    Its one parameter is ``alpha`` (default 100), the strength of the L2 penalty; what
    scikit-learn's logistic regression calls ``C`` is ``1 / alpha``.
    """

    name = "linear"
    fitted = FittedLinear

    default_params: ClassVar[Mapping[str, Any]] = {"alpha": 100.0}
    grid_points: ClassVar[Mapping[str, list[Any]]] = {
        "alpha": [0.1, 1.0, 10.0, 100.0, 1e3, 1e4, 1e5],
    }

    def _space(self) -> dict[str, BaseDistribution]:
        from optuna.distributions import FloatDistribution

        return {"alpha": FloatDistribution(1e-1, 1e5, log=True)}

    def _fit(self, order: Fitting) -> FittedModel:
        train = order.train
        arrays = _plan(train)
        design = _design(train.X, arrays)
        solve = _ridge if order.context.task == "regression" else _logistic
        arrays["coef"], arrays["intercept"] = solve(design, order)
        arrays["gain"] = np.array([np.abs(share).mean() for share in
                                   _shares(design, arrays, train.X.shape[1])])
        return FittedLinear(order.card(self.name), arrays)


def _plan(train: Matrix) -> Arrays:
    """Decide the design columns and learn their fill, centre and scale."""
    found: list[tuple[int, int, float, float]] = []
    for column in range(train.X.shape[1]):
        values = train.X[:, column]
        known = values[~np.isnan(values)]
        if column in train.categorical:
            found += [(column, _LEVEL, level, 0.0) for level in _levels(known)]
            continue
        found.append((column, _VALUE, 0.0, float(np.median(known)) if known.size else 0.0))
        if 0 < known.size < values.size:
            found.append((column, _MISSING, 0.0, 0.0))
    # The solvers need a column, if only a constant one.
    table = np.array(found or [(0, _MISSING, 0.0, 0.0)], dtype=np.float64)
    plan: Arrays = {"source": table[:, 0].astype(np.intp), "kind": table[:, 1].astype(np.int8),
                    "level": table[:, 2], "fill": table[:, 3],
                    "centre": np.zeros(len(table)), "scale": np.ones(len(table))}
    raw = _raw_design(train.X, plan)
    spread = raw.std(axis=0)
    # Indicators keep their scale: standardising would blow up the rare ones.
    standardised = (plan["kind"] == _VALUE) & (spread > 1e-9 * np.abs(raw).max(axis=0, initial=0))
    plan["centre"] = raw.mean(axis=0)
    plan["scale"] = np.where(standardised, spread, 1.0)
    return plan


def _levels(known: npt.NDArray[np.float32]) -> list[float]:
    values, counts = np.unique(known, return_counts=True)
    frequent = np.argsort(-counts, kind="stable")[:_MAX_LEVELS]
    return [float(level) for level in np.sort(values[frequent])]


def _raw_design(X: npt.NDArray[np.float32], plan: Arrays) -> Floats:
    design = np.empty((len(X), len(plan["source"])))
    # Each step makes another table; of some rows at a time they fit into the cache.
    for start in range(0, len(X), _BLOCK):
        table = X[start : start + _BLOCK, plan["source"]].astype(np.float64)
        missing = np.isnan(table)
        filled = np.where(missing, plan["fill"], table)
        indicator = np.where(plan["kind"] == _MISSING, missing, table == plan["level"])
        design[start : start + _BLOCK] = np.where(plan["kind"] == _VALUE, filled, indicator)
    return design


def _design(X: npt.NDArray[np.float32], plan: Arrays) -> Floats:
    design = _raw_design(X, plan)
    design -= plan["centre"]
    design /= plan["scale"]
    return np.clip(design, -_CLIP, _CLIP, out=design)


def _shares(design: Floats, arrays: Arrays, width: int) -> Iterator[Floats]:
    """Contributions (n, m) of each input: the design columns that came from it, summed."""
    coef, source = arrays["coef"], arrays["source"]
    for column in range(width):
        own = source == column
        yield design[:, own] @ coef[:, own].T


def _ridge(design: Floats, order: Fitting) -> tuple[Floats, Floats]:
    from sklearn.linear_model import Ridge

    model = Ridge(alpha=order.params["alpha"]).fit(design, order.train.target)
    return np.atleast_2d(model.coef_), np.atleast_1d(model.intercept_)


def _logistic(design: Floats, order: Fitting) -> tuple[Floats, Floats]:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1 / order.params["alpha"], max_iter=1000)
    with warnings.catch_warnings():
        # Separable rows converge only in the limit; stopping there is good enough.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(design, order.train.target)
    if order.context.task == "binary":
        return model.coef_, model.intercept_
    return _all_classes(model, order)


def _all_classes(model: Any, order: Fitting) -> tuple[Floats, Floats]:
    """Give every class a row; one that training lacks gets about one chance in n."""
    coef, intercept = model.coef_, model.intercept_
    if len(model.classes_) == 2:
        coef, intercept = np.vstack([-coef, coef]) / 2, np.r_[-intercept, intercept] / 2
    present = model.classes_.astype(np.intp)
    every_coef = np.zeros((order.context.n_classes, coef.shape[1]))
    every_intercept = np.full(order.context.n_classes, intercept.min() - np.log(len(order.train)))
    every_coef[present], every_intercept[present] = coef, intercept
    return every_coef, every_intercept
