"""Rules on time: decay, fresh rows, a fold unlike others."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.insights import worlds
from benchmarks.insights.simulate import Run, Truth, evidence, prior
from outlast.judge.insights.over_time import FreshnessHelps, OneFoldDiffers, ScoreDecays


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_decay_gives_the_interval_after_which_to_retrain():
    found = ScoreDecays().judge(worlds.decay(rng(), True))
    assert found.outcome == "issue"
    assert found.evidence["high"] < 0
    assert found.evidence["blocks"] == 20
    # Half of what is gained at first is lost before the year is over.
    assert 90 * 86_400e9 < found.evidence["lasts"] < 360 * 86_400e9
    assert found.action.startswith("Retrain every")
    assert f"test_size: {int(found.evidence['lasts'] // 86_400e9)}D" in found.action
    assert ScoreDecays().judge(worlds.decay(rng(), False)).outcome == "passed"


def test_the_level_of_a_fold_is_no_decay():
    # Skill rises from fold to fold, and falls in none: only rows of one fold are compared.
    truth = Truth.draw(rng(), n_days=360)
    skill = 0.2 + 0.25 * (truth.day // 72)
    results = Run("lightgbm", n_folds=5).results(truth, truth.predict(rng(2), skill, 0.3))
    found = ScoreDecays().judge(evidence([*prior(truth, n_folds=5), *results]))
    assert found.outcome == "passed"


def test_decay_needs_rows_after_the_training():
    assert ScoreDecays().judge(evidence([])).outcome == "not_applicable"
    truth = Truth.draw(rng(), n_days=60)
    found = ScoreDecays().judge(evidence(Run("linear").results(truth, truth.predict(rng(), 1.0))))
    assert (found.outcome, "6 independent blocks" in found.sentence) == ("not_applicable", True)


def test_fresh_rows_are_recommended_where_they_help():
    found = FreshnessHelps().judge(worlds.fresh(rng(), True))
    assert found.outcome == "tip"
    assert found.evidence["low"] > 0
    assert "walk_forward against expanding_window saves" in found.sentence
    assert FreshnessHelps().judge(worlds.fresh(rng(), False)).outcome == "passed"


@pytest.mark.parametrize("n_folds", [1, 4])
def test_freshness_needs_two_splits_of_the_same_rows(n_folds):
    truth = Truth.draw(rng())
    p = truth.predict(rng(), 1.0)
    other = Run("lightgbm", "expanding_window", n_folds=n_folds, history=900)
    results = [*Run("lightgbm", "walk_forward", n_folds=5).results(truth, p),
               *other.results(truth, p)]
    assert FreshnessHelps().judge(evidence(results)).outcome == "not_applicable"


def test_a_fold_that_is_different_is_named_with_its_dates():
    found = OneFoldDiffers().judge(worlds.odd_fold(rng(), True))
    assert (found.outcome, found.evidence["fold"]) == ("issue", 5)
    assert "2011-06-25 to 2011-07-24" in found.sentence
    assert OneFoldDiffers().judge(worlds.odd_fold(rng(3), False)).outcome == "passed"


def test_five_folds_tell_nothing_of_one():
    truth = Truth.draw(rng())
    results = Run("lightgbm", n_folds=5).results(truth, truth.predict(rng(), 1.0))
    assert OneFoldDiffers().judge(evidence(results)).outcome == "not_applicable"
