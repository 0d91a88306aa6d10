from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outlast.data import Panel, Schema, load_stocks
from outlast.data.times import NAT
from outlast.features import last_known_target


def by_hand(panel: Panel) -> list[float]:
    result = []
    for i in range(panel.n_rows):
        known = [
            (panel.label_end[j], panel.time.ns[j], panel.y[j])
            for j in range(panel.n_rows)
            if panel.entity[j] == panel.entity[i] and j != i and panel.usable[j]
            and panel.label_end[j] <= panel.time.ns[i]
        ]
        result.append(max(known)[2] if known else np.nan)
    return result


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), horizon=st.integers(0, 4), entities=st.integers(1, 3))
def test_against_a_plain_loop(seed: int, horizon: int, entities: int) -> None:
    rng = np.random.default_rng(seed)
    rows = [(f"e{e}", int(t)) for e in range(entities)
            for t in rng.choice(30, size=12, replace=False)]
    table = pl.DataFrame(rows, schema=["who", "t"], orient="row").with_columns(
        y=pl.Series([None if rng.random() < 0.2 else float(rng.normal()) for _ in rows]),
        # Some labels of different rows become known at the same time, some never.
        end=pl.Series([None if rng.random() < 0.1 else t + int(rng.integers(0, 9))
                       for _, t in rows]),
    )
    by_step = Schema(time="t", entity="who", target="y", horizon=horizon, task="regression")
    by_column = Schema(time="t", entity="who", target="y", label_end="end", task="regression")
    for schema in (by_step, by_column):
        panel = Panel.build(table, schema)
        np.testing.assert_array_equal(last_known_target(panel), by_hand(panel))


def test_a_row_never_sees_its_own_label() -> None:
    panel = Panel.build({"t": [1, 2, 3], "y": [5.0, 6.0, 7.5]},
                        Schema(time="t", target="y", horizon=0, task="regression"))
    np.testing.assert_array_equal(last_known_target(panel), [np.nan, 5, 6])


@pytest.mark.parametrize("target", ["big_move_5", "fwd_ret_5"])
def test_on_stocks_it_is_the_label_of_five_days_ago(target: str) -> None:
    panel = load_stocks(target)
    expected = pl.DataFrame({"e": panel.entity, "y": panel.y}).select(
        pl.col("y").shift(5).over("e").fill_null(np.nan)
    )
    np.testing.assert_array_equal(last_known_target(panel), expected["y"].to_numpy())
    assert (panel.label_end[np.isnan(panel.y)] == NAT).all()
