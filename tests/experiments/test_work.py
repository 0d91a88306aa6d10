"""Every planned job ends in exactly one state, whatever happens to the process that runs it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from outlast.experiments import run, work
from outlast.models.baseline import FittedPrior
from outlast.pipeline import report_only
from tests.faults import jobs, world

FOLDS = ["expanding_window"]


@pytest.fixture
def happen(tmp_path, monkeypatch):
    """Say what happens to which job, as {"model fold": "kill once"}."""
    marks = tmp_path / "marks"
    marks.mkdir()

    def plan(**happens: str) -> None:
        named = {key.replace("_", " "): what for key, what in happens.items()}
        monkeypatch.setenv(jobs.PLAN, json.dumps({"folder": str(marks), "happens": named}))
        monkeypatch.setattr(work, "run_job", jobs.accident)

    plan.tries = lambda name: len((marks / name).read_text())
    return plan


def states(outcome) -> dict[str, str]:
    records = outcome.experiment.jobs.read_all(job.id for job in outcome.plan.jobs).values()
    return {f"{r.job.model.name} {r.job.fold}": r.status for r in records}


def test_each_accident_has_its_own_end_and_hits_nobody_else(happen, tmp_path):
    happen(prior_0="kill once", prior_1="kill", prior_2="segfault", prior_3="raise",
           prior_4="hang", linear_0="talk")
    prepared = world.prepared_in(tmp_path / "r", splits=FOLDS, job_timeout=3)
    outcome = run(prepared)
    found = states(outcome)
    assert found == {"prior 0": "ok", "prior 1": "crashed", "prior 2": "crashed",
                     "prior 3": "failed", "prior 4": "timeout",
                     **{f"linear {k}": "ok" for k in range(5)}}
    assert (outcome.trained, outcome.failed) == (6, 4)
    assert outcome.ended == {"ok": 6, "crashed": 2, "failed": 1, "timeout": 1}
    # A dead process is tried once more; what raises or hangs would do so again.
    assert [happen.tries(f"prior-{k}") for k in range(5)] == [2, 2, 2, 1, 1]
    failures = {f"{r.job.model.name} {r.job.fold}": r.failure
                for r in outcome.experiment.jobs.records() if r.failure}
    assert "SIGKILL" in failures["prior 1"].message
    assert "SIGSEGV" in failures["prior 2"].message
    assert "no luck" in failures["prior 3"].traceback
    assert "longer than the 3 s" in failures["prior 4"].message
    jobs_ = outcome.experiment.jobs
    talker = next(r for r in jobs_.records() if r.job.model.name == "linear" and not r.job.fold)
    assert "said by the job" in jobs_.log(talker)
    segfault = next(r for r in jobs_.records() if r.job.model.name == "prior" and r.job.fold == 2)
    assert "accident" in jobs_.log(segfault)  # the stack of the crash
    # The next run does what is missing, and only that.
    happen()
    again = run(world.reopened(prepared))
    assert (again.trained, again.reused, again.failed) == (4, 6, 0)
    assert set(states(again).values()) == {"ok"}


def test_memory_is_limited_and_the_greedy_job_is_tried_again_alone(happen, tmp_path):
    happen(prior_0="hoard", prior_1="hoard once")
    prepared = world.prepared_in(tmp_path / "r", models=["prior"], splits=FOLDS,
                                 memory_limit="600MB", n_jobs=2)
    outcome = run(prepared)
    assert states(outcome) == {"prior 0": "oom", **{f"prior {k}": "ok" for k in range(1, 5)}}
    assert (happen.tries("prior-0"), happen.tries("prior-1")) == (2, 2)
    (failure,) = [r.failure for r in outcome.experiment.jobs.records() if r.failure]
    assert "600 MB" in failure.message or "572 MiB" in failure.message


def test_after_the_time_budget_nothing_starts_and_the_rest_is_kept(happen, tmp_path):
    happen(prior_2="hang")
    prepared = world.prepared_in(tmp_path / "r", splits=FOLDS, time_budget=10, n_jobs=1)
    outcome = run(prepared)
    found = states(outcome)
    assert len(found) == 10
    assert found["prior 2"] == "cancelled"
    assert found["prior 0"] == "ok"
    assert set(found.values()) == {"ok", "cancelled"}
    happen()
    later = prepared.config.model_copy(update={"time_budget": None})
    from dataclasses import replace

    again = run(replace(world.reopened(prepared), config=later))
    assert set(states(again).values()) == {"ok"}


@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_predictions_that_are_no_numbers_are_no_result(tmp_path, monkeypatch, odd):
    monkeypatch.setattr(FittedPrior, "_predict", lambda self, data: np.full(len(data), odd))
    prepared = world.prepared_in(tmp_path / "r", models=["prior"], splits=["temporal"])
    outcome = run(prepared, runner="inline")
    assert set(states(outcome).values()) <= {"failed", "non_finite"}
    assert (outcome.trained, outcome.failed) == (0, 1)


def test_the_report_counts_what_did_not_come_to_a_result(happen, tmp_path):
    happen(prior_1="kill", linear_0="raise")
    prepared = world.prepared_in(tmp_path / "r", splits=FOLDS)
    run(prepared)
    document = report_only(prepared.config).document
    assert {card.status for card in document.failures} == {"crashed", "failed"}
    coverage = [f for f in document.findings if f.code == "OL806"]
    assert coverage[0].outcome == "issue"


def test_ray_comes_to_the_same_results(tmp_path):
    pytest.importorskip("ray")
    here = run(world.prepared_in(tmp_path / "here", splits=["temporal"]))
    there = run(world.prepared_in(tmp_path / "there", splits=["temporal"]), runner="ray")
    assert world.same(world.results(here), world.results(there))


def test_an_object_store_comes_to_the_same_results(tmp_path, s3, monkeypatch):
    monkeypatch.setenv("OUTLAST_CACHE", str(tmp_path / "cache"))
    here = run(world.prepared_in(tmp_path / "here", splits=["temporal"]))
    there = run(world.prepared_in(tmp_path / "there", splits=["temporal"],
                                  store=f"{s3}/experiments"))
    assert world.same(world.results(here), world.results(there))
    again = run(world.prepared_in(tmp_path / "there", splits=["temporal"],
                                  store=f"{s3}/experiments"))
    assert (again.trained, again.reused) == (0, 2)
    assert not (tmp_path / "there" / "experiment_results").exists()
