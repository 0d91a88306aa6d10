"""Rows that repeat an earlier one go, and nothing else changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from outlast.data import Panel, Schema
from outlast.data.duplicates import repeated_rows
from outlast.data.times import NAT
from outlast.errors import InputError

SCHEMA = Schema(time="day", entity="who", target="y", horizon=1, ignore=("id",),
                duplicates="drop")


def table() -> pl.DataFrame:
    return pl.DataFrame({
        "who": ["a", "b", "a", "b", "a", "b", "a"],
        "day": [1, 1, 2, 2, 3, 3, 4],
        "id": range(7),
        "x": [0.5, 0.5, 0.5, None, float("nan"), 0.5, 0.7],
        "tags": [["k"], ["k"], ["k"], None, None, ["k"], ["k"]],
        "y": [0, 0, 1, 1, 1, None, 1],
    })


def test_the_earliest_of_equal_rows_is_kept_whoever_it_is_about() -> None:
    panel = Panel.build(table(), SCHEMA)
    kept = panel.frame.select("who", "day").rows()
    assert kept == [("a", 1), ("a", 2), ("b", 2), ("a", 3), ("a", 4)]
    assert panel.dropped_duplicates == 2, "b's first is a's, and its unlabelled third is as well"
    assert panel.source_row.tolist() == [0, 2, 3, 4, 6]


def test_labels_end_where_they_did_before_rows_were_dropped() -> None:
    whole = Panel.build(table(), SCHEMA.model_copy(update={"duplicates": "keep"}))
    panel = Panel.build(table(), SCHEMA)
    assert (whole.dropped_duplicates, whole.n_rows) == (0, 7)
    assert panel.label_end.tolist() == whole.label_end[panel.source_row].tolist()
    assert panel.label_end.tolist() == [2, 3, 3, 4, NAT]


def test_what_was_published_by_a_dropped_row_stays_known() -> None:
    told = {"day": [1, 2, 3, 5], "x": [7, 8, 7, 9], "at": [1, 9, 3, 9], "y": [0, 1, 0, 1]}
    schema = Schema(time="day", target="y", available_after={"x": "at"}, duplicates="drop")
    panel = Panel.build(told, schema)
    assert panel.frame["day"].to_list() == [1, 2, 5]
    assert panel.known_at["x"].tolist() == [1, 1, 3], "the third row's news reach the last"


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"x": [1, 1, 2]}, [False, True, False]),
        ({"x": [1, 1, 1], "y": [0, None, 0]}, [False, True, True]),
        ({"x": [1, 1, 1], "y": [None, 0, None]}, [False, False, True]),
        ({"x": [None, None, None]}, [False, False, False]),
        ({"x": [None, None, None], "z": ["u", "u", "v"]}, [False, True, False]),
        ({}, [False, False, False]),
    ],
)
def test_repeats(columns: dict[str, Any], expected: list[bool]) -> None:
    frame = pl.DataFrame({"t": [1, 2, 3], "y": [0, 0, 0], **columns})
    np.testing.assert_array_equal(repeated_rows(frame, Schema(time="t", target="y")), expected)


def test_two_rows_of_one_key_stay_an_error() -> None:
    with pytest.raises(InputError, match=r"2 rows share their \(who, day\)"):
        Panel.build(pl.concat([table(), table()[-1:]]), SCHEMA)
