"""Recipes as YAML: what is written is what is read, and mistakes are told with their line."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from outlast.data import load_stocks
from outlast.errors import InputError
from outlast.features import FEATURES, Feature, Recipe, default_recipe, make_recipe
from outlast.features.arithmetic import Raw
from outlast.features.declared import declare, read_recipe, recipe_of, to_yaml
from outlast.features.windows import Lag, Return, Rolling
from outlast.strict_yaml import load_yaml
from tests.contracts.test_features import EXAMPLES
from tests.features import irregular
from tests.tables import shop_panel

DECLARED = """\
name: my_recipe
features:
  - return: {name: r1, source: price, steps: 1}
  - rolling: {name: vol_21, source: r1, statistic: std, rows: 21}
  - rolling: {name: "{source}__mean_5", source: [x, count], rows: 5}
  - holiday_distance: {name: holiday, source: when, dates: [2024-12-25, 2025-01-01]}
exported: [vol_21, x__mean_5, holiday]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "recipe.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def again(recipe: Recipe, folder: Path) -> Recipe:
    return read_recipe(written(folder, to_yaml(declare(recipe))))


@pytest.mark.parametrize("kind", FEATURES)
def test_every_feature_comes_back(kind: str, tmp_path: Path) -> None:
    features = tuple(FEATURES[kind](name=f"f{i}", **params)
                     for i, params in enumerate(EXAMPLES[kind]))
    recipe = Recipe("all", features)
    back = again(recipe, tmp_path)
    assert back == recipe
    assert back.fingerprint == recipe.fingerprint


def test_whole_recipes_come_back(tmp_path: Path) -> None:
    stocks = load_stocks()
    for recipe in (make_recipe(stocks), default_recipe(stocks),
                   default_recipe(irregular.panel())):
        back = again(recipe, tmp_path)
        assert back == recipe
        assert back.fingerprint == recipe.fingerprint


def test_a_file_is_read(tmp_path: Path) -> None:
    recipe = read_recipe(written(tmp_path, DECLARED))
    assert recipe.name == "my_recipe"
    assert recipe.exported == ("vol_21", "x__mean_5", "holiday")
    assert recipe.features[:4] == (
        Return("r1", "price"), Rolling("vol_21", "r1", rows=21, statistic="std"),
        Rolling("x__mean_5", "x", rows=5), Rolling("count__mean_5", "count", rows=5))
    assert recipe.features[4].params["dates"] == ("2024-12-25", "2025-01-01")
    assert recipe.transform(irregular.panel()).names == recipe.exported


def test_the_name_is_that_of_the_file_and_skipped_columns_are_kept(tmp_path: Path) -> None:
    text = "features:\n  - raw: {name: x, source: x}\nskipped: {note: 300 levels}\n"
    recipe = read_recipe(written(tmp_path, text))
    assert (recipe.name, recipe.skipped) == ("recipe", (("note", "300 levels"),))


