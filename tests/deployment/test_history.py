"""Rows are told to be short of history only where a feature really reads more than there is."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from outlast.data import Panel, Schema
from outlast.deployment.history import History, needs_of
from outlast.features.clock_windows import RollingTime
from outlast.features.cross_section import Market
from outlast.features.events import EventCount
from outlast.features.recipe import Recipe
from outlast.features.windows import Lag, Rolling

STEP = 86_400 * 10**9


def business_days(n):
    """A panel of two entities on working days alone; the second has a row a week."""
    every = [datetime(2024, 1, 1) + timedelta(at) for at in range(2 * n)]
    days = [day for day in every if day.weekday() < 5]
    frame = pl.DataFrame({"day": days[:n], "shop": "a", "x": np.arange(n, dtype=float)})
    weekly = frame[::5].with_columns(shop=pl.lit("b"))
    frame = pl.concat([frame, weekly]).with_columns(y=pl.col("x"))
    return Panel.build(frame, Schema(time="day", entity="shop", target="y", horizon=1))


def short(*features, n):
    """Which of the entities lacks history at its last row, for the last feature."""
    panel = business_days(n)
    last = {entity: np.flatnonzero(panel.frame["shop"] == entity)[-1] for entity in "ab"}
    need = needs_of(Recipe("r", features))[features[-1].name]
    lacks = History.of(panel, np.array(list(last.values()))).lacks(need, STEP)
    return {entity for entity, is_short in zip(last, lacks, strict=True) if is_short}


@pytest.mark.parametrize(("features", "n", "expected"), [
    ([Rolling("f", "x", rows=20)], 20, {"b"}),
    ([Rolling("f", "x", rows=20)], 19, {"a", "b"}),
    ([Rolling("f", "x", rows=20)], 100, set()),
    ([Lag("l", "x", steps=2), Rolling("f", "l", rows=18)], 19, {"a", "b"}),
    # 30 days are 22 working days, and a row a week is all that the second shop has in them.
    ([RollingTime("f", "x", duration="30D")], 26, set()),
    ([RollingTime("f", "x", duration="30D")], 18, {"a", "b"}),
    # A mean over the market counts timestamps, whoever has a row.
    ([Market("f", "x", timestamps=20)], 21, set()),
    ([Market("f", "x", timestamps=20)], 15, {"a", "b"}),
    # Events come from a table of their own.
    ([EventCount("f", "day", duration="90D")], 10, set()),
])
def test_only_what_a_feature_reads_counts(features, n, expected):
    assert short(*features, n=n) == expected
