"""Every registered feature keeps the contract, and so do the recipes made of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outlast.data import Panel
from outlast.features import FEATURES, Recipe, default_recipe
from outlast.features.base import Feature
from outlast.testing import FeatureContract
from outlast.testing.features import disturbed_after, known_at
from outlast.testing.panels import (
    IRREGULAR,
    Clock,
    irregular_events,
    irregular_panel,
    irregular_table,
)
from tests.features.irregular import keyed

STATISTICS = ["mean", "std", "min", "max", "sum"]
# Per registered feature: the parameter sets that the contract is checked with.
EXAMPLES: dict[str, list[dict[str, Any]]] = {
    "raw": [{"source": "x"}],
    "category": [{"source": "group"}],
    "combine": [{"source": "x", "other": "ratio", "operation": o}
                for o in ("ratio", "change", "difference", "product")],
    "missing": [{"source": "x"}, {"source": "group"}],
    "lag": [{"source": "x", "steps": 1}, {"source": "x", "steps": 4}],
    "difference": [{"source": "x", "steps": 2}],
    "return": [{"source": "price", "steps": 3}],
    "rolling": [{"source": "x", "rows": 5, "statistic": s} for s in STATISTICS]
               + [{"source": "ratio", "rows": 4, "min_rows": 4}]
               + [{"source": "x", "rows": 6, "statistic": s} for s in ("slope", "count")]
               + [{"source": "x", "rows": 6, "statistic": "quantile", "quantile": 0.2}]
               + [{"source": "x", "rows": 5, "statistic": s, "closed": "left"}
                  for s in ("std", "quantile", "slope", "count")],
    "rolling_time": [{"source": "x", "duration": "100h", "statistic": s, "closed": c}
                     for s in (*STATISTICS, "quantile", "count") for c in ("right", "left")],
    "z_score": [{"source": "x", "rows": 6}, {"source": "x", "rows": 6, "closed": "left"}],
    "drawdown": [{"source": "price", "rows": 10, "min_rows": 1}],
    "range_position": [{"source": "price", "rows": 7}],
    "ewm": [{"source": "x", "span": 5}, {"source": "x", "span": 5, "statistic": "std"},
            {"source": "x", "half_life": 3}, {"source": "x", "half_life": 2.5, "closed": "left"}],
    "ewm_time": [{"source": "x", "half_life": "3D"}],
    "expanding": [{"source": "x", "statistic": s, "closed": c}
                  for s in STATISTICS for c in ("right", "left")],
    "calendar_part": [{"source": "when", "part": p}
                      for p in ("hour", "weekday", "day", "month", "quarter")],
    "calendar_cycle": [{"source": "when", "cycle": c, "wave": w}
                       for c in ("day", "week", "month", "year") for w in ("sin", "cos")],
    "holiday_distance": [{"source": "when", "direction": d, "dates": ("2024-02-01", "2024-03-31")}
                         for d in ("nearest", "next", "last")],
    "cross_section_rank": [{"source": "x"}],
    "cross_section_demean": [{"source": "x"}],
    "cross_section_z_score": [{"source": "x"}],
    "group_aggregate": [{"source": "x", "by": "group", "statistic": s}
                        for s in ("mean", "std", "count")]
                       + [{"source": "x", "by": "count"}, {"source": "price", "by": "flag"}],
    "market": [{"source": "x"}, {"source": "x", "statistic": "std", "timestamps": 5}],
    "time_since_event": [{"source": "when", "scope": s} for s in ("own", "common", "any")]
                        + [{"source": "when", "kind": "news"}],
    "inside_event": [{"source": "when", "scope": s} for s in ("own", "common", "any")],
    "event_count": [{"source": "when", "scope": s, "duration": "200h"}
                    for s in ("own", "common", "any")] + [{"source": "when", "kind": "news"}],
    "target_encoding": [{"source": "group", "smooth": s} for s in (0.5, 20.0)]
                       + [{"source": "count"}, {"source": "who"}],
}
CASES = [
    pytest.param(FEATURES[name](name="f", **params), id=f"{name}-{i}")
    for name, sets in EXAMPLES.items()
    for i, params in enumerate(sets)
]


class TestEveryFeature(FeatureContract):
    @pytest.fixture(autouse=True, params=CASES)
    def example(self, request: pytest.FixtureRequest) -> None:
        self.made = request.param

    def feature(self) -> Feature:
        return self.made


def test_every_registered_feature_has_an_example() -> None:
    assert EXAMPLES.keys() == FEATURES.keys()


@pytest.mark.parametrize("feature", CASES)
def test_the_recipe_gives_what_the_feature_computes(feature: Feature) -> None:
    panel = irregular_panel()
    column = Recipe("one", (feature,)).transform(panel).frame.to_series()
    alone = feature.compute(*keyed(panel))
    if column.dtype == pl.String:
        assert column.equals(alone)
    else:
        numbers = alone.cast(pl.Float64).fill_null(np.nan).to_numpy()
        expected = np.where(np.isinf(numbers), np.nan, numbers).astype(np.float32)
        np.testing.assert_array_equal(column.to_numpy(), expected)


def test_the_order_of_the_input_does_not_matter() -> None:
    shuffled = irregular_table().sample(fraction=1, shuffle=True, seed=99)
    other = Panel.build(shuffled, IRREGULAR, events=irregular_events())
    recipe = Recipe("all", tuple(replace(case.values[0], name=f"f{i}")
                                 for i, case in enumerate(CASES)))
    assert recipe.transform(irregular_panel()).frame.equals(recipe.transform(other).frame)


@settings(max_examples=12)
@given(seed=st.integers(0, 10_000), share=st.floats(0.1, 1.0), days=st.integers(40, 60),
       clock=st.sampled_from(["naive", "aware", "autumn", "abstract"]))
def test_all_of_them_replay_on_any_panel(seed: int, share: float, days: int, clock: Clock) -> None:
    full = irregular_panel(seed, days, clock)
    recipe = Recipe("all", tuple(replace(case.values[0], name=f"f{i}")
                                 for i, case in enumerate(CASES)
                                 if clock != "abstract" or not case.values[0].needs_clock))
    times = np.unique(full.time.ns)
    cut = times[int(share * (times.size - 1))]
    values = recipe.transform(full).frame
    for changed in (known_at(full, cut), disturbed_after(full, cut)):
        until = pl.Series(changed.time.ns <= cut)
        again = recipe.transform(changed).frame.filter(until)
        assert values.head(again.height).equals(again)


def test_the_hour_that_comes_twice_is_there_twice() -> None:
    times = irregular_panel(clock="autumn").frame["when"].unique()
    twice = times.filter(times.dt.strftime("%m-%d %H") == "10-27 02")
    assert twice.dt.dst_offset().dt.total_hours().sort().to_list() == [0, 1]


def test_all_ids_differ() -> None:
    panel = irregular_panel()
    ids = [Recipe("r", (case.values[0],)).transform(panel).lineage[0].feature_id for case in CASES]
    assert len(set(ids)) == len(ids)


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), share=st.floats(0.1, 1.0), days=st.integers(20, 45))
def test_an_automatic_recipe_replays_on_any_panel(seed: int, share: float, days: int) -> None:
    full = irregular_panel(seed, days)
    recipe = default_recipe(full)
    times = np.unique(full.time.ns)
    short = known_at(full, times[int(share * (times.size - 1))])
    early = recipe.transform(full).frame.head(short.n_rows)
    assert recipe.transform(short).frame.equals(early)
