"""A random forest, grown by scikit-learn and kept as plain arrays."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from outlast.models.base import Fitting, Model
from outlast.models.fitted import ArrayModel, Card, FittedModel
from outlast.models.matrix import FitContext, Floats, Matrix

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

# Rows that walk down all trees together; bounds the memory of a prediction.
_CHUNK = 4096
_OF_NODES = ("feature", "threshold", "left", "right", "missing_left")


class FittedForest(ArrayModel):
    """The nodes of all trees in one table, so that loading a forest runs no code.

    Arrays of shape (nodes,): ``feature``, ``threshold``, ``left`` (-1 at a leaf), ``right``,
    ``missing_left``. Then ``value`` (nodes, m), ``roots`` (trees,) and ``gain`` (p,).
    """

    @classmethod
    def read(cls, folder: Path, card: Card) -> Self:
        """Read back what `save` wrote, and see that no path goes in circles."""
        made = super().read(folder, card)
        made._check()
        return made

    def gain(self) -> Floats:
        """Return the mean decrease in impurity of each column."""
        return self.arrays["gain"]

    def splits(self) -> Floats:
        """Return the number of splits on each column."""
        inner = self.arrays["feature"][self.arrays["left"] >= 0]
        counts = np.bincount(inner, minlength=len(self.card.columns))
        return counts.astype(np.float64)

    def _predict(self, data: Matrix) -> npt.NDArray[Any]:
        chunks = [data.X[i : i + _CHUNK] for i in range(0, len(data), _CHUNK)]
        value = self.arrays["value"]
        parts = [value[self._leaves(chunk)].mean(axis=1) for chunk in chunks]
        table = np.concatenate([np.empty((0, value.shape[1])), *parts])
        return table if self.card.context.task == "multiclass" else table[:, -1]

    def _check(self) -> None:
        """Raise ValueError unless every child comes after its parent, and every column is there."""
        nodes = self.arrays
        n, inner = len(nodes["value"]), nodes["left"] >= 0
        own = np.arange(n)[inner]
        feature = nodes["feature"][inner]
        if not (all(len(nodes[name]) == n for name in _OF_NODES)
                and all(((nodes[side][inner] > own) & (nodes[side][inner] < n)).all()
                        for side in ("left", "right"))
                and ((feature >= 0) & (feature < len(self.card.columns))).all()
                and ((nodes["roots"] >= 0) & (nodes["roots"] < n)).all()):
            raise ValueError("its trees lead to nodes or columns that are not there")

    def _leaves(self, X: npt.NDArray[np.float32]) -> npt.NDArray[np.intp]:
        """Return the leaf (rows, trees) that each row reaches in each tree."""
        nodes = self.arrays
        at = np.tile(nodes["roots"], (len(X), 1))
        inner = nodes["left"][at] >= 0
        while inner.any():
            row, _ = np.nonzero(inner)
            node = at[inner]
            seen = X[row, nodes["feature"][node]]
            go_left = (seen <= nodes["threshold"][node]) | (
                np.isnan(seen) & nodes["missing_left"][node]
            )
            at[inner] = np.where(go_left, nodes["left"][node], nodes["right"][node])
            inner = nodes["left"][at] >= 0
        return at


class RandomForest(Model):
    """Bagged trees (Breiman, Machine Learning 2001) by scikit-learn.

    Missing values follow the branch learned for them; category codes count as numbers.
    Not in the default matrix: it is slower than boosting and seldom better.
    """

    name = "random_forest"
    default_in_matrix = False
    fitted = FittedForest

    default_params: ClassVar[Mapping[str, Any]] = {
        "n_estimators": 200, "min_samples_leaf": 10, "max_depth": None, "max_features": 0.33,
    }
    grid_points: ClassVar[Mapping[str, list[Any]]] = {
        "min_samples_leaf": [10, 50, 200], "max_features": [0.1, 0.33, 1.0],
    }

    def _space(self) -> dict[str, BaseDistribution]:
        from optuna.distributions import FloatDistribution, IntDistribution

        return {"min_samples_leaf": IntDistribution(3, 200, log=True),
                "max_features": FloatDistribution(0.1, 1.0)}

    def _fit(self, order: Fitting) -> FittedModel:
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        context = order.context
        grower = RandomForestRegressor if context.task == "regression" else RandomForestClassifier
        forest = grower(random_state=context.seed, n_jobs=context.threads, **order.params)
        forest.fit(order.train.X, order.train.target)
        return FittedForest(order.card(self.name), _arrays(forest, context))


def _arrays(forest: Any, context: FitContext) -> dict[str, npt.NDArray[Any]]:
    trees = [tree.tree_ for tree in forest.estimators_]
    roots = np.cumsum([0, *(tree.node_count for tree in trees)])[:-1]

    def joined(attribute: str) -> npt.NDArray[Any]:
        return np.concatenate([getattr(tree, attribute) for tree in trees])

    def children(attribute: str) -> npt.NDArray[np.intp]:
        own = [getattr(tree, attribute) for tree in trees]
        shifted = [np.where(c < 0, -1, c + root) for c, root in zip(own, roots, strict=True)]
        return np.concatenate(shifted)

    value = joined("value")[:, 0, :]
    if context.task != "regression":
        every = np.zeros((len(value), context.n_classes))
        every[:, forest.classes_.astype(np.intp)] = value / value.sum(axis=1, keepdims=True)
        value = every
    return {"roots": roots, "feature": joined("feature"), "threshold": joined("threshold"),
            "left": children("children_left"), "right": children("children_right"),
            "missing_left": joined("missing_go_to_left").astype(bool), "value": value,
            "gain": forest.feature_importances_}
