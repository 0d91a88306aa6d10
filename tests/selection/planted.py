"""Training rows in which it is known what matters: signals, copies, noise, a shared course."""

from __future__ import annotations

import numpy as np
import polars as pl

from outlast.metrics import METRICS
from outlast.models import FitContext
from outlast.selection import TrainingRows
from outlast.splits import make_splitter

SIGNALS = ("strong", "weaker", "market")
NOISE = tuple(f"noise_{i}" for i in range(6))
_WEIGHTS = {"strong": 1.2, "weaker": 0.9}


def planted(
    seed: int = 0, *, task: str = "binary", n_times: int = 160, n_entities: int = 6,
    informative: bool = True,
) -> TrainingRows:
    """A panel with labels of three steps; `market` is one value per time, `near` a noisy twin."""
    rng = np.random.default_rng(seed)
    n = n_times * n_entities
    time = np.repeat(np.arange(n_times), n_entities)
    columns = {name: rng.normal(size=n) for name in ("strong", "weaker")}
    columns["market"] = np.repeat(rng.normal(size=n_times), n_entities)
    level = sum(weight * columns[name] for name, weight in _WEIGHTS.items()) + columns["market"]
    level = informative * level + rng.normal(size=n)
    columns["near"] = columns["strong"] + 0.1 * rng.normal(size=n)
    columns |= {name: rng.normal(size=n) for name in NOISE}
    columns["noise_0"][rng.random(n) < 0.3] = np.nan
    frame = pl.DataFrame(columns).with_columns(kind=pl.Series(rng.choice(list("uvw"), n)))
    return rows_of(frame, level, time, task)


def rows_of(frame: pl.DataFrame, level: np.ndarray, time: np.ndarray, task: str) -> TrainingRows:
    """Put a table into the form that selectors get, with purged inner folds."""
    labels = {"binary": lambda: (level > 0).astype(float), "regression": lambda: level,
              "multiclass": lambda: np.digitize(level, [-1.0, 1.0]).astype(float)}
    splitter = make_splitter("expanding_window", {"n_splits": 3})
    inner = [(fold.train, fold.test) for fold in splitter.folds(time, time + 3)]
    metric = {"binary": "roc_auc", "regression": "rmse", "multiclass": "log_loss"}[task]
    context = FitContext(task, {"binary": 2, "multiclass": 3}.get(task, 1))
    return TrainingRows(frame, labels[task](), time, (), inner, METRICS[metric], context)


def known_of(kept: tuple[str, ...]) -> set[str]:
    """What of a selection is signal, with a twin under the name of what it repeats."""
    return {"strong" if name == "near" else name for name in kept} & set(SIGNALS)
