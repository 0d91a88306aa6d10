"""The refitted model is what the recipe, the selection and the library make of all rows."""

from __future__ import annotations

from dataclasses import replace

import lightgbm
import numpy as np
import polars as pl
import pytest
from scipy import special

from outlast import OutlastModel, Panel, refit
from outlast.config import make_config
from outlast.data import Schema
from outlast.deployment.card import model_card
from outlast.deployment.fitting import Material, fit_member
from outlast.deployment.manifest import Calibrator
from outlast.deployment.winner import Winner, _corrections
from outlast.design import Design
from outlast.errors import InputError
from outlast.experiments import prepare, run
from outlast.experiments.train import folds_of
from outlast.features import OrdinalCodes, make_recipe
from outlast.judge.board import Interval
from outlast.store import Store
from tests.tables import shop_panel, shop_table

SCHEMA = Schema(time="day", entity="shop", target="busy", horizon=2, leaky=("sales", "level"))


def job_of(shops, model):
    experiment = Store.open(shops.settings["reports"]).latest()
    return next(r for r in experiment.jobs.records()
                if r.job.model.name == model and r.job.split.name == "expanding_window")


def test_the_model_is_the_recommended_configuration_on_all_rows(shops):
    document, manifest = shops.result.document, shops.model.manifest_
    row = next(row for row in document.leaderboard if row.id == document.headline.row)
    assert len(manifest.members) == max(1, len(row.members))
    assert manifest.learned.n_rows == 4 * (240 - 2)
    assert manifest.told.promise == document.promise
    assert "had been opened" in manifest.learned.exam
    assert manifest.learned.entities == ("shop 0", "shop 1", "shop 2", "shop 3")


def test_the_last_rows_are_predicted_as_by_hand(shops):
    """By hand: the recipe on the whole table, the kept columns, and LightGBM's own training."""
    model = refit(shops.settings, config_of=job_of(shops, "lightgbm").job.id)
    member = model.manifest_.members[0]
    panel = Panel.build(shops.days(0, 240), SCHEMA, name="shops")
    frame = make_recipe(panel).transform(panel).frame.select(member.columns)
    levels = model.manifest_.levels
    assert all(levels[name] == tuple(sorted(set(frame[name].gather(np.flatnonzero(panel.usable)))))
               for name in levels)
    codes = frame.with_columns(
        pl.col(name).replace_strict(list(levels[name]), range(len(levels[name])),
                                    default=None, return_dtype=pl.Float32) for name in levels)
    X = codes.to_numpy().astype(np.float32)
    categorical = [member.columns.index(name) for name in levels]
    params = {**member.params, "objective": "binary", "seed": 0, "deterministic": True,
              "force_col_wise": True, "feature_pre_filter": False, "verbosity": -1}
    data = lightgbm.Dataset(X[panel.usable], panel.y[panel.usable],
                            categorical_feature=categorical, params=params)
    booster = lightgbm.train(params, data, member.n_iterations)
    expected = np.asarray(booster.predict(X))
    made = model.predict_new(shops.days(0, 240)).frame
    unlabelled = np.flatnonzero(~panel.labelled)
    assert made.height == unlabelled.size == 8
    np.testing.assert_allclose(made["probability"], expected[unlabelled], atol=1e-9)


@pytest.mark.parametrize("name", ["linear", "lightgbm"])
def test_a_member_on_the_rows_of_a_fold_is_the_job_of_that_fold(shops, name):
    record = job_of(shops, name)
    experiment = Store.open(shops.settings["reports"]).latest()
    fold = folds_of(experiment, record.job.split.model_dump_json())[record.job.fold]
    start = experiment.description["exam"]["start"]
    panel = Panel.build(shops.days(0, 240), SCHEMA, name="shops").seal(start)
    recipe = make_recipe(panel)
    table = recipe.transform(panel)
    fit = fit_member(record.job, Material(panel, recipe, fold.train, table))
    again = fit.fitted.predict(fit.design.matrix(table.frame[fold.test]))
    np.testing.assert_allclose(again, experiment.jobs.predictions(record)["p"], atol=1e-9)


