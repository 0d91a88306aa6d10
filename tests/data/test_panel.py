from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outlast.data import Events, Panel, Schema
from outlast.data.times import NAT
from outlast.errors import InputError

DAY = 86_400 * 10**9
START = datetime(2024, 1, 1)
SCHEMA = Schema(time="day", entity="who", target="y", horizon=1)


def table() -> pl.DataFrame:
    return pl.DataFrame({
        "who": ["b", "a", "a", "b", "a"],
        "day": [START + timedelta(days=i) for i in (2, 0, 2, 0, 5)],
        "y": [1, 0, 1, 0, None],
        "x": [1.5, None, float("nan"), -0.5, 2.0],
        "text": ["u", "", None, "v", "ü"],
        "flag": [True, False, None, True, False],
        "kind": pl.Series(["k", "l", "k", None, "l"], dtype=pl.Categorical),
        "list": [[1], [2, 3], None, [], [4]],
        "price": [Decimal("1.10"), Decimal("2.20"), None, Decimal("0.00"), Decimal("9.99")],
        "big": pl.Series([2**100, 1, None, 0, 5], dtype=pl.Int128),
        "empty": [None] * 5,
    })


def build(frame: Any = None, schema: Schema = SCHEMA, **options: Any) -> Panel:
    return Panel.build(table() if frame is None else frame, schema, **options)


def test_rows_are_sorted_by_time_then_entity() -> None:
    panel = build()
    assert panel.frame["who"].to_list() == ["a", "b", "a", "b", "a"]
    assert panel.entity.tolist() == [0, 1, 0, 1, 0]
    assert (np.diff(panel.time.ns) >= 0).all()
    assert panel.n_rows == 5
    assert panel.frame["x"].to_list() == [None, -0.5, None, 1.5, 2.0]
    assert panel.frame["price"].to_list() == [2.2, 0.0, None, 1.1, 9.99]


def test_rows_with_a_label_are_usable() -> None:
    panel = build()
    assert panel.task == "binary"
    assert panel.schema.labels == ("0", "1")
    np.testing.assert_array_equal(panel.y, [0, 0, 1, 1, np.nan])
    # The last row of each entity waits for its label.
    assert panel.usable.tolist() == [True, True, True, False, False]


@settings(max_examples=20)
@given(order=st.permutations(range(5)), columns=st.permutations(range(11)))
def test_the_fingerprint_is_blind_to_order(order: list[int], columns: list[int]) -> None:
    shuffled = table()[order].select([table().columns[i] for i in columns])
    assert build(shuffled).fingerprint == build().fingerprint


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("who", "c"), ("day", START + timedelta(days=1)), ("y", 0), ("x", 1.5000000001),
        ("x", None), ("text", "U"), ("text", None), ("flag", False), ("kind", "l"),
        ("list", [1, 1]), ("price", Decimal("1.11")), ("big", 2**100 + 1), ("empty", 1),
    ],
)
def test_the_fingerprint_feels_one_cell(column: str, value: object) -> None:
    other = table().with_columns(
        pl.when(pl.int_range(pl.len()) == 0).then(pl.lit(value)).otherwise(pl.col(column))
        .alias(column)
        if column != "list" else pl.Series("list", [value, *table()["list"].to_list()[1:]])
    )
    assert build(other).fingerprint != build().fingerprint


def test_the_fingerprint_feels_null_against_zero_names_types_and_keys() -> None:
    base = table().select("who", "day", "y", x=pl.lit(0.0))
    others = [
        base.with_columns(x=pl.lit(None, dtype=pl.Float64)),
        base.rename({"x": "z"}),
        base.with_columns(x=pl.lit(0)),
        base.with_columns(x=pl.lit("")),
        base.with_columns(x=pl.lit(None, dtype=pl.String)),
    ]
    prints = {build(frame).fingerprint for frame in [base, *others]}
    assert len(prints) == len(others) + 1
    events = Events.from_frame(pl.DataFrame({"start": ["2024-01-02"]}))
    assert build(base, events=events).fingerprint not in prints
    single = Panel.build({"a": ["x", "y"], "t": [1, 2], "y": [0, 1]}, Schema(time="t", target="y"))
    by_entity = Panel.build(single.frame, single.schema.model_copy(update={"entity": "a"}))
    assert single.fingerprint != by_entity.fingerprint


def test_texts_cannot_be_moved_between_cells() -> None:
    def fingerprint(texts: list[str]) -> str:
        return Panel.build({"t": [1, 2], "y": [0, 1], "text": texts},
                           Schema(time="t", target="y")).fingerprint

    assert fingerprint(["ab", "c"]) != fingerprint(["a", "bc"])


