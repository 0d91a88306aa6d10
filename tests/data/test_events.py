from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from outlast.data import Events
from outlast.errors import InputError


def ns(text: str) -> int:
    return int(np.datetime64(text, "ns").astype(np.int64))


def test_columns_are_filled_in_and_rows_sorted() -> None:
    events = Events.from_frame(pl.DataFrame({
        "start": ["2024-02-01", "2024-01-01"], "end": ["2024-02-03", None],
        "name": ["", "opening"], "entity": [None, 7],
    }))
    assert events.table.to_dicts() == [
        {"name": "opening", "kind": "event", "entity": "7", "start": ns("2024-01-01"),
         "end": 2**63 - 1},
        {"name": "event 1", "kind": "event", "entity": None, "start": ns("2024-02-01"),
         "end": ns("2024-02-03")},
    ]
    assert len(events) == 2
    assert repr(events) == "Events(2 events, 1 with an entity)"


def test_without_an_end_an_event_is_an_instant() -> None:
    table = Events.from_frame(pl.DataFrame({"start": ["2024-02-01"]})).table
    assert table["end"].to_list() == table["start"].to_list()


def test_an_end_that_is_always_missing_is_open() -> None:
    table = pl.DataFrame({"start": ["2024-02-01", "2024-02-02"], "end": [None, None]})
    assert Events.from_frame(table).table["end"].to_list() == [2**63 - 1] * 2


def test_the_clock_of_the_windows_is_known() -> None:
    assert Events.from_frame(pl.DataFrame({"start": [3], "end": [5]})).zone == "abstract"
    assert Events.from_frame(pl.DataFrame({"start": ["2024-01-01T00:00Z"]})).zone == "aware"
    assert Events.from_frame(pl.DataFrame({"start": ["2024-01-01"]})).zone == "naive"


def test_common_events_and_kinds() -> None:
    events = Events.from_frame(pl.DataFrame({
        "start": [1, 2, 3], "kind": ["shock", "news", "shock"], "entity": [None, "a", "b"],
    }))
    assert events.common.table["start"].to_list() == [1]
    assert events.of_kind("shock").table["start"].to_list() == [1, 3]
    with pytest.raises(InputError, match="no event of kind 'shok': did you mean 'shock'"):
        events.of_kind("shok")


def test_no_events() -> None:
    for events in (Events.none(), Events.from_frame(pl.DataFrame({"start": []}))):
        assert len(events) == 0
        assert events.table.schema == Events.none().table.schema
        assert len(events.common) == 0


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"begin": ["2024-01-01"]}, "column 'start' is missing: Known: begin"),
        ({"start": ["2024-01-02", None]}, r"event start: 1 missing value\(s\)"),
        ({"start": ["tomorrow"]}, "event start: cannot read 'tomorrow'"),
        ({"start": ["2024-01-02"], "end": ["2024-01-01"]}, "row 0 ends before it starts"),
        ({"start": ["2024-01-01"], "end": ["2024-01-02T00:00Z"]}, "event end is aware but"),
    ],
)
def test_bad_events_are_refused(table: dict[str, list[object]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Events.from_frame(pl.DataFrame(table))
