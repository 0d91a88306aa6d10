from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
import pytest

from outlast.data import Panel, Schema
from outlast.errors import InputError
from outlast.features import Recipe
from outlast.features.calendar import PARTS, CalendarCycle, CalendarPart, HolidayDistance

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


def test_cycles_close() -> None:
    times = pl.Series(["2024-01-01 00:00", "2024-01-01 12:30", "2024-12-31 00:00",
                       "2025-12-31 00:00"]).str.to_datetime()
    panel = Panel.build(pl.DataFrame({"t": times, "y": [0.1, 0.2, 0.3, 0.4]}), SCHEMA)
    shares = {"day": [0, 12.5 / 24, 0, 0], "week": [0, 0, 1 / 7, 2 / 7],
              "month": [0, 0, 30 / 31, 30 / 31], "year": [0, 0, 365 / 366, 364 / 365]}
    for cycle, share in shares.items():
        waves = tuple(CalendarCycle(wave, "t", cycle=cycle, wave=wave)  # type: ignore[arg-type]
                      for wave in ("sin", "cos"))
        found = Recipe("waves", waves).transform(panel).frame
        angle = 2 * np.pi * np.array(share)
        np.testing.assert_allclose(found["sin"], np.sin(angle), atol=1e-6)
        np.testing.assert_allclose(found["cos"], np.cos(angle), atol=1e-6)


@pytest.mark.parametrize(("direction", "expected"), [
    ("next", [2, 0, 0, 1, None]), ("last", [None, 0, 0, 6, 1]), ("nearest", [2, 0, 0, 1, 1])])
def test_holiday_distance(direction: Any, expected: list[float | None]) -> None:
    # The second time is the holiday in Berlin only, where it is one hour later.
    times = pl.Series(["2024-12-23 12:00", "2024-12-24 23:30", "2024-12-25 12:00",
                       "2024-12-31 12:00", "2025-01-02 12:00"]).str.to_datetime(time_zone="UTC")
    frame = pl.DataFrame({"t": times.dt.convert_time_zone("Europe/Berlin"), "y": range(5)})
    feature = HolidayDistance("f", "t", ("2025-01-01", "2024-12-25"), direction=direction)
    found = Recipe("f", (feature,)).transform(Panel.build(frame, SCHEMA)).frame["f"]
    assert found.fill_nan(None).to_list() == expected


def test_the_order_of_holidays_does_not_matter() -> None:
    days = ("2025-01-01", "2024-12-25", "2024-12-25")
    assert HolidayDistance("f", "t", days) == HolidayDistance("f", "t", days[:2][::-1])


def test_bad_cycles_and_holidays_are_refused() -> None:
    with pytest.raises(InputError, match="did you mean 'week'"):
        CalendarCycle("f", "t", cycle="weak")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="unknown wave 'tan'"):
        CalendarCycle("f", "t", wave="tan")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="unknown direction 'previous'"):
        HolidayDistance("f", "t", ("2024-12-25",), direction="previous")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="'f': dates are empty"):
        HolidayDistance("f", "t", ())
    with pytest.raises(InputError, match="write dates as '2024-12-25'"):
        HolidayDistance("f", "t", ("25.12.2024",))


def test_an_unknown_part_is_refused() -> None:
    with pytest.raises(InputError, match="did you mean 'month'"):
        CalendarPart("f", "t", part="moth")  # type: ignore[arg-type]


def test_plain_integers_have_no_calendar() -> None:
    panel = Panel.build({"t": [1, 2], "y": [0.1, 0.2]}, SCHEMA)
    with pytest.raises(InputError, match="'f' needs real times, but 't' holds plain integers"):
        Recipe("calendar", (CalendarPart("f", "t"),)).transform(panel)
