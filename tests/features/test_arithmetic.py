from __future__ import annotations

import pytest

from outlast.data import Panel, Schema
from outlast.errors import InputError
from outlast.features import Recipe
from outlast.features.arithmetic import Category, Combine, Missing, Raw
from outlast.features.windows import Rolling
from tests.features import irregular

PANEL = Panel.build(
    {"t": [1, 2, 3], "a": [6.0, 1.0, None], "b": [2, 0, 1], "ok": [True, False, None],
     "kind": ["u", None, "v"], "code": [7, 8, 7], "y": [0.1, 0.2, 0.3]},
    Schema(time="t", target="y", task="regression", categorical=("code",)),
)


def column(feature: Raw | Category | Combine | Missing) -> list[object]:
    series = Recipe("one", (feature,)).transform(PANEL).frame[feature.name]
    return series.fill_nan(None).to_list() if series.dtype.is_float() else series.to_list()


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("ratio", [3.0, None, None]),
        ("change", [2.0, None, None]),
        ("difference", [4.0, 1.0, None]),
        ("product", [12.0, 0.0, None]),
    ],
)
def test_two_columns_combine(operation: str, expected: list[float | None]) -> None:
    assert column(Combine("f", "a", "b", operation=operation)) == expected  # type: ignore[arg-type]


def test_an_unknown_operation_is_refused() -> None:
    with pytest.raises(InputError, match="did you mean 'ratio'"):
        Combine("f", "a", "b", operation="ration")  # type: ignore[arg-type]


def test_numbers_and_truth_values_are_numbers() -> None:
    assert column(Raw("b", "b")) == [2.0, 0.0, 1.0]
    assert column(Raw("ok", "ok")) == [1.0, 0.0, None]


def test_categories_are_text() -> None:
    assert column(Category("kind", "kind")) == ["u", None, "v"]
    assert column(Category("code", "code")) == ["7", "8", "7"]


def test_missing_values_of_any_type() -> None:
    assert column(Missing("f", "a")) == [0, 0, 1]
    assert column(Missing("f", "kind")) == [0, 1, 0]
    assert column(Missing("f", "ok")) == [0, 0, 1]


def test_a_missing_indicator_leaves_the_numbers_to_other_features_as_they_were() -> None:
    panel = irregular.panel()
    recipe = Recipe("two", (Missing("no_x", "ratio"), Rolling("mean", "ratio", rows=5)))
    alone = Recipe("one", recipe.features[1:]).transform(panel).frame
    both = recipe.transform(panel).frame
    assert both.select("mean").equals(alone)
    infinite = panel.frame["ratio"].is_infinite()
    assert infinite.any()
    assert both["no_x"].filter(infinite).unique().to_list() == [1]
