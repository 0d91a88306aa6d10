from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from outlast.data import Panel, Schema
from outlast.errors import InputError
from outlast.features import Recipe
from outlast.features.calendar import PARTS, CalendarPart

SCHEMA = Schema(time="t", target="y", task="regression")
# Monday 2024-01-01 and Sunday 2024-06-30
TIMES = [datetime(2024, 1, 1, 23, 30, tzinfo=UTC), datetime(2024, 6, 30, 4, tzinfo=UTC)]


def parts(times: pl.Series) -> dict[str, list[float]]:
    panel = Panel.build(pl.DataFrame({"t": times, "y": [0.1, 0.2]}), SCHEMA)
    features = tuple(CalendarPart(part, "t", part=part) for part in PARTS)  # type: ignore[arg-type]
    return Recipe("calendar", features).transform(panel).frame.to_dict(as_series=False)


def test_parts_of_the_calendar() -> None:
    assert parts(pl.Series(TIMES).dt.replace_time_zone(None)) == {
        "hour": [23, 4], "weekday": [1, 7], "day": [1, 30], "month": [1, 6], "quarter": [1, 2],
    }


def test_parts_are_read_in_the_zone_of_the_column() -> None:
    found = parts(pl.Series(TIMES).dt.convert_time_zone("Europe/Berlin"))
    assert found["hour"] == [0, 6]
    assert found["day"] == [2, 30]


def test_dates_and_text_work_too() -> None:
    for times in (pl.Series(["2024-01-01", "2024-06-30"]),
                  pl.Series(["2024-01-01", "2024-06-30"]).str.to_date()):
        assert parts(times)["weekday"] == [1, 7]
        assert parts(times)["hour"] == [0, 0]


def test_an_unknown_part_is_refused() -> None:
    with pytest.raises(InputError, match="did you mean 'month'"):
        CalendarPart("f", "t", part="moth")  # type: ignore[arg-type]


def test_plain_integers_have_no_calendar() -> None:
    panel = Panel.build({"t": [1, 2], "y": [0.1, 0.2]}, SCHEMA)
    with pytest.raises(InputError, match="'f' needs real times, but 't' holds plain integers"):
        Recipe("calendar", (CalendarPart("f", "t"),)).transform(panel)
