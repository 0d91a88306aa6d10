"""What every rival is asked and must answer; loads neither outlast nor any rival.

A rival's script is called with a folder, seconds and a setting. The folder holds

* `past.parquet`: features, `y`, `__time` and `__entity`, in order of time;
* `future.parquet`: the same without `y`;
* `task.json`: the task (binary or regression), its metric (roc_auc or rmse), the categorical
  columns, the horizon in steps of time, and a seed.

It writes `predictions.parquet` with a column `p`, a row for each of the future's, and
`answer.json` with its promise: its own estimate of the metric for the model that it ships.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

CORES = 2


@dataclass(frozen=True)
class Question:
    """The past, and how it is to be learned from.

    Attributes
    ----------
    X : pandas.DataFrame
        The features, in order of time; categories are categories. With the setting ``structure``
        a column ``__time`` as well, in nanoseconds.
    y : pandas.Series
    binary : bool
        Whether it is a class, scored by ROC AUC, or a number, scored by RMSE.
    seconds : float
    setting : str
        ``default``, or one of the tool's own for data in order of time.
    seed : int
    folder : pathlib.Path
        For whatever the tool writes.
    """

    X: pd.DataFrame
    y: pd.Series
    binary: bool
    seconds: float
    setting: str
    seed: int
    folder: Path

    @property
    def timely(self) -> bool:
        """Whether to mind time at all."""
        return self.setting != "default"

    @property
    def n_early(self) -> int:
        """How many rows lie before the last fifth, which is kept for validation."""
        return int(0.8 * len(self.X))

    def predictor(self, model: Any) -> Callable[[pd.DataFrame], Any]:
        """How to ask a model with scikit-learn's methods: for P(class 1), or for the number."""
        return (lambda X: model.predict_proba(X)[:, 1]) if self.binary else model.predict


@dataclass(frozen=True)
class Shipped:
    """A model with its own validation score, RMSE as a positive number."""

    promise: float
    predict: Callable[[pd.DataFrame], Any]
    note: str = ""


def serve(package: str, learn: Callable[[Question], Shipped]) -> None:
    """Answer the question that the command line names."""
    folder, seconds, setting = Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
    begun = time.perf_counter()
    task = json.loads((folder / "task.json").read_text("utf-8"))
    unasked = ["__entity"] if setting == "structure" else ["__time", "__entity"]
    past, future = _read(folder, task["categorical"], unasked)
    question = Question(past.drop(columns="y"), past["y"], task["task"] == "binary", seconds,
                        setting, task["seed"], folder)
    shipped = learn(question)
    p: npt.NDArray[np.float64] = np.asarray(shipped.predict(future), dtype=np.float64)
    pd.DataFrame({"p": p}).to_parquet(folder / "predictions.parquet")
    answer = {"promise": float(shipped.promise), "seconds": time.perf_counter() - begun,
              "cpu_seconds": _cpu_seconds(), "version": version(package), "note": shipped.note}
    (folder / "answer.json").write_text(json.dumps(answer), encoding="utf-8")


def _read(folder: Path, categorical: list[str],
          unasked: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read both tables; they know the same levels of every category."""
    past, future = (pd.read_parquet(folder / f"{name}.parquet").drop(
        columns=unasked) for name in ("past", "future"))
    for name in categorical:
        levels = sorted({*past[name].dropna(), *future[name].dropna()})
        for table in (past, future):
            table[name] = pd.Categorical(table[name], categories=levels)
    return past, future


def _cpu_seconds() -> float:
    """Of this process, and of those of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)
