import pytest

from outlast.feature_tracker.thresholds import THRESHOLDS
from outlast.feature_tracker.verdict import judge
from tests.feature_tracker.traced import untraced

SOUND = {"n_runs": 2, "perm_mean": 0.0213, "perm_lo95": 0.0117, "perm_hi95": 0.0309,
         "perm_p": 0.0004,
         "perm_unit": "delta roc_auc", "run_skill": 0.2, "above_probe": 9, "n_cells": 10,
         "above_probe_freq": 0.9, "shap_share_mean": 0.13, "kept_share": 1.0, "code": "F13"}
CASES = {
    "leak_suspect": {"leak_points": 3, "leak_reasons": "alone 0.95 of it, limit 0.9"},
    "look_ahead": {"pit_status": "violated", "pit_max_diff": 5.3},
    "harmful": {"perm_mean": -0.02, "perm_lo95": -0.03, "perm_hi95": -0.01},
    "redundant": {"code": "F06", "kept_share": 0.1, "nearest_feature": "twin", "n_dropped": 9,
                  "n_decisions": 10, "decision_value": 0.991, "decision_threshold": 0.98},
    "noise": {"above_probe_freq": 0.3, "above_probe": 3, "perm_hi95": 0.001, "perm_mean": 0.0},
    "unstable": {"select_freq": 0.25, "select_sets": 12},
    "drifting": {"drift_effect": 0.71, "drift_null_p99": 0.22, "drift_kind": "drift_w1"},
    "event_specific": {"event_concentration": 0.83, "top_event": "fold 3", "n_events": 5,
                       "outlier_p": 0.0021},
    "core": {},
    "useful": {"perm_lo95": -0.001, "perm_p": 0.031, "above_probe_freq": 0.6, "above_probe": 6},
    "undecided": {"perm_lo95": -0.01, "perm_p": 0.11},
}


@pytest.mark.parametrize("verdict", CASES)
def test_each_rule_decides_and_every_number_is_in_the_row(verdict):
    row = SOUND | CASES[verdict]
    found = judge(row)
    assert found.verdict == verdict
    assert untraced(found.sentence, [*row.values(), *vars(THRESHOLDS).values()]) == []


@pytest.mark.parametrize("earlier", list(CASES)[:8])
def test_the_first_rule_that_holds_decides(earlier):
    order = list(CASES)
    for later in order[order.index(earlier) + 1:8]:
        both = SOUND | CASES[later] | CASES[earlier]
        assert order.index(judge(both).verdict) <= order.index(earlier), later


def test_a_model_without_skill_gives_no_verdict_on_importance():
    found = judge(SOUND | {"n_runs": 0, "n_gated": 2})
    assert found.verdict == "undecided"
    assert "none of 2 runs" in found.sentence


def test_without_probes_nothing_is_core():
    found = judge(SOUND | {"above_probe_freq": None, "above_probe": None, "n_cells": None})
    assert (found.verdict, found.sentence) == ("undecided",
                                               "no random probe to compare with yet")


def test_without_permutation_there_is_no_verdict():
    found = judge(SOUND | {"perm_mean": None, "perm_lo95": None, "perm_hi95": None})
    assert (found.verdict, found.sentence) == ("undecided", "no permutation importance yet")


def test_one_window_says_so():
    found = judge(SOUND | {"perm_lo95": None, "perm_hi95": None, "perm_p": None})
    assert found.verdict == "useful"
    assert "one window: no interval over time" in found.sentence
