"""Time the report over ten thousand finished jobs that were never trained.

Run it from the repository root:

    python -m benchmarks.report_scale                  # 400 configurations of 25 folds
    python -m benchmarks.report_scale --shape many     # 8,000 configurations of one fold
    python -m benchmarks.report_scale --shape small    # 1,000 jobs

Records and predictions are made from a seed: each model has a skill of its own, and all of
them share most of their errors, as models of one table do. All are committed to a store, job by
job; then the command that writes a report is timed as a whole process.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.measure import Measure, show
from outlast.config import make_config
from outlast.data import Events, Panel, Schema
from outlast.experiments.work import compact
from outlast.feature_tracker.observations import observe
from outlast.metrics import METRICS, weighted_scores
from outlast.records import BlockAudit, Decision, FoldAudit, Job, Record, Strategy, TrialRecord
from outlast.store import (
    OBSERVATIONS,
    PREDICTIONS,
    Experiment,
    Store,
    now,
    open_session,
    parquet,
)

DAY = 86_400 * 10**9
N_ENTITIES, N_DAYS, HORIZON = 10, 2_600, 2
FEATURES = tuple((f"feature_{k:02d}", f"f{k:02d}") for k in range(28))
SPLITS = ("walk_forward", "expanding_window", "group", "random")
KINDS = ("lightgbm", "xgboost", "catboost", "random_forest")
SEARCHES = (Strategy(name="none"), Strategy(name="random", params={"n_trials": 10}),
            Strategy(name="optuna", params={"n_trials": 10}),
            Strategy(name="grid", params={"n_trials": 10}))


@dataclass(frozen=True)
class Shape:
    """How many jobs there are, and of what.

    Parameters
    ----------
    variants : int
        Models with parameters of their own, besides a baseline and a linear one.
    searches, folds : int
    splits : int
        How many of the four strategies.
    """

    variants: int
    searches: int
    folds: int
    splits: int = 4

    @property
    def n_jobs(self) -> int:
        """Finished jobs in all."""
        return self.splits * self.folds * self.searches * (self.variants + 2)


SHAPES = {"wide": Shape(variants=23, searches=4, folds=25),
          "many": Shape(variants=1998, searches=4, folds=1, splits=1),
          "small": Shape(variants=3, searches=2, folds=25)}


@dataclass(frozen=True)
class Finished:
    """What one job left: its record, its predictions and what it says of its features."""

    record: Record
    predictions: pl.DataFrame
    observations: pl.DataFrame


def make_panel() -> Panel:
    """Ten entities on 2,600 days, a binary target and a horizon of two days."""
    rng = np.random.default_rng(0)
    day = np.repeat(np.arange(N_DAYS), N_ENTITIES)
    table = pl.DataFrame({
        "day": pl.Series(day * DAY).cast(pl.Datetime("ns")),
        "entity": np.tile([f"e{k}" for k in range(N_ENTITIES)], N_DAYS),
        "y": rng.integers(0, 2, day.size),
    })
    events = Events.from_frame(pl.DataFrame({
        "start": pl.Series(np.arange(200, N_DAYS, 300) * DAY).cast(pl.Datetime("ns")),
        "end": pl.Series(np.arange(230, N_DAYS + 30, 300) * DAY).cast(pl.Datetime("ns")),
        "kind": ["shock"] * 8,
    }))
    schema = Schema(time="day", entity="entity", target="y", horizon=f"{HORIZON}D")
    return Panel.build(table, schema, events=events)


def finished_jobs(shape: Shape, seed: int = 0) -> Iterator[Finished]:
    """Every job of a shape, the same ones for the same seed."""
    for split in SPLITS[: shape.splits]:
        for fold in range(shape.folds):
            test = _Test(split, fold, shape.folds, seed)
            for at, model in enumerate(_models(shape.variants)):
                for search in SEARCHES[: shape.searches]:
                    yield test.finished(model, search, skill=0.3 + 0.9 * (at % 40) / 40)


def _models(variants: int) -> list[Strategy]:
    tuned = [Strategy(name=KINDS[k % len(KINDS)], params={"max_depth": 3 + k})
             for k in range(variants)]
    return [Strategy(name="prior"), Strategy(name="linear"), *tuned]


def _job(model: Strategy, split: str, fold: int, search: Strategy, seed: int) -> Job:
    return Job(data="d" * 16, features="f" * 16, task="binary", model=model,
               split=Strategy(name=split), fold=fold, search=search,
               selection=Strategy(name="cluster"), metric="roc_auc", seed=seed, code="c" * 12)


def _scores(
    y: npt.NDArray[np.float64], p: npt.NDArray[np.float64]
) -> dict[str, float | None]:
    """All metrics at once, at a hundredth of the cost of asking scikit-learn for each."""
    once = np.ones((1, y.size))
    return {name: float(weighted_scores(metric, y, p, once)[0])
            for name, metric in METRICS.items() if "binary" in metric.tasks}


class _Test:
    """The held-out rows of one fold, and the jobs that were scored on them."""

    def __init__(self, split: str, fold: int, n_folds: int, seed: int) -> None:
        self.split, self.fold, self.seed = split, fold, seed
        place = np.random.default_rng([seed, fold, SPLITS.index(split)])
        n_days = int(place.integers(6, 31))
        self.first = 600 + fold * ((N_DAYS - 600) // n_folds)
        days = np.repeat(np.arange(self.first, self.first + n_days), N_ENTITIES)
        self.time = days * DAY
        self.code = np.tile(np.arange(N_ENTITIES, dtype=np.int32), n_days)
        self.row = days * N_ENTITIES + self.code
        self.y = (place.random(days.size) < 0.4).astype(float)
        # Most of the error is common: what surprises one model surprises them all.
        self.common = place.normal(size=days.size)
        self.template = self._template(place)

    def _template(self, rng: np.random.Generator) -> pl.DataFrame:
        """Observations of the fold, which each job shuffles."""
        job = _job(Strategy(name="linear"), self.split, self.fold, SEARCHES[0], self.seed)
        facts = {"n_rows": self.y.size, "score": 0.5, "test_start": int(self.time[0]),
                 "test_end": int(self.time[-1])}
        shares = {method: rng.random(len(FEATURES)) for method in ("gain", "shap_mean_abs")}
        return observe(job, "scale", FEATURES, shares, facts)

    def finished(self, model: Strategy, search: Strategy, skill: float) -> Finished:
        """One job of the fold."""
        job = _job(model, self.split, self.fold, search, self.seed)
        rng = np.random.default_rng(int(job.id, 16))
        p = self._predict(model.name, skill, rng)
        predictions = pl.DataFrame({"time": self.time, "label_end": self.time + HORIZON * DAY,
                                    "code": self.code, "y": self.y, "row": self.row, "p": p})
        record = self._record(job, p, rng)
        observations = self.template.with_columns(
            job=pl.lit(job.id), model=pl.lit(job.model.label), search=pl.lit(search.label),
            score=pl.lit(record.score), share=self.template["share"].shuffle(int(job.id[:8], 16)))
        return Finished(record, predictions, observations)

    def _predict(
        self, name: str, skill: float, rng: np.random.Generator
    ) -> npt.NDArray[np.float64]:
        if name == "prior":
            return np.full(self.y.size, 0.4)
        own = rng.normal(size=self.y.size)
        return np.asarray(1 / (1 + np.exp(-(skill * (self.y - 0.4) + self.common + 0.4 * own))))

    def _record(
        self, job: Job, p: npt.NDArray[np.float64], rng: np.random.Generator
    ) -> Record:
        searched = job.search.name != "none" and job.model.name not in ("prior",)
        trials = tuple(
            TrialRecord(number=k, params={"learning_rate": float(rng.random()), "depth": k},
                        score=float(0.6 + 0.1 * rng.random()), fold_scores=(0.61, 0.63),
                        n_iterations=50, seconds=0.1)
            for k in range(10 if searched else 0))
        return Record(
            job=job, status="ok", session="20260101-000000-0000",
            started=f"2026-01-01T00:00:{self.fold:02d}+00:00",
            seconds={"fit": 0.2, "search": 2.0 * searched, "predict": 0.001},
            audit=self._audit(), scores=_scores(self.y, p),
            train_scores={"roc_auc": 0.9, "log_loss": 0.4}, params={"learning_rate": 0.1},
            n_iterations=50, trials=trials, decisions=_decisions(),
            leaks=("contrast",) if job.split.name == "random" else ())

    def _audit(self) -> FoldAudit:
        start, end = int(self.time[0]), int(self.time[-1])
        block = BlockAudit(start=start, end=end, label_end=end + HORIZON * DAY)
        return FoldAudit(n_train=self.first * N_ENTITIES, n_test=self.y.size, n_purged=20,
                         train_start=0, train_end=start - DAY, test_start=start, test_end=end,
                         blocks=(block,))


def _decisions() -> tuple[Decision, ...]:
    return tuple(
        Decision(feature=name, action="keep" if k % 7 else "drop", code="F13",
                 sentence=f"kept: not constant, distinct from the others (highest |rho| 0.{k})",
                 statistic="|spearman rho|", value=k / 100, threshold=0.98, comparator="feature_00")
        for k, (name, _) in enumerate(FEATURES))


def fill_store(shape: Shape, folder: Path, seed: int = 0) -> Experiment:
    """Commit every job of a shape to a store, one by one, as workers do."""
    panel = make_panel()
    experiment = Store.open(folder).place("scale").create(panel, np.zeros(panel.n_rows), {
        "fingerprint": "d" * 16, "recipe": "none", "content": {}, "created": now()})
    jobs, done = experiment.jobs, {}
    for each in finished_jobs(shape, seed):
        with jobs.attempt(each.record.job.id) as attempt:
            (attempt.folder / PREDICTIONS).write_bytes(parquet(each.predictions))
            (attempt.folder / OBSERVATIONS).write_bytes(parquet(each.observations))
            sealed = attempt.seal(each.record)
        jobs.commit(sealed)
        done[sealed.job.id] = sealed
    with open_session(experiment, config=make_config().model_dump(mode="json"), seed=0,
                      jobs=list(done), skipped=[], audit=[]):
        compact(experiment, done)
    return experiment


def measure(name: str) -> list[Measure]:
    """Seconds of a report over all jobs of a store, as a process of its own, and its memory."""
    shape = SHAPES[name]
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(os, "fsync"):
        fill_store(shape, Path(folder))
        listed, _ = _timed(["runs", "list", "--reports", folder])
        wall, told = _timed(["report", "--reports", folder])
        sizes = ", ".join(f"{path.name} {path.stat().st_size / 1e6:.1f} MB" for path in sorted(
            (Path(folder) / "consolidated_reports" / "latest").glob("*.*")))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    table = f"{name}: {shape.n_jobs:,} jobs"
    return [
        Measure("a report over all stored jobs", table, wall, 10, "less",
                f"one whole process, {told}; {sizes}", "s"),
        Measure("peak memory of that report", table, peak, 1.5, "less", "one process", "GB"),
        Measure("listing the runs", table, listed, 5, "less", "one whole process", "s"),
    ]


def _timed(arguments: list[str]) -> tuple[float, str]:
    before, begun = os.times(), time.perf_counter()
    subprocess.run([sys.executable, "-m", "outlast", *arguments], check=True, capture_output=True)
    after, wall = os.times(), time.perf_counter() - begun
    cpu = (after.children_user + after.children_system - before.children_user
           - before.children_system)
    return wall, f"{wall:.1f} s of wall-clock time, {cpu:.1f} s of CPU"


def run() -> list[Measure]:
    """Measure the shape that people have."""
    return measure("wide")


def main() -> None:
    """Measure one shape or all of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", choices=SHAPES, default="wide")
    show(measure(parser.parse_args().shape))


if __name__ == "__main__":
    main()
