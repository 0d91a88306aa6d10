"""Finished folds with a known truth, for tests of the judge."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from outlast.judge.leaderboard import Board, BoardSettings, Result, build_board
from outlast.judge.thresholds import DEFAULTS, Thresholds
from outlast.metrics import METRICS, score_all
from outlast.records import Decision, FoldAudit, Job, Record, Strategy

SETTINGS = BoardSettings(frozenset({"prior"}), split_order=("temporal", "random"),
                         ensembles=False)


def result(
    model: str, skill: float, *, split: str = "temporal", fold: int = 0, search: str = "none",
    n_times: int = 200, n_entities: int = 5, fit_seconds: float = 1.0, seed: int = 1,
    decisions: tuple[Decision, ...] = (), overlap: int = 0, selection: str = "cluster",
) -> Result:
    """Predictions that follow the truth by `skill` (0 is chance), labels two steps long."""
    truth = np.random.default_rng(fold)
    n = n_times * n_entities
    y = (truth.random(n) < 0.4).astype(float)
    noise = np.random.default_rng([seed, fold]).normal(size=n)
    p = 1 / (1 + np.exp(-(skill * (y - 0.4) + noise))) if model != "prior" else np.full(n, 0.4)
    time = np.repeat(np.arange(n_times), n_entities) * 86_400 * 10**9
    step = 86_400 * 10**9
    table = pl.DataFrame({"time": time, "label_end": time + 2 * step,
                          "code": np.tile(np.arange(n_entities), n_times), "y": y,
                          "row": np.arange(n), "p": p})
    job = Job(data="d", features="f", task="binary", model=Strategy(name=model),
              split=Strategy(name=split), fold=fold, search=Strategy(name=search),
              selection=Strategy(name=selection), metric="roc_auc", seed=0, code="c")
    audit = FoldAudit(n_train=100, n_test=n, n_overlap=overlap, train_start=-100 * step,
                      train_end=-step, test_start=0, test_end=int(time[-1]))
    record = Record(job=job, status="ok", session="s", started="now", audit=audit,
                    scores=score_all("binary", y, p), decisions=decisions,
                    leaks=("contrast",) if split == "random" else (),
                    seconds={"fit": fit_seconds, "search": 0.0, "predict": 0.0})
    return Result(record, table)


def board(
    *results: Result, ensembles: bool = False, thresholds: Thresholds = DEFAULTS
) -> Board:
    """The leaderboard of some finished folds."""
    settings = replace(SETTINGS, ensembles=ensembles, thresholds=thresholds)
    return build_board(results, METRICS["roc_auc"], settings)
