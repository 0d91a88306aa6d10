"""How the rows of two splitters are compared, and the times that they are compared on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from outlast.errors import InputError

HOUR = np.timedelta64(3_600 * 10**9, "ns")
START = np.datetime64("2024-01-01", "ns")


def assert_same_rows(ours: Iterable[Any], theirs: Iterable[Any], order: Any = None) -> None:
    """Compare fold by fold, up to one that nothing trains: others yield it, ours is an error.

    `order` holds our row for each of theirs, where theirs must be sorted by time.
    """
    mine = iter(ours)
    for sides in theirs:
        train, test = sides if order is None else (order[side] for side in sides)
        if not len(train):
            with pytest.raises(InputError, match="no row is left to train on"):
                next(mine)
            return
        got = next(mine)
        assert got[0].tolist() == sorted(train)
        assert got[1].tolist() == sorted(test)
    assert next(mine, None) is None, "ours has more folds"


@st.composite
def series(draw: st.DrawFn, min_size: int = 24, max_size: int = 40) -> np.ndarray:
    """One row per timestamp, with holes of up to four hours, in any order."""
    steps = draw(st.lists(st.integers(1, 5), min_size=min_size, max_size=max_size))
    order = draw(st.permutations(range(len(steps))))
    return START + np.cumsum(steps)[order] * HOUR


@st.composite
def panels(draw: st.DrawFn, n_times: int = 20, max_entities: int = 4) -> np.ndarray:
    """Timestamps that some of the entities have a row at, in any order."""
    steps = draw(st.lists(st.integers(1, 5), min_size=n_times, max_size=n_times))
    present = draw(st.lists(st.integers(1, max_entities), min_size=n_times, max_size=n_times))
    order = draw(st.permutations(range(sum(present))))
    return START + np.repeat(np.cumsum(steps), present)[order] * HOUR


def labels(time: np.ndarray, steps: int) -> np.ndarray:
    """Label ends at the `steps`-th next timestamp, which goes on by the hour behind the data."""
    distinct = np.unique(time)
    known = np.append(distinct, distinct[-1] + np.arange(1, steps + 1) * HOUR)
    return known[np.searchsorted(distinct, time) + steps]
