"""The leak checks as one line of a test."""

from __future__ import annotations

import polars as pl
import pytest
from sklearn.model_selection import KFold

from outlast.data import Schema
from outlast.testing import assert_no_leaks
from tests.api.estimators import calm
from tests.tables import shop_panel, shop_table

SETTINGS = {"features": calm, "models": ["linear"], "splits": ["temporal"], "audit": "exact"}
SCHEMA = Schema(time="day", entity="shop", target="busy", horizon=2, leaky=("sales", "level"))


def test_a_clean_table_passes():
    assert_no_leaks(shop_table(), SCHEMA, **SETTINGS)
    assert_no_leaks(shop_panel(), **SETTINGS)


def test_a_leak_fails_and_says_how_to_mend_it():
    with pytest.raises(AssertionError, match=r"leak found in 'table':\n  LK101 .*fold 0: .*purges"):
        assert_no_leaks(shop_table(), SCHEMA, **{**SETTINGS, "splits": [KFold(3)]})


def test_a_feature_that_looks_ahead_fails():
    def ahead(table):
        return table.select("day", "shop", later=pl.col("signal").shift(-1).over("shop"))

    with pytest.raises(AssertionError, match=r"LK201 .*`later` sees the future"):
        assert_no_leaks(shop_table(), SCHEMA, exact_only=True, **{**SETTINGS, "features": ahead})


def test_a_table_without_a_schema_is_refused():
    with pytest.raises(TypeError, match=r"needs its schema: assert_no_leaks\(table, Schema"):
        assert_no_leaks(shop_table())
