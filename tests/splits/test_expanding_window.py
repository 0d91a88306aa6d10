"""Expanding windows: how they are counted back from the end, and the edges of the plan."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from outlast.errors import InputError
from outlast.splits import ExpandingWindowSplit, repeated_test_rows
from tests.splits.reference import days


def test_windows_end_at_the_end_of_the_data() -> None:
    folds = ExpandingWindowSplit(3, test_size=0.1).folds(np.arange(25))
    assert [fold.test.tolist() for fold in folds] == [[16, 17, 18], [19, 20, 21], [22, 23, 24]]


def test_no_number_of_splits_makes_as_many_as_the_minimum_allows() -> None:
    time = np.arange(20)
    folds = ExpandingWindowSplit(None, test_size=3, min_train_size=9).folds(time)
    assert [fold.test[0] for fold in folds] == [11, 14, 17]
    folds = ExpandingWindowSplit(None, test_size=3, min_train_size=9, gap=3).folds(time)
    assert [fold.test[0] for fold in folds] == [14, 17], "the minimum lies before the gap"
    by_default = ExpandingWindowSplit(None, test_size=3).folds(time)
    assert len(by_default) == 5, "one test window is the minimum"


def test_the_minimum_may_be_clock_time() -> None:
    time = days(*range(1, 21))
    folds = ExpandingWindowSplit(None, test_size="3D", min_train_size="11D").folds(time)
    assert [fold.test[0] for fold in folds] == [11, 14, 17], "the 12th lies just eleven days on"


def test_windows_of_the_clock_without_a_timestamp_are_passed_over() -> None:
    time = days(1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 15)  # trading days
    folds = ExpandingWindowSplit(7, test_size="1D").folds(time)
    assert [fold.test.tolist() for fold in folds] == [[i] for i in range(4, 11)]
    tiny = ExpandingWindowSplit(3, test_size="1us").folds(time)
    assert [fold.test.tolist() for fold in tiny] == [[8], [9], [10]], "not step by step"


def test_a_cut_in_the_holes_stays_nominal() -> None:
    time = days(1, 2, 3, 4, 5, 8, 9, 10, 11)
    label_end = days(2, 3, 4, 5, 8, 9, 10, 11, 12)
    # The last window is the 10th and 11th, the one before starts at the 8th, then the 6th (empty).
    folds = ExpandingWindowSplit(3, test_size="2D").folds(time, label_end)
    assert [fold.test.tolist() for fold in folds] == [[3, 4], [5, 6], [7, 8]]
    assert [fold.train.tolist() for fold in folds] == [[0, 1, 2], [0, 1, 2, 3, 4], list(range(7))]


def dates(first: str, last: str) -> np.ndarray:
    return np.arange(first, np.datetime64(last) + np.timedelta64(1, "D"), dtype="datetime64[D]")


def first_days(time: np.ndarray, **params: Any) -> list[str]:
    folds = ExpandingWindowSplit(**params).folds(time)
    return [str(time[fold.test[0]]) for fold in folds]


@pytest.mark.parametrize("size", ["1mo", pd.DateOffset(months=1)])
def test_windows_may_be_calendar_months(size: Any) -> None:
    time = dates("2023-01-01", "2023-12-31")
    folds = ExpandingWindowSplit(4, size).folds(time)
    months = [{str(day)[:7] for day in time[fold.test]} for fold in folds]
    assert months == [{"2023-09"}, {"2023-10"}, {"2023-11"}, {"2023-12"}]
    assert [fold.test.size for fold in folds] == [30, 31, 30, 31]


def test_month_ends_do_not_drift_and_leave_no_day_out() -> None:
    time = dates("2023-10-01", "2024-06-30")
    folds = ExpandingWindowSplit(5, "1mo").folds(time)
    starts = [str(time[fold.test[0]]) for fold in folds]
    assert starts == ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30", "2024-05-31"]
    tested = np.concatenate([fold.test for fold in folds])
    assert tested.tolist() == list(range(tested[0], time.size)), "each day once, the last too"


def test_calendar_windows_with_another_step() -> None:
    time = dates("2023-01-01", "2023-12-31")
    assert first_days(time, n_splits=3, test_size="1mo", step="2mo") == [
        "2023-08-01", "2023-10-01", "2023-12-01"]
    assert first_days(time, n_splits=3, test_size="1q", step="2 calendar weeks") == [
        "2023-09-03", "2023-09-17", "2023-10-01"]


def test_calendar_minimum_and_gap() -> None:
    time = dates("2023-01-01", "2023-06-30")
    plan = {"n_splits": None, "test_size": "1mo", "min_train_size": "2mo"}
    assert first_days(time, **plan) == ["2023-03-31", "2023-04-30", "2023-05-31"]
    assert first_days(time, **plan, gap="1mo") == ["2023-04-30", "2023-05-31"]
    folds = ExpandingWindowSplit(1, "1mo", gap="1mo").folds(time)
    assert str(time[folds[0].train[-1]]) == "2023-04-29", "a month before the 31st is the 30th"


def test_months_without_a_timestamp_are_passed_over() -> None:
    time = np.concatenate([dates("1960-01-01", "1960-02-29"), dates("2023-11-01", "2023-12-31")])
    assert first_days(time, n_splits=3, test_size="1mo") == [
        "1960-02-01", "2023-11-01", "2023-12-01"]
    assert first_days(time, n_splits=3, test_size="1 calendar day")[0] == "2023-12-29"


def test_daily_windows_follow_the_wall_clock_over_the_october_change() -> None:
    time = pd.date_range("2024-10-25", "2024-10-28 23:00", freq="h", tz="Europe/Berlin")
    folds = ExpandingWindowSplit(3, "1 calendar day").folds(time)
    assert [fold.test.size for fold in folds] == [24, 25, 24]
    assert [time[fold.test[0]].hour for fold in folds] == [0, 0, 0]
    folds = ExpandingWindowSplit(3, "1D").folds(time)
    assert [fold.test.size for fold in folds] == [24, 24, 24]
    assert [time[fold.test[0]].hour for fold in folds] == [1, 1, 0]


def test_a_smaller_step_tests_rows_again() -> None:
    folds = ExpandingWindowSplit(3, test_size=4, step=2).folds(np.arange(12))
    assert [fold.test.tolist() for fold in folds] == [[4, 5, 6, 7], [6, 7, 8, 9], [8, 9, 10, 11]]
    assert repeated_test_rows(fold.test for fold in folds) == 4


def test_a_larger_step_leaves_rows_out() -> None:
    folds = ExpandingWindowSplit(2, test_size=2, step=5).folds(np.arange(12))
    assert [fold.test.tolist() for fold in folds] == [[5, 6], [10, 11]]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_splits": 12}, "n_splits=12 needs at least 13 distinct times, got 12"),
        ({"n_splits": 5, "test_size": 3}, "n_splits=5 test windows do not fit into 12 distinct "
                                          "times, only 3 leave enough"),
        ({"n_splits": 2, "min_train_size": 8}, "n_splits=2 .* only 1 leave enough"),
        ({"n_splits": 0}, "n_splits must be a whole number above zero or None, got 0"),
        ({"n_splits": 2.5}, "whole number above zero or None, got 2.5"),
        ({"n_splits": None}, "n_splits=None needs a test_size"),
        ({"n_splits": None, "test_size": 5, "min_train_size": 9}, "no test window fits into 12"),
        ({"test_size": 2, "step": "2D"}, "test_size=2 counts timestamps but step='2D' counts "
                                         "clock time; give both in the same unit"),
        ({"test_size": "7D", "step": "1mo"}, "clock time but step='1mo' counts calendar time"),
        ({"test_size": "1y"}, "takes all 12 distinct times"),
        ({"test_size": 12}, "takes all 12 distinct times"),
        ({"step": 0}, "step must be above zero"),
        ({"gap": float("nan")}, "gap: cannot read nan"),
    ],
)
def test_plans_that_do_not_work(params: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        ExpandingWindowSplit(**params).folds(days(*range(1, 13)))
