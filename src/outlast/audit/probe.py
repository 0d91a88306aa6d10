"""A quick model for the statistical checks, and scores on which 0.5 is chance for any task."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast.audit.base import Floats, Positions
from outlast.features import FeatureTable, OrdinalCodes
from outlast.records import Task

Codes = npt.NDArray[np.int64]

SCALE: dict[Task, str] = {"binary": "ROC AUC", "multiclass": "one-vs-rest ROC AUC",
                          "regression": "(1 + Spearman's rho) / 2"}
_TREES = 60
_LEAVES = 15


class Probe:
    """A small LightGBM on one train and test set, binned once and fitted to any targets.

    Parameters
    ----------
    features : FeatureTable
        Row i belongs to row i of the panel. Categories get their codes from the train rows.
    train, test : ndarray of intp
        Rows of the panel.
    trees : int, default 60
    seed : int, default 0
    """

    def __init__(
        self, features: FeatureTable, train: Positions, test: Positions, *,
        trees: int = _TREES, seed: int = 0,
    ) -> None:
        import lightgbm

        self.train, self.test, self.trees = train, test, trees
        codes = OrdinalCodes.fit(features.frame[train], features.categorical)
        self._X = codes.transform(features.frame[test]).to_numpy()
        self._params = {
            "num_leaves": _LEAVES, "learning_rate": 0.1, "feature_fraction": 0.5, "max_bin": 63,
            "min_data_in_leaf": int(np.clip(train.size // 200, 5, 100)), "seed": seed,
            "num_threads": 1, "deterministic": True, "force_col_wise": True, "verbosity": -1,
        }
        self._data = lightgbm.Dataset(
            codes.transform(features.frame[train]).to_numpy(), np.zeros(train.size),
            params=self._params, feature_name=[f"f{i}" for i in range(self._X.shape[1])],
            categorical_feature=[features.names.index(name) for name in features.categorical],
        )

    def predict(self, y: Floats, task: Task) -> Floats:
        """Fit the target's train rows and predict the test rows.

        Parameters
        ----------
        y : ndarray, shape (n,)
            One value per row of the panel: class index or value.
        task : {"binary", "multiclass", "regression"}

        Returns
        -------
        ndarray, shape (n_test,) or (n_test, n_classes)
        """
        return np.asarray(self._fit(y, task).predict(self._X, num_threads=1), dtype=np.float64)

    def score(self, y: Floats, task: Task, stratum: Codes | None = None) -> float:
        """Return the score on the test rows, NaN where either side has a single class.

        Parameters
        ----------
        y : ndarray, shape (n,)
        task : {"binary", "multiclass", "regression"}
        stratum : ndarray of int64, shape (n,), optional
            Rows of the panel are compared within the same stratum only.
        """
        if np.ptp(y[self.train]) == 0 or np.ptp(y[self.test]) == 0:
            return float("nan")
        within = None if stratum is None else stratum[self.test]
        return score(task, y[self.test], self.predict(y, task), within)

    def gain(self, y: Floats, task: Task) -> Floats:
        """Return the gain of each feature in a fit to the target's train rows."""
        return np.asarray(self._fit(y, task).feature_importance("gain"), dtype=np.float64)

    def _fit(self, y: Floats, task: Task) -> Any:
        import lightgbm

        params: dict[str, Any] = {**self._params, "objective": task}
        if task == "multiclass":
            params["num_class"] = int(y[self.train].max()) + 1
        self._data.set_label(y[self.train])
        return lightgbm.train(params, self._data, self.trees)


