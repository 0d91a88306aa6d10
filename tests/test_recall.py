"""A finished command answers again only while all that decides its answer is the same."""

from outlast.config import make_config
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
