"""A row holds the latest value that had been published at its time, and nothing later."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlast.data import Panel, Schema
from outlast.data.availability import availability_violations
from outlast.data.times import NAT
from outlast.errors import InputError

DAY = 86_400 * 10**9
START = datetime(2024, 1, 1)


def build(table: dict[str, Any] | pl.DataFrame, **roles: Any) -> Panel:
    rows = len(table["y"])
    roles = {"time": "day", "target": "y", "task": "regression", **roles}
    assert rows, "each example has rows"
    return Panel.build(table, Schema(**roles))


def january(*days: int | None) -> list[datetime | None]:
    return [None if day is None else START + timedelta(days=day - 1) for day in days]


def test_a_value_is_known_some_time_after_its_stamp() -> None:
    table = {"day": january(1, 2, 3, 5, 9), "y": range(5), "x": [10, 20, 30, 50, 90]}
    panel = build(table, available_after={"x": "2D"})
    assert panel.frame["x"].to_list() == [None, None, 10, 30, 50]
    waits = (panel.time.ns - panel.known_at["x"]) / DAY
    assert panel.known_at["x"][:2].tolist() == [NAT, NAT]
    assert waits[2:].tolist() == [0, 0, 2]
    assert build(table, available_after={"x": "0D"}).frame["x"].to_list() == table["x"]


def test_a_lag_may_be_calendar_time() -> None:
    days = [datetime(2024, month, 31 if month != 2 else 29) for month in (1, 2, 3)]
    panel = build({"day": days, "y": range(3), "x": [1, 2, 3]}, available_after={"x": "1mo"})
    assert panel.frame["x"].to_list() == [None, 1, 2]


def quarters() -> dict[str, Any]:
    """Two shops whose figures come out late; b's first figure after its second."""
    return {
        "shop": list("aaaabbbb"),
        "day": january(1, 11, 21, 31) * 2,
        "told": january(15, 25, 31, None, 25, 15, None, 31),
        "figure": [1, 2, 3, 4, 5, 6, 7, None],
        "note": ["plain"] * 8,
        "y": range(8),
    }


def test_a_column_may_say_when_each_value_became_known() -> None:
    panel = build(quarters(), entity="shop", available_after={"figure": "told"})
    held = panel.frame.sort("shop", "day")["figure"].to_list()
    assert held == [None, None, 1, 3, None, None, 6, 6], "what comes out after later news is old"
    assert availability_violations(panel) == {"figure": 0}
    assert "told" in panel.schema.reserved
    assert panel.frame["note"].to_list() == ["plain"] * 8, "other columns stay as they are"


@given(st.data())
def test_every_row_agrees_with_the_definition(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 14))
    keys = data.draw(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 9)), min_size=size,
                              max_size=size, unique=True))
    told = data.draw(st.lists(st.none() | st.integers(0, 12), min_size=size, max_size=size))
    values = data.draw(st.lists(st.none() | st.integers(0, 9), min_size=size, max_size=size))
    table = pl.DataFrame({
        "who": [who for who, _ in keys], "t": pl.Series([t for _, t in keys], dtype=pl.Int64),
        "told": pl.Series(told, dtype=pl.Int64), "x": pl.Series(values, dtype=pl.Int64),
        "y": range(size),
    })
    panel = build(table, time="t", entity="who", available_after={"x": "told"})
    source = table[panel.source_row.tolist()]
    rows = list(source.iter_rows(named=True))
    for row, held, known_at in zip(rows, panel.frame["x"], panel.known_at["x"], strict=True):
        known = [(r["t"], max(r["t"], r["told"]), r["x"]) for r in rows
                 if r["who"] == row["who"] and None not in (r["told"], r["x"])
                 and max(r["t"], r["told"]) <= row["t"]]
        _, when, value = max(known, default=(0, NAT, None))
        assert (held, known_at) == (value, when)
    assert availability_violations(panel) == {"x": 0}


def test_values_held_too_early_are_counted() -> None:
    panel = build(quarters(), entity="shop", available_after={"figure": "told"})
    early = replace(panel, known_at={"figure": panel.known_at["figure"] + DAY * 7})
    assert availability_violations(early) == {"figure": 3}, "the fourth is sixteen days old"
    unproven = replace(panel, known_at={})
    assert availability_violations(unproven) == {"figure": 4}
    some = panel.take(np.array([4, 5, 6]))
    assert some.known_at["figure"].tolist() == panel.known_at["figure"][4:7].tolist()


def test_the_fingerprint_is_that_of_what_is_known() -> None:
    prints = {build(quarters(), entity="shop", available_after=lags).fingerprint
              for lags in ({}, {"figure": "told"}, {"figure": "5D"}, {"figure": "15D"})}
    assert len(prints) == 4


@pytest.mark.parametrize(
    ("roles", "message"),
    [
        ({"available_after": {"figur": "5D"}}, "available_after column 'figur' is not in the "
                                               "table: did you mean 'figure'"),
        ({"available_after": {"figure": "tolled"}}, "'tolled' is neither a duration such as '45D' "
                                                    "or '1mo' nor a column.*did you mean 'told'"),
        ({"available_after": {"figure": "-5D"}}, "'-5D' is neither a duration"),
        ({"available_after": {"y": "5D"}}, "column 'y' has another role"),
        ({"available_after": {"day": "5D"}}, "column 'day' has another role"),
        ({"available_after": {"shop": "5D"}}, "column 'shop' has another role"),
        ({"available_after": {"figure": "told", "told": "5D"}}, "column 'told' has another role"),
        ({"available_after": {"figure": "5D"}, "leaky": ["figure"]}, "'figure' has another role"),
        ({"available_after": {"figure": "note"}}, "available_after of 'figure': column 'note': "
                                                  "cannot read 'plain' as an ISO date"),
        ({"available_after": {"figure": "y"}}, "column 'y' is abstract but time is naive"),
    ],
)
def test_bad_availability_is_refused_in_words(roles: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        build(quarters(), entity="shop", **roles)


def test_a_lag_needs_a_clock() -> None:
    with pytest.raises(InputError, match="'5D' is clock time but the times are plain integers; "
                                         "name a column of integers"):
        build({"day": [1, 2], "y": [0, 1], "x": [1, 2]}, available_after={"x": "5D"})
