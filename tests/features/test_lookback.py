from __future__ import annotations

from datetime import timedelta

import pytest

from outlast.features.lookback import Lookback

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("reach", "text"),
    [
        (Lookback(), "0 rows"),
        (Lookback(rows=1), "1 row"),
        (Lookback(rows=21), "21 rows"),
        (Lookback(time=30 * DAY), "30 days"),
        (Lookback(time=DAY / 2), "12:00:00"),
        (Lookback(rows=1) + Lookback(time=1.5 * DAY), "1 row + 1.5 days"),
        (Lookback(rows=1) + Lookback(unbounded=True), "all rows"),
    ],
)
def test_a_reach_reads_well(reach: Lookback, text: str) -> None:
    assert str(reach) == text


def test_clock_time_is_counted_in_whole_rows() -> None:
    assert Lookback(rows=2, time=10 * DAY).in_rows(3 * DAY) == 6
    assert Lookback(rows=2).in_rows(DAY) == 2
    assert Lookback(rows=2, time=DAY).in_rows(timedelta(0)) == 2
    assert Lookback(unbounded=True).in_rows(DAY) is None
