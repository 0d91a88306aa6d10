"""Windows against pandas, entity by entity, on the irregular panel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from outlast.errors import InputError
from outlast.features import Recipe
from outlast.features.base import Feature
from outlast.features.clock_windows import EwmTime, RollingTime
from outlast.features.lookback import Lookback
from outlast.features.windows import (
    Difference,
    Drawdown,
    Ewm,
    Expanding,
    Lag,
    RangePosition,
    Return,
    Rolling,
    ZScore,
)
from tests.features import irregular

Oracle = Callable[[pd.Series], Any]
STATISTICS = ["mean", "std", "min", "max", "sum"]


def by_pandas(oracle: Oracle, source: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    frame, _ = irregular.keyed(irregular.panel())
    table = frame.select("who", "when", source).to_pandas()
    result = pd.Series(np.nan, index=table.index)
    for _, rows in table.groupby("who"):
        series = rows.set_index("when")[source].astype(float)
        result.loc[rows.index] = np.asarray(oracle(series), dtype=float)
    return result.to_numpy()


def by_us(feature: Feature) -> np.ndarray[Any, np.dtype[np.float64]]:
    frame, context = irregular.keyed(irregular.panel())
    return feature.compute(frame, context).fill_null(np.nan).to_numpy()


def agree(feature: Feature, oracle: Oracle) -> None:
    expected = by_pandas(oracle, feature.inputs[0])
    assert np.isfinite(expected).any()
    np.testing.assert_allclose(by_us(feature), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("steps", [1, 3])
def test_lag_difference_return(steps: int) -> None:
    agree(Lag("f", "x", steps=steps), lambda s: s.shift(steps))
    agree(Difference("f", "x", steps=steps), lambda s: s.diff(steps))
    agree(Return("f", "price", steps=steps), lambda s: s / s.shift(steps) - 1)


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize(("rows", "min_rows", "enough"), [(5, None, 3), (8, 8, 8), (4, 1, 1)])
def test_rolling_rows(statistic: Any, rows: int, min_rows: int | None, enough: int) -> None:
    feature = Rolling("f", "x", rows=rows, min_rows=min_rows, statistic=statistic)
    agree(feature, lambda s: s.rolling(rows, min_periods=enough).agg(statistic))


@pytest.mark.parametrize("statistic", STATISTICS)
def test_rolling_time(statistic: Any) -> None:
    feature = RollingTime("f", "x", statistic=statistic, duration="5D")
    agree(feature, lambda s: s.rolling("5D", min_periods=1, closed="right").agg(statistic))


@pytest.mark.parametrize("statistic", STATISTICS)
def test_expanding(statistic: Any) -> None:
    feature = Expanding("f", "x", statistic=statistic)
    agree(feature, lambda s: s.expanding(min_periods=1).agg(statistic))


@pytest.mark.parametrize("statistic", ["mean", "std"])
def test_ewm(statistic: Any) -> None:
    def oracle(series: pd.Series) -> Any:
        smooth = series.ewm(span=6, ignore_na=True).agg(statistic)
        return smooth.where(series.notna())  # pandas carries the last value over a hole

    agree(Ewm("f", "x", statistic=statistic, span=6), oracle)


def test_ewm_time_by_hand() -> None:
    def oracle(series: pd.Series) -> list[float]:
        average, last, result = np.nan, None, []
        for time, value in series.items():
            if not np.isnan(value):
                gap = (time - last) / pd.Timedelta("2D") if last is not None else np.inf
                weight = 1 - 0.5**gap
                average = value if last is None else average + weight * (value - average)
                last = time
            result.append(average if not np.isnan(value) else np.nan)
        return result

    agree(EwmTime("f", "x", half_life="2D"), oracle)


def test_z_score_drawdown_and_position() -> None:
    def standardised(s: pd.Series) -> Any:
        window = s.rolling(6, min_periods=3)
        return (s - window.mean()) / window.std()

    def position(s: pd.Series) -> Any:
        low, high = (s.rolling(6, min_periods=3).agg(a) for a in ("min", "max"))
        return (s - low) / (high - low)

    agree(ZScore("f", "x", rows=6), standardised)
    agree(Drawdown("f", "price", rows=9, min_rows=1),
          lambda s: s / s.rolling(9, min_periods=1).max() - 1)
    agree(RangePosition("f", "price", rows=6), position)


@pytest.mark.parametrize("feature", [ZScore("f", "x", rows=3), RangePosition("f", "x", rows=3)])
def test_a_constant_window_has_no_scale(feature: Feature) -> None:
    panel = irregular.panel()
    constant = replace(panel, frame=panel.frame.with_columns(x=pl.lit(0.1)))
    assert Recipe("r", (feature,)).transform(constant).frame["f"].is_nan().all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Lag("f", "x", steps=0), "steps must be >= 1"),
        (lambda: Lag("f", "x", steps=-2), "'f': steps must be >= 1, got -2"),
        (lambda: Rolling("f", "x", rows=0), "rows must be >= 1"),
        (lambda: Rolling("f", "x", statistic="maen"), "did you mean 'mean'"),
        (lambda: RollingTime("f", "x", duration="5 parsecs"), "unknown unit"),
        (lambda: RollingTime("f", "x", duration="0D"), "above zero"),
        (lambda: RollingTime("f", "x", statistic="median"), "unknown statistic 'median'"),
        (lambda: Ewm("f", "x", span=0.5), "span must be >= 1"),
        (lambda: Ewm("f", "x", statistic="max"), "unknown statistic 'max'"),
        (lambda: EwmTime("f", "x", half_life="soon"), "cannot read 'soon'"),
        (lambda: Expanding("f", "x", statistic="mode"), "unknown statistic 'mode'"),
    ],
)
def test_bad_parameters_are_refused(make: Callable[[], Feature], message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()


def test_lookbacks_count_rows_before_the_row_itself() -> None:
    assert Lag("f", "x", steps=3).lookback == Lookback(rows=3)
    assert Rolling("f", "x", rows=21).lookback == Lookback(rows=20)
    assert RollingTime("f", "x", duration="36h").lookback == Lookback(time=timedelta(hours=36))
    assert Ewm("f", "x").lookback.unbounded
    assert Expanding("f", "x").lookback.unbounded
