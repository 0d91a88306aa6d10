"""What holds for every registered feature: it looks only backwards, and no further than it says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outlast.data import Events, Panel
from outlast.features import FEATURES, Recipe, default_recipe
from outlast.features.base import ENTITY, TIME, Feature
from outlast.features.windows import WindowFeature
from tests.features import irregular

STATISTICS = ["mean", "std", "min", "max", "sum"]
# Per registered feature: the parameter sets that the contract is checked with.
EXAMPLES: dict[str, list[dict[str, Any]]] = {
    "raw": [{"source": "x"}],
    "category": [{"source": "group"}],
    "combine": [{"source": "x", "other": "ratio", "operation": o}
                for o in ("ratio", "change", "difference", "product")],
    "lag": [{"source": "x", "steps": 1}, {"source": "x", "steps": 4}],
    "difference": [{"source": "x", "steps": 2}],
    "return": [{"source": "price", "steps": 3}],
    "rolling": [{"source": "x", "rows": 5, "statistic": s} for s in STATISTICS]
               + [{"source": "ratio", "rows": 4, "min_rows": 4}],
    "rolling_time": [{"source": "x", "duration": "100h", "statistic": s} for s in STATISTICS],
    "z_score": [{"source": "x", "rows": 6}],
    "drawdown": [{"source": "price", "rows": 10, "min_rows": 1}],
    "range_position": [{"source": "price", "rows": 7}],
    "ewm": [{"source": "x", "span": 5}, {"source": "x", "span": 5, "statistic": "std"}],
    "ewm_time": [{"source": "x", "half_life": "3D"}],
    "expanding": [{"source": "x", "statistic": s} for s in STATISTICS],
    "calendar_part": [{"source": "when", "part": p}
                      for p in ("hour", "weekday", "day", "month", "quarter")],
    "cross_section_rank": [{"source": "x"}],
    "cross_section_demean": [{"source": "x"}],
    "market": [{"source": "x"}, {"source": "x", "statistic": "std", "timestamps": 5}],
    "time_since_event": [{"source": "when", "scope": s} for s in ("own", "common", "any")]
                        + [{"source": "when", "kind": "news"}],
    "inside_event": [{"source": "when", "scope": s} for s in ("own", "common", "any")],
}
CASES = [
    pytest.param(FEATURES[name](name="f", **params), id=f"{name}-{i}")
    for name, sets in EXAMPLES.items()
    for i, params in enumerate(sets)
]
BOUNDED = [case for case in CASES if not case.values[0].lookback.unbounded]
CUTS = [0.15, 0.5, 0.62, 0.97]


def values(feature: Feature, panel: Panel) -> pl.DataFrame:
    frame, context = irregular.keyed(panel)
    return frame.select(ENTITY, TIME).with_columns(feature.compute(frame, context).alias("f"))


def cut_time(panel: Panel, share: float) -> datetime:
    times = panel.frame["when"].unique().sort()
    return times[int(share * (len(times) - 1))]


@cache
def truncated(cut: datetime) -> Panel:
    rows = irregular.table().filter(pl.col("when") <= cut)
    return Panel.build(rows, irregular.SCHEMA, events=irregular.events())


@cache
def perturbed(cut: datetime) -> Panel:
    """The same rows, with other values in every column after the cut."""
    later = pl.col("when") > cut
    changed = irregular.table().with_columns(
        *(pl.when(later).then(pl.col(c).shift(3) * -3 + 5).otherwise(pl.col(c)).alias(c)
          for c in ("x", "price", "ratio", "y")),
        pl.when(later).then(pl.lit("violet")).otherwise(pl.col("group")).alias("group"),
    )
    return Panel.build(changed, irregular.SCHEMA, events=irregular.events())


def assert_same_until(cut: datetime, feature: Feature, changed: Panel) -> None:
    """Bit for bit: the values at and before the cut do not know what comes after it."""
    before = pl.col(TIME) <= cut
    full = values(feature, irregular.panel()).filter(before)
    assert full.equals(values(feature, changed).filter(before))


def test_every_registered_feature_has_an_example() -> None:
    assert EXAMPLES.keys() == FEATURES.keys()


@pytest.mark.parametrize("feature", CASES)
def test_later_rows_change_nothing(feature: Feature) -> None:
    for share in CUTS:
        cut = cut_time(irregular.panel(), share)
        assert_same_until(cut, feature, truncated(cut))
        assert_same_until(cut, feature, perturbed(cut))


@pytest.mark.parametrize("feature", CASES)
def test_later_events_change_nothing(feature: Feature) -> None:
    for share in (0.45, 0.62):
        cut = cut_time(irregular.panel(), share)
        now = int(np.datetime64(cut, "ns").astype(np.int64))
        known = irregular.events().table.filter(pl.col("start") <= now)
        # An event that is still going on may end at any later time.
        open_ = known.with_columns(end=pl.when(pl.col("end") >= now).then(now + 10**15)
                                   .otherwise(pl.col("end")))
        assert_same_until(cut, feature, replace(truncated(cut), events=Events(open_)))


@pytest.mark.parametrize("feature", CASES)
def test_the_order_of_the_input_does_not_matter(feature: Feature) -> None:
    shuffled = irregular.table().sample(fraction=1, shuffle=True, seed=99)
    other = Panel.build(shuffled, irregular.SCHEMA, events=irregular.events())
    assert values(feature, irregular.panel()).equals(values(feature, other))


@pytest.mark.parametrize("feature", CASES)
def test_only_cross_sections_look_at_other_entities(feature: Feature) -> None:
    alone = Panel.build(irregular.table().filter(pl.col("who") == "beta"), irregular.SCHEMA,
                        events=irregular.events())
    own = values(feature, irregular.panel()).filter(pl.col(ENTITY) == "beta")
    assert values(feature, alone).equals(own) != (feature.family == "cross_section")


@pytest.mark.parametrize("feature", BOUNDED)
def test_it_reaches_back_no_further_than_it_says(feature: Feature) -> None:
    reach = feature.lookback
    first = cut_time(irregular.panel(), 0.3)
    rows = irregular.table().filter(pl.col("when") >= first)
    late_start = Panel.build(rows, irregular.SCHEMA, events=irregular.events())
    short = values(feature, late_start).with_columns(
        nth=pl.int_range(pl.len()).over(ENTITY), age=pl.col(TIME) - first
    )
    warm = (pl.col("nth") >= reach.rows) & (pl.col("age") >= reach.time)
    both = short.filter(warm).join(values(feature, irregular.panel()), on=[ENTITY, TIME])
    assert both.height > 10
    # Running sums differ in the last digits when they start elsewhere.
    left, right = both["f"], both["f_right"]
    if left.dtype.is_float():
        np.testing.assert_allclose(left.to_numpy(), right.to_numpy(), rtol=1e-9, atol=1e-12)
    else:
        assert left.equals(right)


@pytest.mark.parametrize("feature", CASES)
def test_the_recipe_gives_what_the_feature_computes(feature: Feature) -> None:
    panel = irregular.panel()
    name = feature.inputs[0] if FEATURES["category"] is type(feature) else "f"
    table = Recipe("one", (type(feature)(**{**vars(feature), "name": name}),)).transform(panel)
    alone = values(feature, panel)["f"]
    column = table.frame[name]
    assert column.len() == panel.n_rows
    if column.dtype == pl.String:
        assert column.equals(alone)
    else:
        numbers = alone.cast(pl.Float64).fill_null(np.nan).to_numpy()
        expected = np.where(np.isinf(numbers), np.nan, numbers).astype(np.float32)
        np.testing.assert_array_equal(column.to_numpy(), expected)


@pytest.mark.parametrize("feature", CASES)
def test_parameters_decide_the_identity_and_names_do_not(feature: Feature) -> None:
    panel = irregular.panel()
    entry = Recipe("a", (feature,)).transform(panel).lineage[0]
    renamed = type(feature)(**{**vars(feature), "name": "g"})
    assert Recipe("b", (renamed,)).transform(panel).lineage[0].feature_id == entry.feature_id
    assert entry.roots
    assert set(entry.roots) <= set(panel.frame.columns)
    assert all(root in entry.expression for root in entry.roots)


def test_all_ids_differ() -> None:
    panel = irregular.panel()
    ids = [Recipe("r", (case.values[0],)).transform(panel).lineage[0].feature_id for case in CASES]
    assert len(set(ids)) == len(ids)


@dataclass(frozen=True)
class Tomorrow(WindowFeature):
    family: ClassVar[str] = "lag"

    def window(self, column: pl.Expr) -> pl.Expr:
        return column.shift(-1)


@dataclass(frozen=True)
class OwnMean(WindowFeature):
    family: ClassVar[str] = "rolling"

    def window(self, column: pl.Expr) -> pl.Expr:
        return column - column.mean()


@pytest.mark.parametrize("feature", [Tomorrow("f", "x"), OwnMean("f", "x")])
def test_the_replay_catches_features_that_see_the_future(feature: Feature) -> None:
    cut = cut_time(irregular.panel(), 0.5)
    for changed in (truncated(cut), perturbed(cut)):
        with pytest.raises(AssertionError, match="equals"):
            assert_same_until(cut, feature, changed)


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), share=st.floats(0.1, 1.0), days=st.integers(20, 45))
def test_an_automatic_recipe_replays_on_any_panel(seed: int, share: float, days: int) -> None:
    full = irregular.panel(seed, days)
    recipe = default_recipe(full)
    cut = cut_time(full, share)
    rows = irregular.table(seed, days).filter(pl.col("when") <= cut)
    short = Panel.build(rows, irregular.SCHEMA, events=irregular.events(days))
    early = recipe.transform(full).frame.head(short.n_rows)
    assert recipe.transform(short).frame.equals(early)
