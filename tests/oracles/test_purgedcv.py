"""Purge and embargo in clock time are those of purgedcv, another reading of the same book.

The folds are shorter than the labels: with longer ones a purge that is missing on one side of
a block may go unseen.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from purgedcv import CombinatorialPurgedCV as TheirCombinatorial
from purgedcv import PurgedKFold as TheirPurgedKFold
from purgedcv import apply_embargo, purge

from outlast.splits import CombinatorialPurgedCV, PurgedKFold, assemble_paths
from tests.oracles.agreement import HOUR, assert_same_rows, panels, series

NANOSECOND = np.timedelta64(1, "ns")
Table = tuple[np.ndarray, np.ndarray]


@st.composite
def labelled(draw: st.DrawFn, times: st.SearchStrategy[np.ndarray]) -> Table:
    """Times in any order, and label ends of one to twenty hours later, each its own."""
    time = draw(times)
    hours = draw(st.lists(st.integers(1, 20), min_size=time.size, max_size=time.size))
    return time, time + np.array(hours) * HOUR


def closed(hours: int) -> np.timedelta64:
    """Their embargo includes its last instant, ours does not."""
    return hours * HOUR - NANOSECOND if hours else 0 * HOUR


def their_times(time: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
    """The order of the rows by time, and the times in it: theirs must be sorted."""
    order = np.argsort(time, kind="stable")
    return order, {"prediction_times": time[order], "evaluation_times": end[order]}


@given(labelled(series()), st.integers(1, 4), st.integers(0, 12))
def test_purged_folds(table: Table, length: int, embargo: int) -> None:
    time, end = table
    order, times = their_times(time, end)
    n_splits = time.size // length
    theirs = TheirPurgedKFold(n_splits, embargo=closed(embargo), **times)
    ours = PurgedKFold(n_splits, embargo=f"{embargo}h")
    assert_same_rows(ours.split(None, time=time, label_end=end), theirs.split(time), order)


@given(labelled(series()), st.sampled_from([(4, 1), (5, 2), (6, 2), (7, 3)]), st.integers(0, 6))
def test_combinatorial_folds(
    table: Table, shape: tuple[int, int], embargo: int
) -> None:
    time, end = table
    order, times = their_times(time, end)
    theirs = TheirCombinatorial(*shape, embargo=closed(embargo), **times)
    ours = CombinatorialPurgedCV(*shape, embargo=f"{embargo}h")
    assert_same_rows(ours.split(None, time=time, label_end=end), theirs.split(time), order)


@given(labelled(panels()), st.sampled_from([(10, 1), (20, 1), (6, 2), (7, 3)]), st.integers(0, 6))
def test_the_train_rows_of_panels(
    table: Table, shape: tuple[int, int], hours: int
) -> None:
    """Their two functions leave the same rows around any test set, gap and embargo alike."""
    time, end = table
    ours = CombinatorialPurgedCV(*shape, gap=f"{hours}h", embargo=f"{hours}h")
    tests = [test for _, test in CombinatorialPurgedCV(*shape).split(None, time=time)]

    def theirs() -> Any:
        for test in tests:
            rest = np.setdiff1d(np.arange(time.size), test)
            kept = purge(rest, test, time, end, purge_horizon=hours * HOUR)
            yield apply_embargo(kept, test, time, end, closed(hours)), test

    assert_same_rows(ours.split(None, time=time, label_end=end), theirs())


@given(series(), st.sampled_from([(4, 1), (5, 2), (6, 3), (6, 5)]))
def test_paths(time: np.ndarray, shape: tuple[int, int]) -> None:
    order, times = their_times(time, time)
    ours, theirs = CombinatorialPurgedCV(*shape), TheirCombinatorial(*shape, **times)
    tests = [test for _, test in ours.split(None, time=time)]
    values = np.random.default_rng(0).normal(size=(len(tests), time.size))
    predictions = [value[test] for value, test in zip(values, tests, strict=True)]
    of_sorted = zip(values, (order[test] for _, test in theirs.split(time)), strict=True)
    expected = theirs.reconstruct_paths([value[test] for value, test in of_sorted])
    np.testing.assert_array_equal(assemble_paths(tests, predictions, time.size)[:, order], expected)
