"""Selection inside a run: from training rows alone, made once, an axis of the matrix."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from outlast.config import make_config
from outlast.data import Panel
from outlast.data.times import Instants
from outlast.errors import InputError
from outlast.experiments import prepare, run, selecting
from outlast.experiments.budget import foresee
from outlast.experiments.selecting import PLACE, training_rows
from outlast.metrics import METRICS
from outlast.models import FitContext
from outlast.pipeline import run_pipeline
from outlast.selection import SELECTORS
from outlast.tuning import Times
from tests.faults.world import SMALL
from tests.tables import shop_panel

AXIS = {"models": ["prior", "linear"], "splits": ["expanding_window"],
        "selection": ["none", "cluster", {"probe": {"n_rounds": 1}}]}


def run_in(folder, panel=None, **values):
    config = make_config({**SMALL, **AXIS, "reports": str(folder), **values})
    prepared = prepare(config, panel or shop_panel(n_days=120))
    return prepared, run(prepared, runner="inline")


def records_of(outcome):
    return list(outcome.experiment.jobs.read_all(job.id for job in outcome.plan.jobs).values())


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    return run_in(tmp_path_factory.mktemp("r"))


def test_every_selection_is_run_with_every_model_and_baselines_once(done):
    _, outcome = done
    cells = {(r.job.model.name, r.job.selection.label) for r in records_of(outcome)}
    assert cells == {("prior", "none"), ("linear", "none"), ("linear", "cluster"),
                     ("linear", "probe(n_rounds=1)")}
    assert {r.status for r in records_of(outcome)} == {"ok"}


def test_decisions_are_those_of_the_selection(done):
    _, outcome = done
    for record in records_of(outcome):
        told = {d.feature: d for d in record.decisions}
        if record.job.selection.name == "none":
            assert not any(d.removes for d in told.values())
        else:
            assert told["flat"].code == "F01"
            assert told["copy"].removes != told["signal"].removes


def test_a_selection_is_made_once_per_fold_and_kept(done):
    _, outcome = done
    names = outcome.experiment.storage.files(PLACE)
    assert len(names) == 2 * 5  # two selections that look at the rows, five folds


def test_a_damaged_selection_is_made_again(tmp_path):
    prepared, outcome = run_in(tmp_path, selection=["cluster"], models=["linear"])
    storage = outcome.experiment.storage
    first = storage.files(PLACE)[0]
    before = storage.read_json(first)["decisions"]
    storage.write(first, b"{")
    bench = selecting_bench(prepared)
    for job in outcome.plan.jobs:
        rows = prepared.plan.splits[job.split.label].folds[job.fold].train
        selecting.choose_features(bench, job, rows.tobytes(), 1)
    assert storage.read_json(first)["decisions"] == before


def selecting_bench(prepared):
    from outlast.experiments.train import open_bench

    job = prepared.plan.jobs[0]
    return open_bench(prepared.config.store_url, prepared.experiment.name, job.features)


def test_a_fold_does_not_depend_on_rows_after_its_training(tmp_path):
    every = ["cluster", {"probe": {"n_rounds": 1}}, {"boruta": {"n_rounds": 3}},
             {"shap_rfe": {"step": 0.6}}, {"null_importance": {"n_draws": 5}},
             {"stability": {"n_draws": 4}}]
    panel = shop_panel(n_days=90)
    later = panel.time.ns >= np.quantile(panel.time.ns, 0.5)
    rng = np.random.default_rng(9)
    frame = panel.frame.with_columns(
        pl.when(pl.Series(later)).then(pl.Series(rng.permutation(panel.frame[name].to_numpy())))
        .otherwise(pl.col(name)).alias(name) for name in ("signal", "noise", "copy", "busy"))
    changed = Panel.build(frame, panel.schema, name="other shops")
    decided = []
    for place, table in (("as_is", panel), ("changed", changed)):
        prepared, outcome = run_in(tmp_path / place, table, selection=every, models=["linear"],
                                   splits=[{"expanding_window": {"n_splits": 2}}])
        (split,) = prepared.plan.splits.values()
        early, last = (table.label_end[fold.train].max() < table.time.ns[later].min()
                       for fold in split.folds)
        assert early
        assert not last
        decided.append({(r.job.selection.name, r.job.fold): r.decisions
                        for r in records_of(outcome)})
    before, after = decided
    assert {key: before[key] == after[key] for key in before if key[1] == 0} == {
        (name, 0): True for name in SELECTORS if name != "none"}
    # The change does tell where training rows have changed.
    assert any(before[key] != after[key] for key in before if key[1] == 1)


def test_inner_folds_go_forward_and_are_purged():
    time = np.repeat(np.arange(60), 3)
    y = np.random.default_rng(0).integers(0, 2, 180).astype(float)
    rows = training_rows(pl.DataFrame({"a": y}), y, Times(Instants(time, "abstract"), time + 4), (),
                         METRICS["roc_auc"], FitContext("binary", 2))
    assert len(rows.inner) == 3
    for train, test in rows.inner:
        assert (time + 4)[train].max() <= time[test].min()
    assert rows.inner[-1][1].max() == 179
    alike = training_rows(rows.frame, np.zeros(180), Times(Instants(time, "abstract"), time + 4),
                          (), METRICS["roc_auc"], FitContext("binary", 2))
    assert alike.inner == []
    short = training_rows(rows.frame[:6], y[:6], Times(Instants(time[:6], "abstract"),
                                                       time[:6] + 4), (), METRICS["roc_auc"],
                          FitContext("binary", 2))
    assert short.inner == []


def test_the_dry_run_counts_each_selection_by_itself(tmp_path):
    config = make_config({**SMALL, **AXIS, "reports": str(tmp_path)})
    found = foresee(prepare(config, shop_panel(n_days=120)))
    cells = {(cell.model, cell.selection): cell for cell in found.cells}
    assert len(cells) == 4
    assert {cell.n_jobs for cell in cells.values()} == {5}
    assert cells["linear", "probe(n_rounds=1)"].seconds > cells["linear", "none"].seconds


def test_pins_overrule_and_unknown_names_are_refused(tmp_path):
    pins = {"keep": {"copy": "its owner asks"}, "drop": ["noise"]}
    _, outcome = run_in(tmp_path, selection=["cluster", "none"], models=["linear"],
                        splits=["temporal"], **pins)
    for record in records_of(outcome):
        told = {d.feature: d for d in record.decisions}
        assert (told["copy"].action, told["copy"].code) == ("pin", "F14")
        assert told["copy"].sentence == "kept: by the user (its owner asks)"
        assert (told["noise"].action, told["noise"].sentence) == ("drop", "dropped: by the user")
        assert record.job.selection.label.endswith(" +copy -noise")
    for pin in ({"keep": ["singal"]}, {"drop": ["singal"]}):
        with pytest.raises(InputError, match="to keep or drop: 'singal': did you mean 'signal'"):
            run_in(tmp_path, **pin)


def test_a_report_compares_selections_on_folds_they_never_saw(tmp_path):
    values = {**SMALL, **AXIS, "reports": str(tmp_path), "runner": "inline"}
    document = run_pipeline(values, table=shop_panel(n_days=160)).document
    cards = {card.selection: card for card in document.selections}
    assert cards.keys() == {"none", "cluster", "probe(n_rounds=1)"}
    assert cards["none"].n_kept == cards["none"].n_features > cards["cluster"].n_kept
    assert cards["none"].change is None
    assert cards["probe(n_rounds=1)"].seconds > cards["cluster"].seconds > 0
    assert cards["cluster"].verdict in ("no worse", "undecided")
    assert cards["cluster"].phi is not None
    assert cards["cluster"].phi > 0.9
    gate = next(f for f in document.findings if f.code == "OL606")
    assert gate.evidence["cluster"]["tolerance"] == cards["cluster"].tolerance
    # The cards of features tell of one selection: that of the recommended row.
    assert {card.decision for card in document.features} <= {"kept", "dropped", "mixed"}
