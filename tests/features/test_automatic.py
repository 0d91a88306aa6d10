from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from outlast.data import Events, Panel, Schema
from outlast.errors import InputError
from outlast.features import automatic, default_recipe
from tests.features import irregular

N = 60


def build(columns: dict[str, object], schema: Schema | None = None, **options: object) -> Panel:
    days = [date(2024, 1, 1) + timedelta(days=i) for i in range(N)]
    table = {"day": days, "y": np.arange(N) * 0.5, **columns}
    return Panel.build(table, schema or Schema(time="day", target="y", task="regression"),
                       **options)  # type: ignore[arg-type]


def test_a_panel_gets_windows_ranks_calendar_events_and_categories() -> None:
    panel = irregular.panel()
    recipe = default_recipe(panel)
    assert [f.name for f in recipe.features if f.source == "x"] == [
        "x", "x__diff_1", "x__mean_5", "x__std_5", "x__mean_20", "x__std_20", "x__z_20",
        "x__ewm_10", "x__rank",
    ]
    assert {"when__hour", "when__weekday", "when__since_event", "when__since_news"} <= set(
        recipe.exported
    )
    table = recipe.transform(panel)
    assert table.categorical == ("who", "group")
    assert "y" not in table.names
    assert recipe.skipped == ()
    assert not any(table.frame[name].is_nan().all() for name in table.names
                   if name not in table.categorical)


def test_a_single_series_has_neither_entity_nor_ranks() -> None:
    recipe = default_recipe(build({"x": np.arange(N) % 7}))
    names = set(recipe.exported)
    assert "x__rank" not in names
    assert {"day__weekday", "day__day", "day__month"} <= names
    assert "day__hour" not in names  # it does not vary


def test_plain_integer_times_have_no_calendar() -> None:
    panel = Panel.build({"t": [1, 2, 3], "x": [1, 2, 3], "y": [0.1, 0.2, 0.3]},
                        Schema(time="t", target="y", task="regression"))
    assert {feature.family for feature in default_recipe(panel).features} == {
        "raw", "lag", "rolling", "ewm",
    }


def test_wide_tables_keep_three_columns_per_number() -> None:
    count = automatic.MAX_NUMBERS + 1
    panel = build({f"x{i}": np.sin(np.arange(N) + i) for i in range(count)})
    recipe = default_recipe(panel)
    numbers = [f for f in recipe.features if f.family != "calendar"]
    assert len(numbers) == 3 * count
    assert [f.name for f in numbers[:3]] == ["x0", "x0__diff_1", "x0__mean_5"]


def test_what_is_left_out_is_said() -> None:
    panel = build(
        {
            "note": [f"text {i}" for i in range(N)],
            "seen": [date(2024, 1, 1)] * N,
            "tags": [["a"]] * N,
            "empty": [None] * N,
            "x": np.sin(np.arange(N)),
            "row": np.arange(N),
            "answer": np.arange(N),
        },
        Schema(time="day", target="y", task="regression", leaky=("answer",)),
    )
    recipe = default_recipe(panel)
    assert dict(recipe.skipped).keys() == {"seen", "tags", "empty", "row"}
    assert dict(recipe.skipped)["row"].startswith("numbers the rows")
    assert "note" in recipe.exported  # 60 levels are few enough
    assert not any("answer" in name for name in recipe.exported)


def test_text_with_many_levels_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(automatic, "MAX_LEVELS", N - 1)
    panel = build({"note": [f"text {i}" for i in range(N)]})
    assert default_recipe(panel).skipped == (
        ("note", "60 levels; at most 59 make sense as categories"),
    )


def test_many_entities_are_no_category(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(automatic, "MAX_ENTITIES", 3)
    recipe = default_recipe(irregular.panel())
    assert recipe.skipped == (("who", "4 levels; at most 3 make sense as categories"),)
    assert "who" not in recipe.exported


def test_declared_categories_and_numeric_entities_are_categories() -> None:
    schema = Schema(time="day", target="y", entity="id", task="regression", categorical=("code",))
    panel = build({"id": [7] * N, "code": np.arange(N) % 3, "x": np.arange(N)}, schema)
    table = default_recipe(panel).transform(panel)
    assert table.categorical == ("id", "code")
    assert table.frame["code"][:3].to_list() == ["0", "1", "2"]


def test_names_never_meet_a_column_of_the_table() -> None:
    panel = build({"x": np.sin(np.arange(N)), "x__mean_5": np.arange(N) % 7 * 2.0,
                   "day__weekday": ["a"] * N})
    recipe = default_recipe(panel)
    assert "x___diff_1" in recipe.exported
    assert recipe.transform(panel).frame["x__mean_5"].to_list() == [i % 7 * 2.0 for i in range(N)]


def test_common_events_give_no_features() -> None:
    events = Events.from_frame(pl.DataFrame({"start": ["2024-01-05"], "kind": ["crash"]}))
    recipe = default_recipe(build({"x": np.sin(np.arange(N))}, events=events))
    assert not [f for f in recipe.features if f.family == "event"]


def test_a_table_without_a_usable_column_is_refused() -> None:
    panel = Panel.build({"t": [1, 2], "tags": [["a"], ["b"]], "y": [0.1, 0.2]},
                        Schema(time="t", target="y", task="regression"))
    with pytest.raises(InputError, match=r"no features; add a column.*tags: neither number"):
        default_recipe(panel)


def test_a_column_without_a_name_is_left_out() -> None:
    panel = build({"": np.sin(np.arange(N)), "x": np.cos(np.arange(N))})
    recipe = default_recipe(panel)
    assert recipe.skipped == (("", "no name; give it one to keep it"),)
    assert recipe.transform(panel).frame.height == N
