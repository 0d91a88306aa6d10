from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from outlast.data import Schema
from outlast.data.durations import Calendar
from outlast.data.schema import describe, infer_task
from outlast.errors import InputError

SCHEMA = Schema(time="t", target="y", label_end="end", leaky=("z",), ignore=("note",))


def test_reserved_columns_can_never_be_features() -> None:
    assert SCHEMA.reserved == {"t", "y", "end", "z", "note"}
    assert Schema(time="t", target="y", entity="who").reserved == {"t", "y"}
    lags = {"price": "told", "volume": "5D", "news": "1 calendar day"}
    assert Schema(time="t", target="y", available_after=lags).reserved == {"t", "y", "told"}


def test_the_horizon_is_steps_or_clock_time() -> None:
    assert Schema(time="t", target="y", horizon=5).step_horizon == 5
    assert Schema(time="t", target="y", horizon="5D").step_horizon == timedelta(days=5)
    assert Schema(time="t", target="y", horizon="1mo").step_horizon == Calendar(months=1)


@pytest.mark.parametrize(
    ("given", "text"),
    [(timedelta(hours=36), "36h"), (pd.DateOffset(months=1, days=2), "1mo 2 calendar days"),
     (np.timedelta64(7, "D"), "7D"), (np.int64(7), 7), ("7 days", "7 days")],
)
def test_durations_are_kept_as_text(given: Any, text: int | str) -> None:
    schema = Schema(time="t", target="y", horizon=given)
    assert schema.horizon == text
    assert Schema.model_validate_json(schema.model_dump_json()) == schema


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"horizon": -1}, "^Schema: horizon must be >= 0, got -1$"),
        ({"horizon": "5 X"}, "Schema: horizon: unknown unit in '5 X'"),
        ({"horizon": True}, "horizon: cannot read True"),
        ({"label_delay": 3}, "label_delay=3 counts rows; .*'3D' or '3 calendar days'"),
        ({"label_delay": "soon"}, "label_delay: cannot read 'soon'"),
        ({"horizn": 5}, "unknown Schema argument 'horizn': did you mean 'horizon'?"),
        ({"leaky": "z"}, "Schema: leaky: Input should be a valid tuple, got 'z'"),
        ({"duplicates": "no"}, "duplicates: Input should be 'keep' or 'drop', got 'no'"),
        ({"available_after": {"x": 45}}, r"available_after\.x: Input should be .* string, got 45"),
        ({"target": None}, "target: .* valid string, got None"),
    ],
)
def test_bad_roles_are_refused_in_words(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Schema(**{"time": "t", "target": "y", **arguments})


def test_roles_must_name_columns() -> None:
    SCHEMA.check(["t", "y", "end", "z", "note", "other"])
    with pytest.raises(InputError, match="label_end column 'end' is not in the table: did you"):
        SCHEMA.check(["t", "y", "ende", "z", "note"])
    with pytest.raises(InputError, match="three different columns"):
        Schema(time="t", target="t").check(["t"])


@pytest.mark.parametrize(
    ("values", "task"),
    [
        ([0, 1, None], "binary"),
        ([0.5, 7.25], "binary"),
        (["a", "b", "c"], "multiclass"),
        ([1.0, 2.0, 3.0], "multiclass"),
        (list(range(20)), "multiclass"),
        (list(range(21)), "regression"),
        ([float(i) for i in range(21)], "regression"),
        ([0.1, 0.2, 0.3], "regression"),
    ],
)
def test_the_task_is_read_off_the_target(values: list[object], task: str) -> None:
    assert infer_task(pl.Series("y", values)) == task


@pytest.mark.parametrize("values", [[1, 1, None], [None, None]])
def test_one_value_is_nothing_to_predict(values: list[object]) -> None:
    with pytest.raises(InputError, match="there is nothing to predict"):
        infer_task(pl.Series("y", values, dtype=pl.Int64))


def test_lists_are_no_target() -> None:
    with pytest.raises(InputError, match=r"target 'y' is List\(Int64\)"):
        infer_task(pl.Series("y", [[1], [2]]))


def test_only_set_roles_are_described() -> None:
    assert describe(Schema(time="t", target="y", horizon=5)) == {
        "time": "t", "target": "y", "horizon": 5,
    }
    assert Schema(time="t", target="y").fingerprint != SCHEMA.fingerprint
