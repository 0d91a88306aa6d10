"""Every threshold decides something, and a board's thresholds reach all that is said of it."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

import outlast.judge
from outlast.judge.insights import Evidence
from outlast.judge.judgement import Judgement
from outlast.judge.thresholds import Thresholds
from tests.judge.results import board, result

JUDGE = Path(outlast.judge.__file__).parent
SOURCE = "\n".join(path.read_text(encoding="utf-8") for path in JUDGE.rglob("*.py")
                   if path.name != "thresholds.py")


@pytest.mark.parametrize("name", [field.name for field in fields(Thresholds)])
def test_every_threshold_decides_something(name):
    assert f".{name}" in SOURCE


def judged(**limits) -> Judgement:
    results = [result(model, skill, split="expanding_window", fold=fold, seed=seed)
               for seed, (model, skill) in enumerate([("prior", 0), ("linear", 1), ("lightgbm", 1)])
               for fold in range(4)]
    made = board(*results, ensembles=True, thresholds=Thresholds(**limits))
    return Judgement(made, Evidence(made, made.splits[0], [r.record for r in results]))


def test_too_few_blocks_leave_no_interval_anywhere():
    found = judged(interval_blocks=10_000)
    assert found.headline.verdict == "not_enough_evidence"
    assert found.promise(found.headline.row).score.low is None
    assert found.strength.detectable is None


def test_the_thresholds_of_a_board_reach_promise_set_and_finalists():
    usual, strict = judged(), judged(promise_level=0.99, set_alpha=1.0, finalists=0)
    row = usual.headline.row
    assert strict.headline.row == row
    assert strict.promise(row).level == 0.99
    assert strict.promise(row).score.low < usual.promise(row).score.low
    assert "99 % interval" in strict.promise(row).sentence
    assert len(strict.strength.confidence_set) < len(usual.strength.confidence_set)
    assert len(strict.finalists) <= len(usual.finalists)
