"""Combinatorial folds and their paths are those of skfolio, which counts everything in rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skfolio.model_selection import CombinatorialPurgedCV as TheirCombinatorial

from outlast.splits import CombinatorialPurgedCV
from tests.oracles.agreement import HOUR, START, assert_same_rows, labels

SHAPES = [(4, 2), (5, 2), (6, 2), (6, 3), (8, 2)]


@given(st.sampled_from(SHAPES), st.integers(1, 4), st.integers(0, 3), st.data())
def test_folds(shape: tuple[int, int], horizon: int, embargo: int, data: st.DataObject) -> None:
    # Theirs takes blocks of one length only, which no purge reaches across.
    length = data.draw(st.integers(horizon + embargo + 1, horizon + embargo + 4))
    order = np.array(data.draw(st.permutations(range(shape[0] * length))))
    time = START + order * HOUR
    theirs = TheirCombinatorial(*shape, purged_size=horizon - 1, embargo_size=embargo)
    ours = CombinatorialPurgedCV(*shape, embargo=embargo)
    folds = ((train, np.concatenate(tests)) for train, tests in theirs.split(time.reshape(-1, 1)))
    assert_same_rows(ours.split(None, time=time, label_end=labels(time, horizon)), folds,
                     np.argsort(time))


@pytest.mark.parametrize("shape", SHAPES)
def test_paths(shape: tuple[int, int]) -> None:
    ours, theirs = CombinatorialPurgedCV(*shape), TheirCombinatorial(*shape)
    assert ours.n_paths == theirs.n_test_paths
    assert ours.paths().T.tolist() == theirs.recombined_paths.tolist()
    path_of = {(fold, block): path for path, folds in enumerate(ours.paths())
               for block, fold in enumerate(folds)}
    expected = [[path_of[fold, block] for block in blocks]
                for fold, blocks in enumerate(theirs.test_set_index.tolist())]
    assert theirs.get_path_ids().tolist() == expected
