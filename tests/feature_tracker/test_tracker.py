from __future__ import annotations

import polars as pl
import pytest

from outlast.cli.tracker import app
from outlast.errors import InputError
from outlast.feature_tracker import FeatureTracker
from outlast.feature_tracker.observations import SCHEMA
from outlast.feature_tracker.tables import SCHEMAS
from outlast.pipeline import run_pipeline
from tests.tables import shop_panel


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A tracker with one experiment, and its folder."""
    folder = str(tmp_path_factory.mktemp("reports"))
    result = run_pipeline({"models": ["prior", "linear"], "splits": ["temporal", "walk_forward"],
                           "optimization": ["none"], "reports": folder, "exam": None},
                          table=shop_panel(), runner="inline")
    return FeatureTracker.open(folder), result.outcome.experiment, folder


def written(tracker):
    return {name: tracker.storage.read(name) for name in tracker.storage.files("ledger")
            if not name.startswith("ledger/ledger/")}


def absorb(tracker, experiment, **more):
    return tracker.absorb("later", experiment.name, experiment.jobs,
                          list(experiment.jobs.records()), **more)


def test_the_tables_hold_every_job(finished):
    tracker, experiment, _ = finished
    jobs = {record.job.id for record in experiment.jobs.records()}
    for table in ("decisions", "selections", "runs"):
        rows = tracker.files.read(table)
        assert set(rows["job"]) == jobs
        assert rows.schema == pl.Schema(SCHEMAS[table])
    temporal = tracker.files.read("runs").filter(pl.col("split") == "temporal")
    assert temporal["left_out"].list.len().to_list() == [10, 10]


def test_the_ledger_can_be_made_again_from_the_other_tables(finished):
    tracker, experiment, _ = finished
    ledger = tracker.ledger()
    assert tracker.rebuild(experiment.name).equals(ledger)
    assert tracker.features()["n_gated"].drop_nulls().max() == 0


def test_what_is_known_is_not_taken_in_again_and_no_file_is_rewritten(finished):
    tracker, experiment, _ = finished
    before = written(tracker)
    assert absorb(tracker, experiment) == 0
    assert written(tracker) == before
    whole = pl.DataFrame([{"job": "", "experiment": experiment.name, "feature": "signal",
                           "method": "missing_rate", "data_part": "test", "value": 0.25}],
                         schema=SCHEMA)
    for _ in range(2):
        absorb(tracker, experiment, dataset=whole)
        after = written(tracker)
        assert before.items() <= after.items()
        assert len(after) == len(before) + 1
    assert tracker.show("signal")["missing_test"].unique().to_list() == [0.25]


def test_files_of_the_earlier_layout_stay_readable(finished):
    tracker, experiment, _ = finished
    old = tracker.observations().select("job", "experiment", "feature", "method", "value").head(
        1).with_columns(feature=pl.lit("older"))
    tracker.storage.write_parquet("ledger/observations/old.parquet", old)
    row = tracker.observations().filter(pl.col("feature") == "older")
    assert (row["experiment"][0], row["share"][0]) == (experiment.name, None)
    tracker.storage.remove("ledger/observations/old.parquet")


def test_unknown_names_are_refused_with_a_suggestion(finished):
    tracker = finished[0]
    with pytest.raises(InputError, match="unknown feature 'signa': did you mean 'signal'"):
        tracker.show("signa")
    with pytest.raises(InputError, match="unknown experiment 'x'"):
        tracker.features("x")
    with pytest.raises(InputError, match="unknown split 'temporel': did you mean 'temporal'"):
        tracker.features(split="temporel")
    with pytest.raises(InputError, match="no feature has been tracked"):
        FeatureTracker.open(finished[2] + "/empty").features()


def test_every_command_answers(finished, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    tracker, experiment, folder = finished
    name = experiment.name
    for command, expected in {
        ("list",): "reliance", ("show", "signal"): "walk_forward",
        ("compare", name, name): "same", ("why-dropped",): "F01",
        ("list", "--show_as", "csv"): "verdict_code",
        ("show", "signal", "--show_as", "json"): '"scope":"headline"',
    }.items():
        app([*command, "--reports", folder], exit_on_error=False, result_action="return_value")
        assert expected in capsys.readouterr().out, command
    app(["export", "--reports", folder], exit_on_error=False, result_action="return_value")
    assert tuple(capsys.readouterr().out.split()) == tracker.export() != ()


def test_an_export_to_a_file_says_so(finished, tmp_path, capsys):
    tracker, _, folder = finished
    path = tmp_path / "lean.txt"
    app(["export", "--output", str(path), "--reports", folder], exit_on_error=False,
        result_action="return_value")
    assert tuple(path.read_text().split()) == tracker.export()
    assert f"written: {path}" in capsys.readouterr().out


def test_nothing_is_exported_where_no_feature_is_worth_it(finished, monkeypatch):
    monkeypatch.setattr(FeatureTracker, "export", lambda *_: ())
    with pytest.raises(InputError, match="no feature is core or useful"):
        app(["export", "--reports", finished[2]], exit_on_error=False)
