"""The suite catches every kind of broken selector, and lets a sound one pass."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars.selectors as cs
import pytest

from outlast.records import Decision
from outlast.selection import Selection
from outlast.selection.base import Selector, TrainingRows
from outlast.selection.none import NoSelection
from outlast.testing import SelectorContract, check_selector
from tests.testing.caught import assert_breaks, assert_keeps


class ReversesTheOrder(NoSelection):
    def fit(self, rows: TrainingRows) -> Selection:
        return super().fit(rows.select(list(reversed(rows.frame.columns))))


class KeepsWhatItDropped(NoSelection):
    def fit(self, rows: TrainingRows) -> Selection:
        chosen = super().fit(rows)
        return replace(chosen, kept=chosen.kept[1:])


class GivesNoReason(NoSelection):
    def choose(self, rows: TrainingRows) -> Selection:
        return Selection.of(rows.frame.columns, (
            Decision(feature=name, action="keep", code="F13", sentence="kept: ")
            for name in rows.frame.columns))


class DrawsAnew(NoSelection):
    def choose(self, rows: TrainingRows) -> Selection:
        chosen = super().choose(rows)
        first = chosen.decisions[0].model_copy(update={"value": np.random.default_rng().random()})
        return replace(chosen, decisions=(first, *chosen.decisions[1:]))


class ScalesTheLabels(NoSelection):
    def choose(self, rows: TrainingRows) -> Selection:
        rows.y[:] *= 2
        return super().choose(rows)


class NeedsNumbers(NoSelection):
    def fit(self, rows: TrainingRows) -> Selection:
        chosen = super().fit(rows)
        return replace(chosen, kept=tuple(rows.frame.drop(cs.string()).columns))


class KeepsNoNoise(NoSelection):
    def fit(self, rows: TrainingRows) -> Selection:
        chosen = super().fit(rows)
        return replace(chosen, kept=()) if "f" in rows.frame.columns else chosen


class ForgetsThePins(NoSelection):
    def fit(self, rows: TrainingRows) -> Selection:
        return self.choose(rows)


BROKEN: list[tuple[Selector, str, str]] = [
    (ReversesTheOrder(), "every_feature_gets_one_decision_in_order", "instead of one on each of"),
    (KeepsWhatItDropped(), "every_feature_gets_one_decision_in_order", "but the decisions keep"),
    (GivesNoReason(), "every_decision_says_why", "gives no reason"),
    (DrawsAnew(), "the_same_rows_give_the_same_choice", "draw with a fixed seed"),
    (ScalesTheLabels(), "the_input_is_left_as_it_was", "fit changed the labels"),
    (NeedsNumbers(), "a_single_category_is_enough", r"kept \(\) of a single category"),
    (KeepsNoNoise(), "noise_alone_leaves_something", "kept no feature of some that are noise"),
    (ForgetsThePins(), "what_the_user_pins_stands", "is to be kept and"),
]


def suite(made: Selector) -> SelectorContract:
    class Given(SelectorContract):
        def selector(self) -> Selector:
            return made

    return Given()


@pytest.mark.parametrize(("selector", "rule", "words"), BROKEN)
def test_a_broken_selector_is_caught_and_its_twin_is_not(
    selector: Selector, rule: str, words: str
) -> None:
    assert_keeps(suite(NoSelection()), rule)
    assert_breaks(suite(selector), rule, words)


def test_every_rule_is_known_to_catch_something() -> None:
    assert {f"test_{rule}" for _, rule, _ in BROKEN} == set(suite(NoSelection()).rules())


def test_the_function_names_every_broken_rule() -> None:
    told = r"ScalesTheLabels\(.*\) breaks 1 of 7 rules:\n- test_the_input"
    with pytest.raises(AssertionError, match=told):
        check_selector(ScalesTheLabels())
