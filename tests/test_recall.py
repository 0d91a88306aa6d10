"""A finished command answers again only while all that decides its answer is the same."""

import polars as pl

from outlast.config import make_config
from outlast.experiments import load_panel
from outlast.experiments.changes import data_changes, describe_content
from outlast.feature_tracker import FeatureTracker
from outlast.pipeline import run_pipeline
from outlast.recall import recall, remember
from tests.tables import shop_table


def test_another_recipe_in_the_same_file_is_another_question(tmp_path):
    shop_table().drop("busy", "level").write_csv(tmp_path / "shops.csv")
    recipe = tmp_path / "mine.yaml"
    recipe.write_text("features:\n  - lag: {name: before, source: signal}\n")
    config = make_config({
        "data": {"source": str(tmp_path / "shops.csv"), "time": "day", "entity": "shop",
                 "target": "sales", "horizon": 2},
        "models": ["prior"], "splits": ["temporal"], "optimization": ["none"], "audit": "exact",
        "reports": str(tmp_path / "reports"), "runner": "inline", "recipe": str(recipe)})
    assert recall(config) is None
    result = run_pipeline(config)
    assert result.outcome is not None
    remember(config, result.outcome, result.report.html)
    assert recall(config) is not None
    recipe.write_text("features:\n  - lag: {name: before, source: noise}\n")
    assert recall(config) is None


def test_another_content_of_a_joined_table_is_another_question(tmp_path):
    table = shop_table().drop("busy", "level")
    table.write_csv(tmp_path / "shops.csv")
    rates = tmp_path / "rates.csv"
    rates.write_text("day,rate,shop\n2022-01-03,1.5,shop 0\n2022-02-01,2.5,shop 0\n")
    config = make_config({
        "data": {"source": str(tmp_path / "shops.csv"), "time": "day", "entity": "shop",
                 "target": "sales", "horizon": 2,
                 "joins": [{"table": str(rates), "time": "day", "on": ["shop"],
                            "available_after": "1D", "max_age": "60D"}]},
        "models": ["prior"], "splits": ["temporal"], "optimization": ["none"], "audit": "exact",
        "reports": str(tmp_path / "reports"), "runner": "inline"})
    before = load_panel(config.data)
    shown = before.frame.filter(pl.col("shop") == "shop 0")["rates_rate"].to_list()
    assert shown[2:4] == [None, 1.5]
    result = run_pipeline(config)
    assert result.outcome is not None
    entry, = FeatureTracker.open(tmp_path / "reports").lineage("rates_rate").rows(named=True)
    assert (entry["source_table"], entry["available_after"], entry["uses_target"]) == (
        "rates", "1D", False)
    remember(config, result.outcome, result.report.html)
    assert recall(config) is not None
    rates.write_text(rates.read_text().replace("2.5", "3.5"))
    assert recall(config) is None
    after = load_panel(config.data)
    assert after.fingerprint != before.fingerprint
    assert data_changes(describe_content(before), describe_content(after)) == [
        "values differ in 'rates_rate'"]
