"""Drift against chance: how often stationary rows raise an alarm, and that moved ones do."""

from __future__ import annotations

import numpy as np
import pytest

from outlast.deployment.reference import Reference
from outlast.models import Matrix


def rows(rng, n_times, shift=0.0):
    """Eight series that remember half of their last value, five rows a time, and a category."""
    noise = rng.normal(size=(n_times + 50, 8))
    for at in range(1, len(noise)):
        noise[at] += 0.5 * noise[at - 1]
    X = np.repeat(noise[50:], 5, axis=0) + 0.3 * rng.normal(size=(5 * n_times, 8))
    X[:, 0] += shift
    X = np.column_stack([X, rng.integers(0, 3, len(X))]).astype("f4")
    return Matrix(X, tuple("abcdefghi"), (8,)), np.repeat(np.arange(n_times), 5)


def test_chance_raises_few_alarms_and_a_shift_nearly_always_does():
    alarms = found = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        reference = Reference.of(*rows(rng, 400))
        alarms += bool(reference.moved(rows(rng, 40)[0], 40))
        found += "a" in [one.feature for one in reference.moved(rows(rng, 40, shift=3.0)[0], 40)]
    # 3 % of 300 such tables raise an alarm, and 98 % find the shift.
    assert alarms <= 5
    assert found >= 56


def test_missing_values_and_other_categories_are_drift_too():
    rng = np.random.default_rng(0)
    reference = Reference.of(*rows(rng, 400))
    new = rows(rng, 40)[0]
    gone = new.X.copy()
    gone[:, 2] = np.nan
    gone[:, 8] = 2.0
    found = reference.moved(Matrix(gone, new.columns, new.categorical), 40)
    assert {one.feature for one in found} == {"c", "i"}
    distance = {one.feature: one.distance for one in found}
    assert distance["c"] == pytest.approx(1.0)
    # Two thirds of the training rows were of the other two categories.
    assert distance["i"] == pytest.approx(2 / 3, abs=0.05)


def test_a_few_rows_are_not_compared():
    reference = Reference.of(*rows(np.random.default_rng(0), 1_280))
    assert reference.times_per_block == 10
    assert not reference.tells(4)
    assert reference.moved(rows(np.random.default_rng(1), 4, shift=9.0)[0], 4) == []
