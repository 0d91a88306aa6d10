"""Scores under weights by group against the same scores under weights by row, and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from outlast import weighted
from outlast.metrics import METRICS, weighted_scores, weighted_scores_of_many
from outlast.weighted import Weights
from tests.test_metrics import CASES, sample

COUNTS = np.random.default_rng(7)


def auc_by_sorting(y, p, w):
    """The plain computation: one line of row weights at a time."""
    scores = []
    for line in w:
        order = np.argsort(p[y == 0], kind="stable")
        below = np.r_[0.0, np.cumsum(line[y == 0][order])]
        less, not_more = (below[np.searchsorted(p[y == 0][order], p[y == 1], side)]
                          for side in ("left", "right"))
        wins = (line[y == 1] * (less + not_more)).sum() / 2
        scores.append(wins / (line[y == 1].sum() * line[y == 0].sum()))
    return np.array(scores)


@pytest.mark.parametrize(("task", "name"), CASES)
@pytest.mark.parametrize("n_groups", [4, 60])
def test_rows_of_one_group_share_its_weight(task, name, n_groups):
    y, p = sample(task)
    group = np.arange(len(y)) % n_groups
    counts = COUNTS.integers(0, 4, (n_groups, 9)).astype(float)
    by_group = weighted_scores(METRICS[name], y, p, Weights(counts, group))
    by_row = weighted_scores(METRICS[name], y, p, counts.T[:, group])
    np.testing.assert_allclose(by_group, by_row, rtol=1e-12)


@pytest.mark.parametrize("n_groups", [3, 20, 400])
@pytest.mark.parametrize("steps", [8, 10**9])
def test_both_ways_to_an_auc_are_the_plain_one_to_the_last_bit(n_groups, steps):
    rng = np.random.default_rng(n_groups)
    y = (rng.random(400) < 0.4).astype(float)
    p = rng.integers(0, steps, 400) / steps
    group = np.sort(rng.integers(0, n_groups, 400))
    counts = rng.multinomial(n_groups, [1 / n_groups] * n_groups, 50).T.astype(float)
    weights = Weights(counts, group)
    with np.errstate(invalid="ignore"):
        expected = auc_by_sorting(y, p, counts.T[:, group])
        np.testing.assert_array_equal(weighted.roc_auc(y, p, weights), expected)
        for pairs in (0, 10**9):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(weighted, "_PAIRS_PER_ROW", pairs)
                np.testing.assert_array_equal(weighted.roc_auc(y, p, weights), expected)


@pytest.mark.parametrize(("task", "name"), CASES)
@pytest.mark.parametrize("n_groups", [4, 60])
def test_many_predictions_score_like_each_of_them(task, name, n_groups):
    y, p = sample(task)
    rng = np.random.default_rng(n_groups)
    lines = [p, p[rng.permutation(len(p))], np.full_like(p, 1 / max(p.shape[1:], default=2))]
    counts = rng.integers(0, 4, (n_groups, 9)).astype(float)
    weights = Weights(counts, np.arange(len(y)) % n_groups)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(weighted, "_SLAB", 5 * len(y))
        found = weighted_scores_of_many(METRICS[name], y, lines, weights)
    each = [weighted_scores(METRICS[name], y, line, weights) for line in lines]
    np.testing.assert_allclose(found, each, rtol=1e-12)


def test_an_undefined_prediction_among_many_leaves_the_others_alone():
    y, p = np.array([0.0, 0.0, 1.0]), np.array([0.1, 0.4, 0.35])
    weights = Weights.of_rows([[1, 1, 1], [0, 0, 1]])
    found = weighted_scores_of_many(METRICS["roc_auc"], y, [p, p * np.nan], weights)
    np.testing.assert_array_equal(found, [[0.5, np.nan], [np.nan, np.nan]])


def test_a_group_without_rows_does_not_count():
    weights = Weights(np.array([[1.0], [5.0], [2.0]]), np.array([0, 2, 0, 2]))
    y, p = np.array([0.0, 1.0, 1.0, 0.0]), np.array([0.1, 0.4, 0.35, 0.8])
    assert weighted.roc_auc(y, p, weights).item() == auc_by_sorting(y, p, np.array(
        [[1.0, 2.0, 1.0, 2.0]])).item()