@pytest.mark.parametrize(("entry", "message"), [
    ("roling: {name: f, source: x}", "line 3: unknown kind of feature 'roling': did you mean "
                                     "'rolling'"),
    ("rolling: {name: f, source: x, row: 5}", "line 3: unknown parameter of rolling 'row': did "
                                              "you mean 'rows'"),
    ("rolling: {name: f, source: x, rows: five}", "line 3: rolling: rows: Input should be a valid "
                                                  "integer, got 'five'"),
    ("rolling: {name: f, source: x, rows: true}", "rows: Input should be a valid integer"),
    ("rolling: {name: f, source: x, rows: 0}", "line 3: rolling: feature 'f': rows must be >= 1"),
    ("rolling: {name: f, source: x, statistic: maen}", "line 3: rolling: statistic: .*'mean'"),
    ("rolling: {name: f}", "line 3: rolling: source is missing"),
    ("rolling: {name: f, source: [x, price]}", "needs '{source}' in its name, .* got 'f'"),
    ("rolling", "line 3: a feature is one kind with its parameters"),
    ("rolling: 5", "line 3: rolling needs parameters"),
    ("{rolling: {}, lag: {}}", "line 3: a feature is one kind"),
])
def test_mistakes_in_a_feature_are_told_with_their_line(
    entry: str, message: str, tmp_path: Path
) -> None:
    path = written(tmp_path, f"features:\n  - raw: {{name: x, source: x}}\n  - {entry}\n")
    with pytest.raises(InputError, match=message) as caught:
        read_recipe(path)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize(("text", "message"), [
    ("feature: []", "unknown key 'feature': did you mean 'features'"),
    ("name: n", "'features' must be a list"),
    ("features: {raw: {name: x, source: x}}", "'features' must be a list"),
    ("features:\n  - raw: {name: x, source: x}\nexported: [y]",
     r"recipe\.yaml: unknown exported feature 'y'"),
    ("features:\n  - raw: {name: x, source: x}\nexported: x", "'exported' must be a list"),
    ("features:\n  - raw: {name: x, source: x}\nskipped: x", "'skipped' must give columns"),
    ("features: &a []\nexported: *a", "aliases are not allowed"),
    ("features:\n  - [", "cannot read"),
])
def test_mistakes_in_a_file_are_told(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        read_recipe(written(tmp_path, text))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no recipe file at .*none\.yaml"):
        read_recipe(tmp_path / "none.yaml")


def test_an_unknown_input_names_feature_and_column() -> None:
    recipe = recipe_of({"features": [{"lag": {"name": "f", "source": "prise"}}]})
    with pytest.raises(InputError, match=r"feature 'f' needs column 'prise', .* did you mean "
                                         r"'price'"):
        recipe.transform(irregular.panel())


def test_text_features_are_no_numbers() -> None:
    declared: list[Any] = [{"category": {"name": "team", "source": "group"}},
                           {"lag": {"name": "f", "source": "team"}}]
    with pytest.raises(InputError, match="'f' needs numbers, but 'team' is an earlier feature"):
        recipe_of({"features": declared}).transform(irregular.panel())


def test_shared_values_are_written_out(tmp_path: Path) -> None:
    days = ("2024-12-25",)
    recipe = Recipe("r", tuple(FEATURES["holiday_distance"](name=n, source="when", dates=days)
                               for n in ("a", "b")))
    path = written(tmp_path, to_yaml(declare(recipe)))
    assert len(load_yaml(path)["features"]) == 2


def test_a_class_of_ones_own_cannot_be_written() -> None:
    class Own(Raw):
        pass

    own: Feature = Own("f", "x")
    with pytest.raises(InputError, match="feature 'f' is a Own, which is not among"):
        declare(Recipe("r", (own,)))
    assert declare(Recipe("r", (replace(Lag("f", "x"), name="g"),)))["features"]


def test_a_column_that_the_table_lacks_is_told_with_file_line_and_feature(tmp_path: Path) -> None:
    text = DECLARED_FOR_SHOPS.format(source="[signal, copyy]")
    recipe = read_recipe(written(tmp_path, text))
    assert pickle.loads(pickle.dumps(recipe)) == recipe
    with pytest.raises(InputError, match=r"recipe\.yaml, line 4: feature 'copyy_mean' needs column "
                                         r"'copyy', .*did you mean 'copy'"):
        recipe.check(shop_panel())
    read_recipe(written(tmp_path, DECLARED_FOR_SHOPS.format(source="[signal, copy]"))).check(
        shop_panel())
    # One that was made in Python has no place but its name.
    with pytest.raises(InputError, match=r"^feature 'x' needs column 'copyy'"):
        Recipe("mine", (Lag("x", "copyy"),)).check(shop_panel())


DECLARED_FOR_SHOPS = """\
name: shops
features:
- lag: {{name: before, source: signal}}
- rolling: {{name: "{{source}}_mean", source: {source}, rows: 5}}
"""
