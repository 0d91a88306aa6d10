from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from benchmarks.suggest import sales, visits
from outlast import Panel, Schema, load_stocks
from outlast.cli import app
from outlast.data import Events
from outlast.errors import InputError
from outlast.features import FEATURES, suggest_recipe
from outlast.features.clock_windows import RollingTime
from outlast.features.cross_section import CrossSectionRank
from outlast.features.declared import read_recipe, suggestion_yaml
from outlast.features.target_encoding import TargetEncoding
from outlast.testing.features import disturbed_after, known_at
from outlast.testing.panels import irregular_panel

TABLES = {"stocks": load_stocks, "sales": sales, "visits": visits, "irregular": irregular_panel,
          "abstract": lambda: irregular_panel(clock="abstract")}


def names(panel: Panel, **options: int) -> set[str]:
    return set(suggest_recipe(panel, **options).recipe.exported)


@pytest.mark.parametrize("name", TABLES)
def test_what_is_proposed_can_be_computed_and_looks_only_backwards(name: str) -> None:
    panel = TABLES[name]()
    recipe = suggest_recipe(panel).recipe
    full = recipe.transform(panel).frame
    times = np.unique(panel.time.ns)
    cut = int(times[int(0.7 * times.size)])
    before = pl.Series(panel.time.ns <= cut)
    for other in (known_at(panel, cut), disturbed_after(panel, cut)):
        again = recipe.transform(other).frame
        again = again if again.height == before.sum() else again.filter(before)
        assert again.equals(full.filter(before))


@pytest.mark.parametrize("name", TABLES)
def test_the_future_and_the_target_decide_nothing(name: str) -> None:
    panel = TABLES[name]()
    times = np.unique(panel.time.ns)
    changed = disturbed_after(panel, int(times[int(0.6 * (times.size - 1))]))
    recipe = suggest_recipe(panel).recipe
    assert suggest_recipe(changed).recipe.fingerprint == recipe.fingerprint
    assert panel.schema.target not in {root for f in recipe.features for root in f.inputs}


def test_an_event_that_comes_later_decides_nothing() -> None:
    panel = irregular_panel()
    events = panel.events.table
    own = events.filter(pl.col("entity").is_not_null()).head(1)
    late = own.with_columns(kind=pl.lit("crash"), start=pl.lit(int(panel.time.ns[-1]), pl.Int64),
                            end=pl.lit(int(panel.time.ns[-1]), pl.Int64))
    more = replace(panel, events=Events(pl.concat([events, late]), panel.events.zone))
    assert suggest_recipe(more).recipe.fingerprint == suggest_recipe(panel).recipe.fingerprint


def test_windows_are_as_long_as_what_repeats() -> None:
    assert {"volume__mean_5", "volume__mean_21"} <= names(load_stocks())
    assert {"sold__mean_4", "sold__mean_13"} <= names(sales())
    hour = np.arange("2024-01-01", "2024-02-10", dtype="datetime64[h]").astype("datetime64[us]")
    table = {"hour": hour, "load": np.random.default_rng(0).normal(size=hour.size),
             "y": np.arange(hour.size) % 2}
    hourly = Panel.build(table, Schema(time="hour", target="y", horizon=1))
    assert {"load__mean_24", "load__mean_168", "hour__hour"} <= names(hourly)


def test_irregular_times_get_windows_of_clock_time_and_no_comparison_with_others() -> None:
    features = suggest_recipe(visits()).recipe.features
    assert {f.duration for f in features if isinstance(f, RollingTime)} == {"91D", "365D"}
    assert not any(isinstance(f, CrossSectionRank) for f in features)
    assert "lab__missing" in names(visits())


