"""The phase after the jobs: what it measures, that it measures it once, and what it survives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from outlast.data import Events
from outlast.experiments import explain, run
from outlast.experiments.afford import Size
from outlast.experiments.explain import Explainer, headline_split, read_explanations
from outlast.experiments.explanation import Case, event_rows, measure
from outlast.experiments.prepare import order_of
from outlast.experiments.train import open_bench
from outlast.feature_tracker import FeatureTracker
from outlast.feature_tracker.observations import SCHEMA
from outlast.runners import InlineRunner, Limits
from outlast.store import read_sessions
from tests.faults import world

SETTINGS = {"models": ["prior", "linear"], "splits": ["temporal", "expanding_window"],
            "importance": 0.25}


@pytest.fixture(scope="module")
def explained(tmp_path_factory):
    """A run whose fits are explained, and its plan."""
    steps = []
    prepared = world.prepared_in(tmp_path_factory.mktemp("r"), **SETTINGS)
    return prepared, run(world.reopened(prepared), steps.append, runner="inline"), steps


def records_of(outcome):
    return list(outcome.experiment.jobs.read_all(job.id for job in outcome.plan.jobs).values())


def places(outcome) -> set[str]:
    return {n for n in outcome.experiment.storage.files("explanations") if n.endswith("parquet")}


def test_every_fold_of_the_best_configuration_is_explained(explained):
    _, outcome, steps = explained
    table = outcome.explained.table
    assert table.schema == pl.Schema(SCHEMA)
    assert set(table["model"]) == {"linear"}
    whole = table.filter(pl.col("event").is_null() & (pl.col("method") == "perm_group"))
    assert set(whole.select("split", "fold").iter_rows()) == {
        ("temporal", 0), *(("expanding_window", k) for k in range(5))}
    assert set(whole["unit"]) == {"delta roc_auc"}
    best = whole.group_by("cluster").agg(pl.col("value").mean()).sort("value")["cluster"][-1]
    assert best in ("signal", "copy")
    bars = whole.select("fold", "split", "probe_best").unique()
    assert bars["probe_best"].null_count() == 0
    assert bars["probe_best"].max() < whole["value"].max()
    told = [(step.done, step.total, step.kind) for step in steps if step.phase == "explain"]
    assert told[0][:2] == (0, len(told) // 2)
    assert told[-1] == (len(told) // 2, len(told) // 2, "ok")


def test_the_winner_is_refitted_too(explained):
    _, outcome, _ = explained
    refits = outcome.explained.table.filter(pl.col("method") == "loco_group")
    assert set(refits["split"]) == {"expanding_window"}
    worth = refits.group_by("cluster").agg(pl.col("value").mean()).sort("value", nulls_last=False)
    assert worth["cluster"][-1] in ("signal", "copy")


def test_it_is_told_in_the_session_and_in_the_ledger(explained):
    prepared, outcome, _ = explained
    told = read_sessions(outcome.experiment)[-1]["explained"]
    assert told["fits"] == len(places(outcome)) == outcome.explained.n_fits
    assert told["seconds"] == pytest.approx(outcome.explained.seconds)
    seconds = sum(outcome.experiment.storage.read_parquet(name)["seconds"].sum()
                  for name in places(outcome))
    assert seconds == pytest.approx(told["seconds"])
    assert f"explained {told['fits']} fits in " in str(outcome.explained)
    ledger = FeatureTracker.open(prepared.config.reports).observations()
    kept = ledger.filter(pl.col("method") == "perm_group")
    assert kept.height == outcome.explained.table.filter(pl.col("method") == "perm_group").height


def test_what_is_finished_is_read_and_never_measured_again(explained, monkeypatch):
    prepared, outcome, _ = explained
    monkeypatch.setattr(explain, "explain_fit", None)  # whoever called it would fail
    again = run(world.reopened(prepared), runner="inline")
    assert not again.explained.is_news
    assert again.explained.table.equals(outcome.explained.table)
    observed = FeatureTracker.open(prepared.config.reports).observations()
    whole = observed.filter(pl.col("event").is_null())
    assert whole.height == whole.unique(["job", "method", "feature", "data_part"]).height


def test_a_damaged_explanation_is_made_again(tmp_path):
    prepared = world.prepared_in(tmp_path, **{**SETTINGS, "splits": ["temporal"]})
    first = run(prepared, runner="inline")
    (name,) = places(first)
    path = Path(first.experiment.storage.url) / name
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    assert run(world.reopened(prepared), runner="inline").explained.table.is_empty()
    third = run(world.reopened(prepared), runner="inline")
    unlike = ["seconds"]
    assert third.explained.table.drop(unlike).equals(first.explained.table.drop(unlike))


def test_a_fit_that_cannot_be_explained_fails_nothing_else(tmp_path, monkeypatch, caplog):
    def sometimes(spec):
        if spec["job"]["fold"] == 1:
            raise RuntimeError("no luck")
        real(spec)

    real = explain.explain_fit
    monkeypatch.setattr(explain, "explain_fit", sometimes)
    prepared = world.prepared_in(tmp_path, **{**SETTINGS, "splits": ["expanding_window"]})
    outcome = run(prepared, runner="inline")
    assert (outcome.failed, outcome.explained.n_failed, outcome.explained.n_fits) == (0, 1, 4)
    assert "1 failed" in str(outcome.explained)
    assert "could not be explained: RuntimeError: no luck" in caplog.text
    failed = outcome.explained.table.filter(pl.col("status") == "failed")
    assert set(failed["fold"]) == {1}
    assert failed["value"].null_count() == failed.height > 0
    # The next run tries it again, and only that.
    monkeypatch.setattr(explain, "explain_fit", real)
    again = run(world.reopened(prepared), runner="inline")
    assert (again.explained.n_fits, again.explained.n_failed) == (1, 0)


def test_nothing_starts_after_the_time_of_the_run(explained, tmp_path):
    prepared = world.prepared_in(tmp_path, **{**SETTINGS, "importance": 0})
    outcome = run(prepared, runner="inline")
    assert outcome.explained is None
    explainer = Explainer(order_of(prepared), prepared.experiment, 0.25, Limits(deadline=0.0))
    late = explainer.run(records_of(outcome), InlineRunner())
    assert (late.n_fits, late.n_failed) == (0, 0)
    assert late.n_late > 0
    assert f"no time for {late.n_late}" in str(late)
    assert late.table.is_empty()


def test_what_the_budget_leaves_out_is_named(explained):
    prepared, outcome, _ = explained
    explainer = Explainer(order_of(prepared), prepared.experiment, 1e-6, Limits())
    found = explainer.run(records_of(outcome), InlineRunner())
    skipped = found.table.filter(pl.col("status") == "skipped_budget")
    assert not found.is_news
    assert set(skipped["split"]) == {"temporal", "expanding_window"}


def test_workers_of_their_own_measure_the_same(explained, tmp_path):
    _, outcome, _ = explained
    other = run(world.prepared_in(tmp_path, **SETTINGS, n_jobs=2))
    keys = ["split", "fold", "method", "feature", "event"]
    both = other.explained.table.join(outcome.explained.table, on=keys, nulls_equal=True)
    measured = both.filter((pl.col("n_rows") == pl.col("n_rows_right"))
                           & (pl.col("n_repeats") == pl.col("n_repeats_right")))
    assert measured.height > 0
    np.testing.assert_allclose(measured["value"], measured["value_right"], atol=1e-12)


def test_splits_that_share_a_fit_share_its_explanation(tmp_path):
    splits = ["temporal", {"temporal": {"test_size": 0.2}}]
    prepared = world.prepared_in(tmp_path, models=["linear"], splits=splits, importance=0.25)
    outcome = run(prepared, runner="inline")
    shared = [r for r in records_of(outcome) if r.shared_with]
    table = read_explanations(outcome.experiment, records_of(outcome))
    assert shared
    assert len(places(outcome)) == 1
    one, other = (table.filter(pl.col("split") == split).drop("job", "split")
                  for split in ("temporal", "temporal(test_size=0.2)"))
    assert one.height > 0
    assert one.equals(other)


@pytest.fixture(scope="module")
def case(explained):
    """One fit of the run."""
    prepared, outcome, _ = explained
    record = next(r for r in records_of(outcome) if r.job.model.name == "linear")
    bench = open_bench(prepared.config.store_url, outcome.experiment.name, record.job.features)
    names = bench.table.names
    clusters = {"signal": ["signal", "copy"],
                **{name: [name] for name in names if name not in ("signal", "copy")}}
    return Case(bench, record, (record,), clusters)


def test_a_group_is_measured_as_one_and_counted_once(case):
    table = measure(case, Size(rows=200, groups=3, refits=1, refits_due=2))
    groups = table.filter(pl.col("method") == "perm_group")
    assert set(groups.filter(pl.col("status") == "ok")["rank"]) == {1, 2, 3}
    shares = groups.unique("cluster")["share"].drop_nulls()
    assert shares.sum() == pytest.approx(1.0)
    assert len(groups.filter(pl.col("status") == "skipped_budget")) > 0
    refits = table.filter(pl.col("method") == "loco_group").unique("cluster")
    assert sorted(refits["status"]) == ["ok", "skipped_budget"]
    # The one that costs most without it comes first.
    first = groups.filter(pl.col("rank") == 1)["cluster"][0]
    assert refits.filter(pl.col("status") == "ok")["cluster"].to_list() == [first]


def test_the_same_seed_measures_the_same(case):
    size = Size(rows=200, groups=2, probed=True)
    one, other = (measure(case, size).drop("seconds") for _ in range(2))
    assert one.equals(other)
    assert one["probe_best"].drop_nulls().n_unique() == 1


def test_rows_of_an_event_are_told_by_their_time():
    events = Events.from_frame(pl.DataFrame({
        "start": [0, 60, 95], "end": [9, 79, 99], "name": ["storm", "storm", "short"]}))
    times = np.repeat(np.arange(100), 2)
    found = event_rows(events, times)
    assert set(found) == {"storm"}  # ten rows are too few to say anything of the other
    np.testing.assert_array_equal(np.unique(times[found["storm"]]), [*range(10), *range(60, 80)])


def test_the_headline_is_the_wanted_or_the_first_honest_split(tmp_path):
    prepared = world.prepared_in(tmp_path, splits=["random", "expanding_window", "temporal"])
    order = order_of(prepared)
    assert headline_split(order, None) == "expanding_window"
    assert headline_split(order, "temporal") == "temporal"
    assert headline_split(order, "random") == "expanding_window"


def test_without_a_share_of_the_time_nothing_is_explained(tmp_path):
    outcome = run(world.prepared_in(tmp_path, **{**SETTINGS, "importance": 0}), runner="inline")
    assert outcome.explained is None
    assert not places(outcome)
    assert "explained" not in read_sessions(outcome.experiment)[-1]
