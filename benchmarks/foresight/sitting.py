"""One table cut at one moment: the past that may be learned from, and the future that examines."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.metrics import roc_auc_score, root_mean_squared_error

from outlast.data import Panel
from outlast.data.times import format_ns
from outlast.features import FeatureTable, make_recipe

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

# Shares of the distinct times; each cut's future ends where the next one cuts.
SHARES = (0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True)
class Budget:
    """What every contender is given."""

    seconds: float = 60.0
    seed: int = 0


@dataclass(frozen=True)
class Sitting:
    """An exam: a panel, the moment up to which it may be seen, and when the exam ends.

    Attributes
    ----------
    name : str
        Of the table.
    panel : Panel
    features : FeatureTable
        What every contender learns from.
    cut, end : int
        In nanoseconds, as in `Panel.time`. Rows after the cut, up to the end, are examined.
    budget : Budget
    """

    name: str
    panel: Panel
    features: FeatureTable
    cut: int
    end: int
    budget: Budget = field(default_factory=Budget)

    @property
    def moment(self) -> str:
        """The cut for people."""
        return format_ns(self.cut)

    @property
    def metric(self) -> str:
        """ROC AUC of a class, RMSE of a number."""
        return "roc_auc" if self.panel.task == "binary" else "rmse"

    @cached_property
    def past(self) -> Mask:
        """Rows whose label was known at the cut."""
        return self.panel.usable & (self.panel.label_known <= self.cut)

    @cached_property
    def future(self) -> Mask:
        """Rows after the cut whose label became known at any time."""
        time = self.panel.time.ns
        return self.panel.usable & (time > self.cut) & (time <= self.end)

    @property
    def unit(self) -> float:
        """What a promise is measured in: 1 for an AUC, else the spread of the past's labels."""
        return 1.0 if self.metric == "roc_auc" else float(np.std(self.panel.y[self.past]))

    @property
    def horizon(self) -> int:
        """How many times pass until a label is known, in the median."""
        times = np.unique(self.panel.time.ns)
        known = np.searchsorted(times, self.panel.label_end[self.past], side="right") - 1
        made = np.searchsorted(times, self.panel.time.ns[self.past])
        return int(np.median(known - made))

    def score(self, prediction: Floats) -> float:
        """Score a prediction of the future's rows."""
        score = roc_auc_score if self.metric == "roc_auc" else root_mean_squared_error
        return float(score(self.panel.y[self.future], prediction))

    def write(self, folder: Path) -> None:
        """Write the question that a rival is asked, see `benchmarks.foresight.rivals`."""
        rows = self.features.frame.with_columns(
            pl.Series("__time", self.panel.time.ns), pl.Series("__entity", self.panel.entity))
        labels = pl.Series("y", self.panel.y[self.past])
        if self.metric == "roc_auc":
            labels = labels.cast(pl.Int8)
        rows.filter(self.past).with_columns(labels).write_parquet(folder / "past.parquet")
        rows.filter(self.future).write_parquet(folder / "future.parquet")
        task = {"task": self.panel.task, "metric": self.metric, "horizon": self.horizon,
                "categorical": self.features.categorical, "seed": self.budget.seed}
        (folder / "task.json").write_text(json.dumps(task), encoding="utf-8")


def sittings(name: str, panel: Panel, budget: Budget) -> list[Sitting]:
    """Cut a panel at shares of its labelled times."""
    features = make_recipe(panel).transform(panel)
    times = np.unique(panel.time.ns[panel.usable])
    cuts = [int(times[int(share * len(times)) - 1]) for share in SHARES]
    return [Sitting(name, panel, features, cut, end, budget)
            for cut, end in pairwise(cuts)]