def test_columns_are_told_by_their_behaviour() -> None:
    rng = np.random.default_rng(0)
    n = 400
    walk = np.cumsum(rng.normal(size=n))
    table = pl.DataFrame({
        "t": np.arange(n), "noise": rng.normal(size=n), "walk": walk, "price": np.exp(0.01 * walk),
        "rising": np.arange(n) + rng.normal(size=n), "rare": (rng.random(n) < 0.05).astype(int),
        "kind": rng.choice([f"k{i}" for i in range(60)], n), "y": rng.integers(0, 2, n)})
    found = suggest_recipe(Panel.build(table, Schema(time="t", target="y", horizon=1)))
    kinds = {kind: {f.name for f in found.recipe.features if type(f) is made}
             for kind, made in FEATURES.items()}
    assert {"noise__mean_5", "noise__mean_20", "rare__mean_20"} <= kinds["rolling"]
    assert "price__change_1" in kinds["return"]
    assert {"walk__change_1", "rising__change_1"} <= kinds["difference"]
    assert "rising" not in kinds["raw"]
    assert kinds["target_encoding"] == {"kind__target"}


def test_entities_that_differ_are_no_memory_and_constants_are_left_out() -> None:
    rng = np.random.default_rng(0)
    n_entities, n_days = 20, 60
    level = np.repeat(np.arange(n_entities) * 10.0, n_days)
    table = pl.DataFrame({
        "t": np.tile(np.arange(n_days), n_entities), "who": np.repeat(
            [f"w{k}" for k in range(n_entities)], n_days),
        "noise": level + rng.normal(size=level.size), "one": 1.0, "kind": "same",
        "y": rng.integers(0, 2, level.size)})
    found = suggest_recipe(Panel.build(table, Schema(time="t", entity="who", target="y",
                                                     horizon=1)))
    assert {"noise__mean_5", "noise__std_20"} <= set(found.recipe.exported)
    assert {found.skipped["one"], found.skipped["kind"]} == {"never changes"}


def test_many_levels_are_encoded_only_if_they_come_again() -> None:
    n = 900
    level = np.arange(n) % 250
    table = pl.DataFrame({"t": np.arange(n), "often": [f"o{k % 100}" for k in level],
                          "unique": [f"u{k}" for k in range(n)], "y": np.arange(n) % 2})
    found = suggest_recipe(Panel.build(table, Schema(time="t", target="y", horizon=1)))
    encoded = {f.source for f in found.recipe.features if isinstance(f, TargetEncoding)}
    assert encoded == {"often"}
    assert "too few rows each" in found.skipped["unique"]


def test_a_budget_keeps_the_most_basic_and_tells_the_rest() -> None:
    found = suggest_recipe(load_stocks(), max_features=10)
    assert len(found.recipe.exported) == 10
    assert found.recipe.exported[:2] == ("open", "high")
    everything = suggest_recipe(load_stocks(), max_features=1000)
    n_left = sum(len(group.features) for group in found.left_out)
    assert n_left == len(everything.recipe.exported) - 10


def test_the_file_is_read_back_as_the_same_recipe(tmp_path) -> None:
    found = suggest_recipe(sales(), max_features=12)
    path = tmp_path / "recipe.yaml"
    path.write_text(suggestion_yaml(found))
    assert read_recipe(path).features == found.recipe.features
    assert "# changes of what moves slowly" in path.read_text()


def test_the_command_writes_a_recipe_and_overwrites_none(tmp_path, capsys) -> None:
    sales().frame.write_parquet(tmp_path / "sales.parquet")
    output = tmp_path / "recipe.yaml"
    command = ["features", "suggest", str(tmp_path / "sales.parquet"), "--time", "week", "--entity",
               "store", "--target", "change", "--horizon", "1", "--output", str(output),
               "--max_features", "9"]
    app(command, exit_on_error=False, result_action="return_value")
    told = capsys.readouterr().out
    assert "9 features in" in told
    assert "no room for" in told
    assert len(read_recipe(output).exported) == 9
    with pytest.raises(InputError, match="is there already; name another file: --output"):
        app(command, exit_on_error=False, result_action="return_value")
    with pytest.raises(InputError, match="max_features must be at least 1, got 0"):
        app([*command[:-4], "--output", str(tmp_path / "b.yaml"), "--max_features", "0"],
            exit_on_error=False, result_action="return_value")


def test_a_table_without_columns_is_refused() -> None:
    panel = Panel.build({"t": [1, 2, 3], "y": [0, 1, 0]}, Schema(time="t", target="y", horizon=1))
    with pytest.raises(InputError, match="has no features; add a column that is known"):
        suggest_recipe(panel)
