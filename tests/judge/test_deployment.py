"""Rules of choosing a model, tried at every past cut."""

import math

import numpy as np
import pytest

from outlast.judge.deployment import RULES, USUAL, Past, compare_rules
from tests.judge.results import board
from tests.judge.test_promise import windows


def cards(*results, split="expanding_window"):
    return {card.rule: card for card in compare_rules(board(*results), split)}


def test_every_rule_chooses_by_what_was_before_and_is_scored_by_what_came():
    one = windows("lightgbm", [2.0, 2.0, 0.2, 0.2])
    two = windows("linear", [1.0, 1.0, 1.0, 1.0])
    found = cards(*one, *two)
    assert found.keys() == RULES.keys()
    assert found[USUAL].picks == ("lightgbm", "lightgbm", "lightgbm")
    assert found["last_window"].picks == ("lightgbm", "lightgbm", "linear")
    scores = [fold.record.score for fold in one]
    assert found[USUAL].score == pytest.approx(sum(scores[1:]) / 3)
    best = [max(a.record.score, b.record.score) for a, b in zip(one, two, strict=True)]
    assert found[USUAL].regret == pytest.approx(sum(best[1:]) / 3 - sum(scores[1:]) / 3)
    assert found[USUAL].over_usual.value == 0


def test_the_best_mean_is_kept_unless_another_rule_served_better():
    found = compare_rules(board(*windows("lightgbm", [1.0] * 5), *windows(
        "linear", [0.9] * 5, seed=2)), "expanding_window")
    assert found[0].rule == USUAL
    assert found[0].chosen


def test_a_rule_that_served_better_is_followed():
    # What was good is bad ever after: the best mean comes late to see it.
    fading = windows("lightgbm", [3.0, 3.0, 3.0, *[0.0] * 9], n_times=100)
    steady = windows("linear", [0.9] * 12, n_times=100)
    found = compare_rules(board(*fading, *steady), "expanding_window")
    assert found[0].rule != USUAL
    assert found[0].over_usual.low > 0
    assert sum(card.chosen for card in found) == 1


def test_cheap_is_chosen_within_noise():
    found = cards(*windows("lightgbm", [1.0] * 4), *windows("linear", [0.99] * 4, seed=3))
    assert found["cheapest_within_noise"].picks


@pytest.mark.parametrize("n_folds", [1, 2])
def test_few_folds_try_nothing(n_folds):
    assert cards(*windows("lightgbm", [1.0] * n_folds)) == {}


def test_a_split_that_does_not_go_forward_tries_nothing():
    from tests.judge.results import result

    folds = [result("lightgbm", 1.0, fold=k) for k in range(4)]
    assert cards(*folds, split="temporal") == {}


def test_where_the_noise_is_not_known_only_the_best_is_within_it():
    past = Past(np.array([[1.0, 1.0], [2.0, 2.0]]), math.nan, np.array([1.0, 9.0]))
    assert [rule(past) for _, rule in RULES.values()] == [1] * len(RULES)
