"""Slope, quantile, and count of windows against pandas and numpy, and windows without the row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from outlast.errors import InputError
from outlast.features import Recipe
from outlast.features.base import Feature
from outlast.features.clock_windows import RollingTime
from outlast.features.statistics import slopes
from outlast.features.windows import Drawdown, Ewm, Expanding, Rolling, ZScore
from tests.features import irregular
from tests.features.test_windows import agree, by_us


def fitted_slope(window: Any) -> float:
    known = np.flatnonzero(np.isfinite(window))
    return float(np.polyfit(known, window[known], 1)[0]) if known.size >= 3 else np.nan


@pytest.mark.parametrize("closed", ["right", "left"])
def test_slope_quantile_and_count_of_rows(closed: Any) -> None:
    gap = 0 if closed == "right" else 1
    shape = {"rows": 6, "min_rows": 3, "closed": closed}
    agree(Rolling("f", "x", statistic="slope", **shape),
          lambda s: s.shift(gap).rolling(6, min_periods=3).apply(fitted_slope, raw=True))
    agree(Rolling("f", "x", statistic="quantile", quantile=0.2, **shape),
          lambda s: s.shift(gap).rolling(6, min_periods=3).quantile(0.2))
    agree(Rolling("f", "x", statistic="count", **shape),
          lambda s: s.shift(gap).notna().rolling(6, min_periods=1).sum())


@pytest.mark.parametrize("closed", ["right", "left"])
def test_quantile_and_count_of_clock_time(closed: Any) -> None:
    def rolled(series: pd.Series) -> Any:
        return series.rolling("5D", min_periods=1, closed=closed)

    shape = {"duration": "5D", "closed": closed}
    agree(RollingTime("f", "x", statistic="quantile", quantile=0.7, **shape),
          lambda s: rolled(s).quantile(0.7))
    agree(RollingTime("f", "x", statistic="count", **shape),
          lambda s: rolled(s.notna().astype(float)).sum().fillna(0.0))
    agree(RollingTime("f", "x", statistic="std", **shape), lambda s: rolled(s).std())


def test_a_window_closed_on_the_left_ends_at_the_row_before() -> None:
    agree(Rolling("f", "x", rows=4, statistic="std", closed="left"),
          lambda s: s.shift(1).rolling(4, min_periods=2).std())
    agree(Expanding("f", "x", "max", closed="left"), lambda s: s.shift(1).expanding(1).max())
    agree(ZScore("f", "x", rows=5, closed="left"),
          lambda s: (s - s.shift(1).rolling(5, 3).mean()) / s.shift(1).rolling(5, 3).std())
    agree(Drawdown("f", "price", rows=5, closed="left"),
          lambda s: s / s.shift(1).rolling(5, 3).max() - 1)


@pytest.mark.parametrize("closed", ["right", "left"])
def test_half_life_in_rows(closed: Any) -> None:
    def oracle(series: pd.Series) -> Any:
        held = series if closed == "right" else series.shift(1)
        return held.ewm(halflife=2.5, ignore_na=True).mean().where(held.notna())

    agree(Ewm("f", "x", half_life=2.5, closed=closed), oracle)


@pytest.mark.parametrize("rows", [1, 2, 3, 7, 12, 64])
def test_slopes_of_whole_arrays(rows: int) -> None:
    rng = np.random.default_rng(rows)
    values = 1e6 + rng.normal(size=(40, 5))
    values[rng.random(values.shape) < 0.3] = np.nan
    expected = pd.DataFrame(values).rolling(rows, min_periods=1).apply(fitted_slope, raw=True)
    np.testing.assert_allclose(slopes(values, rows, 3), expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("feature", [
    Rolling("f", "price", rows=5, statistic=s, closed=c)  # type: ignore[arg-type]
    for s in ("mean", "quantile", "slope", "count") for c in ("right", "left")])
def test_the_grid_gives_what_the_expression_gives(feature: Feature) -> None:
    on_grid = Recipe("r", (feature,)).transform(irregular.panel()).frame["f"].to_numpy()
    np.testing.assert_array_equal(on_grid, by_us(feature).astype(np.float32))


def test_the_row_itself_counts_only_in_a_window_closed_on_the_right() -> None:
    panel = irregular.panel()
    rows = np.arange(panel.n_rows) % 7 == 0
    frame = panel.frame.with_columns(price=panel.frame["price"] + 50.0 * rows)
    for closed, moves in (("right", True), ("left", False)):
        feature = Rolling("f", "price", rows=1, closed=closed)  # type: ignore[arg-type]
        before, after = (Recipe("r", (feature,)).transform(p).frame["f"].to_numpy()[rows]
                         for p in (panel, replace(panel, frame=frame)))
        known = np.isfinite(before)
        assert (before[known] != after[known]).all() == moves


@pytest.mark.parametrize(("make", "message"), [
    (lambda: Rolling("f", "x", statistic="quantile", quantile=2), "between 0 and 1, got 2"),
    (lambda: Rolling("f", "x", quantile=0.5), "means nothing to the statistic 'mean'"),
    (lambda: Rolling("f", "x", closed="both"), "'f': closed must be 'right'"),
    (lambda: RollingTime("f", "x", statistic="slope"), "unknown statistic 'slope'"),
    (lambda: Ewm("f", "x", half_life=0), "half_life must be > 0, got 0"),
    (lambda: Expanding("f", "x", statistic="slope"), "unknown statistic 'slope'"),
])
def test_bad_parameters_are_refused(make: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()
