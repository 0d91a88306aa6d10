from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import rankdata

from outlast.errors import InputError
from outlast.features import Recipe
from outlast.features.base import TIME, Feature
from outlast.features.cross_section import (
    CrossSectionDemean,
    CrossSectionRank,
    CrossSectionZScore,
    GroupAggregate,
    Market,
)
from tests.features import irregular

FRAME, CONTEXT = irregular.keyed(irregular.panel())
X = FRAME["x"].fill_null(np.nan).to_numpy()
TIMES = FRAME[TIME].to_numpy()


def compute(feature: Feature) -> np.ndarray:  # type: ignore[type-arg]
    return feature.compute(FRAME, CONTEXT).fill_null(np.nan).to_numpy()


def test_rank_and_demean_per_timestamp() -> None:
    rank, distance = np.full(len(X), np.nan), np.full(len(X), np.nan)
    for time in np.unique(TIMES):
        rows = np.flatnonzero((time == TIMES) & ~np.isnan(X))
        if rows.size:
            rank[rows] = (rankdata(X[rows]) - 0.5) / rows.size
            distance[rows] = X[rows] - X[rows].mean()
    np.testing.assert_allclose(compute(CrossSectionRank("f", "x")), rank)
    np.testing.assert_allclose(compute(CrossSectionDemean("f", "x")), distance, atol=1e-15)


def test_z_score_per_timestamp() -> None:
    expected = np.full(len(X), np.nan)
    for time in np.unique(TIMES):
        rows = np.flatnonzero((time == TIMES) & ~np.isnan(X))
        if rows.size > 1:
            expected[rows] = (X[rows] - X[rows].mean()) / X[rows].std(ddof=1)
    assert np.isfinite(expected).any()
    np.testing.assert_allclose(compute(CrossSectionZScore("f", "x")), expected, atol=1e-12)


@pytest.mark.parametrize("statistic", ["mean", "std", "count"])
def test_group_aggregates(statistic: Any) -> None:
    table = FRAME.select(TIME, "group", "x").to_pandas()
    expected = table.groupby([TIME, "group"])["x"].transform(statistic).to_numpy(dtype=float)
    found = compute(GroupAggregate("f", "x", by="group", statistic=statistic))
    expected = np.where(table["group"].isna(), np.nan, expected)
    assert np.isfinite(expected).any()
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_groups_may_be_of_any_type_but_what_is_aggregated_may_not() -> None:
    def recipe(source: str) -> Recipe:
        return Recipe("r", (GroupAggregate("f", source, by="group"),))

    assert recipe("x").lineage(irregular.panel())[0].roots == ("x", "group")
    with pytest.raises(InputError, match="'f' needs numbers, but 'group' is String"):
        recipe("group").transform(irregular.panel())
    with pytest.raises(InputError, match="unknown statistic 'sum'"):
        GroupAggregate("f", "x", by="group", statistic="sum")  # type: ignore[arg-type]


def test_ties_share_their_rank() -> None:
    same = FRAME.with_columns(x=FRAME["x"] * 0)
    ranks = CrossSectionRank("f", "x").compute(same, CONTEXT).drop_nulls()
    assert ranks.unique().to_list() == [0.5]


@pytest.mark.parametrize("timestamps", [1, 4])
def test_market_counts_each_timestamp_once(timestamps: int) -> None:
    distinct = np.unique(TIMES)
    means = np.array([X[(t == TIMES) & ~np.isnan(X)].mean() if (~np.isnan(X[t == TIMES])).any()
                      else np.nan for t in distinct])
    expected = np.full(len(X), np.nan)
    for i, time in enumerate(distinct):
        window = means[max(0, i - timestamps + 1) : i + 1]
        known = window[~np.isnan(window)]
        if known.size >= (timestamps + 1) // 2:
            expected[time == TIMES] = known.mean()
    np.testing.assert_allclose(compute(Market("f", "x", timestamps=timestamps)), expected)


def test_bad_parameters_are_refused() -> None:
    with pytest.raises(InputError, match="timestamps must be >= 1"):
        Market("f", "x", timestamps=0)
    with pytest.raises(InputError, match="unknown statistic 'media'"):
        Market("f", "x", statistic="media")  # type: ignore[arg-type]