@pytest.mark.parametrize("horizon", [0, 1, 2, 3])
def test_horizon_in_steps_counts_rows_of_the_same_entity(horizon: int) -> None:
    panel = build(schema=SCHEMA.model_copy(update={"horizon": horizon}))
    for i in range(panel.n_rows):
        own = np.flatnonzero(panel.entity == panel.entity[i])
        ahead = own[own >= i][horizon:]
        expected = panel.time.ns[ahead[0]] if ahead.size else NAT
        assert panel.label_end[i] == expected


def test_horizon_as_clock_time() -> None:
    panel = build(schema=SCHEMA.model_copy(update={"horizon": "36h"}))
    assert set(panel.label_end - panel.time.ns) == {1.5 * DAY}
    assert panel.horizon_ns == 1.5 * DAY


def test_horizon_as_calendar_time() -> None:
    days = [datetime(2023, 1, day) for day in (29, 30, 31)]
    panel = Panel.build({"t": days, "y": [0, 1, 0]}, Schema(time="t", target="y", horizon="1mo"))
    ends = panel.label_end.astype("datetime64[ns]").astype("datetime64[D]").astype(str).tolist()
    assert ends == ["2023-02-28"] * 3


def test_a_calendar_horizon_is_counted_on_the_wall_clock() -> None:
    noon = pl.Series([datetime(2024, 10, 26, 12), datetime(2024, 10, 27, 12)])
    table = {"t": noon.dt.replace_time_zone("Europe/Berlin"), "y": [0, 1]}
    hours = []
    for horizon in ("1 calendar day", "1D"):
        panel = Panel.build(table, Schema(time="t", target="y", horizon=horizon))
        hours.append(((panel.label_end - panel.time.ns) / DAY * 24).tolist())
    assert hours == [[25, 24], [24, 24]]


@pytest.mark.parametrize(
    "label",
    [{"horizon": 1}, {"horizon": "36h"}, {"label_end": "end"}, {"horizon": "1 calendar day"}],
)
def test_a_publication_delays_every_label_end(label: dict[str, Any]) -> None:
    frame = table().with_columns(end=pl.col("day") + timedelta(hours=7))
    early = build(frame, Schema(time="day", entity="who", target="y", **label))
    late = build(frame, Schema(time="day", entity="who", target="y", **label, label_delay="2D"))
    known = early.label_end != NAT
    assert known.any()
    assert set((late.label_end - early.label_end)[known]) == {2 * DAY}
    assert (late.label_end[~known] == NAT).all()


def test_horizon_as_a_column() -> None:
    ends = [START + timedelta(days=9), None, START + timedelta(days=2), START, None]
    schema = Schema(time="day", entity="who", target="y", label_end="end")
    panel = build(table().with_columns(end=pl.Series(ends)), schema)
    begin = panel.time.ns[0]
    assert panel.label_end.tolist() == [NAT, begin, begin + 2 * DAY, begin + 9 * DAY, NAT]
    assert panel.usable.tolist() == [False, True, True, True, False]


def test_a_label_cannot_end_before_its_row() -> None:
    early = table().with_columns(end=pl.lit(START - timedelta(days=1)))
    schema = Schema(time="day", entity="who", target="y", label_end="end")
    with pytest.raises(InputError, match=r"'end': 5 row\(s\) end before their own time"):
        build(early, schema)


def test_the_usual_doors_lead_to_the_same_panel() -> None:
    plain = table().select("who", "day", "y", "x", "text")
    expected = build(plain).fingerprint
    pandas = plain.to_pandas().astype({"who": object, "text": object})
    pandas["y"] = pandas["y"].astype("Int64")
    doors: list[Any] = [plain.to_arrow(), plain.lazy(), plain.to_dict(as_series=False), pandas,
                        pandas.set_index(["who", "day"])]
    assert {build(door).fingerprint for door in doors} == {expected}


def test_numpy_and_text_times_are_the_same_times() -> None:
    days = ["2024-01-01", "2024-01-02", "2024-01-05"]
    prints = {
        Panel.build({"day": times, "y": [0, 1, 0]}, Schema(time="day", target="y")).fingerprint
        for times in (days, np.array(days, dtype="datetime64[ns]"), pd.Series(pd.to_datetime(days)),
                      pl.Series(days).str.to_date(), pa.array(pd.to_datetime(days)))
    }
    assert len(prints) == 1


