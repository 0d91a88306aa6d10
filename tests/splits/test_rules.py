"""The two rules against the definition, row by row, and how blocks are made and measured."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlast.errors import InputError
from outlast.splits import Fold
from outlast.splits.timeline import LAST
from tests.splits.reference import (
    Blocks,
    Example,
    Spans,
    counted,
    days,
    examples,
    fate,
    overlapping,
)


def blocks_of(
    example: Example, n_blocks: int, choice: tuple[int, ...]
) -> list[tuple[int, list[int]]]:
    """Start and rows of each maximal contiguous block of a choice among K."""
    parts = np.array_split(sorted(set(example.time)), n_blocks)
    found: list[tuple[int, list[int]]] = []
    for index in choice:
        rows = [row for row, t in enumerate(example.time) if t in parts[index]]
        if index - 1 in choice:
            found[-1][1].extend(rows)
        else:
            found.append((int(parts[index][0]), rows))
    return found


def folds_or_nothing(splitter: Blocks, example: Example) -> list[Fold]:
    """No folds where the rules leave nothing to train on, which is an error of its own."""
    try:
        return splitter.folds(*example.instants)
    except InputError as error:
        if "no row is left to train on" not in str(error):
            raise
        return []


@given(examples(), st.sampled_from([(2, 1), (3, 1), (4, 2), (5, 2), (5, 3)]), st.booleans())
def test_every_row_of_every_fold_is_where_the_definition_puts_it(
    example: Example, shape: tuple[int, int], past_only: bool
) -> None:
    n_blocks, size = shape
    for choice in combinations(range(n_blocks), size):
        splitter = Blocks(n_blocks, [choice], past_only=past_only, **example.options)
        expected = [fate(example, row, blocks_of(example, n_blocks, choice), after=not past_only)
                    for row in range(len(example.time))]
        for fold in folds_or_nothing(splitter, example):
            assert fold.train.tolist() == [i for i, f in enumerate(expected) if f == "train"]
            assert fold.test.tolist() == [i for i, f in enumerate(expected) if f == "test"]
            assert counted(fold.audit) == Counter(expected)
            assert overlapping(example, fold.train, fold.test) == 0
            assert fold.audit.clean


@given(examples(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(example: Example, random: Any) -> None:
    order = list(range(len(example.time)))
    random.shuffle(order)
    shuffled = Example([example.time[i] for i in order], [example.label_end[i] for i in order],
                       example.gap, example.embargo, example.steps, example.strict)
    plain = folds_or_nothing(Blocks(3, **example.options), example)
    mixed = folds_or_nothing(Blocks(3, **example.options), shuffled)
    assert len(plain) == len(mixed)
    for one, other in zip(plain, mixed, strict=True):
        assert one.train.tolist() == sorted(order[i] for i in other.train)
        assert one.test.tolist() == sorted(order[i] for i in other.test)
        assert one.audit == other.audit


def trains(splitter: Any, time: Any, label_end: Any = None) -> list[list[int]]:
    return [fold.train.tolist() for fold in splitter.folds(time, label_end)]


def test_strict_purges_labels_that_touch() -> None:
    time = np.arange(10)
    assert trains(Blocks(2, boundary="strict"), time, time + 2) == [[7, 8, 9], [0, 1, 2]]


def test_a_label_that_outlives_the_next_block_still_counts() -> None:
    time = np.arange(12)
    label_end = np.where(time == 0, 9, time)
    fold = Blocks(6, [[0, 2]]).folds(time, label_end)[0]
    assert fold.train.tolist() == [9, 10, 11]
    assert fold.audit.clean


def test_an_embargo_counts_from_the_labels_as_well() -> None:
    time = np.arange(12)
    fold = Blocks(3, [[0]], embargo=2).folds(time, time + 3)[0]
    # b = 3 and E = 6: rows 4 and 5 are in the embargo, 6 and 7 wait for the labels and it.
    assert fold.train.tolist() == [8, 9, 10, 11]
    assert (fold.audit.n_embargoed, fold.audit.n_purged) == (2, 2)


@pytest.mark.parametrize("spans", [[(6, 9), (4, 7)], [(4, 9), (5, 7)], [(4, 9), (4, 9)]])
def test_overlapping_and_unsorted_windows_are_one_block(spans: list[tuple[int, int]]) -> None:
    fold = Spans(spans, two_sided=True).folds(np.arange(12))[0]
    assert [(b.start, b.end) for b in fold.audit.blocks] == [(4, 8)]


def test_windows_without_rows_between_them_are_one_block() -> None:
    time = np.array([0, 1, 2, 10, 11, 20])
    fold = Spans([(2, 5), (9, 12)], two_sided=True).folds(time, time + 9)[0]
    assert [(b.start, b.end) for b in fold.audit.blocks] == [(2, 11)]


def test_a_forward_block_starts_at_its_nominal_cut() -> None:
    time = np.array([0, 3, 10, 11])
    fold = Spans([(6, LAST)]).folds(time, np.array([6, 7, 11, 12]))[0]
    assert (fold.train.tolist(), fold.audit.blocks[0].start) == ([0], 6)
    empty_before = Spans([(4, 5), (6, LAST)]).folds(time)[0]
    assert empty_before.audit.blocks[0].start == 6, "a window without rows cuts nothing"


def test_a_two_sided_block_starts_at_its_first_row() -> None:
    time = np.array([0, 3, 10, 11])
    fold = Spans([(6, LAST)], two_sided=True).folds(time, np.array([6, 7, 11, 12]))[0]
    assert (fold.train.tolist(), fold.audit.blocks[0].start) == ([0, 1], 10)


def test_held_out_groups_are_tested_and_never_train() -> None:
    time = np.repeat(np.arange(6), 2)
    entity = np.tile(["a", "b"], 6)
    fold = Blocks(3, [[1]], held_out="a").folds(time, time + 1, groups=entity)[0]
    # Rows of b outside the window train, of a nowhere; E = 4 lets the rows at 4 train.
    assert fold.test.tolist() == [4, 6]
    assert fold.train.tolist() == [1, 3, 9, 11]
    assert fold.audit.n_outside == 6


def test_a_block_whose_rows_are_all_held_back_is_no_block() -> None:
    time = np.arange(9)
    entity = np.where(time < 3, "a", "b")
    fold = Blocks(3, [[0, 2]], held_out="a").folds(time, groups=entity)[0]
    assert (fold.test.tolist(), fold.train.tolist()) == ([0, 1, 2], [3, 4, 5, 6, 7, 8])
    assert len(fold.audit.blocks) == 1


def test_an_empty_train_set_is_an_error_with_its_reasons() -> None:
    time = days(*range(1, 11))
    ninth = int(days(9).astype("datetime64[ns]").astype(np.int64)[0])
    message = (r"fold 0: no row is left to train on for the test from 2024-01-09 \(8 purged\).*"
               "horizon or the gap")
    with pytest.raises(InputError, match=message):
        Spans([(ninth, LAST)]).folds(time, time + np.timedelta64(30, "D"))


def test_an_empty_test_set_is_an_error() -> None:
    with pytest.raises(InputError, match="split 'spans', fold 0: no row is left to test"):
        Spans([(50, LAST)]).folds(np.arange(10))
