"""Times come from an array, a column, a datetime index or an index level."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from outlast.data.times import Instants
from outlast.errors import InputError
from outlast.splits import TemporalSplit
from tests.splits.reference import days

TIME = days(3, 1, 2, 2, 4)
LABEL_END = days(5, 3, 4, 4, 6)
EXPECTED = [([1], [0, 4])]
COLUMNS = {"day": TIME.astype("datetime64[ms]"), "known": LABEL_END.astype("datetime64[ms]")}


def split(X: Any, **times: Any) -> list[tuple[list[int], list[int]]]:
    folds = TemporalSplit(test_size=2).split(X, **times)
    return [(train.tolist(), test.tolist()) for train, test in folds]


@pytest.mark.parametrize("table", [pd.DataFrame(COLUMNS), pl.DataFrame(COLUMNS), pa.table(COLUMNS)],
                         ids=["pandas", "polars", "arrow"])
def test_columns_of_the_table(table: Any) -> None:
    assert split(table, time="day", label_end="known") == EXPECTED


def test_datetime_index() -> None:
    frame = pd.DataFrame({"x": range(5), "known": LABEL_END.astype("datetime64[ms]")},
                         index=pd.DatetimeIndex(TIME))
    assert split(frame, label_end="known") == EXPECTED
    local = frame.tz_localize("Europe/Berlin")
    assert split(local, label_end=pd.Series(LABEL_END.astype("datetime64[ms]")).dt.tz_localize(
        "Europe/Berlin")) == EXPECTED


def test_index_level() -> None:
    index = pd.MultiIndex.from_arrays([list("abcde"), pd.DatetimeIndex(TIME)], names=["who", "day"])
    frame = pd.DataFrame({"known": LABEL_END.astype("datetime64[ms]")}, index=index)
    assert split(frame, label_end="known") == EXPECTED, "the only level of times"
    assert split(frame, time="day", label_end="known") == EXPECTED


def test_instants_carry_their_zone() -> None:
    ns = TIME.astype("datetime64[ns]").astype(np.int64)
    ends = LABEL_END.astype("datetime64[ns]").astype(np.int64)
    X = np.zeros((5, 1))
    assert split(X, time=Instants(ns, "aware"), label_end=Instants(ends, "aware")) == EXPECTED
    with pytest.raises(InputError, match="label_end is abstract but time is naive"):
        split(X, time=Instants(ns, "naive"), label_end=ends)


@pytest.mark.parametrize("X", [np.zeros((5, 2)), [[0.0]] * 5, pd.DataFrame({"x": range(5)}),
                               pl.DataFrame({"x": range(5)}), None])
def test_no_time_at_all(X: Any) -> None:
    with pytest.raises(InputError, match=r"time is missing: pass time=.*set_split_request"):
        split(X)


def test_an_unknown_name_suggests_a_column() -> None:
    with pytest.raises(InputError, match="time 'dya' is neither a column nor an index level of X: "
                                         "did you mean 'day'"):
        split(pd.DataFrame(COLUMNS), time="dya")
    with pytest.raises(InputError, match="label_end 'x' is neither"):
        split(np.zeros((5, 1)), time=TIME, label_end="x")


@pytest.mark.parametrize("X", [np.zeros((4, 2)), [0.0] * 4, pl.DataFrame({"x": range(4)})])
def test_times_and_rows_must_match(X: Any) -> None:
    with pytest.raises(InputError, match="time has 5 values but X has 4 rows"):
        split(X, time=TIME)
