"""Finished folds of a world whose truth is known: records and held-out predictions, no training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import expit

from outlast.judge import verdict
from outlast.judge.insights import Evidence, Surroundings
from outlast.judge.leaderboard import BoardSettings, build_board
from outlast.judge.results import Result
from outlast.metrics import METRICS, score_all
from outlast.records import FoldAudit, Job, Record, Strategy

Floats = npt.NDArray[np.float64]

DAY = 86_400 * 10**9
START = 15_000 * DAY
HORIZON = 3
SETTINGS = BoardSettings(frozenset({"prior"}), split_order=("temporal", "walk_forward", "random"))


@dataclass(frozen=True)
class Truth:
    """Rows whose chance is known: a signal of each row, and shocks that all of a day share.

    Labels run over three days and so do the shocks: days that follow each other are alike.
    """

    signal: Floats
    y: Floats
    n_entities: int

    @classmethod
    def draw(cls, rng: np.random.Generator, n_days: int = 240, n_entities: int = 10,
             shock: float = 0.4) -> Truth:
        """Draw days, entity by entity within each."""
        steps = rng.normal(size=n_days + HORIZON)
        day = shock * np.convolve(steps, np.ones(HORIZON + 1) / 2, mode="valid")
        signal = rng.normal(size=n_days * n_entities)
        chance = expit(signal + np.repeat(day, n_entities))
        return cls(signal, (rng.random(signal.size) < chance).astype(float), n_entities)

    @property
    def day(self) -> npt.NDArray[np.int64]:
        """Number of each row's day."""
        return np.arange(self.y.size) // self.n_entities

    @property
    def entity(self) -> npt.NDArray[np.int64]:
        """Code of each row's entity."""
        return np.arange(self.y.size) % self.n_entities

    def predict(
        self, rng: np.random.Generator, skill: float | Floats, noise: float = 0.5
    ) -> Floats:
        """Probabilities that follow the signal by `skill` (0 to 1), with noise of their own."""
        return np.asarray(expit(skill * self.signal + noise * rng.normal(size=self.y.size)))


@dataclass(frozen=True)
class Run:
    """One configuration: which model under which split, and what its record says besides."""

    model: str
    split: str = "temporal"
    search: str = "none"
    selection: str = "none"
    n_folds: int = 1
    history: int = 400
    record: Mapping[str, Any] = field(default_factory=dict)

    def results(self, truth: Truth, p: Floats) -> list[Result]:
        """Its folds: the rows cut into windows of days that follow each other."""
        edges = np.linspace(0, truth.day[-1] + 1, self.n_folds + 1).astype(int)
        return [self._result(truth, p, fold, (truth.day >= a) & (truth.day < b))
                for fold, (a, b) in enumerate(pairwise(edges))]

    def _result(self, truth: Truth, p: Floats, fold: int, rows: npt.NDArray[np.bool_]) -> Result:
        time = START + truth.day[rows] * DAY
        table = pl.DataFrame({
            "time": time, "label_end": time + HORIZON * DAY, "code": truth.entity[rows],
            "y": truth.y[rows], "row": np.flatnonzero(rows), "p": p[rows]})
        job = Job(data="d", features="f", task="binary", model=Strategy(name=self.model),
                  split=Strategy(name=self.split), fold=fold, search=Strategy(name=self.search),
                  selection=Strategy(name=self.selection), metric="roc_auc", seed=0, code="c")
        end = int(time[0]) - (HORIZON + 1) * DAY
        audit = FoldAudit(n_train=5_000, n_test=int(rows.sum()), train_end=end,
                          train_start=end - self.history * DAY,
                          test_start=int(time[0]), test_end=int(time[-1]))
        told = {"audit": audit, "leaks": ("contrast",) if self.split == "random" else (),
                "seconds": {"fit": 1.0}, **self.record}
        trials = told.get("trials", ())
        told["trials"] = trials[fold] if trials and isinstance(trials[0], tuple) else trials
        record = Record(job=job, status="ok", session="s", started="now",
                        scores=score_all("binary", truth.y[rows], p[rows]), **told)
        return Result(record, table)


def evidence(
    results: Sequence[Result], around: Surroundings | None = None,
    more: Sequence[Record] = (),
) -> Evidence:
    """What the judge sees of some finished folds."""
    board = build_board(results, METRICS["roc_auc"], SETTINGS)
    records = [*(result.record for result in results), *more]
    return Evidence(board, verdict.headline_split(board, None), records,
                    around=around or Surroundings(calendar=True))


def prior(truth: Truth, split: str = "temporal", n_folds: int = 1) -> list[Result]:
    """The baseline: one probability for all."""
    return Run("prior", split, n_folds=n_folds).results(truth, np.full(truth.y.size, 0.5))
