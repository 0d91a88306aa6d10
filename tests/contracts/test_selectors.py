"""What holds for every registered selector: one reason per feature, from the training rows."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from outlast.data import Panel
from outlast.errors import InputError
from outlast.features import FeatureTable, default_recipe
from outlast.records import Decision
from outlast.selection import SELECTORS, Selection, make_selector
from tests.features import irregular


@pytest.fixture(scope="module")
def panel() -> Panel:
    return irregular.panel()


@pytest.fixture(scope="module")
def table(panel: Panel) -> FeatureTable:
    return default_recipe(panel).transform(panel)


def select(name: str, table: FeatureTable, panel: Panel) -> Selection:
    return make_selector(name).fit(table.frame, panel.y, table.lineage)


@pytest.mark.parametrize("name", SELECTORS)
def test_every_feature_gets_one_decision_in_order(
    name: str, table: FeatureTable, panel: Panel
) -> None:
    chosen = select(name, table, panel)
    assert tuple(decision.feature for decision in chosen.decisions) == table.names
    assert chosen.kept == tuple(d.feature for d in chosen.decisions if d.action != "drop")
    assert chosen.kept


@pytest.mark.parametrize("name", SELECTORS)
def test_every_decision_says_why(name: str, table: FeatureTable, panel: Panel) -> None:
    for decision in select(name, table, panel).decisions:
        verb = "dropped: " if decision.action == "drop" else "kept: "
        assert decision.sentence.startswith(verb)
        assert len(decision.sentence) > len(verb)
        assert decision.code[0] == "F"
        assert Decision.model_validate_json(decision.model_dump_json()) == decision
        if decision.action == "drop" and decision.comparator:
            assert f"`{decision.comparator}`" in decision.sentence


@pytest.mark.parametrize("name", SELECTORS)
def test_the_same_rows_give_the_same_choice(name: str, table: FeatureTable, panel: Panel) -> None:
    assert select(name, table, panel) == select(name, table, panel)


@pytest.mark.parametrize("name", SELECTORS)
def test_the_input_is_left_as_it_was(name: str, table: FeatureTable, panel: Panel) -> None:
    before, labels = table.frame.clone(), panel.y.copy()
    select(name, table, panel)
    assert table.frame.equals(before)
    np.testing.assert_array_equal(panel.y, labels)


@pytest.mark.parametrize("name", SELECTORS)
def test_a_single_category_is_enough(name: str) -> None:
    frame = pl.DataFrame({"kind": ["u", "v", None, "u"]})
    assert make_selector(name).fit(frame, np.zeros(4), []).kept == ("kind",)


def test_names_and_parameters_are_checked() -> None:
    with pytest.raises(InputError, match="unknown selection 'redundant': did you mean"):
        make_selector("redundant")
    with pytest.raises(InputError, match="did you mean 'max_rho'"):
        make_selector("redundancy", {"max_roh": 0.9})
    with pytest.raises(InputError, match="parameter of selection 'none'"):
        make_selector("none", {"max_rho": 0.9})
