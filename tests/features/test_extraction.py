"""The fast way to compute a recipe gives what the expressions give, entity by entity."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outlast.data import Panel, load_stocks
from outlast.features import Recipe, make_recipe
from outlast.features.arithmetic import Category, Combine, Raw
from outlast.features.column import Column
from outlast.features.cross_section import CrossSectionRank
from outlast.features.extraction import Extraction
from outlast.features.grid import Grid
from outlast.features.windows import (
    Difference,
    Drawdown,
    Ewm,
    Expanding,
    GridFeature,
    Lag,
    RangePosition,
    Return,
    Rolling,
    ZScore,
)
from tests.features import irregular

STATISTICS = ("mean", "std", "min", "max", "sum")


def grid_features(source: str) -> list[GridFeature]:
    windows = [Rolling(f"{s}_{rows}", source, rows, min_rows, s)
               for s in STATISTICS for rows, min_rows in ((1, 1), (2, 2), (5, None), (21, 3))]
    return [
        Lag("lag", source, 3), Difference("diff", source, 2), Return("return", source), *windows,
        *(Expanding(f"{s}_so_far", source, s) for s in STATISTICS),
        ZScore("z", source, 9), Drawdown("down", source, 8), RangePosition("place", source, 7),
        Ewm("mean_fading", source, span=6), Ewm("std_fading", source, "std", span=4.5),
    ]


def on_grid(feature: GridFeature, panel: Panel, values: pl.Series) -> np.ndarray:
    grid = Grid(panel.entity)
    out, = grid.empty(1, np.float64)
    numbers = values.cast(pl.Float64).to_numpy()
    for block in grid.blocks:
        column = Column(grid.cells(numbers, block))
        grid.put(out, block, feature.window(column).values)
    return out[:-1]


def assert_same(feature: GridFeature, panel: Panel) -> None:
    """Missing in the same places, equal to nine digits of the values that went in."""
    frame, context = irregular.keyed(panel)
    frame = frame.with_columns(pl.col("count", "flag").cast(pl.Float64))
    got = on_grid(feature, panel, frame[feature.source])
    wanted = feature.compute(frame, context).cast(pl.Float64).fill_null(np.nan).to_numpy()
    got, wanted = (np.where(np.isfinite(x), x, np.nan) for x in (got, wanted))
    scale = np.nanmax(np.abs(frame[feature.source].cast(pl.Float64).fill_null(np.nan).to_numpy()))
    np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-9 * scale, err_msg=str(feature))


@pytest.mark.parametrize("source", ["x", "price", "count"])
@pytest.mark.parametrize("clock", ["naive", "aware", "abstract"])
def test_the_grid_gives_what_the_expressions_give(source: str, clock: irregular.Clock) -> None:
    panel = irregular.panel(clock=clock)
    for feature in grid_features(source):
        assert_same(feature, panel)


@settings(max_examples=20)
@given(seed=st.integers(0, 10_000), days=st.integers(3, 40))
def test_it_does_on_any_panel(seed: int, days: int) -> None:
    for feature in grid_features("x"):
        assert_same(feature, irregular.panel(seed, days))


def complete_panel(entities: int, times: int) -> Panel:
    rng = np.random.default_rng(entities)
    who = np.tile([f"e{k:05d}" for k in range(entities)], times)
    table = pl.DataFrame({
        "when": np.repeat(np.arange(times), entities), "who": who,
        "x": 1e6 + rng.normal(size=who.size).cumsum(), "y": rng.normal(size=who.size)})
    return Panel.build(table, irregular.SCHEMA)


@pytest.mark.parametrize(("entities", "times"), [(1, 500), (3, 700), (400, 30), (70, 1500)])
def test_a_complete_panel_gives_the_same_as_its_entities_alone(entities: int, times: int) -> None:
    panel = complete_panel(entities, times)
    recipe = Recipe("all", tuple(grid_features("x")))
    together = recipe.transform(panel).frame
    for entity in {0, entities - 1}:
        rows = panel.entity == entity
        assert recipe.transform(panel.take(rows)).frame.equals(together.filter(pl.Series(rows)))


def test_many_entities_of_unequal_length_fill_their_blocks() -> None:
    rng = np.random.default_rng(4)
    entity = rng.permutation(np.repeat(np.arange(60), rng.zipf(1.5, 60).clip(1, 3000)))
    grid = Grid(entity)
    seen, = grid.empty(1, np.float64)
    for block in grid.blocks:
        grid.put(seen, block, grid.cells(np.arange(entity.size, dtype=float), block))
    np.testing.assert_array_equal(seen[:-1], np.arange(entity.size))
    assert sum(block.size for block in grid.blocks) <= 2 * entity.size


@pytest.mark.parametrize("level", [0.1, 0.3, 1e9, -7.7e-4])
@pytest.mark.parametrize("rows", [2, 3, 5, 12, 21, 60, 63])
def test_equal_values_have_no_deviation_at_all(level: float, rows: int) -> None:
    constant = Column(np.full((100, 2), level))
    deviation = constant.rolling("std", rows, 2).values
    assert np.isnan(deviation[0]).all()
    assert not deviation[1:].any()


def test_a_deviation_keeps_its_digits_far_from_zero() -> None:
    noise = np.random.default_rng(8).normal(size=(400, 1))
    far = noise + 1e7
    for ours, rows in ((Column(far).rolling("std", 25, 25), 25), (Column(far).expanding("std"), 0)):
        for row in (24, 100, 399):
            window = far[row + 1 - rows:row + 1] if rows else far[:row + 1]
            exact = np.std(window - window[0], ddof=1)
            np.testing.assert_allclose(ours.values[row, 0], exact, rtol=1e-9)


def test_a_window_does_not_depend_on_where_the_table_begins() -> None:
    """To the last bit: so new rows can be computed from the rows that they reach back to."""
    values = np.random.default_rng(3).normal(size=(300, 3)).cumsum(axis=0)
    for statistic in STATISTICS:
        whole = Column(values).rolling(statistic, 37, 10).values
        part = Column(values[150:]).rolling(statistic, 37, 10).values
        np.testing.assert_array_equal(part[36:], whole[186:])


def test_parts_of_a_recipe_are_the_columns_of_the_whole() -> None:
    panel = irregular.panel()
    features = (
        Raw("x", "x"), Return("r1", "price"), Rolling("calm", "r1", rows=5, statistic="std"),
        Combine("both", "calm", "x", "product"), Lag("later", "both"), Category("group", "group"),
        CrossSectionRank("rank", "calm"), Lag("ranked", "rank", 2),
    )
    recipe = Recipe("mixed", features)
    whole = recipe.transform(panel).frame
    extraction = Extraction(panel, features, recipe.roots)
    for names in (["ranked"], ["group", "x"], ["later", "r1", "rank"], list(recipe.exported)):
        assert extraction.table(names).equals(whole.select(names))


def test_holes_in_later_rows_do_not_change_a_bit() -> None:
    panel = complete_panel(5, 80)
    late = pl.Series(panel.time.ns >= 60) & pl.Series(panel.entity == 2)
    holes = replace(panel, frame=panel.frame.with_columns(x=pl.when(~late).then("x")))
    recipe = Recipe("all", tuple(grid_features("x")))
    known = pl.Series(panel.time.ns < 60)
    assert recipe.transform(panel).frame.filter(known).equals(
        recipe.transform(holes).frame.filter(known))


def test_every_feature_that_was_made_has_a_cost() -> None:
    panel = load_stocks()
    recipe = make_recipe(panel)
    extraction = Extraction(panel, recipe.features, recipe.roots)
    begun = time.process_time()
    extraction.table(recipe.exported)
    spent = time.process_time() - begun
    costs = [extraction.cost(feature.name) for feature in recipe.features]
    assert min(costs) > 0
    assert sum(costs) * panel.n_rows / 1e5 <= 1.05 * spent
