from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl
import pytest

from outlast.data import Panel, Schema
from outlast.errors import InputError
from outlast.features import Recipe
from outlast.features.arithmetic import Category, Combine, Raw
from outlast.features.clock_windows import EwmTime, RollingTime
from outlast.features.cross_section import Market
from outlast.features.windows import Difference, Lag, Return, Rolling
from tests.features import irregular

VOLATILITY = Recipe(
    "volatility",
    (Return("r1", "price"), Rolling("vol", "r1", rows=5, statistic="std"),
     Category("group", "group"), Market("market", "vol")),
    exported=("market", "group", "vol"),
)


def test_rows_align_with_the_panel_and_only_exported_columns_come_out() -> None:
    panel = irregular.panel()
    table = VOLATILITY.transform(panel)
    assert table.frame.height == panel.n_rows
    assert table.names == ("market", "group", "vol")
    assert table.categorical == ("group",)
    assert tuple(entry.feature for entry in table.lineage) == table.names
    assert table.frame["group"].equals(panel.frame["group"])
    by_hand = panel.frame.select(
        (pl.col("price") / pl.col("price").shift(1) - 1).rolling_std(5, min_samples=3).over("who")
    ).to_series()
    np.testing.assert_allclose(table.frame["vol"], by_hand.fill_null(np.nan), rtol=1e-6)


def test_numbers_are_float32_without_nulls_and_infinities() -> None:
    panel = Panel.build(
        {"t": [1, 2, 3, 4], "a": [1.0, float("inf"), None, 3.0], "b": [1e300, 1.0, 2.0, 3.0],
         "y": [0.1, 0.2, 0.3, 0.4]},
        Schema(time="t", target="y", task="regression"),
    )
    recipe = Recipe("r", (Raw("a", "a"), Raw("b", "b"), Rolling("m", "a", rows=4, min_rows=1)))
    frame = recipe.transform(panel).frame
    assert set(frame.dtypes) == {pl.Float32}
    np.testing.assert_array_equal(frame["a"].to_numpy(), [1, np.nan, np.nan, 3])
    np.testing.assert_array_equal(frame["b"].to_numpy(), [np.nan, 1, 2, 3])
    # The infinity is a hole, not a poison that stays in every later window.
    np.testing.assert_array_equal(frame["m"].to_numpy(), [1, 1, 1, 2])


def test_a_later_feature_reads_the_earlier_one_of_that_name() -> None:
    panel = irregular.panel()
    lagged = Recipe("r", (Difference("d", "price"), Lag("l", "d")), ("l",)).transform(panel)
    expected = panel.frame.select(pl.col("price").diff().shift(1).over("who")).to_series()
    np.testing.assert_allclose(lagged.frame["l"], expected.fill_null(np.nan), rtol=1e-6)
    assert lagged.lineage[0].roots == ("price",)


def test_without_an_entity_the_table_is_one_series() -> None:
    schema = Schema(time="t", target="y", task="regression")
    panel = Panel.build({"t": [3, 1, 2], "a": [30, 10, 20], "y": [0.1, 0.2, 0.3]}, schema)
    frame = Recipe("r", (Lag("l", "a"),)).transform(panel).frame
    np.testing.assert_array_equal(frame["l"].to_numpy(), [np.nan, 10, 20])


def test_the_fingerprint_names_what_comes_out() -> None:
    same = dataclasses.replace(VOLATILITY, name="other", skipped=(("z", "no values"),))
    assert same.fingerprint == VOLATILITY.fingerprint
    features = (Return("r1", "price", steps=2), *VOLATILITY.features[1:])
    assert dataclasses.replace(VOLATILITY, features=features).fingerprint != VOLATILITY.fingerprint
    fewer = dataclasses.replace(VOLATILITY, exported=("vol",))
    assert fewer.fingerprint != VOLATILITY.fingerprint


def test_the_table_fingerprint_follows_data_and_keys() -> None:
    table = {"t": [1, 2], "u": [1, 2], "who": ["a", "b"], "x": [1.0, 2.0], "y": [0.1, 0.2]}
    recipe = Recipe("r", (Lag("l", "x"),))

    def fingerprint(**changes: object) -> str:
        schema = Schema(time="t", target="y", task="regression").model_copy(update=changes)
        return recipe.transform(Panel.build(table, schema)).fingerprint

    assert fingerprint() == fingerprint()
    assert len({fingerprint(), fingerprint(entity="who"), fingerprint(time="u")}) == 3


@pytest.mark.parametrize(
    ("features", "exported", "message"),
    [
        ((), (), "'r' has no features"),
        ((Lag("a", "x"), Lag("a", "y")), (), "two features are called 'a'"),
        ((Lag("lag_x", "x"),), ("lag_y",), "unknown exported feature 'lag_y': did you mean"),
    ],
)
def test_a_broken_recipe_cannot_be_made(features, exported, message) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=message):
        Recipe("r", features, exported)


@pytest.mark.parametrize(
    ("feature", "message"),
    [
        (Lag("f", "prise"), "neither in the table nor an earlier feature: did you mean 'price'"),
        (Lag("f", "y"), r"column 'y' is declared as target.* can never be the input"),
        (Lag("f", "group"), "'f' needs numbers, but 'group' is String"),
        (Lag("f", "when"), "'f' needs numbers, but 'when' is Datetime"),
        (Combine("f", "x", "who"), "'f' needs numbers, but 'who' is String"),
        (Lag("price", "x"), "'price' has the name of a column"),
        (Lag("__time", "x"), "'__time' has the name of a column"),
    ],
)
def test_a_recipe_that_does_not_fit_is_refused(feature, message) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=message):
        Recipe("r", (feature,)).transform(irregular.panel())


def test_leaky_and_ignored_columns_stay_out() -> None:
    schema = irregular.SCHEMA.model_copy(update={"leaky": ("x",), "ignore": ("price",)})
    panel = Panel.build(irregular.table(), schema)
    for column in ("x", "price"):
        with pytest.raises(InputError, match=f"column '{column}' is declared"):
            Recipe("r", (Lag("f", column),)).transform(panel)


@pytest.mark.parametrize("feature", [RollingTime("f", "x"), EwmTime("f", "x")])
def test_clock_windows_need_a_clock(feature) -> None:  # type: ignore[no-untyped-def]
    panel = Panel.build({"t": [1, 2], "x": [1.0, 2.0], "y": [0.1, 0.2]},
                        Schema(time="t", target="y", task="regression"))
    with pytest.raises(InputError, match="needs real times, but 't' holds plain integers"):
        Recipe("r", (feature,)).transform(panel)
