"""Windows of clock and calendar time over irregular rows are those of timebasedcv."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from timebasedcv.sklearn import TimeBasedCVSplitter

from outlast.splits import ExpandingWindowSplit, WalkForwardSplit
from tests.oracles.agreement import HOUR, START, assert_same_rows, panels

Pair = tuple[np.ndarray, np.ndarray]
UNITS = {"hours": "h", "months": "mo"}
each_unit = pytest.mark.parametrize("unit", UNITS)
counts, test_sizes, steps, gaps = (
    st.integers(1, 4), st.integers(2, 8), st.integers(1, 6), st.integers(0, 3))


def on_months(time: np.ndarray) -> np.ndarray:
    """One month for each hour, on days that all months have: others clip in another order."""
    count = (time - START) // HOUR
    month = np.datetime64("2000-01", "M") + count.astype("timedelta64[M]")
    day = (11 * count % 28).astype("timedelta64[D]")
    return month.astype("datetime64[ns]") + day


def their_last(
    n_splits: int, time: np.ndarray, unit: str, *, test_size: int, step: int, **options: Any
) -> Iterator[Pair]:
    """Their last folds of those that test a row, on a grid that ends with the data.

    Their windows count from a start, ours from the end: the start is whole steps before it.
    They keep windows without a row, which ours passes over: at most three in a row.
    """
    def later(instant: Any, count: int) -> Any:
        return pd.Timestamp(instant) + pd.DateOffset(**{unit: count})

    last = pd.Timestamp(time[time > later(time.max(), -test_size)].min())
    first = later(last, -4 * n_splits * step)
    theirs = TimeBasedCVSplitter(
        frequency=unit, forecast_horizon=test_size, stride=step, time_series=pd.Series(time),
        start_dt=later(first, -options["train_size"] - options["gap"]), end_dt=last, **options,
    )
    yield from [fold for fold in theirs.split() if len(fold[1])][-n_splits:]


@each_unit
@given(panels(n_times=40), counts, test_sizes, steps, gaps)
def test_expanding_windows(
    unit: str, time: np.ndarray, n_splits: int, test_size: int, step: int, gap: int
) -> None:
    time = on_months(time) if unit == "months" else time
    size, stride, pause = (f"{n}{UNITS[unit]}" for n in (test_size, step, gap))
    ours = ExpandingWindowSplit(n_splits, size, step=stride, gap=pause)
    theirs = their_last(n_splits, time, unit, test_size=test_size, step=step, gap=gap,
                        train_size=500, window="expanding")
    assert_same_rows(ours.split(None, time=time), theirs)


@each_unit
@given(panels(n_times=40), counts, test_sizes, gaps, st.integers(3, 15))
def test_rolling_windows(
    unit: str, time: np.ndarray, n_splits: int, test_size: int, gap: int, train_size: int
) -> None:
    time = on_months(time) if unit == "months" else time
    size, pause, window = (f"{n}{UNITS[unit]}" for n in (test_size, gap, train_size))
    ours = WalkForwardSplit(n_splits, size, gap=pause, train_size=window, min_train_size=1)
    theirs = their_last(n_splits, time, unit, test_size=test_size, step=test_size, gap=gap,
                        train_size=train_size, window="rolling")
    assert_same_rows(ours.split(None, time=time), theirs)
