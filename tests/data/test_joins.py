"""A row gets the newest record of a further table that was known at its time, and no other."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outlast.data import Join, Panel, Schema
from outlast.data.availability import availability_violations
from outlast.data.times import NAT
from outlast.errors import InputError

SCHEMA = Schema(time="t", entity="who", target="y", task="regression")
START = datetime(2024, 1, 1)


def main_table(who: str = "ab", times: int = 12) -> pl.DataFrame:
    rows = list(product(who, range(times)))
    return pl.DataFrame({"who": [w for w, _ in rows], "t": [t for _, t in rows],
                         "y": [float(i % 7) for i in range(len(rows))]})


def build(join: Join, table: pl.DataFrame | None = None, schema: Schema = SCHEMA) -> Panel:
    return Panel.build(main_table() if table is None else table, schema, joins=[join])


def dated(table: pl.DataFrame, *columns: str, zone: str | None = None) -> pl.DataFrame:
    """Whole numbers as days of January."""
    return table.with_columns(
        (pl.lit(START) + pl.duration(days=name)).dt.replace_time_zone(zone).alias(name)
        for name in columns)


def held(panel: Panel, column: str = "w_v") -> list[Any]:
    return panel.frame.sort("who", "t")[column].to_list()


# ---------------------------------------------------------------------------------- oracles


Known = tuple[int, int, int | None]


def by_definition(records: list[Known], at: int, max_age: int | None) -> Known | None:
    """Own time, publication and value of the record that a row holds."""
    newest = max((r for r in records if max(r[:2]) <= at), key=lambda r: r[:2], default=None)
    return None if newest and max_age is not None and at > newest[0] + max_age else newest


@settings(max_examples=100)
@given(data=st.data(), max_age=st.none() | st.integers(0, 6), by_key=st.booleans(),
       waits=st.booleans())
def test_every_row_agrees_with_the_definition(
    data: st.DataObject, max_age: int | None, by_key: bool, waits: bool
) -> None:
    keys = st.tuples(st.sampled_from(["a", "b", "z", None]), st.integers(-2, 12),
                     st.none() | st.integers(-4, 15))
    rows = data.draw(st.lists(st.tuples(keys, st.none() | st.integers(0, 9)), min_size=1,
                              max_size=14))
    further = pl.DataFrame([(*key, value) for key, value in rows], orient="row", schema={
        "who": pl.String, "t": pl.Int64, "told": pl.Int64, "v": pl.Int64})
    records: dict[str, list[Known]] = {"a": [], "b": []}
    for ((who, t, told), value), mine in product(rows, records):
        published = told if waits else t
        if published is not None and (who == mine or not by_key):
            records[mine].append((t, published, value))
    seen = {who: [by_definition(known, t, max_age) for t in range(12)]
            for who, known in records.items()}
    kept = further if not waits else further.drop_nulls("told")
    kept = kept.drop_nulls("who") if by_key else kept
    version = [*["who"] * by_key, "t", *["told"] * waits]
    join = Join(table=further, name="w", time="t", on=["who"] * by_key, columns="v",
                available_after="told" if waits else None, max_age=max_age)
    if kept.unique([*version, "v"]).select(version).is_duplicated().any():
        with pytest.raises(InputError, match="contradict each other"):
            build(join)
    elif not any(any(held) for held in seen.values()):
        with pytest.raises(InputError, match="no row of the table finds a record"):
            build(join)
    else:
        panel = build(join)
        for who, t, value, known in panel.frame.with_columns(
                known=panel.known_at["w_v"]).select("who", "t", "w_v", "known").rows():
            expected = seen[who][t]
            assert (value, known) == ((None, NAT) if expected is None
                                      else (expected[2], max(expected[:2])))
        assert availability_violations(panel) == {"w_v": 0}


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
@pytest.mark.parametrize("max_age", [None, "2D"])
def test_on_records_known_at_once_it_is_the_join_of_pandas(
    zone: str | None, max_age: str | None
) -> None:
    rng = np.random.default_rng(3)
    keys = pl.DataFrame({"who": rng.choice(list("abc"), 90), "t": rng.integers(0, 60, 90)})
    further = keys.unique(maintain_order=True).with_columns(v=pl.int_range(pl.len()))
    ours, theirs = (dated(table, "t", zone=zone)
                    for table in (main_table("abcd", 60), further))
    panel = build(Join(table=theirs, name="w", time="t", on=["who"], max_age=max_age), ours)
    expected = pd.merge_asof(
        panel.frame.to_pandas(), theirs.sort("t").to_pandas(), on="t", by="who",
        tolerance=None if max_age is None else pd.Timedelta(max_age))
    np.testing.assert_array_equal(panel.frame["w_v"].cast(pl.Float64).fill_null(np.nan),
                                  expected["v"])


# ---------------------------------------------------------------------------------- as it was known

LATE = pl.DataFrame({"who": list("aaaa"), "t": [1, 1, 3, 2], "told": [2, 6, 4, 9],
                     "v": [10, 11, 30, 20]})
DAYS = dated(LATE, "t", "told")


def test_a_restated_record_replaces_itself_and_never_a_newer_one() -> None:
    panel = build(Join(table=LATE, name="w", time="t", on="who", available_after="told"))
    # The first version from 2 on, then the record of 3; what comes later is about earlier times.
    assert held(panel) == [None, None, 10, 10] + [30] * 8 + [None] * 12
    only = LATE.filter(pl.col("t") == 1)
    panel = build(Join(table=only, name="w", time="t", on="who", available_after="told"))
    assert held(panel)[:12] == [None] * 2 + [10] * 4 + [11] * 6


def test_a_record_too_old_is_not_replaced_by_an_older_one() -> None:
    join = Join(table=LATE, name="w", time="t", on="who", available_after="told", max_age=4)
    assert held(build(join))[:12] == [None, None, 10, 10, 30, 30, 30, 30] + [None] * 4


def test_a_record_is_taken_whole() -> None:
    further = {"t": [1, 4], "v": [1.5, None], "text": ["x", "y"]}
    panel = build(Join(table=further, name="w", time="t"))
    assert held(panel)[:6] == [None, 1.5, 1.5, 1.5, None, None]
    assert held(panel, "w_text")[4] == "y"


def test_tables_of_pandas_are_joined_alike() -> None:
    joins = [Join(table=table, name="w", time="t", on="who", available_after="told")
             for table in (DAYS, DAYS.to_pandas())]
    main = dated(main_table(), "t")
    one, other = (build(join, main) for join in joins)
    assert one.fingerprint == other.fingerprint


def test_durations_may_be_calendar_time() -> None:
    table = pl.DataFrame({"who": ["a"] * 4, "t": [datetime(2024, m, 28) for m in (1, 2, 3, 4)],
                          "y": range(4)})
    further = {"month": [datetime(2024, 1, 28), datetime(2024, 2, 29)], "v": [1, 2]}
    join = Join(table=further, name="w", time="month", available_after="1mo", max_age="2mo")
    assert held(build(join, table)) == [None, 1, 1, 2]


def test_later_rows_of_either_table_change_nothing() -> None:
    rng = np.random.default_rng(0)
    n = 80
    further = pl.DataFrame({"who": rng.choice(list("abc"), n), "t": rng.integers(0, 30, n),
                            "told": rng.integers(0, 40, n), "v": rng.normal(size=n)})
    further = further.unique(["who", "t", "told"])
    main = main_table("abd", 30)

    def joined(rows: pl.DataFrame, records: pl.DataFrame) -> Panel:
        return build(Join(table=records, name="w", time="t", on="who", available_after="told",
                          max_age=9), rows)

    full = joined(main, further).frame
    for cut in (8, 15, 22):
        known = further.filter(pl.max_horizontal("t", "told") <= cut)
        other = further.with_columns(pl.when(pl.max_horizontal("t", "told") > cut)
                                     .then(-pl.col("v")).otherwise("v"))
        earlier = full.filter(pl.col("t") <= cut)
        for records in (known, other):
            again = joined(main.filter(pl.col("t") <= cut), records).frame
            assert again.equals(earlier)
            assert joined(main, records).frame.filter(pl.col("t") <= cut).equals(earlier)


def test_the_order_of_the_records_has_no_meaning() -> None:
    def joined(records: pl.DataFrame) -> Panel:
        return build(Join(table=records, name="w", time="t", on="who", available_after="told"))

    assert joined(LATE.reverse()).fingerprint == joined(LATE).fingerprint
    assert joined(pl.concat([LATE, LATE])).fingerprint == joined(LATE).fingerprint
    changed = LATE.with_columns(pl.col("v") + 1)
    assert joined(changed).fingerprint != joined(LATE).fingerprint


# ---------------------------------------------------------------------------------- keys and names


def test_keys_may_have_other_names_and_codings() -> None:
    table = main_table().with_columns(
        store=pl.col("who").replace_strict({"a": 7, "b": 8}, return_dtype=pl.Int16),
        kind=pl.lit("k").cast(pl.Categorical))
    further = pl.DataFrame({"id": [7, 8, 9], "sort": ["k", "k", "k"], "day": [0, 0, 0],
                            "v": [1, 2, 3]})
    join = Join(table=further, name="w", time="day", on={"store": "id", "kind": "sort"})
    panel = build(join, table, SCHEMA.model_copy(update={"ignore": ("store",)}))
    assert held(panel) == [1] * 12 + [2] * 12
    assert set(panel.joined) == {"w_v"}, "keys and times are not joined"


def test_a_missing_key_finds_nothing_and_an_entity_may_have_no_records() -> None:
    table = main_table("abc").with_columns(k=pl.when(pl.col("who") != "b").then("who"))
    further = pl.DataFrame({"k": ["a", None], "t": [0, 0], "v": [1, 2]})
    panel = build(Join(table=further, name="w", time="t", on="k"), table)
    assert held(panel) == [1] * 12 + [None] * 24


def test_joined_columns_are_chosen_named_and_given_roles(tmp_path: Path) -> None:
    path = tmp_path / "rates.csv"
    path.write_text("day,rate,level,note\n0,1.5,3,x\n5,2.5,4,y\n")
    panel = Panel.build(main_table(), SCHEMA, joins=[
        Join(table=path, time="day"),
        Join(table=str(path), time="day", columns=["level"], prefix=""),
    ])
    assert list(panel.joined) == ["rates_rate", "rates_level", "rates_note", "level"]
    assert {origin.table for origin in panel.joined.values()} == {"rates"}
    roles = SCHEMA.model_copy(update={"categorical": ("rates_level",), "ignore": ("rates_note",)})
    assert "rates_note" in build(Join(table=path, time="day"), schema=roles).schema.reserved


def test_rows_left_out_keep_what_was_known() -> None:
    panel = build(Join(table=LATE, name="w", time="t", on="who", available_after="told"))
    some = panel.take(np.array([4, 5, 8]))
    assert some.known_at["w_v"].tolist() == panel.known_at["w_v"][[4, 5, 8]].tolist()
    early = replace(panel, known_at={"w_v": panel.known_at["w_v"] + 100})
    assert availability_violations(early) == {"w_v": 10}


# ---------------------------------------------------------------------------------- mistakes



@pytest.mark.parametrize(("join", "message"), [
    ({"table": LATE[:0]}, "joined table 'w' has no rows; leave the join out"),
    ({"time": "tt"}, "unknown column of joined table 'w' 'tt'"),
    ({"columns": ["vv"]}, "unknown column of joined table 'w' 'vv'"),
    ({"available_after": "tolled"}, "column of joined table 'w' 'tolled': did you mean 'told'"),
    ({"on": {"who": "whom"}}, "unknown column of joined table 'w' 'whom': did you mean 'who'"),
    ({"on": {"whom": "who"}}, "unknown key of the table for joined table 'w' 'whom'"),
    ({"on": {"y": "v"}}, "'y' is the time, the target or a column that knows the future"),
    ({"on": {"who": "v"}}, "key 'who' is String in the table and 'v' is Int64 .* convert one side"),
    ({"table": DAYS}, "time column 't' is naive but time is abstract"),
    ({"available_after": "2D"}, "'2D' is clock time but the times are plain integers"),
    ({"max_age": "2D"}, "max_age='2D' is clock time but .* integers; give an integer"),
    ({"max_age": -1}, "max_age must be >= 0, got -1"),
    ({"prefix": "", "table": LATE.rename({"v": "y"})}, "the name 'y' is taken; choose another "
                                                       "prefix than ''"),
    ({"table": LATE.with_columns(pl.lit("c").alias("who"))},
     "no row of the table finds a record .keys are such as 'a' and 'c'"),
    ({"table": pl.concat([LATE[2:], LATE[2:], LATE[:2].with_columns(told=pl.lit(2, pl.Int64))])},
     r"2 rows contradict each other: they share \(who, t\) .* such as who=a, t=1"),
    ({"table": LATE.with_columns(pl.when(pl.col("t") > 1).then("t"))}, "1 missing|2 missing"),
    ({"name": "", "table": LATE}, "a joined table in memory needs a name"),
    ({"availble_after": "2D"}, "unknown Join argument 'availble_after': did you mean"),
])
def test_bad_joins_are_refused_in_words(join: dict[str, Any], message: str) -> None:
    given = {"table": LATE, "name": "w", "time": "t", "on": "who", "available_after": "told"}
    with pytest.raises(InputError, match=message):
        build(Join(**{**given, **join}))


def test_a_number_is_no_age_on_a_clock() -> None:
    with pytest.raises(InputError, match=r"max_age=5 is no stretch of clock time; .* '5D'"):
        build(Join(table=DAYS, name="w", time="t", on="who",
                   available_after="told", max_age=5), dated(main_table(), "t"))


def test_time_zones_are_known_for_both_or_for_none() -> None:
    aware = dated(LATE, "t", "told", zone="UTC")
    with pytest.raises(InputError, match=r"joined table 'w': time column 't' is aware but time is "
                                         "naive"):
        build(Join(table=aware, name="w", time="t", on="who"), dated(main_table(), "t"))
    berlin = dated(main_table(), "t", zone="Europe/Berlin").with_columns(
        pl.col("t") + timedelta(hours=1))
    joined = build(Join(table=aware, name="w", time="t", on="who", available_after="told"), berlin)
    assert held(joined)[:4] == [None, None, 10, 10], "midnight in Berlin comes an hour before"
