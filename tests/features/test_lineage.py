from __future__ import annotations

import json
from datetime import timedelta

from outlast.data import Join, Panel, Schema
from outlast.features import Recipe
from outlast.features.arithmetic import Category, Combine
from outlast.features.clock_windows import RollingTime
from outlast.features.lineage import trace
from outlast.features.windows import Expanding, Lag, Return, Rolling, ZScore
from tests.features import irregular

DAY = timedelta(days=1)


def test_a_chain_is_followed_to_the_raw_columns() -> None:
    entries = trace(
        (Return("r", "close", steps=1), Rolling("v", "r", rows=21, statistic="std"),
         Combine("c", "v", "volume", operation="ratio")),
        DAY,
    )
    last = entries["c"]
    assert last.inputs == ("v", "volume")
    assert last.roots == ("close", "volume")
    assert last.lookback == "21 rows"
    assert last.lookback_rows == 21
    assert last.family == "interaction"
    assert last.expression == (
        "Combine(Rolling(Return(close, steps=1), rows=21, statistic='std'), volume, "
        "operation='ratio')"
    )


def test_the_longest_input_decides_the_reach() -> None:
    entries = trace(
        (Lag("short", "x", steps=2), RollingTime("month", "x", duration="30D"),
         Expanding("all", "x"), Combine("a", "short", "month"), Combine("b", "month", "all")),
        2 * DAY,
    )
    assert (entries["a"].lookback, entries["a"].lookback_rows) == ("30 days", 15)
    assert (entries["b"].lookback, entries["b"].lookback_rows) == ("all rows", None)


def test_ids_follow_content_through_the_chain() -> None:
    def last_id(steps: int, name: str, source: str = "close") -> str:
        return trace((Return(name, source, steps=steps), Lag("l", name)), DAY)["l"].feature_id

    assert last_id(1, "r") == last_id(1, "renamed")
    assert len({last_id(1, "r"), last_id(2, "r"), last_id(1, "r", "open")}) == 3
    assert len(last_id(1, "r")) == 10


def test_what_a_value_is_learned_from() -> None:
    entries = trace((Category("c", "c"), Expanding("e", "x"), Lag("l", "x")), DAY)
    assert [entry.fit_scope for entry in entries.values()] == [
        "train_fold", "expanding", "stateless",
    ]
    assert entries["c"].expression == "c"


def test_the_age_of_the_youngest_value() -> None:
    features = (
        Lag("lag", "x", steps=3), Rolling("own", "x", rows=5),
        Rolling("earlier", "x", rows=5, closed="left"),
        Rolling("of_lag", "lag", rows=5, closed="left"), Return("change", "x", steps=4),
        Combine("both", "lag", "own"), ZScore("z", "x", closed="left"),
    )
    ages = {name: entry.min_age_rows for name, entry in trace(features, timedelta(0)).items()}
    assert ages == {"lag": 3, "own": 0, "earlier": 1, "of_lag": 4, "change": 0, "both": 0, "z": 0}


def test_a_window_closed_on_the_left_reaches_back_one_row_more() -> None:
    features = (Rolling("f", "x", rows=5, closed="left"),)
    assert trace(features, timedelta(0))["f"].lookback_rows == 5


def test_the_entry_names_parameters_and_table() -> None:
    panel = irregular.panel()
    entry, = Recipe("r", (Rolling("f", "x", rows=5, statistic="slope"),)).lineage(panel)
    assert json.loads(entry.params) == {"rows": 5, "min_rows": None, "closed": "right",
                                        "statistic": "slope", "quantile": None}
    assert (entry.source_table, entry.uses_target) == (panel.name, False)
    assert entry.expression == "Rolling(x, rows=5, statistic='slope')"


def test_the_entry_names_joined_tables_and_what_their_columns_wait_for() -> None:
    days = [f"2024-01-{day:02d}" for day in range(1, 21)]
    rates = {"day": days, "rate": range(20)}
    panel = Panel.build(
        {"day": days, "x": range(20), "y": [0, 1] * 10},
        Schema(time="day", target="y", available_after={"x": "1D"}),
        joins=[Join(table=rates, name="bank", time="day", available_after="2D")])
    features = (Lag("rate", "bank_rate"), Combine("both", "x", "bank_rate"))
    rate, both = Recipe("r", features).lineage(panel)
    assert (rate.source_table, rate.available_after) == ("bank", "2D")
    assert (both.source_table, both.available_after) == ("table, bank", "1D, 2D")
