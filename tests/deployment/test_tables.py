"""Tables that fit a model, those that do not, and what makes predictions less sure."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from outlast import Events, OutlastModel, refit, run_pipeline
from outlast.errors import InputError, OutlastWarning


def codes(model, table, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OutlastWarning)
        return {caution.code for caution in model.predict_new(table, **options).cautions}


def test_every_kind_of_table_is_taken(shops, tmp_path):
    table = shops.days(0, 244)
    table.write_csv(tmp_path / "t.csv")
    table.write_parquet(tmp_path / "t.parquet")
    expected = shops.model.predict_new(table).frame
    assert expected.columns == ["day", "shop", "prediction", "probability"]
    for given in (table.to_pandas(), table.to_arrow(), table.lazy(), tmp_path / "t.csv",
                  str(tmp_path / "t.parquet")):
        made = shops.model.predict_new(given).frame
        assert made["probability"].equals(expected["probability"])


def test_new_rows_are_read_as_the_file_that_was_learned_from(tmp_path):
    days = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 9, 26), eager=True)
    rng = np.random.default_rng(0)
    level = np.cumsum(rng.normal(size=(len(days), 3)), axis=0)
    wide = pl.DataFrame({"Tag": days.dt.strftime("%d.%m.%Y"), **dict(zip("abc", level.T,
                                                                          strict=True))})
    old, new, long = (tmp_path / name for name in ("old.csv", "new.csv", "long.parquet"))
    wide.head(260).write_csv(old, separator=";", decimal_comma=True)
    wide.write_csv(new, separator=";", decimal_comma=True)
    roles = {"time": "Tag", "entity": "shop", "target": "level", "horizon": 1}
    settings = {"models": ["linear"], "splits": ["temporal"], "optimization": ["none"],
                "importance": 0, "audit": "exact", "exam": "off",
                "reports": str(tmp_path / "reports")}
    result = run_pipeline({**settings, "data": {
        "source": str(old), **roles, "time_format": "%d.%m.%Y",
        "unpivot": {"index": ["Tag"], "names": "shop", "values": "level"}}}, runner="inline")
    model = refit({"reports": settings["reports"]},
                  config_of=result.document.leaderboard[0].jobs[0])
    model.save(tmp_path / "model")
    made = OutlastModel.load(tmp_path / "model").predict_new(new, since="2024-09-17").frame
    assert made.height == 3 * 10
    wide.with_columns(Tag=days).unpivot(
        index="Tag", variable_name="shop", value_name="level").write_parquet(long)
    plain = pl.read_parquet(long)
    same = model.predict_new(plain, since="2024-09-17").frame
    assert made.sort("Tag", "shop").equals(same.sort("Tag", "shop"))


def test_only_rows_that_are_asked_for_are_predicted(shops):
    table = shops.days(0, 250)
    day = shops.whole["day"][4 * 246]
    # The labels of the last two days are not known yet.
    assert shops.model.predict_new(table).frame.height == 8
    assert shops.model.predict_new(table, since=str(day)).frame["day"].min() == day
    assert shops.model.predict_new(table, since=day).frame.height == 16
    assert shops.model.predict_new(table, rows="all").frame.height == 1_000
    with pytest.raises(InputError, match="no row of the table has a time of 2030-01-01 or later"):
        shops.model.predict_new(table, since="2030-01-01")
    with pytest.raises(InputError, match=r"since.*soon"):
        shops.model.predict_new(table, since="soon")


@pytest.mark.parametrize(("change", "message"), [
    (lambda t: t.drop("copy"), r"lacks the column 'copy' \(input, Float64\).*Known: "),
    (lambda t: t.drop("day"), r"lacks the column 'day' \(time"),
    (lambda t: t.drop("shop"), r"lacks the column 'shop' \(entity"),
    (lambda t: t.with_columns(pl.col("copy").cast(pl.String)),
     "'copy' .* holds String, and the model has learned from Float64"),
    (lambda t: t.with_columns(day=pl.int_range(pl.len())), "'day' .* holds Int64"),
    (lambda t: t.with_columns(day=pl.col("day").cast(pl.Datetime("us", "UTC"))),
     "holds times with a time zone, and the model has learned from times without"),
    (lambda t: t.with_columns(busy=pl.lit(7)), "has the classes 7, which are not among"),
    (lambda t: pl.concat([t, t]), "rows share their"),
    (lambda t: t.head(0), "has no rows"),
])
def test_a_table_that_does_not_fit_is_refused_with_the_way_out(shops, change, message):
    with pytest.raises(InputError, match=message):
        shops.model.predict_new(change(shops.days(0, 244)))


def test_a_gap_does_not_make_other_classes_of_whole_numbers(shops):
    table = shops.days(0, 244)
    gappy = table.with_columns(busy=pl.col("busy").cast(pl.Float64).fill_null(float("nan")))
    assert np.array_equal(shops.model.predict(gappy), shops.model.predict(table))


def test_columns_that_no_kept_feature_needs_may_be_missing(shops):
    """`signal` and `copy` are the same, and the selection keeps one of them."""
    table = shops.days(0, 244)
    without = table.drop("signal", "sales", "level", "busy")
    assert np.array_equal(shops.model.predict(without), shops.model.predict(table))
    assert "signal" not in shops.model.feature_names_in_


def test_strangers_are_told(shops):
    table = shops.days(0, 244).with_columns(shop=pl.col("shop").replace("shop 3", "shop 9"))
    with pytest.warns(OutlastWarning, match="2 of 8 rows are about 'shop 9' in column 'shop'"):
        (caution,) = shops.model.predict_new(table).cautions
    assert caution.evidence == {"rows": 2, "entities": ["shop 9"]}


def test_categories_that_were_never_seen_are_told(shops):
    assert "weather" in shops.model.manifest_.levels
    table = shops.days(0, 244).with_columns(weather=pl.lit("hail"))
    with pytest.warns(OutlastWarning, match="'weather' has in 8 of 8 rows a category .*'hail'"):
        cautions = shops.model.predict_new(table).cautions
    assert cautions[0].evidence["categories"] == ["hail"]


def test_age_is_told_only_beyond_the_time_to_retrain(shops):
    told = shops.model.manifest_.told.model_copy(update={"retrain_days": 30.0})
    manifest = shops.model.manifest_.model_copy(update={"told": told})
    model = OutlastModel().adopt(replace(shops.model.trained_, manifest=manifest))
    assert "age" not in codes(model, shops.days(0, 260))
    assert "age" in codes(model, shops.days(0, 280))


def test_too_little_history_is_told(shops):
    assert "short_history" not in codes(shops.model, shops.days(0, 260))
    assert "short_history" in codes(shops.model, shops.days(250, 260))


def test_events_that_nobody_has_told_of_are_told(shops):
    """With a recipe that looks at events, which end with the training unless more are given."""
    manifest = shops.model.manifest_.model_copy(update={"event_features": ("copy",)})
    model = OutlastModel().adopt(replace(shops.model.trained_, manifest=manifest))
    events = Events.from_frame(pl.DataFrame({"start": ["2022-02-01"]}))
    assert "old_events" in codes(model, shops.days(0, 244))
    assert "old_events" not in codes(model, shops.days(0, 244), events=events)
    assert "old_events" not in codes(model, shops.days(0, 238))


def test_other_code_of_the_features_is_told(shops):
    manifest = shops.model.manifest_.model_copy(update={"feature_code": "0" * 12})
    model = OutlastModel().adopt(replace(shops.model.trained_, manifest=manifest))
    assert codes(model, shops.days(0, 244)) == {"other_code"}


def test_drift_is_told_and_chance_is_not(shops):
    table = shops.days(0, 300)
    assert "drift" not in codes(shops.model, table, since="2022-09-01")
    later = pl.col("day") >= pl.lit("2022-09-01").str.to_date()
    moved = table.with_columns(copy=pl.col("copy") + pl.when(later).then(4).otherwise(0))
    with pytest.warns(OutlastWarning, match="lie farther from the training rows"):
        (drift,) = shops.model.predict_new(moved, since="2022-09-01").cautions
    assert next(iter(drift.evidence)).startswith("copy")
