from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from outlast.data import Events, Panel, Schema, load_stocks
from outlast.features import FeatureTable, make_recipe
from outlast.features.stocks import stocks_recipe


@pytest.fixture(scope="module")
def panel() -> Panel:
    return load_stocks()


@pytest.fixture(scope="module")
def table(panel: Panel) -> FeatureTable:
    return make_recipe(panel).transform(panel)


def test_definitions_by_hand(panel: Panel, table: FeatureTable) -> None:
    adjusted = pl.col("adj_close")
    r1 = adjusted / adjusted.shift(1) - 1
    by_hand = panel.frame.select(
        r1=r1.over("ticker"),
        ret_63=(adjusted / adjusted.shift(63) - 1).over("ticker"),
        vol_21=r1.rolling_std(21, min_samples=11).over("ticker"),
        range_5=((pl.col("high") - pl.col("low")) / pl.col("close"))
        .rolling_mean(5, min_samples=3).over("ticker"),
        drawdown_252=(adjusted / adjusted.rolling_max(252, min_samples=1) - 1).over("ticker"),
        date=pl.col("date"),
    ).with_columns(mkt_r1=pl.col("r1").mean().over("date")).drop("date")
    for column in by_hand:
        ours, hand = table.frame[column.name].to_numpy(), column.fill_null(np.nan).to_numpy()
        np.testing.assert_allclose(ours, hand, rtol=1e-5, atol=1e-7, err_msg=column.name)


def test_the_gap_does_not_jump_at_a_split(panel: Panel, table: FeatureTable) -> None:
    splits = panel.events.of_kind("split").table
    rows = panel.frame.with_columns(ns=panel.time.ns, gap=table.frame["gap"]).join(
        splits, left_on=["ticker", "ns"], right_on=["entity", "start"]
    )
    assert rows.height == splits.height
    assert rows["gap"].abs().max() < 0.1  # type: ignore[operator]


def test_events_count_from_their_day(panel: Panel, table: FeatureTable) -> None:
    days = panel.frame.select("ticker", "date", ns=panel.time.ns).with_columns(
        since=table.frame["days_since_dividend"]
    )
    dividends = panel.events.of_kind("dividend").table
    hit = days.join(dividends, left_on=["ticker", "ns"], right_on=["entity", "start"])
    assert (hit["since"] == 0).all()
    ibm = days.filter(pl.col("ticker") == "IBM")["since"].drop_nans()
    assert ibm.max() < 100  # type: ignore[operator]  # IBM pays every quarter


def test_the_whole_recipe_looks_only_backwards(panel: Panel, table: FeatureTable) -> None:
    cut = np.datetime64("2006-07-01", "ns").astype(np.int64)
    before = panel.time.ns <= cut
    short = Panel.build(panel.frame.filter(before), panel.schema, events=panel.events,
                        name="stocks")
    assert make_recipe(short).transform(short).frame.equals(table.frame.filter(before))


def test_shocks_named_with_hindsight_are_no_features(panel: Panel) -> None:
    kinds = {feature.params.get("kind") for feature in make_recipe(panel).features}
    assert kinds == {None, "news gap", "dividend"}


def test_one_recipe_for_all_three_targets(panel: Panel) -> None:
    other = load_stocks("up_5")
    assert make_recipe(other).transform(other).fingerprint == make_recipe(panel).transform(
        panel
    ).fingerprint


def test_without_events_only_their_features_are_missing(panel: Panel) -> None:
    bare = Panel.build(panel.frame, panel.schema, events=Events.none(), name="stocks")
    left_out = set(stocks_recipe(panel).exported) - set(stocks_recipe(bare).exported)
    assert left_out == {"days_since_news_gap", "days_since_dividend"}


def test_another_table_called_stocks_gets_the_automatic_recipe() -> None:
    other = Panel.build({"t": [1, 2], "x": [1.0, 2.0], "y": [0.1, 0.2]},
                        Schema(time="t", target="y", task="regression"), name="stocks")
    assert make_recipe(other).name == "automatic"


def test_another_question_about_the_same_prices_gets_the_automatic_recipe(panel: Panel) -> None:
    schema = Schema(time="date", entity="ticker", target="close", horizon=1,
                    leaky=("big_move_5", "up_5", "fwd_ret_5", "label_end"))
    other = Panel.build(panel.frame, schema, name="stocks")
    assert make_recipe(other).name == "automatic"