def test_members_are_averaged_then_calibrated(shops):
    trained = OutlastModel.load(shops.saved).trained_
    levels = trained.manifest.levels
    panel = Panel.build(shops.days(0, 240), SCHEMA, name="shops")
    features, each = trained.features(panel), []
    for member, fitted in zip(trained.manifest.members, trained.fitted, strict=True):
        design = Design(member.columns, tuple(levels), OrdinalCodes(levels))
        each.append(fitted.predict(design.matrix(features)))
    assert len(each) == 2
    mean = (each[0] + each[1]) / 2
    made = shops.model.predict_new(shops.days(0, 240), rows="all").frame
    np.testing.assert_allclose(made["probability"], mean, atol=1e-12)
    calibrator = Calibrator(slope=0.5, intercept=-1.0, gain=Interval(value=0.01))
    corrected = replace(trained, manifest=trained.manifest.model_copy(
        update={"calibrator": calibrator}))
    made = OutlastModel().adopt(corrected).predict_proba(shops.days(0, 240))[:, 1]
    np.testing.assert_allclose(special.logit(made), 0.5 * special.logit(mean) - 1, atol=1e-9)
    assert "recalibrated (slope 0.50, intercept −1.00" in model_card(corrected.manifest)


@pytest.mark.parametrize("helps", [True, False])
def test_probabilities_are_corrected_only_if_that_was_shown_to_help(shops, helps):
    document = shops.result.document
    document = document.model_copy(update={
        "calibration": document.calibration.model_copy(update={"helps": helps})})
    found = _corrections(document, Winner([], None, True))
    assert ("calibrator" in found) is helps
    assert "calibrator" not in _corrections(document, Winner([], None, False))


def test_later_rows_change_no_earlier_prediction(shops):
    model = shops.model
    before = model.predict_new(shops.days(0, 260), rows="all").frame
    after = model.predict_new(shops.days(0, 300), rows="all").frame.head(before.height)
    assert before.equals(after)


def test_labels_of_the_rows_to_predict_do_not_matter(shops):
    table = shops.days(0, 260)
    flipped = table.with_columns(busy=pl.when(pl.col("day") >= pl.lit("2022-09-01").str.to_date())
                                 .then(1 - pl.col("busy")).otherwise("busy"))
    without = table.drop("busy", "sales", "level")
    made = [shops.model.predict_new(t, since="2022-09-01").frame["probability"]
            for t in (table, flipped, without)]
    assert made[0].equals(made[1])
    assert made[0].equals(made[2])


def test_nothing_is_refitted_that_was_not_run(shops):
    with pytest.raises(InputError, match="unknown job 'zzz'"):
        refit(shops.settings, config_of="zzz")
    with pytest.raises(InputError, match="unknown experiment"):
        refit(shops.settings, experiment="zzz")
    other = Panel.build(shops.days(1, 200), SCHEMA, name="shops")
    with pytest.raises(InputError, match="is not the one that"):
        refit(shops.settings, table=other)


def judged(panel, folder, **more):
    """Run two models on a table in memory, and write no report."""
    settings = {"reports": str(folder)}
    prepared = prepare(make_config({
        "models": ["prior", "linear"], "optimization": ["none"], "importance": 0,
        "audit": "exact", **more, **settings}), panel)
    run(prepared, runner="inline")
    return settings


@pytest.fixture(scope="module")
def levels(tmp_path_factory):
    """A target of three classes that nothing can predict, and whose exam is sealed."""
    panel = shop_panel("level")
    return panel, judged(panel, tmp_path_factory.mktemp("levels"), splits=["temporal"])


def test_where_nothing_is_recommended_a_job_must_be_named(levels):
    panel, settings = levels
    with pytest.raises(InputError, match=r"recommends nothing.*--config_of JOB"):
        refit(settings, table=panel)
    model = refit(settings, table=panel, config_of=linear_job(settings))
    assert model.classes_.tolist() == ["high", "low", "mid"]
    frame = model.predict_new(panel.frame).frame
    shares = frame.select(pl.col("^probability_.*$"))
    assert shares.columns == ["probability_high", "probability_low", "probability_mid"]
    np.testing.assert_allclose(shares.sum_horizontal(), 1.0)
    # The highest share decides.
    assert frame["prediction"].to_list() == [
        model.classes_[at] for at in shares.to_numpy().argmax(axis=1)]
    assert "no promise was made of it" in model_card(model.manifest_)


