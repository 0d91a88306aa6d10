"""Times and entities in several columns, wide tables, counted times, and usual names."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest

from outlast import Experiment
from outlast.data import Panel, Schema
from outlast.data.conventions import usual_roles
from outlast.data.keys import joined_time, with_keys
from outlast.data.time_formats import possible_formats, read_times
from outlast.data.wide import make_long
from outlast.errors import InputError, OutlastWarning
from outlast.splits import GroupSplit


def shops(n: int = 8) -> pl.DataFrame:
    """Three items in two stores, by month."""
    rows = [(2020 + month // 12, month % 12 + 1, store, item, float(month * store + len(item)))
            for month in range(n) for store in (1, 2) for item in ("a", "bb", "ccc")]
    return pl.DataFrame(rows, orient="row", schema=["year", "month", "store", "item", "sold"])


def test_store_and_item_are_one_entity_and_stay_categories():
    schema = Schema(time=["year", "month"], entity=["store", "item"], target="sold", horizon=1)
    panel = Panel.build(shops(), schema)
    assert (panel.schema.time, panel.schema.entity) == ("year_month", "store_item")
    assert sorted(panel.frame["store_item"].unique()) == [
        f"{store} / {item}" for store in (1, 2) for item in ("a", "bb", "ccc")]
    assert panel.schema.categorical == ("store", "item")
    joined = shops().with_columns(
        day=pl.date("year", "month", 1), who=pl.format("{}-{}", "store", "item"))
    same = Panel.build(joined, Schema(time="day", entity="who", target="sold", horizon=1))
    assert (panel.label_end == same.label_end).all()
    assert (panel.entity == same.entity).all()
    # A schema that was read back builds the same again, as a stored model does.
    again = Schema.model_validate_json(panel.schema.model_dump_json())
    assert again == panel.schema
    assert Panel.build(shops(), again).fingerprint == panel.fingerprint


def test_no_pair_is_in_training_and_test_of_a_group_split():
    panel = Panel.build(shops(24), Schema(time=["year", "month"], entity=["store", "item"],
                                          target="sold"))
    names = panel.frame["store_item"]
    for train, test in GroupSplit(n_splits=3).split(panel.frame, time="year_month", groups=names):
        assert not set(names[train]) & set(names[test])


@pytest.mark.parametrize(("columns", "first"), [
    ({"year": [2024, 2024], "quarter": [2, 3]}, date(2024, 4, 1)),
    ({"Year": [2020, 2021], "Week": [53, 1]}, date(2020, 12, 28)),
    ({"year": [2024, 2024], "month": ["Feb", "march"]}, date(2024, 2, 1)),
    ({"year": [2024, 2024], "month": [2, 2], "day": [29, 3]}, date(2024, 2, 29)),
    ({"year": [2024, 2024], "month": [2, 2], "day": [29, 3], "hour": [13, 0]},
     datetime(2024, 2, 29, 13)),
])
def test_parts_of_a_time(columns, first):
    assert joined_time(pl.DataFrame(columns), tuple(columns))[0] == first


@pytest.mark.parametrize(("named", "message"), [
    ({"time": ["year", "store"]}, "'store' is no part of a time"),
    ({"time": ["month", "day"]}, "time column 'day' is not in the table"),
    ({"time": ["month", "hour"]}, "time column 'hour' is not in the table"),
    ({"entity": ["store", "itme"]}, "'itme' is not in the table: did you mean 'item'"),
    ({"entity": []}, r"entity=\[\]: name one column or several"),
    ({"entity": ["x", "z"]}, "two different values of .x, z. read the same"),
])
def test_keys_that_cannot_be_built(named, message):
    table = shops().with_columns(x=pl.lit("a / b"), z=pl.lit("c"))
    odd = table.with_columns(x=pl.when(pl.col("store") == 1).then(pl.lit("a")).otherwise("x"),
                             z=pl.when(pl.col("store") == 1).then(pl.lit("b / c")).otherwise("z"))
    with pytest.raises(InputError, match=message):
        with_keys(pl.concat([table, odd]), Schema(**{"time": "year", "target": "sold", **named}))


def test_a_date_that_does_not_exist_is_told():
    table = pl.DataFrame({"year": [2023], "month": [2], "day": [29]})
    with pytest.raises(InputError, match="do not name a date in every row"):
        joined_time(table, ("year", "month", "day"))
    with pytest.raises(InputError, match="month are in no year"):
        joined_time(table, ("month",))


def test_wide_tables_become_long():
    wide = pl.DataFrame({"day": [date(2024, 1, 1), date(2024, 1, 2)], "north": [1, None],
                         "south": [2.5, 3.5], "": pl.Series([None, None], dtype=pl.String)})
    told = {"index": ["day"], "names": "store", "values": "sold"}
    assert make_long(wide, told).rows() == [
        (date(2024, 1, 1), "north", 1.0), (date(2024, 1, 1), "south", 2.5),
        (date(2024, 1, 2), "south", 3.5)]
    for wrong, message in (({"index": ["dya"]}, "'dya' is not in the table: did you mean 'day'"),
                           ({"names": "day"}, "'day' is a column of the index"),
                           ({"names": "sold"}, "two different names"),
                           ({"row": 3}, "unknown Unpivot argument 'row'")):
        with pytest.raises(InputError, match=message):
            make_long(wide, {**told, **wrong})


def test_counted_times():
    at = datetime(2024, 3, 1, 12, 0, 0, 5, tzinfo=UTC)
    for form, size in (("unix ms", 10**3), ("unix us", 10**6), ("unix ns", 10**9)):
        count = pl.Series([int(at.timestamp() * 10**6) * size // 10**6])
        assert possible_formats(count) == [form]
        read = read_times(count, form)[0]
        assert read == (at.replace(microsecond=0) if form == "unix ms" else at)
    seconds = pl.Series([1_709_294_400, 1_709_294_460])
    assert possible_formats(seconds) == ["unix s"]
    assert read_times(seconds, "unix s")[0] == at.replace(microsecond=0)
    assert possible_formats(pl.Series([45352, 45353])) == ["excel"]
    assert read_times(pl.Series([45352]), "excel").to_list() == [date(2024, 3, 1)]
    assert read_times(pl.Series([45352.5]), "excel").to_list() == [datetime(2024, 3, 1, 12)]
    assert possible_formats(pl.Series([1960, 1961])) == []
    with pytest.raises(InputError, match="holds String; the time_format 'unix s' needs numbers"):
        read_times(pl.Series("t", ["x"]), "unix s")


@pytest.mark.parametrize(("columns", "given", "roles"), [
    (["unique_id", "ds", "y"], {}, ("ds", "y", "unique_id")),
    (["item_id", "timestamp", "target", "y"], {}, ("timestamp", "target", "item_id")),
    (["ds", "y", "promo"], {"target": "promo"}, ("ds", "promo", None)),
])
def test_usual_names_need_no_flags(columns, given, roles):
    with pytest.warns(OutlastWarning, match="taken by the names of the columns: time="):
        found = usual_roles(columns, given)
    assert tuple(found.get(role) for role in ("time", "target", "entity")) == roles


def test_other_names_are_not_guessed():
    assert usual_roles(["date", "y"], {}) == {}
    assert usual_roles(["ds", "target"], {}) == {}
    said = {"time": "ds", "target": "y"}
    assert usual_roles(["ds", "y", "unique_id"], said) == said
    table = {"ds": np.arange(4), "unique_id": ["a", "b"] * 2, "y": [1.0, 2.5, 3.5, 2.0]}
    with pytest.warns(OutlastWarning, match="entity=unique_id; name others to change that"):
        panel = Experiment(table).panel
    assert panel is not None
    assert (panel.schema.time, panel.schema.entity, panel.schema.target) == ("ds", "unique_id", "y")
