"""Every choice of blocks is a fold, and the folds make whole backtests."""

from __future__ import annotations

from itertools import combinations
from math import comb
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from outlast.errors import InputError
from outlast.splits import CombinatorialPurgedCV, PurgedKFold, assemble_paths
from tests.splits.reference import Blocks, events

SHAPES = [(3, 1), (4, 2), (5, 2), (5, 3), (6, 2), (6, 5)]


@pytest.mark.parametrize(("n", "k"), SHAPES)
def test_every_choice_is_tested_in_order(n: int, k: int) -> None:
    time = np.repeat(np.arange(5 * n), 2)
    folds = CombinatorialPurgedCV(n, k).folds(time, time + 1)
    theirs = Blocks(n, list(combinations(range(n), k))).folds(time, time + 1)
    assert len(folds) == CombinatorialPurgedCV(n, k).n_splits == comb(n, k)
    for fold, other in zip(folds, theirs, strict=True):
        np.testing.assert_array_equal(fold.test, other.test)
        np.testing.assert_array_equal(fold.train, other.train)
        assert fold.audit == other.audit


def test_one_test_block_is_purged_k_fold() -> None:
    time = np.arange(23)
    ours = CombinatorialPurgedCV(4, 1, embargo=1).folds(time, time + 2)
    theirs = PurgedKFold(4, embargo=1).folds(time, time + 2)
    assert [fold.audit for fold in ours] == [fold.audit for fold in theirs]


@pytest.mark.parametrize("on_cut", ["after", "drop", "raise"])
def test_an_event_between_neighbouring_blocks_moves_nothing(on_cut: str) -> None:
    folds = CombinatorialPurgedCV(3, 2, events=events((3, 5)), on_cut=on_cut).split(
        None, time=np.arange(12))
    assert next(folds)[1].tolist() == list(range(8)), "the event lies inside the test"
    moved = CombinatorialPurgedCV(3, 2, events=events((3, 5)), on_cut="after").folds(np.arange(12))
    assert [len(fold.audit.moves) for fold in moved] == [0, 1, 1]


@pytest.mark.parametrize(("n", "k"), SHAPES)
def test_paths_use_every_prediction_once_and_cover_every_block(n: int, k: int) -> None:
    splitter = CombinatorialPurgedCV(n, k)
    paths, choices = splitter.paths(), list(combinations(range(n), k))
    assert paths.shape == (splitter.n_paths, n) == (comb(n - 1, k - 1), n)
    for block, folds in enumerate(paths.T):
        assert folds.tolist() == [fold for fold, choice in enumerate(choices) if block in choice]
    used = [(fold, block) for path in paths for block, fold in enumerate(path)]
    assert sorted(used) == [(fold, block) for fold, choice in enumerate(choices)
                            for block in choice]


def test_the_paths_of_six_blocks_are_those_of_the_book() -> None:
    # Figure 12.1 of Advances in Financial Machine Learning: paths of S1..S15 over G1..G6.
    assert (CombinatorialPurgedCV().paths() + 1).tolist() == [
        [1, 1, 2, 3, 4, 5],
        [2, 6, 6, 7, 8, 9],
        [3, 7, 10, 10, 11, 12],
        [4, 8, 11, 13, 13, 14],
        [5, 9, 12, 14, 15, 15],
    ]


def test_predictions_become_paths() -> None:
    rng = np.random.default_rng(3)
    time = rng.permutation(np.repeat(np.arange(30), 2))
    X, y = rng.normal(size=(60, 2)), rng.normal(size=60)
    splitter = CombinatorialPurgedCV(5, 2)
    folds = list(splitter.split(X, time=time, label_end=time + 1))
    predictions = [LinearRegression().fit(X[a], y[a]).predict(X[b]) for a, b in folds]
    paths = assemble_paths([test for _, test in folds], predictions, 60)
    assert paths.shape == (splitter.n_paths, 60)
    blocks = np.searchsorted([6, 12, 18, 24], time, side="right")
    for path, sources in zip(paths, splitter.paths(), strict=True):
        for row in range(60):
            fold = sources[blocks[row]]
            place = folds[fold][1].tolist().index(row)
            assert path[row] == predictions[fold][place]


def test_probabilities_and_rows_without_a_label() -> None:
    label_end = np.arange(9).astype("datetime64[D]")
    time = label_end.copy()
    label_end[4] = np.datetime64("NaT", "D")
    splitter = CombinatorialPurgedCV(3, 2, on_missing="drop")
    tests = [test for _, test in splitter.split(None, time=time, label_end=label_end)]
    predictions = [np.full((test.size, 2), [0.25, 0.75]) for test in tests]
    paths = assemble_paths(tests, predictions, 9)
    assert paths.shape == (2, 9, 2)
    assert np.isnan(paths[:, 4]).all()
    assert np.isfinite(np.delete(paths, 4, axis=1)).all()


@pytest.mark.parametrize(
    ("tests", "predictions", "message"),
    [
        ([[0, 1], [2, 3]], [[1.0, 2.0]], r"predictions of 1 fold\(s\) for 2 fold\(s\)"),
        ([[0, 1], [2, 3]], [[1.0, 2.0], [1.0]], r"fold 1 tests 2 rows .* have shape \(1,\)"),
        ([[0, 1], [1, 2]], [[1.0, 2.0]] * 2, "some rows are tested 1 times and others 2"),
        ([], [], r"predictions of 0 fold\(s\) for 0 fold\(s\)"),
    ],
)
def test_predictions_that_make_no_paths(tests: Any, predictions: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        assemble_paths([np.array(rows) for rows in tests], predictions, 4)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_folds": 1}, "n_folds must be a whole number from 2 on, got 1"),
        ({"n_folds": 4.5}, "n_folds must be a whole number from 2 on, got 4.5"),
        ({"n_test_folds": 0}, "n_test_folds must be a whole number from 1 on, got 0"),
        ({"n_test_folds": 6}, "n_test_folds=6 must be below n_folds=6"),
        ({"n_folds": 20, "n_test_folds": 10},
         "makes 184756 folds, more than max_splits=1000: use fewer folds"),
        ({"max_splits": 14}, "makes 15 folds, more than max_splits=14"),
        ({"n_folds": 13}, "n_folds=13 blocks do not fit into 12 distinct times"),
    ],
)
def test_numbers_that_make_no_folds(params: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        CombinatorialPurgedCV(**params).folds(np.arange(12))


def test_paths_check_the_numbers_too() -> None:
    with pytest.raises(InputError, match="makes 184756 folds"):
        CombinatorialPurgedCV(20, 10).paths()
