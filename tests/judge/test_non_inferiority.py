"""A reduced set of features passes only where its score can be told to be no worse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from outlast.judge.insights import Evidence, Thresholds, find_insights
from outlast.judge.non_inferiority import compare_selections
from outlast.judge.results import Result
from outlast.judge.wording import p_text
from outlast.metrics import score_all
from outlast.records import Decision, Finding
from tests.judge.results import board, result

KEPT = Decision(feature="signal", action="keep", code="F13", sentence="kept: it counts")
LOST = Decision(feature="noise", action="drop", code="F07", sentence="dropped: it does not")
FULL = result("lightgbm", 1.0, selection="none", n_times=600,
              decisions=(KEPT, LOST.model_copy(update={"action": "keep"})))


def reduced(selection: str, towards_truth: float) -> Result:
    """The predictions with all features, a bit nearer to the truth or farther from it."""
    known = FULL.predictions
    p = np.clip(FULL.prediction + towards_truth * (FULL.y - 0.4), 1e-6, 1 - 1e-6)
    made = result("lightgbm", 1.0, selection=selection, n_times=600, decisions=(KEPT, LOST))
    scores = score_all("binary", FULL.y, p)
    return replace(made, predictions=known.with_columns(p=pl.Series(p)),
                   record=made.record.model_copy(update={"scores": scores}))


def finding(*results: Result, **limits: float) -> Finding:
    made = board(*results, thresholds=Thresholds(**limits))
    evidence = Evidence(made, "temporal", [r.record for r in results])
    return next(f for f in find_insights(evidence) if f.code == "OL606")


def test_a_set_that_is_no_worse_is_recommended():
    found = finding(FULL, reduced("probe", 0.001))
    assert found.outcome == "tip"
    assert found.action == "Keep the reduced set: --selection probe."
    assert "`probe` dropped 1 of 2 features together: with lightgbm, roc_auc" in found.sentence
    assert "no worse" in found.sentence


def test_a_set_that_is_worse_is_not():
    found = finding(FULL, reduced("probe", -0.3))
    assert (found.outcome, found.severity) == ("issue", "medium")
    assert found.evidence["probe"]["verdict"] == "worse"
    assert "--selection none" in found.action


def test_of_two_that_pass_and_one_that_fails_a_passing_one_is_named():
    found = finding(FULL, reduced("boruta", -0.3), reduced("probe", 0.002))
    assert found.outcome == "tip"
    assert "--selection probe" in found.action
    assert found.evidence["boruta"]["verdict"] == "worse"


def test_the_tolerance_of_the_user_decides():
    rows = FULL, reduced("probe", -0.02)
    lost = -finding(*rows).evidence["probe"]["change"]
    assert lost > 0
    assert finding(*rows, selection_tolerance=3 * lost).outcome == "tip"
    assert finding(*rows, selection_tolerance=lost / 3).evidence["probe"]["verdict"] == "worse"


def test_without_a_full_set_the_way_to_one_is_told():
    found = finding(reduced("probe", 0.0), reduced("boruta", 0.0))
    assert found.outcome == "not_applicable"
    assert "--selection none" in found.sentence
    assert "probe" in found.sentence
    assert "boruta" in found.sentence


@pytest.mark.parametrize("rows", [(FULL,), (FULL, result("lightgbm", 1.0, n_times=600,
                                                         decisions=(KEPT, KEPT)))])
def test_where_nothing_was_dropped_there_is_nothing_to_test(rows):
    assert finding(*rows).outcome == "not_applicable"


def test_every_number_of_the_sentence_is_in_the_evidence():
    found = finding(FULL, reduced("probe", 0.001))
    numbers = found.evidence["probe"]
    for key, digits in (("change", 3), ("low", 3), ("high", 3), ("tolerance", 4)):
        assert f"{abs(numbers[key]):.{digits}f}" in found.sentence
    assert p_text(numbers["p"]) in found.sentence


def test_p_is_that_of_the_shifted_gain_and_corrected_for_the_number_of_selections():
    made = board(FULL, reduced("probe", -0.0021), reduced("boruta", -0.0022))
    rows = [row for row in made.rows if not row.is_baseline]
    found = {c.reduced.selection: c for c in compare_selections(made, rows)}
    raw = {name: made.gains(c.reduced.id, c.full.id).p_above(-0.25 * made.se(c.full.id))
           for name, c in found.items()}
    smaller, larger = sorted(raw, key=lambda name: raw[name])
    assert 0.001 < raw[smaller] < raw[larger] < 0.5
    assert found[smaller].p == pytest.approx(2 * raw[smaller], abs=1e-9)
    assert found[larger].p == pytest.approx(max(2 * raw[smaller], raw[larger]), abs=1e-9)
