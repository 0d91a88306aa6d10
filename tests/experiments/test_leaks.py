"""Leaks stop a run, unless they are allowed; then the results say so for ever."""

import json

import numpy as np
import polars as pl
import pytest
from sklearn.model_selection import KFold, TimeSeriesSplit

from outlast import audit_table, run_pipeline
from outlast.audit import CHECKS
from outlast.config import make_config
from outlast.errors import InputError, LeakError
from outlast.experiments import prepare, run
from outlast.pipeline import report_only
from tests.tables import shop_panel

BASE = {"models": ["prior", "linear"], "optimization": ["none"], "audit": "exact",
        "importance": 0}


def config(folder, **values):
    return {**BASE, "reports": str(folder), **values}


def ahead(table):
    """A feature of tomorrow."""
    return table.select("day", "shop", ahead=pl.col("signal").shift(-1).over("shop"))


def behind(table):
    """A feature of yesterday."""
    return table.select("day", "shop", behind=pl.col("signal").shift(1).over("shop"))


def test_a_leaking_splitter_stops_the_run_before_anything_is_trained(tmp_path):
    with pytest.raises(LeakError, match=r"(?s)LK101 .*KFold.*--allow-leaks") as caught:
        run_pipeline(config(tmp_path, splits=[KFold(3)]), table=shop_panel(), runner="inline")
    assert caught.value.exit_code == 3
    assert not list(tmp_path.rglob("record.json"))


def test_allowed_leaks_stay_with_the_results_for_ever(tmp_path):
    asked = config(tmp_path, splits=["temporal", KFold(3)])
    result = run_pipeline({**asked, "allow_leaks": True}, table=shop_panel(), runner="inline")
    rows = {row.split: row.leaky for row in result.document.leaderboard}
    assert rows == {"temporal": False, repr(KFold(3)): True}
    assert result.document.headline_split == "temporal"
    assert result.document.headline.trust == "low"
    # A later report over the store, which knows nothing of the flag, says the same.
    again = report_only(make_config({"reports": str(tmp_path)}))
    told = {f.code: f for f in again.document.findings}["OL106"]
    assert told.outcome == "issue"
    assert "LK101" in told.sentence
    assert "OL106" in again.report.markdown.read_text()
    assert "OL106" in again.report.html.read_text()


def test_results_of_a_leaking_splitter_alone_are_no_verdict(tmp_path):
    asked = config(tmp_path, splits=[KFold(3)], allow_leaks=True)
    headline = run_pipeline(asked, table=shop_panel(), runner="inline").document.headline
    assert headline.verdict == "only_leaky"


def test_a_leaking_feature_function_stops_the_run(tmp_path):
    with pytest.raises(LeakError, match=r"LK201 .*`ahead` sees the future"):
        run_pipeline(config(tmp_path, splits=["temporal"]), table=shop_panel(), features=ahead,
                     runner="inline")


def test_a_sound_feature_function_is_used(tmp_path):
    result = run_pipeline(config(tmp_path, splits=["temporal"]), table=shop_panel(),
                          features=behind, runner="inline")
    assert [card.feature for card in result.document.features] == ["behind"]


def test_a_foreign_splitter_runs_in_worker_processes_and_is_resumed(tmp_path):
    made = make_config(config(tmp_path, splits=[TimeSeriesSplit(3, gap=40)], allow_leaks=True))
    first = run(prepare(made, shop_panel()), runner="local")
    assert (first.trained, first.failed) == (6, 0)
    again = run(prepare(made, shop_panel()), runner="inline")
    assert (again.trained, again.reused) == (0, 6)


def test_a_dotted_path_is_the_same_split_as_the_object(tmp_path):
    path = {"sklearn.model_selection.TimeSeriesSplit": {"n_splits": 3}}
    jobs = [{job.split.params["folds"] for job in prepare(make_config(
        config(tmp_path, splits=[split])), shop_panel()).plan.jobs}
        for split in (path, TimeSeriesSplit(3))]
    assert jobs[0] == jobs[1]


def test_an_audit_answers_with_one_finding_per_check():
    report = audit_table({**BASE, "splits": ["temporal"], "mute": ["LK203"]}, table=shop_panel())
    assert [finding.code for finding in report] == list(CHECKS)
    assert report.ok
    assert report["LK203"].outcome == "muted"
    assert report["LK303"].outcome == "skipped"
    assert report["LK109"].outcome == "not_applicable"
    assert report["LK101"].outcome == "passed"
    report.raise_for_leaks()
    assert report.to_frame().height == len(CHECKS)


def test_an_unknown_check_cannot_be_muted():
    with pytest.raises(InputError, match="unknown check 'LK999'"):
        audit_table({**BASE, "splits": ["temporal"], "mute": ["LK999"]}, table=shop_panel())


def test_own_ways_of_learning_are_examined():
    def peeking(frame, y, train, test):
        scale = float(frame["signal"].std())
        return lambda rows: rows["signal"].to_numpy().astype(float) / scale

    def honest(frame, y, train, test):
        scale = float(frame["signal"][train].std())
        return lambda rows: rows["signal"].to_numpy().astype(float) / scale

    asked = {**BASE, "splits": ["temporal"]}
    found = audit_table(asked, table=shop_panel(), protocols={"mine": peeking})["LK204"]
    assert (found.outcome, found.blocking) == ("issue", True)
    assert "mine" in found.sentence
    assert audit_table(asked, table=shop_panel(),
                       protocols={"mine": honest})["LK204"].outcome == "passed"


def test_statistical_p_values_are_corrected_together():
    report = audit_table({**BASE, "splits": ["temporal"], "audit": "quick"}, table=shop_panel())
    measured = [f.evidence for f in report if "p_adjusted" in f.evidence]
    assert len(measured) >= 3
    smallest = min(measured, key=lambda numbers: numbers["p_value"])
    assert np.isclose(smallest["p_adjusted"], min(1.0, smallest["p_value"] * len(measured)))


def test_the_audit_of_a_plan_is_made_once(tmp_path):
    seen: list[str] = []
    asked = make_config(config(tmp_path, splits=["temporal"]))
    first = prepare(asked, shop_panel(), on_check=seen.append)
    assert len(seen) == len(CHECKS)
    second = prepare(asked, shop_panel(), on_check=seen.append)
    assert len(seen) == len(CHECKS)
    assert first.report == second.report
    stored = list(tmp_path.rglob("audits/*.json"))
    assert len(stored) == 1
    assert json.loads(stored[0].read_text())["findings"][0]["code"] == "LK101"


def test_a_path_to_no_function_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot import 'nowhere_at_all'"):
        prepare(make_config(config(tmp_path, features="nowhere_at_all:build")), shop_panel())
    with pytest.raises(InputError, match="'json' has no 'lods'"):
        prepare(make_config(config(tmp_path, features="json:lods")), shop_panel())


def test_a_function_in_the_working_folder_is_told_how_it_is_found(tmp_path, monkeypatch):
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "features.py").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"'beside.features'.* beside lies in .* PYTHONPATH=\."):
        prepare(make_config(config(tmp_path, features="beside.features:build")), shop_panel())


def test_a_declared_recipe_makes_the_features(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("features:\n  - lag: {name: before, source: signal}\n")
    prepared = prepare(make_config(config(tmp_path, recipe=str(path), splits=["temporal"])),
                       shop_panel())
    assert prepared.features.names == ("before",)
    path.write_text("features:\n  - lag: {name: before, source: singal}\n")
    with pytest.raises(InputError, match=r"feature 'before' needs column 'singal'.* 'signal'"):
        prepare(make_config(config(tmp_path, recipe=str(path))), shop_panel())
