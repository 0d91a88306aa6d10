"""A whole experiment in Python, with its results in the hand."""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec

import numpy as np
import optuna
import polars as pl
import pytest
from optuna.trial import TrialState
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import outlast
from outlast import Experiment, open_results
from outlast.cli.runs import export_study
from outlast.errors import InputError, MissingDependencyError
from tests.api.estimators import Shared, area, calm
from tests.tables import shop_panel, shop_table

ROLES = {"time": "day", "entity": "shop", "target": "busy", "horizon": 2,
         "leaky": ["sales", "level"], "name": "shops"}
SMALL = {"optimization": "none", "audit": "exact", "importance": 0, "runner": "inline"}
# As `linear` with its defaults, nearly.
PIPELINE = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression(C=0.01))


@pytest.fixture(scope="module")
def told():
    return []


@pytest.fixture(scope="module")
def results(tmp_path_factory, told):
    models = ["prior", "linear", {"piped": PIPELINE}, Shared(fault="raise")]
    folder = tmp_path_factory.mktemp("reports")
    return Experiment(
        shop_table(), **ROLES, **{**SMALL, "optimization": ["none", "optuna"]}, n_trials=3,
        models=models, splits=["temporal", TimeSeriesSplit(2, gap=16)], features=calm,
        metric=area, greater_is_better=True, callbacks=[told.append], reports=str(folder)).run()


def test_callbacks_are_told_of_every_job(results, told):
    ended = [progress for progress in told if progress.kind in ("ok", "failed")]
    plan = [progress.job for progress in ended if progress.job.split.name != "exam"]
    assert {job.id for job in plan} == {job.id for job in results.outcome.plan.jobs}
    assert sum(progress.kind == "failed" for progress in ended) == results.outcome.failed == 3


def test_the_leaderboard_is_a_frame(results):
    board = results.leaderboard
    assert board.columns[:8] == ["id", "rank", "tier", "model", "search", "selection", "split",
                                 "leaky"]
    assert {"score", "score_low", "score_high", "over_baseline_low"} <= set(board.columns)
    assert set(board["model"]) == {"prior", "linear", "piped", *board.filter(
        pl.col("members").list.len() > 0)["model"]}
    assert board["id"].to_list() == [row.id for row in results.document.leaderboard]
    assert board.to_pandas().shape == board.shape


def test_every_table_is_a_frame(results):
    names = {f.feature for f in results.document.features}
    assert set(results.features["feature"]) == names == {"signal", "noise"}
    assert {"OL203", "LK101", "OL806"} <= set(results.findings["code"])
    assert json.loads(results.trials["params"][0]) == {"alpha": 100.0}
    scores = results.folds.filter(pl.col("model") == "piped")["score"]
    assert len(scores) == 3
    assert scores.is_between(0.6, 1.0).all()


def test_predictions_give_the_score_again(results):
    row = results.row("piped")
    held_out = results.predictions("piped")
    assert held_out.columns == ["fold", "day", "shop", "y", "p"]
    assert set(held_out["shop"]) == set(shop_table()["shop"])
    score = roc_auc_score(held_out["y"], held_out["p"])
    assert score == pytest.approx(row.score.value, abs=1e-12)
    keys = held_out.join(shop_table().with_columns(pl.col("day").cast(pl.Datetime("us"))),
                         on=["day", "shop"])
    # In the type of the target's own column, not as text.
    assert keys["y"].dtype == pl.Int64
    assert keys["busy"].dtype.is_integer()
    assert (keys["busy"] == keys["y"]).all()


def test_an_ensemble_predicts_the_mean_of_its_members(results):
    row = next(row for row in results.document.leaderboard if row.members)
    parts = [results.predictions(member)["p"].to_numpy() for member in row.members]
    np.testing.assert_allclose(results.predictions(row.id)["p"].to_numpy(), np.mean(parts, axis=0))
    with pytest.raises(InputError, match="is the mean of several models, ask for one"):
        results.model(row.id)


def test_a_row_is_found_by_id_number_and_model(results):
    rows = results.document.leaderboard
    assert results.row(1) == rows[1]
    assert results.row(rows[2].id) == rows[2]
    assert results.row().id == results.headline.row
    with pytest.raises(InputError, match="unknown row 'pipd': did you mean 'piped'"):
        results.row("pipd")
    with pytest.raises(InputError, match=r"row 99 is asked for, and the leaderboard has"):
        results.row(99)


