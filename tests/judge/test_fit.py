"""Rules on calibration and over-fit."""

from __future__ import annotations

import numpy as np

from benchmarks.insights import worlds
from benchmarks.insights.simulate import Run, Truth, evidence, prior
from outlast.judge.insights.fit import CalibrationOff, OverFit


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_probabilities_that_are_too_extreme():
    found = CalibrationOff().judge(worlds.too_extreme(rng(), True))
    assert found.outcome == "issue"
    assert 0.45 < found.evidence["slope"] < 0.65
    assert "too extreme" in found.sentence
    assert CalibrationOff().judge(worlds.too_extreme(rng(), False)).outcome == "passed"


def test_probabilities_that_are_too_high_on_average():
    truth = Truth.draw(rng())
    p = truth.predict(rng(), 0.95, 0.0)
    found = CalibrationOff().judge(evidence(Run("linear").results(truth, p**0.5)))
    assert found.outcome == "issue"
    assert found.evidence["excess_low"] > 0.1


def test_without_probabilities_or_blocks_of_time_nothing_is_said():
    assert CalibrationOff().judge(evidence([])).outcome == "not_applicable"
    truth = Truth.draw(rng(), n_days=20)
    short = evidence(Run("linear").results(truth, truth.predict(rng(), 1.0)))
    assert CalibrationOff().judge(short).outcome == "not_applicable"


def test_over_fit_names_the_model_that_is_as_good():
    found = OverFit().judge(worlds.over_fit(rng(), True))
    assert (found.outcome, found.evidence["instead"]) == ("issue", "linear")
    assert "--models linear" in found.action
    assert OverFit().judge(worlds.over_fit(rng(), False)).outcome == "passed"


def test_a_close_fit_is_no_fault_where_nothing_is_as_good():
    truth = Truth.draw(rng())
    close = {"train_scores": {"roc_auc": 0.99}}
    calm = {"train_scores": {"roc_auc": 0.6}}
    found = OverFit().judge(evidence([
        *prior(truth),
        *Run("lightgbm", record=close).results(truth, truth.predict(rng(), 1.0, 0.3)),
        *Run("linear", record=calm).results(truth, truth.predict(rng(), 1.0, 2.0))]))
    assert found.outcome == "passed"
    assert OverFit().judge(evidence(prior(truth))).outcome == "not_applicable"
