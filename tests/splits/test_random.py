"""The leaky contrast is scikit-learn's shuffle, and it shows as a leak."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import KFold

from outlast.errors import InputError
from outlast.splits import RandomSplit


@pytest.mark.parametrize(("n_splits", "seed"), [(2, 0), (5, 0), (7, 42)])
def test_it_is_k_fold_with_a_shuffle(n_splits: int, seed: int) -> None:
    X = np.zeros((53, 2))
    theirs = KFold(n_splits, shuffle=True, random_state=seed).split(X)
    ours = RandomSplit(n_splits, seed).split(X, time=np.arange(53) // 4)
    for (train, test), (other_train, other_test) in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(train, other_train)
        np.testing.assert_array_equal(test, other_test)


def test_it_is_marked_and_its_folds_leak() -> None:
    time = np.arange(100) // 2
    folds = RandomSplit().folds(time, time + 5)
    assert RandomSplit.leaky
    assert not any(fold.audit.clean for fold in folds)
    assert all(fold.audit.n_train + fold.audit.n_test == 100 for fold in folds)


def test_rows_without_a_label_are_left_out() -> None:
    label_end = np.arange(10).astype("datetime64[D]")
    label_end[3] = np.datetime64("NaT", "D")
    time = np.arange(10).astype("datetime64[D]")
    folds = RandomSplit(3, on_missing="drop").folds(time, label_end)
    assert all(3 not in {*fold.train, *fold.test} for fold in folds)
    assert [fold.audit.n_outside for fold in folds] == [1, 1, 1]


@pytest.mark.parametrize("n_splits", [1, 11, 2.5, None])
def test_bad_numbers_of_folds(n_splits: Any) -> None:
    with pytest.raises(InputError, match=f"from 2 to the 10 rows of the data, got {n_splits}"):
        RandomSplit(n_splits).folds(np.arange(10))
