"""The battery of the rules in its short form; `make insights` has the long one."""

from __future__ import annotations

import re

import pytest

from benchmarks.insights import WORLDS
from benchmarks.insights.rates import Rates, page
from outlast.judge.insights import RULES

EACH = pytest.mark.parametrize("world", WORLDS, ids=lambda w: f"{w.code}-{w.make.__name__}")
SEEDS = 5


def test_every_rule_has_a_world():
    assert {world.code for world in WORLDS} == set(RULES)


@EACH
def test_a_rule_fires_where_its_condition_holds_and_seldom_where_not(world):
    assert sum(world.fires(seed, True) for seed in range(SEEDS)) >= 3
    assert sum(world.fires(seed, False) for seed in range(SEEDS)) <= 1


@EACH
@pytest.mark.parametrize("holds", [True, False])
def test_a_sentence_has_a_number_and_few_words(world, holds):
    found = world.ask(0, holds)
    words = [word for word in found.sentence.split() if re.search("[a-z]{2}", word)]
    assert len(words) <= 30, found.sentence
    assert re.search(r"\d", found.sentence) or world.code in EXACT, found.sentence
    if found.outcome in ("issue", "tip"):
        assert found.action
        assert found.action[0].isupper()


# What these have looked for has no size.
EXACT = {"OL106", "OL201"}


def test_the_page_names_what_misses_a_bar():
    fine, bad = Rates(WORLDS[0], 1.0, 0.0), Rates(WORLDS[1], 0.5, 0.0)
    text = " ".join(page([fine, bad], range(7, 17)).split())
    assert f"Misses a bar: {WORLDS[1].code} (found 50.0%, false alarms 0.0%)." in text
    assert "Misses" not in page([fine], range(7, 17))
    assert "10 worlds of each kind, of seeds 7 to 16" in text
    assert "standard error of 12.6% and 6.9%" in text