def test_models_are_stored_or_fitted_again(results):
    estimator = results.model("piped").estimator
    assert estimator[-1].coef_.shape == (1, 2)
    assert results.model("linear").card.kind == "linear"
    with pytest.raises(InputError, match="fold 1 is asked for"):
        results.model("piped", fold=1)


def test_a_search_is_an_optuna_study(results):
    study = results.study()
    record = results.experiment.jobs.find(study.study_name.rpartition("(")[2].rstrip(")"))
    assert [t.params for t in study.trials] == [t.params for t in record.trials]
    assert study.best_params == record.params
    complete = [t for t in record.trials if t.state == "complete"]
    assert sorted(t.value for t in study.trials if t.state == TrialState.COMPLETE) == sorted(
        t.score for t in complete)
    assert study.best_value == max(t.score for t in complete)
    with pytest.raises(InputError, match="unknown row 'piped'"):
        results.study("piped")


def test_a_study_is_written_for_other_tools(results, tmp_path, capsys):
    study, storage = results.study(), f"sqlite:///{tmp_path / 'studies.db'}"
    job = study.study_name.rpartition("(")[2].rstrip(")")
    export_study(job[:8], storage, reports=results.store)
    assert f"3 trials in study '{study.study_name}'" in capsys.readouterr().out
    stored = optuna.load_study(study_name=study.study_name, storage=storage)
    assert [t.params for t in stored.trials] == [t.params for t in study.trials]
    assert [t.state for t in stored.trials] == [t.state for t in study.trials]
    assert stored.user_attrs["metric"] == results.document.metric
    with pytest.raises(InputError, match=f"holds a study of job {job} already"):
        export_study(job, storage, reports=results.store)
    with pytest.raises(InputError, match=rf"these have searched: {job[:8]} \("):
        export_study(f"{job[:7]}x", storage, reports=results.store)


def test_where_nothing_was_searched_a_study_tells_how(tmp_path):
    Experiment(shop_table(n_days=80), **ROLES, **SMALL, models=["linear"], splits="temporal",
               reports=str(tmp_path)).run()
    with pytest.raises(InputError, match=r"nor any that has searched; .*--optimization optuna"):
        export_study("1f2e", "sqlite:///:memory:", reports=str(tmp_path))


def test_it_is_told_in_a_few_lines(results):
    text = repr(results)
    assert text.startswith("<Results of busy on shops>\n")
    assert results.headline.sentence in text
    assert str(results.report.html) in text
    assert len(text.splitlines()) < 10


def test_a_notebook_shows_the_answer_and_the_way_on(results):
    shown = results._repr_html_()
    assert results.report.html.resolve().as_uri() in shown
    assert shown.count("<tr>") <= 6
    assert len(shown) < 6_000
    assert "<script" not in shown
    assert results.figures["leaderboard"]._repr_svg_().startswith("<svg")
    with pytest.raises(InputError, match="unknown figure 'leadrboard': did you mean"):
        results.figures["leadrboard"]


def test_a_failed_model_of_your_own_is_told_with_its_reason(tmp_path):
    results = Experiment(
        shop_table(), time="day", entity="shop", target="busy", name="shops",
        models=["prior", {"no imputer": LogisticRegression()}], splits="temporal",
        optimization="none", audit="exact", importance=0, runner="inline",
        reports=str(tmp_path)).run()
    told = "1 job failed, first no imputer · temporal #0 · none: Input X contains NaN"
    assert told in repr(results)
    assert told in results._repr_html_()


def test_old_results_are_read_from_their_folder(results, tmp_path):
    folder = results.report.html.parent
    for path in (folder, folder / "report.json", folder.parent.parent):
        again = open_results(path)
        assert again.leaderboard.equals(results.leaderboard)
        assert again.predictions("linear").equals(results.predictions("linear"))
        assert set(again.figures) == set(results.figures)
    moved = shutil.copytree(folder, tmp_path / "a" / "b" / "report")
    alone = open_results(moved)
    assert alone.headline == results.headline
    with pytest.raises(InputError, match="unknown experiment"):
        alone.predictions()
    assert open_results(moved, store=results.store).predictions().equals(results.predictions())


