"""Whole-matrix time against the time inside the libraries, and what finished work costs."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks.inside import timed_job
from benchmarks.measure import Measure, show
from benchmarks.panels import as_it_is, planted_panel
from outlast.config import make_config
from outlast.data import Panel
from outlast.experiments import Progress, prepare, work
from outlast.experiments import run as run_jobs
from outlast.features import Recipe

_MATRIX = {"models": ["linear", "lightgbm", "xgboost", "catboost"],
           "splits": ["temporal", "walk_forward", "expanding_window"],
           "optimization": ["none", "optuna"], "n_trials": 20, "audit": "exact",
           # Explanations come after the matrix, within a share of the time that is set for them.
           "importance": 0}


def overhead(
    name: str, panel: Panel | None = None, recipe: Recipe | None = None, **values: Any
) -> Measure:
    """Measure a matrix: wall-clock time x processes over the seconds inside the libraries."""
    with tempfile.TemporaryDirectory() as folder:
        config = make_config({**_MATRIX, "reports": folder, **values})
        prepared = prepare(config, panel, recipe)
        times = Path(folder) / "times"
        times.mkdir()
        os.environ["OUTLAST_BENCH"] = str(times)
        begun = time.perf_counter()
        with mock.patch.object(work, "run_job", timed_job):
            outcome = run_jobs(prepared, _quiet)
        wall = time.perf_counter() - begun
        inside = sum(json.loads(path.read_text())["seconds"] for path in times.iterdir())
    cores = prepared.how.processes * prepared.how.threads
    assert outcome.failed == 0
    return Measure(
        "whole matrix: wall-clock time x cores / time inside the libraries", name,
        wall * cores / inside, 1.10, "less",
        f"{outcome.trained} jobs in {len(prepared.plan.groups)} fits, {wall:.1f} s on {cores} "
        f"cores, {inside:.1f} s in lightgbm, xgboost, catboost and scikit-learn")


def _quiet(step: Progress) -> None:
    del step


def finished() -> Measure:
    """Measure how long the command takes on a matrix that is finished, as a whole process."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "outlast", "run", "--reports", folder, "--models",
                   "prior", "last_value", "linear", "lightgbm", "--optimization", "none"]
        subprocess.run(command, check=True, capture_output=True)
        walls, cpus = [], []
        for _ in range(5):
            before, begun = os.times(), time.perf_counter()
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            after = os.times()
            walls.append(time.perf_counter() - begun)
            cpus.append(after.children_user + after.children_system
                        - before.children_user - before.children_system)
            assert "0 jobs trained" in done.stdout
    wall, cpu = sorted(walls)[2], sorted(cpus)[2]
    return Measure("a finished matrix answers", "stocks, 4 models x 6 splits", wall, 2.0, "less",
                   f"median of 5 whole processes, {cpu:.2f} s of CPU", unit="s")


def run(quick: bool = False) -> list[Measure]:
    """Return all figures of this module."""
    values = {"n_trials": 5} if quick else {}
    few = {"splits": ["temporal"], "models": ["lightgbm", "xgboost"], **values}
    return [finished(), overhead("stocks, 12,154 x 28", **values),
            overhead("planted panel, 103,000 x 50", planted_panel(), as_it_is(), **few)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    show(run(parser.parse_args().quick))
