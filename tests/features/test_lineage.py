from __future__ import annotations

from datetime import timedelta

from outlast.features.arithmetic import Category, Combine
from outlast.features.lineage import trace
from outlast.features.windows import Expanding, Lag, Return, Rolling, RollingTime

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
