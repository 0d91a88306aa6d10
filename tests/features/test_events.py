from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from outlast.data import Events, Panel, Schema
from outlast.errors import InputError
from outlast.features import Recipe
from outlast.features.base import ENTITY, TIME
from outlast.features.events import EventCount, InsideEvent, TimeSinceEvent
from tests.features import irregular

DAY = 86_400 * 10**9


def by_hand(kind: str | None, scope: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    frame, context = irregular.keyed(irregular.panel())
    since, inside = np.full(frame.height, np.nan), np.zeros(frame.height)
    times = frame[TIME].to_physical().to_list()
    for i, (time, who) in enumerate(zip(times, frame[ENTITY], strict=True)):
        for event in context.events.table.iter_rows(named=True):
            concerns = {"own": event["entity"] == who, "common": event["entity"] is None,
                        "any": event["entity"] in (who, None)}[scope]
            if concerns and kind in (None, event["kind"]) and event["start"] <= time:
                since[i] = np.nanmin([since[i], (time - event["start"]) / DAY])
                inside[i] = max(inside[i], time <= event["end"])
    return since, inside


@pytest.mark.parametrize("scope", ["own", "common", "any"])
@pytest.mark.parametrize("kind", [None, "news", "outage", "shock"])
def test_against_a_plain_loop(kind: str | None, scope: Any) -> None:
    frame, context = irregular.keyed(irregular.panel())
    since, inside = by_hand(kind, scope)
    ours = TimeSinceEvent("f", "when", kind=kind, scope=scope).compute(frame, context)
    np.testing.assert_allclose(ours.fill_null(np.nan).to_numpy(), since)
    ours = InsideEvent("f", "when", kind=kind, scope=scope).compute(frame, context)
    np.testing.assert_array_equal(ours.cast(pl.Float64).to_numpy(), inside)


@pytest.mark.parametrize("scope", ["own", "common", "any"])
@pytest.mark.parametrize("duration", ["30h", "20D", "300D"])
def test_counts_against_a_plain_loop(scope: Any, duration: str) -> None:
    frame, context = irregular.keyed(irregular.panel())
    length = pd.Timedelta(duration).value
    expected = np.zeros(frame.height)
    times = frame[TIME].to_physical().to_list()
    for i, (time, who) in enumerate(zip(times, frame[ENTITY], strict=True)):
        for event in context.events.table.iter_rows(named=True):
            concerns = {"own": event["entity"] == who, "common": event["entity"] is None,
                        "any": event["entity"] in (who, None)}[scope]
            expected[i] += concerns and time - length < event["start"] <= time
    assert expected.any()
    ours = EventCount("f", "when", scope=scope, duration=duration).compute(frame, context)
    np.testing.assert_array_equal(ours.to_numpy(), expected)


def test_events_that_begin_together_count_one_by_one() -> None:
    events = Events.from_frame(pl.DataFrame({"start": ["2024-01-02"] * 3 + ["2024-01-04"]}))
    panel = Panel.build({"t": ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"],
                         "y": [0.0, 1.0, 2.0, 3.5]},
                        Schema(time="t", target="y", task="regression"), events=events)
    found = Recipe("r", (EventCount("f", "t", duration="2D"),)).transform(panel).frame["f"]
    assert found.to_list() == [0, 3, 3, 1]


def test_abstract_times_count_in_their_own_unit() -> None:
    events = Events.from_frame(pl.DataFrame({"start": [12], "end": [14]}))
    panel = Panel.build({"t": [11, 12, 14, 15], "y": [0.0, 1.0, 2.0, 3.5]},
                        Schema(time="t", target="y", task="regression"), events=events)
    recipe = Recipe("events", (TimeSinceEvent("since", "t"), InsideEvent("inside", "t")))
    frame = recipe.transform(panel).frame
    assert frame["since"].fill_nan(None).to_list() == [None, 0, 2, 3]
    assert frame["inside"].to_list() == [0, 1, 1, 0]


def test_mistakes_are_refused() -> None:
    with pytest.raises(InputError, match="did you mean 'common'"):
        InsideEvent("f", "when", scope="comon")  # type: ignore[arg-type]
    recipe = Recipe("events", (TimeSinceEvent("f", "when", kind="nwes"),))
    with pytest.raises(InputError, match="no event of kind 'nwes': did you mean 'news'"):
        recipe.transform(irregular.panel())
    with pytest.raises(InputError, match="reads the time column 'when', got 'x'"):
        Recipe("events", (TimeSinceEvent("f", "x"),)).transform(irregular.panel())
