"""The commands as a person types them, in a process of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from tests.tables import shop_table

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a table, where the commands run one after the other."""
    path = tmp_path_factory.mktemp("work")
    shop_table().write_csv(path / "shops.csv")
    shop_table().head(0).write_csv(path / "empty.csv")
    pl.concat([shop_table().head(3).with_columns(day=pl.lit(None).cast(pl.Date)), shop_table()]
              ).write_csv(path / "nat.csv")
    return path


DATA = ["--data", "shops.csv", "--time", "day", "--entity", "shop", "--target", "busy",
        "--horizon", "2", "--leaky", "sales", "level", "--importance", "0"]


def call(folder: Path, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / f"{script}.py"), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300,
                          env={**os.environ, "COLUMNS": "200"}, check=False)


def test_reports_only_without_results_says_what_to_run(folder):
    done = call(folder, "run_model_pipeline", "--skip_training", "--reports", "nothing")
    assert done.returncode == 2
    assert "train first: outlast run" in done.stderr


def test_the_scripts_end_to_end(folder):
    first = call(folder, "run_model_experiments", *DATA, "--models", "linear", "prior",
                 "--splits", "temporal", "random", "--optimization", "random", "--n_trials", "2")
    assert first.returncode == 0, first.stderr
    assert "12 jobs trained, 0 reused, 0 failed" in first.stdout
    report = call(folder, "generate_consolidated_report")
    assert report.returncode == 0, report.stderr
    assert "linear tuned by random" in report.stdout
    latest = folder / "reports" / "consolidated_reports" / "latest"
    assert (latest / "index.html").is_file()
    # Both spellings of a flag are the same flag.
    again = call(folder, "run_model_pipeline", *DATA, "--models", "linear", "prior",
                 "--splits", "temporal", "random", "--optimization", "random", "--n-trials", "2")
    assert "0 jobs trained, 12 reused" in again.stdout
    trained = call(folder, "train_models", *DATA, "--models", "lightgbm")
    assert "lightgbm fold 0: reports/experiment_results/" in trained.stdout
    only = call(folder, "run_model_pipeline", "--skip_training", "--models", "lightgbm")
    assert only.returncode == 0, only.stderr
    assert "lightgbm" in only.stdout


def outlast(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "outlast", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300,
                          env={**os.environ, "COLUMNS": "200"}, check=False)


def test_runs_and_features_can_be_told(folder):
    """Goes on in the folder of the test above, which pytest runs first."""
    experiments = sorted((folder / "reports" / "experiment_results").glob("*/"))
    if not experiments:
        test_the_scripts_end_to_end(folder)
        experiments = sorted((folder / "reports" / "experiment_results").glob("*/"))
    listed = outlast(folder, "runs", "list")
    session = next(iter(sorted(p.name for p in (experiments[0] / "sessions").iterdir())))
    assert session in listed.stdout
    told = outlast(folder, "runs", "show", session)
    assert '"command": "run_model_experiments.py' in told.stdout
    job = next(path.parent.name for path in experiments[0].glob("jobs/*/*/record.json"))
    told = outlast(folder, "runs", "show", job[:8])
    assert f"job {job}" in told.stdout
    assert "outlast train --data shops.csv" in told.stdout
    features = outlast(folder, "features", "list")
    assert "signal" in features.stdout
    assert "dropped: constant" in features.stdout
    feature = outlast(folder, "features", "show", "noise")
    assert "importance" in feature.stdout
    typo = outlast(folder, "features", "show", "nois")
    assert typo.returncode == 2
    assert "did you mean 'noise'?" in typo.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "none.csv", "--time", "day", "--target", "busy"],
         "'; tables beside it: empty.csv, nat.csv, shops.csv"),
        ([*DATA[:2], "--time", "dya", *DATA[4:]], "time column 'dya' is not in the table: did you"),
        ([*DATA, "--models", "lightgmb"], "unknown model 'lightgmb': did you mean 'lightgbm'?"),
        ([*DATA, "--splits", "temporel"], "unknown split 'temporel': did you mean 'temporal'?"),
        (["--data", "empty.csv", *DATA[2:]], "has no rows"),
        (["--data", "nat.csv", *DATA[2:]], "3 missing value(s), first at row(s) [0, 1, 2]"),
        ([*DATA, "--n_trials", "-1"], "n_trials"),
        (["--n_trails", "3"], "Did you mean --n_trials?"),
        (["--optimization", "optun"], "Input should be 'optuna', 'random', 'grid' or 'none'"),
        (["--models"], "name at least one"),
        (["shops.csv"], "if this is the table: --data shops.csv"),
        (["--leaky", "sales", "empty.csv"], "'empty.csv' is a table and no column; name the"),
        (["--target", "big_move"], "did you mean 'big_move_5'?"),
    ],
)
def test_bad_input_exits_with_two_and_says_the_way_out(folder, arguments, message):
    done = call(folder, "run_model_pipeline", *arguments, "--reports", "bad")
    assert done.returncode == 2, done.stdout + done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((folder / "bad").glob("experiment_results/*/sessions"))


def test_a_time_budget_that_is_over_at_once_is_told_in_a_word(folder):
    done = call(folder, "run_model_pipeline", *DATA, "--quick_run", "--models", "prior", "linear",
                "--time_budget", "0.01", "--reports", "hurried")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "longer --time_budget" in done.stderr
    assert "left undone when the time was over" in done.stdout
    assert "cancelled: the time" not in done.stdout
    assert "under None" not in done.stdout


def test_what_is_left_is_told_before_it_is_resumed(folder):
    done = outlast(folder, "resume", "--dry_run")
    assert done.returncode == 0, done.stderr
    assert "what would be run" in done.stdout
    assert "nothing was trained" in done.stdout


def test_ctrl_c_stops_with_the_command_that_resumes(folder):
    command = [sys.executable, str(ROOT / "scripts" / "run_model_pipeline.py"), *DATA,
               "--reports", "stopped", "--optimization", "optuna", "--n_trials", "500"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, start_new_session=True)
    deadline = time.monotonic() + 120
    while not list((folder / "stopped").glob("experiment_results/*/jobs/*/*/record.json")):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "run_model_pipeline.py --data shops.csv" in errors
    assert "Traceback" not in errors
