"""The whole road on a small table, in this process where speed matters more than isolation."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from outlast.config import make_config
from outlast.errors import CorruptError, InputError, ResumeError, StoreError
from outlast.experiments import load_panel, prepare, run
from outlast.feature_tracker import FeatureTracker
from outlast.features import make_recipe
from outlast.pipeline import report_only, run_pipeline
from outlast.store import read_sessions
from tests.tables import shop_panel, shop_table

QUICK = {"models": ["prior", "linear", "lightgbm"], "splits": ["temporal", "random"],
         "optimization": ["none"], "importance": 0}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """One run of a small matrix with its reports folder."""
    folder = tmp_path_factory.mktemp("reports")
    settings = {**QUICK, "reports": str(folder), "importance": 0.1}
    return settings, run_pipeline(settings, table=shop_panel(), runner="inline")


def test_the_report_says_what_is_true_of_the_table(finished):
    document = finished[1].document
    assert document.headline.verdict in ("clear", "tie")
    assert document.headline_split == "temporal"
    rows = {row.model: row for row in document.leaderboard if row.split == "temporal"}
    assert rows["prior"].score.value == 0.5
    assert rows["linear"].score.value > 0.7
    assert rows["linear"].score.low > 0.6
    codes = {finding.code: finding for finding in document.findings}
    assert codes["OL203"].outcome == "passed"
    assert codes["LK101"].outcome == "passed"
    assert codes["LK102"].outcome == "passed"


def test_features_say_why_they_were_kept_or_dropped(finished):
    cards = {card.feature: card for card in finished[1].document.features}
    assert "signal" in cards
    # The constant is dropped, and one of the two copies with the name of the one that is kept.
    dropped = {name: card for name, card in cards.items() if card.decision == "dropped"}
    assert any("flat" in name for name in dropped)
    (twin,) = {"signal", "copy"} & dropped.keys()
    other = {"signal": "copy", "copy": "signal"}[twin]
    assert f"`{other}`" in cards[twin].sentence
    assert cards[other].decision == "kept"
    assert max(cards.values(), key=lambda card: card.share or 0).inputs[0] in ("signal", "copy")


def test_features_tell_where_they_come_from_and_what_they_cost(finished):
    document = finished[1].document
    cards = {card.feature: card for card in document.features}
    best = max(cards.values(), key=lambda card: card.share or 0)
    assert set(best.roots) & {"signal", "copy"}
    assert best.cost >= 0
    assert best.rank_low <= best.rank <= best.rank_high
    assert (best.select_freq, best.cluster_freq, best.n_sets) == (1.0, 1.0, 1)
    assert best.drift_unit == "sd"
    assert best.drift is not None
    assert {card.reason for card in cards.values() if card.decision == "dropped"} >= {"F01"}
    assert document.thresholds["drift_effect"] == 0.25
    assert document.parameters == ()


def test_everything_is_on_disk(finished):
    settings, result = finished
    for path in (result.report.html, result.report.markdown, result.report.json):
        assert path.stat().st_size > 1000
    reports = result.report.html.parent.parent
    assert (reports / "latest").resolve() == result.report.html.parent.resolve()
    experiment = result.outcome.experiment
    record = next(r for r in experiment.jobs.records() if r.job.model.name == "lightgbm")
    folder = Path(experiment.storage.url) / experiment.jobs.place(record.job.id)
    assert (folder / "record.json").is_file()
    assert {path.name for path in (folder / record.attempt).iterdir()} == {
        "predictions.parquet", "observations.parquet", "model", "job.log", "job.jsonl"}
    assert experiment.jobs.model(record).n_iterations == record.n_iterations
    tracker = FeatureTracker.open(settings["reports"])
    methods = set(tracker.observations()["method"].unique())
    assert methods >= {"gain", "splits", "shap_mean_abs", "shap_sign_consistency", "perm_group"}
    assert settings["reports"] in str(folder)


def test_a_session_can_be_told_whole(finished):
    experiment = finished[1].outcome.experiment
    manifest = read_sessions(experiment)[0]
    for key in ("command", "config", "git", "libraries", "machine", "seed", "data", "seconds"):
        assert key in manifest
    assert manifest["outcome"] == "finished"
    assert manifest["trained"] == len(manifest["jobs"])


def test_a_second_run_trains_nothing_and_says_the_same(finished):
    settings, first = finished
    second = run_pipeline(settings, table=shop_panel(), runner="inline")
    assert (second.outcome.trained, second.outcome.reused) == (0, len(first.outcome.plan.jobs))
    assert second.document.leaderboard == first.document.leaderboard
    assert second.document.headline == first.document.headline


def test_another_order_of_rows_is_the_same_table(finished):
    settings, _ = finished
    panel = shop_panel()
    shuffled = type(panel).build(shop_table().sample(fraction=1, shuffle=True, seed=5),
                                 panel.schema.model_copy(update={"task": None, "labels": ()}),
                                 name="shops")
    assert run_pipeline(settings, table=shuffled, runner="inline").outcome.trained == 0


def test_new_models_extend_the_matrix(finished):
    settings, _ = finished
    more = {**settings, "models": ["linear", "last_value"], "splits": ["temporal"]}
    outcome = run_pipeline(more, table=shop_panel(), runner="inline").outcome
    assert (outcome.trained, outcome.reused) == (1, 1)


def test_reports_alone_cover_all_that_is_stored(finished):
    settings, _ = finished
    result = report_only(make_config({"reports": settings["reports"]}))
    assert {"prior", "linear", "lightgbm"} <= {row.model for row in result.document.leaderboard}
    assert result.outcome is None
    narrow = make_config({"reports": settings["reports"], "models": ["linear"]})
    assert {row.model for row in report_only(narrow).document.leaderboard} == {"linear"}


def test_a_changed_artefact_is_noticed(finished, tmp_path):
    settings = {**QUICK, "models": ["prior"], "splits": ["temporal"], "reports": str(tmp_path),
                "exam": None}
    first = run_pipeline(settings, table=shop_panel(), runner="inline")
    (predictions,) = Path(first.outcome.experiment.storage.url).rglob("jobs/**/predictions.parquet")
    whole = predictions.read_bytes()
    pl.read_parquet(predictions).with_columns(p=pl.lit(0.9)).write_parquet(predictions)
    config = make_config({"reports": str(tmp_path)})
    # The index holds what was verified when the run ended; without it the file itself is asked.
    assert report_only(config).document.leaderboard == first.document.leaderboard
    first.outcome.experiment.jobs.index.clear()
    shutil.rmtree(tmp_path / "consolidated_reports")  # an unchanged report is found again
    with pytest.raises(CorruptError, match="was changed after job"):
        report_only(config)
    again = run_pipeline(settings, table=shop_panel(), runner="inline")
    assert (again.outcome.trained, again.outcome.reused) == (1, 0)
    assert again.document.leaderboard[0].score == first.document.leaderboard[0].score
    (predictions,) = Path(first.outcome.experiment.storage.url).rglob("jobs/**/predictions.parquet")
    assert predictions.read_bytes() == whole


def test_a_failing_job_is_recorded_and_the_others_go_on(tmp_path):
    config = make_config({**QUICK, "models": ["prior", {"lightgbm": {"max_bin": 1}}, "linear"],
                          "splits": ["temporal"], "reports": str(tmp_path)})
    result = run_pipeline(config, table=shop_panel(), runner="inline")
    assert (result.outcome.trained, result.outcome.failed) == (2, 1)
    (failure,) = result.document.failures
    assert failure.kind == "LightGBMError"
    record = next(r for r in result.outcome.experiment.jobs.records() if r.status == "failed")
    assert "Traceback" in record.failure.traceback
    findings = {finding.code: finding for finding in result.document.findings}
    assert findings["OL806"].outcome == "issue"
    # A failed job is tried again, the finished ones are not.
    again = run_pipeline(config, table=shop_panel(), runner="inline").outcome
    assert (again.trained, again.reused, again.failed) == (0, 2, 1)


@pytest.mark.parametrize(("target", "task", "metric"), [("level", "multiclass", "log_loss"),
                                                        ("sales", "regression", "rmse")])
def test_the_other_tasks_run_to_a_report(tmp_path, target, task, metric):
    settings = {"models": ["prior", "linear", "xgboost"], "splits": ["temporal"],
                "optimization": ["none"], "reports": str(tmp_path)}
    document = run_pipeline(settings, table=shop_panel(target), runner="inline").document
    assert (document.data.task, document.metric) == (task, metric)
    assert len(document.leaderboard) == 3
    if target == "sales":
        assert document.headline.verdict in ("clear", "tie")
        assert document.leaderboard[0].score.value < 1.5


def test_pure_noise_ends_in_do_not_deploy(tmp_path):
    table = shop_table().with_columns(
        signal=pl.col("noise").shuffle(seed=1), copy=pl.col("noise").shuffle(seed=2)
    )
    panel = shop_panel()
    noise = type(panel).build(table, panel.schema.model_copy(update={"task": None, "labels": ()}),
                              name="noise")
    document = run_pipeline({**QUICK, "reports": str(tmp_path)}, table=noise,
                            runner="inline").document
    assert document.headline.verdict == "none"
    assert "Do not deploy" in document.headline.sentence


def test_a_search_is_reproducible_and_in_the_report(tmp_path):
    scores = []
    for name in ("a", "b"):
        settings = {"models": ["linear"], "splits": ["temporal"], "optimization": ["optuna"],
                    "n_trials": 3, "reports": str(tmp_path / name)}
        document = run_pipeline(settings, table=shop_panel(), runner="inline").document
        scores.append([(t.score, json.dumps(t.params)) for t in document.trials])
    assert len(scores[0]) == 3
    assert scores[0] == scores[1]


def test_local_processes_give_the_same_numbers(finished, tmp_path):
    config = make_config({**QUICK, "reports": str(tmp_path), "n_jobs": 2})
    result = run_pipeline(config, table=shop_panel())
    assert result.document.leaderboard[0].score == finished[1].document.leaderboard[0].score


def test_no_results_yet_says_what_to_run_first(tmp_path):
    with pytest.raises(InputError, match="train first: outlast run"):
        report_only(make_config({"reports": str(tmp_path)}))


def test_reports_that_were_not_asked_for_are_named(finished):
    settings, _ = finished
    with pytest.raises(InputError, match=r"none of the results asked for; it has .*linear x"):
        report_only(make_config({"reports": settings["reports"], "models": ["xgboost"]}))


def test_a_table_without_its_columns_is_named(tmp_path):
    shop_table().write_csv(tmp_path / "shops.csv")
    data = {"source": str(tmp_path / "shops.csv"), "target": "busy"}
    with pytest.raises(InputError, match=r"--time is needed .*day, shop, signal"):
        load_panel(make_config({"data": data}).data)


def test_a_read_only_folder_is_refused_before_any_compute(tmp_path):
    (tmp_path / "reports").write_text("in the way")
    config = make_config({"reports": str(tmp_path / "reports")})
    with pytest.raises(StoreError, match="cannot write"):
        prepare(config, shop_panel())


def test_events_of_a_file_reach_the_split(tmp_path):
    shop_table().write_parquet(tmp_path / "shops.parquet")
    events = pl.DataFrame({"name": ["storm"], "start": ["2022-07-05"], "end": ["2022-07-20"]})
    events.write_csv(tmp_path / "events.csv")
    data = {"source": str(tmp_path / "shops.parquet"), "time": "day", "entity": "shop",
            "target": "busy", "horizon": 2, "leaky": ["sales", "level"],
            "events": str(tmp_path / "events.csv")}
    config = make_config({"data": data, "models": ["prior"], "splits": ["event_aware"],
                          "optimization": ["none"], "reports": str(tmp_path / "r"),
                          "exam": None})
    prepared = prepare(config)
    (fold,) = prepared.plan.splits["event_aware"].folds
    assert fold.audit.moves[0].event == "storm"
    assert run(prepared, runner="inline").trained == 1
    assert any((tmp_path / "r" / "experiment_results").iterdir())


def test_a_joined_table_gives_features_of_its_own(tmp_path):
    rates = tmp_path / "rates.csv"
    rates.write_text("day,rate\n2000-01-03,1.5\n2005-01-03,2.5\n2009-01-05,4.5\n")
    data = {"joins": [{"table": str(rates), "time": "day"}]}
    panel = load_panel(make_config({"data": data}).data)
    assert panel.frame["rates_rate"].n_unique() == 3
    assert {"rates_rate", "adj_close"} <= set(make_recipe(panel).exported)


def stopped(progress):
    raise KeyboardInterrupt("by hand")


def test_a_run_that_was_stopped_refuses_another_content_of_a_joined_table(tmp_path):
    rates = tmp_path / "rates.csv"
    rates.write_text("day,rate\n2000-01-03,1.5\n2005-01-03,2.5\n")
    config = make_config({
        "data": {"joins": [{"table": str(rates), "time": "day", "available_after": "1D"}]},
        "models": ["prior"], "splits": ["temporal"], "optimization": ["none"], "audit": "exact",
        "reports": str(tmp_path / "reports")})
    with pytest.raises(KeyboardInterrupt, match="by hand"):
        run(prepare(config), stopped, runner="inline")
    rates.write_text(rates.read_text().replace("2.5", "3.5"))
    with pytest.raises(ResumeError, match=r"changed since: values differ in 'rates_rate'\. Bring"):
        prepare(config)
    rates.write_text(rates.read_text().replace("3.5", "2.5") + "2020-01-01,9\n")
    prepare(config)  # no row could know of the new record


def test_tables_in_memory_are_no_part_of_a_configuration():
    with pytest.raises(InputError, match=r"joins\.0\.table.*not a valid JSON value"):
        make_config({"data": {"joins": [{"table": shop_table(), "time": "day", "name": "w"}]}})


def test_a_join_with_a_mistake_is_named():
    data = {"joins": [{"table": "rates.csv", "tme": "day"}]}
    with pytest.raises(InputError, match="unknown Join argument 'tme': did you mean 'time'"):
        load_panel(make_config({"data": data}).data)
