"""Whole pipelines that are killed, stopped, started twice, and gone on with."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import psutil
import pytest

from outlast.store import Store
from tests.tables import shop_table

ROOT = Path(__file__).parents[2]
TABLE = ["--data", "shops.csv", "--time", "day", "--entity", "shop", "--target", "busy",
         "--horizon", "2", "--leaky", "sales", "level"]
MATRIX = ["--models", "linear", "lightgbm", "--splits", "temporal", "expanding_window",
          "--optimization", "none", "random", "--n_trials", "4", "--audit", "exact",
          "--importance", "0.02"]
# Where it is not about searches and explanations.
SMALL = ["--models", "linear", "lightgbm", "--splits", "expanding_window", "--optimization", "none",
         "--audit", "exact", "--importance", "0"]
# Trials of a search that ends only when it is stopped.
FOR_HOURS = "1000000"


@pytest.fixture
def work(tmp_path):
    """A folder with a table."""
    shop_table(n_days=120).write_csv(tmp_path / "shops.csv")
    return tmp_path


def outlast(work: Path, *arguments: str, **options) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "outlast", *arguments], cwd=work, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        env={**os.environ, "COLUMNS": "200"}, **options)


def ended(process: subprocess.Popen) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=400)
    return process.returncode, out, err


def run(work: Path, *arguments: str, matrix: list[str] = MATRIX) -> tuple[int, str, str]:
    return ended(outlast(work, "experiments", *TABLE, *matrix, *arguments))


def results(reports: Path) -> dict[str, tuple]:
    """Scores and predictions of every finished job."""
    (experiment,) = Store.open(reports).experiments()
    jobs = experiment.jobs
    return {r.job.id: (r.scores, [t.params for t in r.trials], jobs.predictions(r).to_dict(
        as_series=False)) for r in jobs.records() if r.status == "ok"}


def committed(reports: Path) -> int:
    return len(list(reports.glob("experiment_results/*/jobs/*/*/record.json")))


def wait_for(condition, seconds: float = 180.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def family(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def gone(processes: list[psutil.Process], seconds: float) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=seconds)
    return not [p for p in alive if p.status() != psutil.STATUS_ZOMBIE]


def kill_after_the_next_record(work: Path, reports: str) -> bool:
    """Start the matrix and kill it soon after one more job is committed; False if it ended."""
    before = committed(work / reports)
    process = outlast(work, "experiments", *TABLE, *MATRIX, "--reports", reports)
    wait_for(lambda: committed(work / reports) > before or process.poll() is not None)
    time.sleep(random.uniform(0, 0.5))
    children, running = family(process.pid), process.poll() is None
    process.kill()
    process.communicate()
    # Nobody outlives the one who was killed.
    assert gone(children, 5.0)
    return running


@pytest.mark.parametrize(("seed", "most"), [
    (1, 2), *(pytest.param(k, 20, marks=pytest.mark.soak) for k in range(2, 11))])
def test_a_pipeline_that_is_killed_again_and_again_comes_to_the_same_results(work, seed, most):
    random.seed(seed)
    assert run(work, "--reports", "calm")[0] == 0
    kills = 0
    while kills < most and kill_after_the_next_record(work, "killed"):
        kills += 1
    assert kills >= 1
    kept = committed(work / "killed")
    code, out, err = run(work, "--reports", "killed")
    assert code == 0, err
    assert results(work / "killed") == results(work / "calm")
    # What was committed is not trained again.
    assert f", {kept} reused" in out
    code, out, _ = ended(outlast(work, "gc", "--store", "killed"))
    assert code == 0
    assert "were removed" in out
    assert results(work / "killed") == results(work / "calm")


def test_the_second_of_two_pipelines_is_refused_and_told_by_whom(work):
    first = outlast(work, "experiments", *TABLE, "--models", "lightgbm", "--optimization",
                    "random", "--n_trials", FOR_HOURS, "--audit", "exact")
    wait_for(lambda: list(work.glob("reports/experiment_results/*/sessions/*/manifest.json")))
    code, _, err = ended(outlast(work, "experiments", *TABLE, "--models", "lightgbm",
                                 "--optimization", "random", "--n_trials", FOR_HOURS,
                                 "--audit", "exact"))
    assert code == 73, err
    assert f"process {first.pid} on " in err
    first.send_signal(signal.SIGINT)
    code, _, err = ended(first)
    assert code == 130
    assert "Go on with:" in err
    assert run(work, matrix=SMALL)[0] == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_pipeline_that_is_asked_to_go_does_so_and_says_how_to_go_on(work, number):
    process = outlast(work, "experiments", *TABLE, "--models", "lightgbm", "--optimization",
                      "random", "--n_trials", FOR_HOURS, "--audit", "exact")
    wait_for(lambda: len(family(process.pid)) >= 2)
    children = family(process.pid)
    process.send_signal(number)
    code, _, err = ended(process)
    assert code == 130
    assert "Go on with:\n  python -m outlast experiments --data shops.csv" in err
    assert gone(children, 5.0)


def test_a_changed_table_is_refused_after_a_stop_and_the_change_is_named(work):
    process = outlast(work, "experiments", *TABLE, "--models", "lightgbm", "--optimization",
                      "random", "--n_trials", FOR_HOURS, "--audit", "exact")
    wait_for(lambda: list(work.glob("reports/experiment_results/*/sessions/*/manifest.json")))
    process.send_signal(signal.SIGINT)
    assert ended(process)[0] == 130
    before = (work / "shops.csv").stat()
    table = pl.read_csv(work / "shops.csv")
    table.with_columns(noise=pl.when(pl.int_range(pl.len()) == 7).then(0.5).otherwise("noise")
                       ).write_csv(work / "shops.csv")
    os.utime(work / "shops.csv", ns=(before.st_atime_ns, before.st_mtime_ns))
    code, _, err = run(work, matrix=SMALL)
    assert code == 2
    assert "the table has changed since: values differ in 'noise'" in err
    code, _, err = ended(outlast(work, "resume"))
    assert code == 2
    assert "has changed: values differ in 'noise'" in err
    table.write_csv(work / "shops.csv")
    assert run(work, matrix=SMALL)[0] == 0
    table.head(440).write_csv(work / "shops.csv")
    code, _, err = ended(outlast(work, "resume"))
    assert "480 rows were there, now 440" in err
    assert run(work, "--new_data", matrix=SMALL)[0] == 0
    assert len(Store.open(work / "reports").experiments()) == 2


def test_an_experiment_is_gone_on_with_as_it_was_or_extended(work):
    short = ["--models", "prior", "--splits", "temporal", "--optimization", "none", "--audit",
             "exact"]
    assert ended(outlast(work, "experiments", *TABLE, *short))[0] == 0
    code, out, _ = ended(outlast(work, "resume"))
    assert code == 0
    assert "0 jobs trained, 1 reused" in out
    code, _, err = ended(outlast(work, "resume", "--models", "prior", "linear"))
    assert code == 2
    assert "models: [prior] became [prior, linear]" in err
    assert "--extend" in err
    code, _, err = ended(outlast(work, "resume", "--extend", "--models", "linear"))
    assert code == 2
    assert "--extend only adds" in err
    code, out, _ = ended(outlast(work, "resume", "--extend", "--models", "prior", "linear",
                                 "--n_jobs", "1"))
    assert code == 0
    assert "1 job trained, 1 reused" in out


def test_workers_share_a_plan_and_a_report_is_made_of_it(work):
    code, out, err = run(work, "--prepare_only", matrix=SMALL)
    assert code == 0, err
    assert "outlast worker --shard i/N --store reports" in out
    workers = [outlast(work, "worker", "--shard", f"{k}/2", "--store", "reports", "--n_jobs", "1")
               for k in range(2)]
    told = [ended(worker) for worker in workers]
    assert [code for code, *_ in told] == [0, 0], told
    trained = [int(out.split(" jobs trained")[0].split()[-1]) for _, out, _ in told]
    assert min(trained) > 0
    assert run(work, "--reports", "alone", matrix=SMALL)[0] == 0
    assert results(work / "reports") == results(work / "alone")
    code, out, _ = run(work, matrix=SMALL)
    assert f"0 jobs trained, {sum(trained)} reused" in out
    code, out, err = ended(outlast(work, "report"))
    assert code == 0, err
    bad = ended(outlast(work, "worker", "--shard", "2/2", "--store", "reports"))
    assert bad[0] == 2
    assert "--shard must be such as 3/10" in bad[2]


def test_a_dry_run_trains_nothing_and_says_what_it_would_take(work):
    code, out, err = ended(outlast(work, "run", *TABLE, *MATRIX, "--dry_run"))
    assert code == 0, err
    assert "nothing was trained" in out
    assert "random(n_trials=4)" in out
    assert committed(work / "reports") == 0


def test_output_into_a_closed_pipe_is_no_error(work):
    process = outlast(work, "doctor")
    process.stdout.close()
    process.stdout = None
    assert "Traceback" not in ended(process)[2]


@pytest.fixture
def disk(work):
    """A disk of its own of one megabyte for the reports, where one may be mounted."""
    folder = work / "reports"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1100k", "tmpfs", str(folder)],
                             check=False, capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("no disk can be mounted here; errors of the disk are put in elsewhere")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def remount(disk: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(disk)], check=True)


def test_a_disk_that_may_not_be_written_is_refused_before_any_compute(work, disk):
    remount(disk, "ro")
    code, _, err = run(work)
    assert code == 73, err
    assert "Read-only file system; choose another folder with --reports" in err
    assert list(disk.iterdir()) == []


def test_a_full_disk_pauses_the_run_which_goes_on_later(work, disk):
    code, _, err = run(work)
    assert code == 75, err
    assert "free some space, then run the same command again" in err
    (experiment,) = Store.open(disk).experiments()
    assert "failed" not in {record.status for record in experiment.jobs.records()}
    remount(disk, "size=64m")
    code, _, err = run(work)
    assert code == 0, err
    sessions = sorted((disk / "experiment_results" / experiment.name / "sessions").iterdir())
    assert json.loads((sessions[-1] / "manifest.json").read_text())["outcome"] == "finished"
