"""The suite catches every kind of broken selector, and lets a sound one pass."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from outlast.records import Decision
from outlast.selection import Selection
from outlast.selection.base import Selector
from outlast.selection.none import NoSelection
from outlast.testing import SelectorContract, check_selector
from tests.testing.caught import assert_breaks, assert_keeps


class ReversesTheOrder(NoSelection):
    def fit(self, frame: pl.DataFrame, y: Any, lineage: Any) -> Selection:
        return super().fit(frame.select(reversed(frame.columns)), y, lineage)


class KeepsWhatItDropped(NoSelection):
    def fit(self, frame: pl.DataFrame, y: Any, lineage: Any) -> Selection:
        chosen = super().fit(frame, y, lineage)
        return replace(chosen, kept=chosen.kept[1:])


class GivesNoReason(NoSelection):
    def fit(self, frame: pl.DataFrame, y: Any, lineage: Any) -> Selection:
        silent = tuple(Decision(feature=name, action="keep", code="F13", sentence="kept: ")
                       for name in frame.columns)
        return replace(super().fit(frame, y, lineage), decisions=silent)


class DrawsAnew(NoSelection):
    def fit(self, frame: pl.DataFrame, y: Any, lineage: Any) -> Selection:
        chosen = super().fit(frame, y, lineage)
        first = chosen.decisions[0].model_copy(update={"value": np.random.default_rng().random()})
        return replace(chosen, decisions=(first, *chosen.decisions[1:]))


class ScalesTheLabels(NoSelection):
    def fit(self, frame: pl.DataFrame, y: Any, lineage: Any) -> Selection:
        y *= 2
        return super().fit(frame, y, lineage)


class NeedsNumbers(NoSelection):
    def fit(self, frame: pl.DataFrame, y: Any, lineage: Any) -> Selection:
        return super().fit(frame.drop(pl.col(pl.String)), y, lineage)


BROKEN: list[tuple[Selector, str, str]] = [
    (ReversesTheOrder(), "every_feature_gets_one_decision_in_order", "instead of one on each of"),
    (KeepsWhatItDropped(), "every_feature_gets_one_decision_in_order", "but the decisions keep"),
    (GivesNoReason(), "every_decision_says_why", "gives no reason"),
    (DrawsAnew(), "the_same_rows_give_the_same_choice", "draw with a fixed seed"),
    (ScalesTheLabels(), "the_input_is_left_as_it_was", "fit changed the labels"),
    (NeedsNumbers(), "a_single_category_is_enough", r"kept \(\) of a single category"),
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
    told = r"ScalesTheLabels\(\) breaks 1 of 5 rules:\n- test_the_input"
    with pytest.raises(AssertionError, match=told):
        check_selector(ScalesTheLabels())
