"""Fits with a known truth, small enough to be asked many times."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from outlast.importance.held_out import HeldOut
from outlast.metrics import METRICS
from outlast.models import FitContext, FittedModel, Matrix, make_model


def matrix(columns: Mapping[str, Any], y: Any) -> Matrix:
    """Named columns and their labels."""
    X = np.column_stack(list(columns.values())).astype(np.float32)
    return Matrix(X, tuple(columns), y=np.asarray(y, dtype=np.float64))


def learner(
    name: str, task: str = "regression", **params: Any
) -> Callable[[Matrix], FittedModel]:
    """How a model is fitted."""
    context = FitContext(task, 2 if task == "binary" else 1)
    return lambda rows: make_model(name, params).fit(rows, {}, context)


def halves(data: Matrix, metric: str = "rmse") -> tuple[Matrix, HeldOut]:
    """Every other row to learn from, the rest to be asked about."""
    rows = np.arange(len(data))
    return data.take(rows[::2]), HeldOut(data.take(rows[1::2]), METRICS[metric])
