"""The audit counts what it claims to, whatever splitter made the rows."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import ShuffleSplit

from outlast.splits import RandomSplit, audit_indices, repeated_test_rows
from tests.splits.reference import Example, Spans, examples, overlapping


@given(examples(max_label=4), st.data())
def test_overlap_and_shared_times_are_those_of_all_pairs(
    example: Example, data: st.DataObject
) -> None:
    sides = data.draw(st.lists(st.sampled_from(["train", "test", "none"]),
                               min_size=len(example.time), max_size=len(example.time)))
    train = np.array([i for i, side in enumerate(sides) if side == "train"], dtype=np.intp)
    test = np.array([i for i, side in enumerate(sides) if side == "test"], dtype=np.intp)
    time, label_end = np.array(example.time), np.array(example.label_end)
    shared = {example.time[i] for i in train} & {example.time[j] for j in test}
    expected = (overlapping(example, train, test), len(shared))
    assert audit_indices(train, test, time, label_end) == expected


def test_labels_that_touch_do_not_overlap() -> None:
    time, label_end = np.array([0, 5]), np.array([5, 9])
    assert audit_indices(np.array([0]), np.array([1]), time, label_end) == (0, 0)


def test_folds_of_other_splitters_are_audited_too() -> None:
    time = np.repeat(np.arange(50), 2)
    train, test = next(ShuffleSplit(1, random_state=0).split(time))
    overlap, shared = audit_indices(train, test, time, time + 3)
    assert overlap > 30
    assert 0 < shared <= len(test)


def test_a_shuffle_is_reported_as_a_leak() -> None:
    time = np.repeat(np.arange(20), 3)
    audit = RandomSplit(n_splits=2).folds(time, time + 2)[0].audit
    assert not audit.clean
    assert audit.n_overlap > 0
    assert audit.n_shared_times > 0
    assert audit.n_train + audit.n_test == 60


def test_a_block_tells_how_near_the_train_rows_come() -> None:
    time = np.arange(12)
    fold = Spans([(4, 6)], two_sided=True, gap=1, embargo=2).folds(time, time + 2)[0]
    block = fold.audit.blocks[0]
    assert fold.train.tolist() == [0, 1, 9, 10, 11]
    assert (block.start, block.end, block.label_end) == (4, 5, 7)
    assert (block.last_label_end_before, block.first_time_after) == (3, 9)
    assert (fold.audit.train_start, fold.audit.train_end) == (0, 11)
    assert (fold.audit.test_start, fold.audit.test_end) == (4, 5)


def test_a_block_without_neighbours_says_so() -> None:
    block = Spans([(0, 6)], two_sided=True).folds(np.arange(12))[0].audit.blocks[0]
    assert (block.last_label_end_before, block.first_time_after) == (None, 6)


def test_rows_tested_more_than_once_are_counted() -> None:
    assert repeated_test_rows([]) == 0
    assert repeated_test_rows([np.array([1, 2]), np.array([3])]) == 0
    assert repeated_test_rows([np.array([1, 2]), np.array([2, 3]), np.array([2])]) == 1