@pytest.mark.parametrize(
    ("values", "task", "labels", "y"),
    [
        (["no", "yes", "no", None], "binary", ("no", "yes"), [0, 1, 0, np.nan]),
        ([True, False, True, True], "binary", ("False", "True"), [1, 0, 1, 1]),
        (["c", "a", "b", "a"], "multiclass", ("a", "b", "c"), [2, 0, 1, 0]),
        ([0.25, 1.5, -2.0, float("nan")], "regression", (), [0.25, 1.5, -2.0, np.nan]),
        ([Decimal("0.25"), Decimal("1.5"), Decimal("2.1"), None], "regression", (),
         [0.25, 1.5, 2.1, np.nan]),
    ],
)
def test_the_target_becomes_numbers(
    values: list[Any], task: str, labels: tuple[str, ...], y: list[float]
) -> None:
    panel = Panel.build({"t": [1, 2, 3, 4], "y": values}, Schema(time="t", target="y"))
    assert (panel.task, panel.schema.labels) == (task, labels)
    assert panel.n_classes == max(1, len(labels))
    np.testing.assert_array_equal(panel.y, y)


def _with(**columns: Any) -> pl.DataFrame:
    return table().with_columns(**columns)


@pytest.mark.parametrize(
    ("frame", "changes", "message"),
    [
        (table().clear(), {}, "table 'table' has no rows"),
        (table(), {"target": "yy"}, "target column 'yy' is not in the table: did you mean 'y'"),
        (table(), {"leaky": ("xx",)}, "leaky column 'xx' is not in the table"),
        (table(), {"entity": "day"}, "column 'day' has two roles"),
        (table(), {"target": "who"}, "column 'who' has two roles"),
        (_with(day=pl.when(pl.col("who") == "a").then(pl.col("day"))), {},
         r"'day': 2 missing value\(s\), first at row\(s\) \[0, 3\]"),
        (_with(day=pl.lit("soon")), {}, "cannot read 'soon' as an ISO date"),
        (_with(day=pl.lit(1.5)), {}, "expected dates, datetimes, ISO strings or whole numbers"),
        (_with(who=pl.col("text")), {}, r"entity column 'who' has 1 missing value\(s\)"),
        (table(), {"entity": None}, r"4 rows share their \(day\).*name the entity column"),
        (pl.concat([table(), table()[:1]]), {}, r"2 rows share their \(who, day\).*who=b.*remove"),
        (_with(y=pl.lit(1)), {}, "nothing to predict"),
        (_with(y=pl.col("day")), {}, "target 'y' is Datetime.*holds numbers, text"),
        (_with(y=pl.col("x")), {"task": "binary"}, "has 3 classes; binary needs two"),
        (_with(y=pl.col("who")), {"task": "regression"}, "'y' is String; regression needs numbers"),
        (_with(y=pl.lit(float("inf")) * pl.col("x").fill_nan(1)), {"task": "regression"},
         r"has 4 infinite value\(s\)"),
        (_with(day=pl.int_range(5)), {"horizon": "5D"}, "'5D' is clock time.*plain integers; give "
                                                        "a number of rows"),
        (_with(day=pl.int_range(5)), {"horizon": "1mo"}, "'1mo' is calendar time.*plain integers"),
        (_with(day=pl.int_range(5)), {"label_delay": "5D"}, "label_delay '5D' is clock time but "
                                                            "the times are plain integers; add it"),
    ],
)
def test_bad_tables_are_refused_in_words(
    frame: pl.DataFrame, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        build(frame, SCHEMA.model_copy(update=changes))


def test_too_many_classes_are_refused() -> None:
    panel = {"t": range(101), "y": [f"class {i}" for i in range(101)]}
    with pytest.raises(InputError, match="101 classes; at most 100"):
        Panel.build(panel, Schema(time="t", target="y"))


def test_times_with_and_without_zone_do_not_mix() -> None:
    events = Events.from_frame(pl.DataFrame({"start": ["2024-01-01T00:00:00Z"]}))
    with pytest.raises(InputError, match="events is aware but time is naive"):
        build(events=events)
    ends = table().with_columns(end=pl.lit("2024-03-01T00:00:00+01:00"))
    with pytest.raises(InputError, match="label end is aware but time is naive"):
        build(ends, Schema(time="day", entity="who", target="y", label_end="end"))


def test_a_zone_is_kept_in_the_table_and_counted_in_utc() -> None:
    local = pl.Series([START, START + timedelta(days=1)]).dt.replace_time_zone("Asia/Tokyo")
    panel = Panel.build({"t": local, "y": [0, 1]}, Schema(time="t", target="y"))
    assert (panel.time.zone, panel.time.tz) == ("aware", "Asia/Tokyo")
    assert panel.take(np.array([1])).time.tz == "Asia/Tokyo"
    assert panel.time.ns[0] == np.datetime64("2023-12-31T15:00", "ns").astype(np.int64)
    assert panel.frame["t"][0].hour == 0
