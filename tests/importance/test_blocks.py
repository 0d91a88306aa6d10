"""Permutations that respect time, against what they promise row by row."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlast.importance.blocks import Shuffles, spread_rows, time_blocks


@given(st.lists(st.integers(0, 4), min_size=1, max_size=40), st.integers(0, 5))
def test_values_move_within_their_block_and_none_stays(block_list, seed):
    blocks = np.unique(block_list, return_inverse=True)[1]
    within = Shuffles.draw(blocks, 3, seed).within
    for source in within:
        assert sorted(source) == list(range(len(blocks)))
        assert (blocks[source] == blocks).all()
        alone = np.bincount(blocks)[blocks] == 1
        assert ((source == np.arange(len(blocks))) == alone).all()


@given(st.lists(st.integers(0, 6), min_size=1, max_size=40), st.integers(0, 5))
def test_constant_columns_exchange_whole_blocks(block_list, seed):
    blocks = np.unique(block_list, return_inverse=True)[1]
    n_blocks = blocks.max() + 1
    of_block = np.random.default_rng(seed).permutation(n_blocks).astype(float)
    for moved in Shuffles.draw(blocks, 3, seed).of(of_block[blocks]):
        new = {int(block): set(moved[blocks == block]) for block in range(n_blocks)}
        assert all(len(values) == 1 for values in new.values())
        assert {next(iter(values)) for values in new.values()} == set(of_block)
        if n_blocks > 1:
            assert all(of_block[block] not in values for block, values in new.items())


def test_missing_values_can_be_constant_too():
    blocks = np.array([0, 0, 1, 1])
    moved = Shuffles.draw(blocks, 1).of(np.array([np.nan, np.nan, 1.0, 1.0]))[0]
    np.testing.assert_array_equal(moved, [1.0, 1.0, np.nan, np.nan])


def test_all_columns_of_a_repeat_move_together():
    blocks = time_blocks(np.repeat(np.arange(20), 5))
    shuffles = Shuffles.draw(blocks, 4, seed=1)
    values = np.random.default_rng(0).normal(size=100)
    np.testing.assert_array_equal(shuffles.of(values) * 2, shuffles.of(values * 2))


@pytest.mark.parametrize(("per_time", "n_blocks"), [(1, 1), (2, 1), (3, 30), (8, 30)])
def test_only_a_time_with_several_rows_is_a_block(per_time, n_blocks):
    blocks = time_blocks(np.repeat(np.arange(30) * 7, per_time))
    assert len(np.unique(blocks)) == n_blocks


def test_rows_in_any_order_have_the_same_blocks():
    time = np.repeat(np.arange(10), 4)
    order = np.random.default_rng(0).permutation(40)
    np.testing.assert_array_equal(time_blocks(time[order]), time_blocks(time)[order])


def test_a_sample_is_spread_over_time_in_whole_timestamps():
    time = np.repeat(np.arange(700), 10)
    rows = spread_rows(time, 1_000)
    times, counts = np.unique(time[rows], return_counts=True)
    assert (len(rows), len(times)) == (1_000, 100)
    assert (counts == 10).all()
    assert (np.bincount(times // 70) == 10).all()
    # A fixed step of 7 would have met one day of the week only.
    assert set(times % 7) == set(range(7))


def test_a_crowded_timestamp_gives_some_of_its_rows():
    time = np.repeat(np.arange(4), 5_000)
    rows = spread_rows(time, 1_000)
    assert np.bincount(time[rows]).tolist() == [250] * 4
    assert not np.array_equal(rows[:250], np.arange(250))


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 9))
def test_never_more_rows_than_asked_for(n, most, n_times):
    time = np.sort(np.random.default_rng(n).integers(0, n_times, size=n))
    rows = spread_rows(time, most)
    assert 0 < len(rows) <= most
    assert len(set(rows)) == len(rows)
    if n <= most:
        assert len(rows) == n