def score(task: Task, y: Floats, prediction: Floats, stratum: Codes | None = None) -> float:
    """Score predictions on a scale where 0.5 is chance and 1 is perfect.

    Parameters
    ----------
    task : {"binary", "multiclass", "regression"}
        ROC AUC, mean one-vs-rest ROC AUC, or (1 + Spearman's rho) / 2.
    y : ndarray, shape (n,)
    prediction : ndarray, shape (n,) or (n, n_classes)
    stratum : ndarray of int64, shape (n,), optional
        Rows are compared within the same stratum only, so that what differs between strata
        scores nothing.

    Returns
    -------
    float
        NaN where no two rows that could be compared differ.

    Examples
    --------
    Entity 1 is always the higher; within the entities the prediction is wrong.

    >>> y, guess = np.array([0.0, 1.0, 0.0, 1.0]), np.array([0.2, 0.1, 0.9, 0.8])
    >>> score("binary", y, guess), score("binary", y, guess, np.array([0, 0, 1, 1]))
    (0.25, 0.0)
    """
    blocks = np.zeros(y.size, dtype=np.int64)
    return float(block_scores(task, y, prediction, blocks, stratum)[0]) if y.size else float("nan")


def block_scores(
    task: Task, y: Floats, prediction: Floats, block: Codes, stratum: Codes | None = None
) -> Floats:
    """Score predictions like `score`, one block of rows at a time.

    Parameters
    ----------
    task : {"binary", "multiclass", "regression"}
    y : ndarray, shape (n,)
    prediction : ndarray, shape (n,) or (n, n_classes)
    block : ndarray of int64, shape (n,)
        Number of each row's block, from 0.
    stratum : ndarray of int64, shape (n,), optional

    Returns
    -------
    ndarray, shape (n_blocks,)

    Examples
    --------
    >>> y = np.array([0.0, 1.0, 0.0, 1.0, 1.0, 1.0])
    >>> guess = np.array([0.1, 0.9, 0.9, 0.1, 0.5, 0.5])
    >>> block_scores("binary", y, guess, np.array([0, 0, 1, 1, 2, 2])).tolist()
    [1.0, 0.0, nan]
    """
    cell = block
    if stratum is not None:
        cell = np.unique(np.column_stack([block, stratum]), axis=0, return_inverse=True)[1]
    if task == "regression":
        return _rank_correlations(y, prediction, block, cell)
    if prediction.ndim == 1:
        return _areas(y, prediction, block, cell)
    return _mean_known(np.stack([_areas((y == k).astype(float), prediction[:, k], block, cell)
                                 for k in range(prediction.shape[1])]))


def _areas(y: Floats, p: Floats, block: Codes, cell: Codes) -> Floats:
    """Mann-Whitney: the share of (positive, negative) pairs of a cell that are in order."""
    rank, size = _ranks(p, cell)
    positives = _sums(cell, y)[cell]
    # A positive's rank also counts the positives below it, on average (positives + 1) / 2.
    wins = _sums(block, y * (rank - (positives + 1) / 2))
    pairs = _sums(block, y * (size - positives))
    return _ratio(wins, pairs)


def _rank_correlations(y: Floats, p: Floats, block: Codes, cell: Codes) -> Floats:
    a, b = (rank - (size + 1) / 2 for rank, size in (_ranks(y, cell), _ranks(p, cell)))
    spread_y, spread_p = _sums(block, a * a), _sums(block, b * b)
    rho = _ratio(_sums(block, a * b), np.sqrt(spread_y * spread_p))
    # A prediction that never changes knows nothing, which is chance.
    return np.where((spread_p == 0) & (spread_y > 0), 0.5, (1 + rho) / 2)


def _ranks(values: Floats, cell: Codes) -> tuple[Floats, Floats]:
    """Mid-ranks within each cell, and the size of each row's cell."""
    frame = pl.DataFrame({"value": values, "cell": cell})
    ranks = frame.select(pl.col("value").rank().over("cell"), n=pl.len().over("cell"))
    return ranks["value"].to_numpy(), ranks["n"].cast(pl.Float64).to_numpy()


def _sums(block: Codes, values: Floats) -> Floats:
    return np.asarray(np.bincount(block, values), dtype=np.float64)


def _ratio(top: Floats, bottom: Floats) -> Floats:
    return np.asarray(np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0))


def _mean_known(values: Floats) -> Floats:
    """Mean over the first axis of what is not NaN."""
    known = np.isfinite(values)
    return _ratio(np.where(known, values, 0).sum(axis=0), known.sum(axis=0).astype(np.float64))
