"""From a run to a file of predictions, as a person types it."""

from __future__ import annotations

import io
import shutil

import polars as pl
import pytest
from rich.console import Console

from outlast.cli import main
from outlast.cli.display import show_use
from outlast.config import Config


@pytest.fixture(scope="module")
def folder(shops, tmp_path_factory):
    """A folder with a table that grew after it was learned from, and a model of its beginning."""
    path = tmp_path_factory.mktemp("work")
    shops.whole.write_csv(path / "newer.csv")
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["refit", "--reports", shops.settings["reports"], "--output", str(path / "model")])
    return path


@pytest.fixture
def call(folder, monkeypatch, capsys):
    """Type a command in that folder; return what it says on stdout and on stderr."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "200")

    def typed(code, *words):
        with pytest.raises(SystemExit, match=f"^{code}$"):
            main(list(words))
        return capsys.readouterr()

    return typed


def test_refit_says_what_was_fitted_and_where_it_is(shops, call):
    said = call(0, "refit", "--reports", shops.settings["reports"], "--output", "again").out
    assert "fitted to 952 rows of shops: the exam from 2022-07-" in said
    assert "outlast predict again TABLE" in said
    card = (shops.saved / "model_card.md").read_text()
    assert card.startswith("# busy on shops")
    assert "Promised roc\\_auc" in card or "Promised roc_auc" in card
    assert "never overwritten" in call(2, "refit", "--reports", shops.settings["reports"],
                                       "--output", "again").err


@pytest.mark.parametrize(("settings", "command"), [
    ({}, "Use it:   outlast refit {}"),
    ({"reports": "my reports"}, "Use it:   outlast refit {} --reports 'my reports'"),
    ({"store": "s3://b/p"}, "Use it:   outlast refit {} --store s3://b/p"),
])
def test_a_run_tells_how_its_winner_is_used(shops, settings, command):
    document = shops.result.document
    console = Console(file=io.StringIO(), width=40)
    show_use(console, document, Config(**settings))
    assert console.file.getvalue() == command.format(document.experiment) + "\n"
    headline = document.headline.model_copy(update={"verdict": "none"})
    show_use(console, document.model_copy(update={"headline": headline}), Config())
    assert console.file.getvalue().count("Use it") == 1


def test_predict_writes_a_table(folder, call):
    told = call(0, "predict", "model", "newer.csv", "--output", "out/p.csv")
    assert "8 rows predicted, 2023-02-23 to 2023-02-24: out/p.csv" in told.out
    assert told.err == ""
    rows = pl.read_csv(folder / "out" / "p.csv", try_parse_dates=True)
    assert rows.columns == ["day", "shop", "prediction", "probability"]
    assert rows["probability"].is_between(0, 1).all()
    assert "96 rows predicted" in call(0, "predict", "model", "newer.csv", "--since",
                                       "2023-02-01").out
    assert pl.read_parquet(folder / "predictions.parquet").height == 96
    assert "end its name in .parquet or .csv" in call(
        2, "predict", "model", "newer.csv", "--output", "p.xls").err


def test_cautions_are_told_beside_the_rows(folder, shops, call):
    shops.days(400, 420).write_csv(folder / "short.csv")
    told = call(0, "predict", "model", "short.csv")
    assert "8 rows predicted" in told.out
    assert told.err.startswith("warning: ")
    assert "give more history" in told.err


def test_a_model_or_a_table_that_does_not_fit_is_refused(folder, shops, call):
    shops.whole.drop("copy").write_csv(folder / "lacking.csv")
    assert "lacks the column 'copy'" in call(2, "predict", "model", "lacking.csv").err
    shutil.copytree(folder / "model", folder / "broken")
    (folder / "broken" / "members" / "0" / "model.json").write_bytes(b"")
    assert "members/0/model.json was cut short" in call(73, "predict", "broken", "newer.csv").err


def test_retrain_writes_a_model_only_if_it_is_let_in(folder, call):
    kept = call(0, "retrain", "model", "newer.csv").out
    assert "(unchanged)" in kept
    assert not (folder / "model_new").exists()
    newer = call(0, "retrain", "model", "newer.csv", "--force", "--tolerance", "0.1").out
    assert "replaces it" in newer
    assert "- Retrained: without them" in (folder / "model_new" / "model_card.md").read_text()
    assert "8 rows" in call(0, "predict", "model_new", "newer.csv").out
