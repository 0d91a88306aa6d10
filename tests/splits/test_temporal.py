"""One holdout: where the cut falls, and who trains before it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from outlast.data import Panel, Schema
from outlast.data.times import Instants
from outlast.errors import InputError
from outlast.splits import Fold, TemporalSplit
from tests.splits.reference import days


def fold(splitter: TemporalSplit, time: Any, label_end: Any = None) -> Fold:
    (only,) = splitter.folds(time, label_end)
    return only


def test_a_fraction_is_one_of_timestamps_and_not_of_rows() -> None:
    time = np.array([1] * 50 + [2, 3, 4, 5])
    assert fold(TemporalSplit(0.2), time).test.tolist() == [53]
    assert fold(TemporalSplit(0.21), time).test.tolist() == [52, 53]


def test_a_number_counts_timestamps() -> None:
    assert fold(TemporalSplit(2), [1, 2, 2, 3, 3, 3]).test.tolist() == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("size", ["3D", np.timedelta64(3, "D"), pd.Timedelta("3D")])
def test_a_duration_is_the_last_of_the_clock(size: Any) -> None:
    time = days(1, 2, 3, 8, 9, 10, 11)
    assert fold(TemporalSplit(size), time).test.tolist() == [4, 5, 6], "the 8th is three days back"


NINTH = ["2024-01-09", date(2024, 1, 9), datetime(2024, 1, 9), np.datetime64("2024-01-09"),
         pd.Timestamp("2024-01-09")]


@pytest.mark.parametrize("cut", NINTH)
def test_a_date_is_the_cut(cut: Any) -> None:
    assert fold(TemporalSplit(cut), days(1, 2, 3, 8, 9, 10, 11)).test.tolist() == [4, 5, 6]


def test_a_calendar_day_of_the_october_change_has_25_hours() -> None:
    time = pd.date_range("2024-10-26", periods=49, freq="h", tz="Europe/Berlin")
    assert fold(TemporalSplit("1 calendar day"), time).test.size == 25
    assert fold(TemporalSplit("1D"), time).test.size == 24
    got = fold(TemporalSplit("2024-10-28T00:00+01:00", gap="1 calendar day"),
               time.append(time[-1:] + pd.Timedelta("1h")))
    assert got.audit.n_gap == 25


def test_months_of_the_calendar() -> None:
    time = days(*range(1, 92))  # January to March 2024
    got = fold(TemporalSplit("1mo", gap=pd.DateOffset(months=1)), time)
    assert time[got.test[0]] == np.datetime64("2024-03-01")
    assert time[got.train[-1]] == np.datetime64("2024-01-31")
    assert got.audit.n_gap == 29


def test_labels_of_a_calendar_month_are_purged_to_its_end() -> None:
    time = days(*range(1, 61)).astype("datetime64[us]")
    panel = Panel.build({"day": time, "y": [0, 1] * 30}, Schema(time="day", target="y",
                                                                horizon="1mo"))
    ends = Instants(panel.label_end, panel.time.zone)
    got = TemporalSplit("2024-02-29").folds(panel.time, ends)[0]
    assert got.train.tolist() == list(range(31)), "the 29th, 30th and 31st all end that day"
    strict = TemporalSplit("2024-02-29", boundary="strict").folds(panel.time, ends)[0]
    assert strict.train.tolist() == list(range(28))


def test_rows_without_a_label_are_refused_or_left_out() -> None:
    time = days(*range(1, 11))
    label_end = (time + np.timedelta64(1, "D")).astype("datetime64[ns]")
    label_end[[2, 9]] = np.datetime64("NaT", "ns")
    with pytest.raises(InputError, match=r"label_end: 2 missing.*row\(s\) \[2, 9\]"):
        fold(TemporalSplit(), time, label_end)
    got = fold(TemporalSplit(2, on_missing="drop"), time, label_end)
    assert (got.train.tolist(), got.test.tolist()) == ([0, 1, 3, 4, 5, 6], [7, 8])
    assert got.audit.n_outside == 2


@pytest.mark.parametrize(
    ("size", "message"),
    [
        (10, "takes all 10 distinct times"),
        (11, "takes all 10 distinct times"),
        ("10D", "takes all 10 distinct times"),
        (0.99, "takes all 10 distinct times"),
        (1.5, "between 0 and 1, got 1.5"),
        ("2024-06-01", "no row is left to test; cut earlier"),
        ("2024-01-01", "no row is left to train on for the test from 2024-01-01"),
        ("2024-01-05T00:00Z", "test_size is aware but time is naive"),
        ("soon", "test_size: cannot read 'soon'"),
        (None, "test_size: cannot read None"),
    ],
)
def test_cuts_that_leave_nothing_or_cannot_be_read(size: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        fold(TemporalSplit(size), days(*range(1, 11)))


def test_unknown_boundary() -> None:
    with pytest.raises(InputError, match="unknown boundary 'open'"):
        fold(TemporalSplit(boundary="open"), range(10))