@pytest.mark.parametrize("kind", ["polars", "pandas"])
def test_a_data_frame_is_taken_as_the_table_that_was_run_on(levels, kind):
    panel, settings = levels
    frame = panel.frame if kind == "polars" else panel.frame.to_pandas()
    job = linear_job(settings)
    with pytest.raises(InputError, match=r"on a table in memory; give it in Python"):
        refit(settings, config_of=job)
    with pytest.raises(InputError, match="is not the one that"):
        refit(settings, table=frame[:-9], config_of=job)
    made, expected = (refit(settings, table=table, config_of=job) for table in (frame, panel))
    assert made.manifest_.learned == expected.manifest_.learned
    np.testing.assert_array_equal(made.predict_proba(frame), expected.predict_proba(frame))


def test_a_sealed_exam_stays_sealed_unless_asked_for(levels):
    panel, settings = levels
    job = linear_job(settings)
    closed = refit(settings, table=panel, config_of=job).manifest_.learned
    opened = refit(settings, table=panel, config_of=job, use_sealed=True).manifest_.learned
    assert "still sealed" in closed.exam
    assert closed.known < Store.open(settings["reports"]).latest().sealed["start"]
    assert opened.n_rows == int(panel.labelled.sum())
    assert "never opened" in opened.exam


def linear_job(settings):
    return next(r.job.id for r in Store.open(settings["reports"]).latest().jobs.records()
                if r.job.model.name == "linear")


def test_values_come_with_the_range_that_has_held(tmp_path):
    panel = shop_panel("sales")
    model = refit(judged(panel, tmp_path, splits=["expanding_window"]), table=panel)
    frame = model.predict_new(panel.frame).frame
    # The noise has a standard deviation of 1, and nine tenths of it lie within 1.64; the models of
    # the first windows, which count as well, know less.
    assert 1.6 < model.manifest_.range.half_width < 2.2
    np.testing.assert_allclose(frame["high"] - frame["low"], 2 * model.manifest_.range.half_width)
    np.testing.assert_allclose((frame["high"] + frame["low"]) / 2, frame["prediction"])
    assert not hasattr(model, "classes_")
    with pytest.raises(InputError, match="no probabilities"):
        model.predict_proba(panel.frame)
    # A model of a signal of size 3 beside noise of size 1 is nearer than the mean.
    truth = panel.frame["sales"].to_numpy()
    assert np.abs(model.predict(panel.frame) - truth).mean() < np.abs(truth - truth.mean()).mean()


def test_further_tables_and_names_of_classes_come_along(tmp_path):
    """A rate that is known a day late, columns that wait three days, classes with names."""
    whole = shop_table(250).with_columns(
        state=pl.col("busy").replace_strict({0: "closed", 1: "open"}))
    whole[: 4 * 240].write_parquet(tmp_path / "shops.parquet")
    days = whole["day"].unique().sort()
    rates = pl.DataFrame({"day": days, "rate": np.sin(np.arange(len(days)))})
    rates.write_csv(tmp_path / "rates.csv")
    data = {"source": str(tmp_path / "shops.parquet"), "time": "day", "entity": "shop",
            "target": "state", "horizon": "2D", "leaky": ["sales", "level", "busy"],
            "available_after": {"noise": "3D"},
            "joins": [{"table": str(tmp_path / "rates.csv"), "name": "bank", "time": "day",
                       "available_after": "1D"}]}
    model = refit(judged(None, tmp_path, splits=["temporal"], data=data))
    assert model.classes_.tolist() == ["closed", "open"]
    assert "bank_rate" in model.manifest_.names
    assert "bank_rate" not in model.feature_names_in_
    before = model.predict_proba(whole)
    assert model.predict(whole)[0] in ("closed", "open")
    # The rate of the last day is not known yet on that day, and that of the day before is.
    for row, is_used in ((len(days) - 1, False), (len(days) - 2, True)):
        rates.with_row_index().with_columns(
            rate=pl.when(pl.col("index") == row).then(9.0).otherwise("rate")).drop(
            "index").write_csv(tmp_path / "rates.csv")
        assert np.array_equal(model.predict_proba(whole), before) is not is_used
