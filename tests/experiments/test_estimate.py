"""What a plan is said to take, and how it is made to fit into a budget."""

from __future__ import annotations

import pytest

from outlast.config import make_config
from outlast.errors import BudgetError, InputError
from outlast.experiments import foresee, prepare, run, within_budget
from outlast.experiments.budget import training_deadline
from outlast.experiments.estimate import (
    Cell,
    Estimate,
    Parallelism,
    affordable_trials,
    parallelism,
    unscorable,
)
from outlast.experiments.probes import sizes
from outlast.store import read_sessions
from tests.faults import world
from tests.tables import shop_panel


@pytest.mark.parametrize(("limit", "rows", "expected"), [
    ("100GB", 10_000, Parallelism(8, 1)), ("3GB", 1_000_000, Parallelism(3, 2)),
    ("1GB", 1_000_000, Parallelism(1, 8))])
def test_memory_decides_between_processes_and_threads(limit, rows, expected):
    config = make_config({"n_jobs": 8, "memory_limit": limit})
    assert parallelism(config, rows, 50) == expected


def test_what_cannot_fit_is_refused_with_the_estimate():
    config = make_config({"memory_limit": "1GB"})
    with pytest.raises(BudgetError, match=r"10,000,000 rows x 50 features needs about 6\.2 GB, "
                                          r"but 1\.0 GB are allowed; raise --memory_limit"):
        parallelism(config, 10_000_000, 50)


@pytest.mark.parametrize(("setting", "message"), [
    ({"time_budget": "soon"}, r"time_budget: give a number with one of the units s, min, h, d"),
    ({"time_budget": -1}, "greater than 0"), ({"memory_limit": "8 TB"}, "memory_limit: give"),
    ({"memory_limit": "1MB"}, "greater than or equal to 50000000"),
    ({"job_timeout": "3 fortnights"}, "job_timeout: give")])
def test_limits_that_are_none_are_errors(setting, message):
    with pytest.raises(InputError, match=message):
        make_config(setting)


def test_limits_are_read_with_their_units():
    config = make_config({"time_budget": "1.5h", "job_timeout": "10min", "memory_limit": "2GiB"})
    assert (config.time_budget, config.job_timeout, config.memory_limit) == (5400, 600, 2**31)


@pytest.mark.parametrize("n_rows", [2, 200, 1_499, 1_500, 1_501, 6_000, 10**6])
def test_the_fits_of_a_probe_differ_enough_to_tell_a_cost_per_row(n_rows):
    few, many = sizes(n_rows)
    assert many <= n_rows
    assert many >= 2 * few


def cells(*seconds: float) -> Estimate:
    """One cell of defaults, then one of a search, on two processes."""
    made = tuple(Cell("m", search, "cluster", 1, 0, 0, 1, 1, s)
                 for search, s in zip(("none", "optuna"), seconds, strict=True))
    return Estimate(made, Parallelism(2, 1), sum(seconds) / 2, 0.0)


@pytest.mark.parametrize(("budget", "expected"), [(100, 50), (55, 50), (30, 25), (5, 0), (1, 0)])
def test_a_budget_shortens_searches_in_proportion(budget, expected):
    assert affordable_trials(cells(10.0, 100.0), 50, budget) == expected


def test_a_plan_is_foreseen_by_probes_that_are_kept(tmp_path):
    prepared = world.prepared_in(tmp_path)
    found = foresee(prepared)
    assert found.calibrated
    assert [cell.model for cell in found.cells] == ["prior", "linear"]
    assert found.seconds > 0
    assert found.memory > 50e6
    again = foresee(world.reopened(prepared))
    assert again.cells == found.cells
    assert not list(tmp_path.glob("experiment_results/*/jobs"))
    outcome = run(world.reopened(prepared), runner="inline")
    assert outcome.estimated == pytest.approx(found.seconds)
    done = foresee(world.reopened(prepared))
    assert [cell.n_done for cell in done.cells] == [cell.n_jobs for cell in done.cells]
    assert sum(cell.seconds for cell in done.cells) == 0


def test_a_short_budget_leaves_no_search_and_says_so_every_time(tmp_path):
    values = {"optimization": ["none", "random"], "n_trials": 1000, "time_budget": 3}
    prepared = within_budget(world.prepared_in(tmp_path, **values))
    assert {job.search.name for job in prepared.plan.jobs} == {"none"}
    assert "3 s leave no time for a search" in [entry.reason for entry in prepared.plan.skipped]
    again = within_budget(world.prepared_in(tmp_path, **values))
    assert [job.id for job in again.plan.jobs] == [job.id for job in prepared.plan.jobs]


def test_folds_of_one_class_are_named_before_anything_is_trained(tmp_path):
    panel = shop_panel(n_days=90)
    panel.y[panel.time.ns >= panel.time.ns[-4 * 20]] = 1
    config = make_config({"models": ["prior"], "splits": ["temporal"], "optimization": ["none"],
                          "audit": "exact", "reports": str(tmp_path)})
    prepared = prepare(config, panel)
    assert unscorable(prepared.plan, panel) == ["temporal #0: all 72 test rows have one class"]


def searching(folder, budget):
    values = {"optimization": ["none", "random"], "n_trials": 2000, "time_budget": budget,
              "n_jobs": 1}
    return world.prepared_in(folder, **values)


def test_under_a_budget_the_defaults_come_first_and_show_what_searches_it_pays_for(tmp_path):
    happened = []
    outcome = run(searching(tmp_path, 20), happened.append, runner="inline")
    ended = [event.job.search.name for event in happened if event.kind == "ok"]
    assert ended == sorted(ended)  # none before random
    (trials,) = {job.search.params["n_trials"] for job in outcome.plan.jobs
                 if job.search.name == "random"}
    assert 3 <= trials < 2000
    assert f"20 s leave time for {trials} of 2000 trials" in [
        entry.reason for entry in outcome.plan.skipped]
    assert not outcome.experiment.storage.exists("probes")
    (session,) = read_sessions(outcome.experiment)
    assert session["jobs"] == [job.id for job in outcome.plan.jobs]
    assert sorted(session["to_train"]) == sorted(session["jobs"])
    assert session["config"]["n_trials"] == 2000  # so that `outlast resume` finds the same plan
    again = run(searching(tmp_path, 20), runner="inline")
    assert [job.id for job in again.plan.jobs] == session["jobs"]
    assert again.reused == outcome.trained


def test_when_the_defaults_take_all_of_the_budget_nothing_is_searched_or_probed(tmp_path):
    outcome = run(searching(tmp_path, 1e-6))
    assert {job.search.name for job in outcome.plan.jobs} == {"none"}
    assert outcome.ended == {"cancelled": len(outcome.plan.jobs)}
    assert not outcome.experiment.storage.exists("probes")


def test_what_the_exam_takes_is_kept_back_from_a_budget(tmp_path):
    sealed, all_seen = (
        prepare(make_config({**world.SMALL, "reports": str(tmp_path), "exam": exam,
                             "time_budget": 100}), shop_panel(n_days=200))
        for exam in (0.15, "off"))
    assert training_deadline(all_seen) == all_seen.begun + 100
    assert 40 < training_deadline(sealed) - sealed.begun < 90
    unlimited = world.prepared_in(tmp_path)
    assert training_deadline(unlimited) is None
