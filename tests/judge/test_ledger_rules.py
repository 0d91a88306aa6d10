"""Rules on what the feature ledger says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.insights import over_features
from outlast.judge.insights.base import Surroundings
from outlast.judge.insights.features import DriftingFeature, EventFeature, UnstableSelection
from outlast.judge.insights.leaks import LeakSuspect, LooksAhead
from tests.judge.results import board, result

ASKED = [(LeakSuspect, over_features.leaking), (LooksAhead, over_features.looking_ahead),
         (EventFeature, over_features.one_event), (DriftingFeature, over_features.drifting),
         (DriftingFeature, over_features.idle)]


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize(("rule", "world"), ASKED)
def test_the_feature_is_named_where_it_is_so_and_none_where_not(rule, world):
    found = rule().judge(world(rng(), True))
    assert (found.outcome, found.evidence["features"]) == ("issue", ["x0"])
    assert "--drop x0" in found.action
    assert rule().judge(world(rng(), False)).outcome == "passed"


@pytest.mark.parametrize("rule", [LeakSuspect, LooksAhead, EventFeature, DriftingFeature,
                                  UnstableSelection])
def test_without_a_ledger_nothing_is_said(rule):
    evidence = replace(over_features.leaking(rng(), True), around=Surroundings())
    assert rule().judge(evidence).outcome == "not_applicable"


def test_drift_that_one_of_many_features_shows_by_chance_is_none():
    evidence = over_features.drifting(rng(), True)
    table = evidence.around.features
    shy = table.with_columns(drift_effect=table["drift_null_p99"] * 1.2)
    around = replace(evidence.around, features=shy)
    assert DriftingFeature().judge(replace(evidence, around=around)).outcome == "passed"


def test_sets_that_agree_by_chance_alone_are_unstable():
    found = UnstableSelection().judge(over_features.unstable(rng(), True))
    assert (found.outcome, found.severity) == ("issue", "medium")
    assert UnstableSelection().judge(over_features.unstable(rng(), False)).outcome == "passed"


def test_where_groups_agree_only_the_choice_among_copies_varies():
    evidence = over_features.unstable(rng(), True)
    table = evidence.around.features.with_columns(phi=0.2, phi_cluster=0.9)
    around = replace(evidence.around, features=table)
    assert UnstableSelection().judge(replace(evidence, around=around)).outcome == "tip"


def test_few_sets_say_nothing_of_stability():
    evidence = over_features.unstable(rng(), True)
    around = replace(evidence.around,
                     features=evidence.around.features.with_columns(select_sets=5))
    found = UnstableSelection().judge(replace(evidence, around=around))
    assert found.outcome == "not_applicable"


@pytest.mark.parametrize("rule", [LeakSuspect, EventFeature])
def test_without_skill_no_part_of_it_is_traced_to_a_feature(rule):
    world = over_features.leaking if rule is LeakSuspect else over_features.one_event
    told = world(np.random.default_rng(0), True)
    assert rule().judge(told).outcome == "issue"
    noise = board(result("lightgbm", 0.0), result("prior", 0))
    without = replace(told, board=noise, split="temporal")
    assert "no skill" in rule().judge(without).sentence
    skilled = board(result("lightgbm", 1.0), result("prior", 0))
    assert rule().judge(replace(told, board=skilled, split="temporal")).outcome == "issue"