def test_the_page_opens_in_the_browser(results, monkeypatch):
    shown = []
    monkeypatch.setattr("webbrowser.open", shown.append)
    results.open()
    assert shown == [results.report.html.resolve().as_uri()]


@pytest.mark.parametrize(("settings", "message"), [
    ({"modles": ["prior"]}, "unknown setting 'modles': did you mean 'models'"),
    ({"horizn": 2}, "unknown setting 'horizn': did you mean"),
    ({"n_trials": 0}, "n_trials: Input should be greater"),
    ({"metric": area}, "needs greater_is_better=True or False"),
    ({"metric": "rmse", "greater_is_better": True}, "belongs to a metric that is a function"),
    ({"models": [object()]}, "object has no fit and no predict"),
])
def test_a_setting_that_is_wrong_is_named(settings, message):
    with pytest.raises(InputError, match=message):
        Experiment(shop_table(), time="day", target="busy", **settings)


def test_a_table_needs_its_roles_and_a_panel_has_them():
    with pytest.raises(InputError, match=r"target= is needed: .* day, shop, signal"):
        Experiment(shop_table(), time="day").run()
    with pytest.raises(InputError, match="a panel knows its columns; target, time cannot"):
        Experiment(shop_panel(), time="day", target="busy").run()


def test_all_kinds_of_tables_are_the_same_table(tmp_path):
    table = shop_table()
    table.write_parquet(tmp_path / "shops.parquet")
    given = [table.to_pandas(), table.to_arrow(), tmp_path / "shops.parquet", shop_panel()]
    audits = [Experiment(each, **({} if each is given[-1] else ROLES), models=["linear"],
                         splits="temporal", audit="exact",
                         features=calm).audit() for each in given]
    assert all(report.ok for report in audits)
    assert len({json.dumps(report["LK101"].evidence) for report in audits}) == 1


def test_events_and_the_quick_matrix():
    events = pl.DataFrame({"name": ["storm"], "start": ["2022-07-05"], "end": ["2022-07-20"]})
    made = Experiment(shop_table(), **ROLES, events=events, quick=True)
    assert len(made.panel.events) == 1
    assert made.config.optimization == ("none",)
    assert {split.label for split in made.config.splits} == {"temporal", "event_aware", "random"}


def test_the_names_are_public():
    assert {"Experiment", "Results", "open_results"} <= set(outlast.__all__)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning",
                            "ignore::ResourceWarning")
def test_a_finished_run_is_logged_to_mlflow_once(results, tmp_path, monkeypatch):
    if find_spec("mlflow") is None:
        pytest.skip("NO MLFLOW: pip install 'outlast[mlflow]'")
    from mlflow import MlflowClient

    from outlast.mlflow_log import log_results

    monkeypatch.chdir(tmp_path)  # where MLflow puts the artefacts of a database
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    run = log_results(results, uri)
    assert log_results(results, uri) == run
    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("outlast").experiment_id
    runs = client.search_runs([experiment], max_results=100)
    assert len(runs) == 1 + len(results.document.leaderboard)
    parent = client.get_run(run)
    assert parent.data.params["verdict"] == results.headline.verdict
    assert parent.data.metrics["score"] == results.headline.score.value
    assert "report/index.html" in {file.path for file in client.list_artifacts(run, "report")}
    row = results.row("linear")
    (child,) = [r for r in runs if r.data.params["row"] == row.id and r.info.run_id != run]
    assert child.data.metrics["score"] == row.score.value
    assert child.data.tags["mlflow.parentRunId"] == run
    folds = client.get_metric_history(child.info.run_id, "score by fold")
    assert [(m.step, m.value) for m in folds] == [
        (f.fold, f.score) for f in results.document.fold_scores if f.row == row.id]
    with pytest.raises(InputError, match="MLflow at 'ftp://nowhere'"):
        log_results(results, "ftp://nowhere")


def test_mlflow_is_missed_before_a_run_and_not_after_it(tmp_path, monkeypatch):
    monkeypatch.setattr("outlast.mlflow_log.find_spec", lambda name: None)
    made = Experiment(shop_table(), **ROLES, mlflow="sqlite:///x.db", reports=str(tmp_path / "r"))
    with pytest.raises(MissingDependencyError, match=r"pip install 'outlast\[mlflow\]'"):
        made.run()
    assert not (tmp_path / "r").exists()
