"""The suite catches every kind of broken feature, and lets its sound twin pass."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import polars as pl
import pytest

from outlast.data import Panel, Schema
from outlast.features.arithmetic import Raw
from outlast.features.base import TIME, Context, Feature
from outlast.features.lookback import Lookback
from outlast.features.target_encoding import TargetEncoding
from outlast.features.windows import Lag, Rolling, WindowFeature
from outlast.testing import FeatureContract, broken_rules, check_feature
from tests.testing.caught import assert_breaks, assert_keeps


@dataclass(frozen=True)
class Sound(WindowFeature):
    """What most broken features below would be without their one mistake."""

    family: ClassVar[str] = "lag"

    def window(self, column: pl.Expr) -> pl.Expr:
        return column.shift(1)

    @property
    def lookback(self) -> Lookback:
        return Lookback(rows=1)


class SeesTomorrow(Sound):
    def window(self, column: pl.Expr) -> pl.Expr:
        return column.shift(-1)


class TakesItsOwnMean(Sound):
    def window(self, column: pl.Expr) -> pl.Expr:
        return column - column.mean()


class FillsFromTheFuture(Sound):
    def window(self, column: pl.Expr) -> pl.Expr:
        return column.backward_fill()


class KnowsWhenEventsEnd(Feature):
    family: ClassVar[str] = "event"

    def compute(self, frame: pl.DataFrame, context: Context) -> pl.Series:
        begun = context.events.table.select(pl.col("start").alias("t"), "end").sort("t")
        rows = frame.select(t=pl.col(TIME).to_physical())
        return rows.join_asof(begun, on="t")["end"].cast(pl.Float64).alias(self.name)


class ForgetsTheEntity(Sound):
    def expression(self) -> pl.Expr:
        return self.window(pl.col(self.source))


class NumbersTheRows(Sound):
    family: ClassVar[str] = "cross_section"

    def expression(self) -> pl.Expr:
        return pl.int_range(pl.len()).over(TIME)


class UnderstatesItsReach(Rolling):
    @property
    def lookback(self) -> Lookback:
        return Lookback(rows=2)


class KnowsNothing(Sound):
    def window(self, column: pl.Expr) -> pl.Expr:
        return column * None


class NamesItself(Sound):
    @property
    def params(self) -> dict[str, Any]:
        return {"name": self.name}


class HidesItsInput(Sound):
    def text(self, inputs: Any) -> str:
        return "secret"


class KnowsLabelsAtOnce(TargetEncoding):
    def compute(self, frame: pl.DataFrame, context: Context) -> pl.Series:
        assert context.labels is not None
        at_once = replace(context.labels, known=frame[TIME].to_physical().to_numpy())
        return super().compute(frame, replace(context, labels=at_once))


TWIN = Sound("f", "x")
BROKEN: list[tuple[Feature, str, str]] = [
    (SeesTomorrow("f", "x"), "later_rows_change_nothing", "so it sees the future"),
    (TakesItsOwnMean("f", "x"), "later_rows_change_nothing", "so it sees the future"),
    (KnowsLabelsAtOnce("f", "group"), "later_rows_change_nothing", "so it sees the future"),
    (FillsFromTheFuture("f", "x"), "later_rows_change_nothing", "so it sees the future"),
    (KnowsWhenEventsEnd("f", "x"), "later_events_change_nothing", "later events change earlier"),
    (ForgetsTheEntity("f", "x"), "other_entities_change_nothing", "compute over ENTITY"),
    (ForgetsTheEntity("f", "x"), "names_of_entities_do_not_matter", "entities under other names"),
    (NumbersTheRows("f", "x"), "names_of_entities_do_not_matter", "entities under other names"),
    (UnderstatesItsReach("f", "x", rows=5), "it_reaches_back_no_further_than_it_says", r"\(2 rows"),
    (KnowsNothing("f", "x"), "every_row_gets_one_value", "no value is known"),
    (NamesItself("f", "x"), "parameters_decide_the_identity_and_the_name_does_not", "another id"),
    (HidesItsInput("f", "x"), "parameters_decide_the_identity_and_the_name_does_not", "must show"),
]


def suite(made: Feature) -> FeatureContract:
    class Given(FeatureContract):
        def feature(self) -> Feature:
            return made

    return Given()


@pytest.mark.parametrize(("feature", "rule", "words"), BROKEN)
def test_a_broken_feature_is_caught(feature: Feature, rule: str, words: str) -> None:
    assert_breaks(suite(feature), rule, words)


def test_their_twin_is_sound() -> None:
    assert broken_rules(suite(TWIN)) == {}


def test_every_rule_is_known_to_catch_something() -> None:
    assert {f"test_{rule}" for _, rule, _ in BROKEN} == set(suite(TWIN).rules())


def test_a_cross_section_may_look_at_others_but_not_ahead() -> None:
    @dataclass(frozen=True)
    class Share(Raw):
        family: ClassVar[str] = "cross_section"

        def expression(self) -> pl.Expr:
            return pl.col(self.source) / pl.col(self.source).sum().over(TIME)

    assert_keeps(suite(Share("f", "price")), "other_entities_change_nothing")
    check_feature(Share("f", "price"))


def test_a_feature_of_other_columns_is_checked_on_a_panel_of_its_own() -> None:
    days = [f"2024-01-{day:02d}" for day in range(1, 31)]
    table = {"day": days, "sales": list(range(30)), "y": [0.5, 1.5, 0.25] * 10}
    panel = Panel.build(table, Schema(time="day", target="y"))
    check_feature(Lag("yesterday", "sales"), panel=panel)
    with pytest.raises(AssertionError, match="- test_later_rows_change_nothing: SeesTomorrow"):
        check_feature(SeesTomorrow("tomorrow", "sales"), panel=panel)
