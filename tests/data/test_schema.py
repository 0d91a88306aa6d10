from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from outlast.data import Schema
from outlast.data.schema import describe, infer_task
from outlast.errors import InputError

SCHEMA = Schema(time="t", target="y", label_end="end", leaky=("z",), ignore=("note",))


def test_reserved_columns_can_never_be_features() -> None:
    assert SCHEMA.reserved == {"t", "y", "end", "z", "note"}
    assert Schema(time="t", target="y", entity="who").reserved == {"t", "y"}


def test_the_horizon_is_steps_or_clock_time() -> None:
    assert Schema(time="t", target="y", horizon=5).step_horizon == 5
    assert Schema(time="t", target="y", horizon="5D").step_horizon == timedelta(days=5)


@pytest.mark.parametrize(
    ("horizon", "message"), [(-1, "horizon must be >= 0"), ("5 X", "unknown unit")]
)
def test_a_horizon_must_be_readable(horizon: int | str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Schema(time="t", target="y", horizon=horizon)


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
