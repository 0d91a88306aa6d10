"""Rules on the search: promises, edges of ranges, length."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.insights import worlds
from benchmarks.insights.simulate import Run, Truth, evidence
from outlast.judge.insights import Range, Surroundings
from outlast.judge.insights.search import (
    Overtuning,
    SearchLength,
    ValueAtEdge,
    searched_parameters,
)
from outlast.records import TrialRecord


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def searched(scores, places=None, n_folds=1, name="num_leaves"):
    trials = tuple(
        TrialRecord(number=k, score=s, fold_scores=(s,),
                    params={name: places[k]} if places else {}) for k, s in enumerate(scores))
    truth = Truth.draw(rng())
    run = Run("lightgbm", search="optuna", n_folds=n_folds, record={"trials": trials})
    around = Surroundings(spaces={"lightgbm": {name: Range(0.0, 1.0)}})
    return evidence(run.results(truth, truth.predict(rng(), 1.0)), around)


def test_a_promise_that_is_not_kept_is_overtuning():
    found = Overtuning().judge(worlds.overtuned(rng(), True))
    assert found.outcome == "issue"
    assert found.evidence["promised"] > found.evidence["kept"] + 2 * found.evidence["se"]
    assert Overtuning().judge(worlds.overtuned(rng(), False)).outcome == "passed"
    assert Overtuning().judge(searched([0.7, 0.8])).outcome == "not_applicable"


def test_a_best_value_at_the_end_of_its_range_is_named_with_one_beyond_it():
    found = ValueAtEdge().judge(worlds.at_edge(rng(), True))
    assert (found.outcome, found.evidence["parameter"]) == ("issue", "num_leaves")
    assert "num_leaves: 126" in found.action
    assert ValueAtEdge().judge(worlds.at_edge(rng(), False)).outcome == "passed"


def test_a_share_cannot_be_larger_than_one():
    places = [k / 20 for k in range(21)]
    rising = ValueAtEdge().judge(searched([0.6 + 0.1 * p for p in places], places))
    assert rising.outcome == "passed"
    falling = ValueAtEdge().judge(searched([0.7 - 0.1 * p for p in places], places))
    assert (falling.outcome, falling.evidence["end"]) == ("issue", 0.0)


def test_a_range_is_told_with_its_best_values_and_what_it_explains():
    places = [k / 20 for k in range(21)]
    (falling,) = searched_parameters(searched([0.7 - 0.1 * p for p in places], places, n_folds=3))
    assert (falling.parameter, falling.low, falling.high, falling.bests) == (
        "num_leaves", 0.0, 1.0, (0.0, 0.0, 0.0))
    assert falling.share == pytest.approx(1.0)
    assert (falling.edge, falling.n_trials, falling.p < 1e-6) == ("low", 63, True)
    # No share can be above one: that end is no edge, however the score rises towards it.
    (rising,) = searched_parameters(searched([0.6 + 0.1 * p for p in places], places))
    assert (rising.edge, rising.bests, rising.p < 1e-6) == ("", (1.0,), True)
    (level,) = searched_parameters(searched([0.6] * 5, [0.1, 0.2, 0.3, 0.4, 0.5]))
    assert (level.share, level.p, level.edge) == (0.0, 1.0, "")


def test_without_a_search_there_is_no_edge_and_no_length():
    truth = Truth.draw(rng())
    plain = evidence(Run("lightgbm").results(truth, truth.predict(rng(), 1.0)))
    assert ValueAtEdge().judge(plain).outcome == "not_applicable"
    assert searched_parameters(plain) == ()
    assert SearchLength().judge(plain).outcome == "not_applicable"


def test_a_search_that_still_climbs_goes_on_and_a_level_one_stops():
    climbs = SearchLength().judge(searched([0.6 + 0.01 * k for k in range(12)]))
    assert (climbs.outcome, climbs.action) == ("issue", "Go on searching: --n_trials 24.")
    level = SearchLength().judge(searched([0.6, *[0.7] * 11]))
    assert (level.outcome, "--n_trials 6" in level.action) == ("tip", True)
    between = SearchLength().judge(searched([0.6] * 7 + [0.7] * 5))
    assert between.outcome == "passed"
    assert SearchLength().judge(searched([0.6, 0.7])).outcome == "not_applicable"
