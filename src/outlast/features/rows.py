"""Steps of window formulas: rows of arrays combined with rows further up, and their weights."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from outlast.features.memory import Floats, empty

# Numpy spreads one number over a row quickly only if the row is long.
_NARROW = 32


class Counts:
    """How many known values the windows of a block hold.

    Parameters
    ----------
    known : ndarray of bool, shape (rows, entities) or (rows, 1)
        A single column stands for all entities.
    """

    def __init__(self, known: npt.NDArray[np.bool_]) -> None:
        self._known = known
        self._shares: dict[tuple[int, int], tuple[Floats, Floats]] = {}

    @classmethod
    @lru_cache(maxsize=64)
    def of(cls, rows: int, entities: int) -> Counts:
        """Return the counts of blocks in which every value is known."""
        return cls(np.ones((rows, entities if entities < _NARROW else 1), dtype=bool))

    @cached_property
    def so_far(self) -> Floats:
        """The counts of all rows up to each."""
        counts: Floats = np.cumsum(self._known, axis=0, dtype=np.float64)
        return counts

    def within(self, rows: int) -> Floats:
        """Return the counts of the last `rows` rows."""
        if rows >= len(self.so_far):
            return self.so_far
        counts = self.so_far.copy()
        counts[rows:] -= self.so_far[:-rows]
        return counts

    def shares(self, rows: int, more: int) -> tuple[Floats, Floats]:
        """Return the weights for a merge of the last `rows` rows with the `more` before them.

        Returns
        -------
        ndarray
            How far the mean moves towards that of the earlier rows.
        ndarray
            What a squared step of that length adds to the squared distances.
        """
        if (rows, more) not in self._shares:
            later, earlier = self.within(rows)[rows:], self.within(more)[:-rows]
            share = earlier / np.maximum(later + earlier, 1)
            weight = later * (later + earlier) / np.maximum(earlier, 1)
            self._shares[rows, more] = share, weight
        return self._shares[rows, more]


def by_rows(ufunc: np.ufunc, values: Floats, factor: Floats, out: Floats | None = None) -> Floats:
    """Apply a factor per row; from where it stays the same it is one number, which is faster."""
    out = empty(values.shape) if out is None else out
    if factor.shape == values.shape:
        return ufunc(values, factor, out=out)  # type: ignore[no-any-return]
    changing = np.flatnonzero(factor[:, 0] != factor[-1, 0])
    steady = changing[-1] + 1 if changing.size else 0
    if steady:
        ufunc(values[:steady], factor[:steady], out=out[:steady])
    ufunc(values[steady:], factor[-1, 0], out=out[steady:])
    return out


def shifted(
    ufunc: np.ufunc, later: Floats, earlier: Floats, by: int, *, fresh: bool = False
) -> Floats:
    """Combine each row with the one `by` rows earlier, if there is one."""
    if by >= len(later) and not fresh:
        return later
    merged = empty(later.shape)
    merged[:by or None] = later[:by or None]
    if 0 < by < len(later):
        ufunc(later[by:], earlier[:-by], out=merged[by:])
    return merged


def moved(later: Floats, change: Floats, by: int) -> Floats:
    """Add a change to all rows but the first `by`."""
    result = empty(later.shape)
    result[:by] = later[:by]
    np.add(later[by:], change, out=result[by:])
    return result


def faded(state: Any, fade: Floats, merge: Callable[[Any, Floats, int], Any]) -> Any:
    """Reach back 1, 2, 4, ... rows, until the weights are too small for a number."""
    by = 1
    while by < len(fade) and fade[by:].any():
        state = merge(state, fade[by:], by)
        fade = np.concatenate([fade[:by], fade[by:] * fade[:-by]])
        by *= 2
    return state


def faded_sums(state: tuple[Floats, ...], fade: Floats, by: int) -> tuple[Floats, ...]:
    """Add what is `by` rows earlier, with less weight."""
    return tuple(moved(part, by_rows(np.multiply, part[:-by], fade), by) for part in state)


def faded_moments(state: tuple[Floats, ...], fade: Floats, by: int) -> tuple[Floats, ...]:
    """Merge weights, squared weights, means and squares with those `by` rows earlier."""
    weight, squared, mean, squares = state
    before = fade * weight[:-by]
    total = moved(weight, before, by)
    share = before / np.maximum(total[by:], np.finfo(float).tiny)
    apart = np.subtract(mean[:-by], mean[by:], out=empty(mean[by:].shape))
    new_mean = moved(mean, by_rows(np.multiply, apart, share), by)
    apart *= apart
    by_rows(np.multiply, apart, weight[by:] * share, out=apart)
    apart += by_rows(np.multiply, squares[:-by], fade)
    return (total, moved(squared, fade * fade * squared[:-by], by), new_mean,
            moved(squares, apart, by))
