"""Rules on where the score comes from and where it is missing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.insights import worlds
from outlast.judge.insights.base import Surroundings
from outlast.judge.insights.segments import EventCarriesScore, SegmentFails


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_the_event_that_carries_the_score_is_named():
    found = EventCarriesScore().judge(worlds.one_event(rng(), True))
    assert (found.outcome, found.evidence["event"]) == ("issue", "sale 1")
    assert found.evidence["share"] > 0.5
    assert found.evidence["drop"] > 0
    assert EventCarriesScore().judge(worlds.one_event(rng(), False)).outcome == "passed"


def test_the_score_without_an_event_is_that_of_the_other_rows():
    evidence = worlds.one_event(rng(), True)
    found = EventCarriesScore().judge(evidence)
    held = evidence.held_out
    (result,) = held.contestant.results
    outside = (held.time < held.time.min() + 60 * 86_400e9) | (
        held.time > held.time.min() + 71 * 86_400e9)
    expected = evidence.board.metric.score(result.y[outside], result.prediction[outside])
    assert found.evidence["without"] == pytest.approx(expected)


def test_without_events_there_is_nothing_to_leave_out():
    evidence = replace(worlds.one_event(rng(), True), around=Surroundings())
    assert EventCarriesScore().judge(evidence).outcome == "not_applicable"


def test_the_segment_that_fails_is_named_and_confirmed_on_later_rows():
    found = SegmentFails().judge(worlds.bad_segment(rng(), True))
    assert (found.outcome, found.evidence["segment"]) == ("issue", "entity is shop 3")
    assert found.evidence["p"] <= 0.025
    assert "shop 3" in found.action
    assert SegmentFails().judge(worlds.bad_segment(rng(), False)).outcome == "passed"


def test_a_segment_that_fails_in_the_first_half_only_is_not_confirmed():
    truth = worlds.Truth.draw(rng(4), n_days=480)
    skill = np.where((truth.entity == 3) & (truth.day < 240), -1.0, 1.0)
    results = worlds.Run("lightgbm").results(truth, truth.predict(rng(5), skill, 0.5))
    evidence = worlds.evidence([*worlds.prior(truth), *results])
    found = SegmentFails().judge(evidence)
    assert found.outcome == "passed"
    assert found.sentence.endswith("not confirmed.")


def test_a_model_without_gain_has_no_segments_to_lose_it_in():
    truth = worlds.Truth.draw(rng())
    results = worlds.Run("lightgbm").results(truth, truth.predict(rng(), 0.0, 1.0))
    evidence = worlds.evidence([*worlds.prior(truth), *results])
    assert SegmentFails().judge(evidence).outcome == "not_applicable"
