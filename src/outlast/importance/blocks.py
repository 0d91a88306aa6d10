"""Rows of the same time, and permutations that respect them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

# With fewer rows at the time of a typical row there is nothing to permute within it.
_FEWEST_PER_TIME = 3
# So many distinct times are kept at least where rows are sampled.
_FEWEST_TIMES = 50


def time_blocks(time: npt.NDArray[np.int64]) -> Ints:
    """Return the block of each row, within which values may change places.

    A block is a timestamp where at least three rows share that of the typical row, as in a
    panel: rows then keep the market, season or weather of their time. Otherwise all rows are
    one block.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)

    Returns
    -------
    ndarray of int, shape (n,)
        Blocks are counted from 0 in order of time.

    Examples
    --------
    >>> time_blocks(np.array([5, 5, 5, 9, 9, 9])).tolist()
    [0, 0, 0, 1, 1, 1]
    >>> time_blocks(np.array([5, 6, 7])).tolist()
    [0, 0, 0]
    """
    _, block, counts = np.unique(time, return_inverse=True, return_counts=True)
    if not len(time) or np.median(counts[block]) < _FEWEST_PER_TIME:
        return np.zeros(len(time), dtype=np.intp)
    return block.astype(np.intp)


def spread_rows(time: npt.NDArray[np.int64], most: int, seed: int = 0) -> Ints:
    """Choose at most so many rows, evenly spread over time, whole timestamps where possible.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
    most : int
    seed : int, default 0
        Decides which rows of a timestamp are taken that has too many.

    Returns
    -------
    ndarray of int
        Positions, ascending.

    Examples
    --------
    >>> len(spread_rows(np.repeat(np.arange(500), 2), 100))
    100
    """
    if len(time) <= most:
        return np.arange(len(time))
    rng = np.random.default_rng(seed)
    distinct, block = np.unique(time, return_inverse=True)
    n_times = min(len(distinct), max(most * len(distinct) // len(time), _FEWEST_TIMES), most)
    taken = np.zeros(len(distinct), dtype=bool)
    # One at random in each of equal stretches: a fixed step may meet the same weekday each time.
    stretch = np.arange(n_times) + rng.random(n_times)
    taken[(stretch * len(distinct) / n_times).astype(np.intp)] = True
    # In random order within each timestamp, so that the first of them are a random choice.
    order = np.lexsort((rng.random(len(time)), block))
    place = np.arange(len(time)) - np.searchsorted(block[order], block[order])
    chosen = order[taken[block[order]] & (place < max(1, most // n_times))]
    return np.sort(chosen)


@dataclass(frozen=True, eq=False)
class Shuffles:
    """Some permutations of the same rows, drawn once, so that all features meet the same ones.

    A column that varies within some block is permuted within each block; one that is constant
    inside of every block, such as a calendar or macro column, has the values of whole blocks
    exchanged. Each permutation is one cycle: no row, or block, keeps its own value.

    Attributes
    ----------
    blocks : ndarray of int, shape (n,)
    within, across : ndarray of int, shape (n_repeats, n)
        The row whose value each row gets.

    Examples
    --------
    >>> shuffles = Shuffles.draw(np.array([0, 0, 1, 1]), n_repeats=1)
    >>> shuffles.of(np.array([1.0, 2.0, 3.0, 4.0])).tolist()
    [[2.0, 1.0, 4.0, 3.0]]
    >>> shuffles.of(np.array([1.0, 1.0, 3.0, 3.0])).tolist()
    [[3.0, 3.0, 1.0, 1.0]]
    """

    blocks: Ints
    within: Ints
    across: Ints

    @classmethod
    def draw(cls, blocks: Ints, n_repeats: int = 5, seed: int = 0) -> Shuffles:
        """Draw permutations of rows with blocks from 0, none of them empty."""
        rng = np.random.default_rng(seed)
        n = len(blocks)
        first = np.unique(blocks, return_index=True)[1] if n else np.empty(0, dtype=np.intp)
        within = [_cycle(blocks, rng) for _ in range(n_repeats)]
        across = [first[_cycle(np.zeros(len(first), dtype=np.intp), rng)][blocks]
                  for _ in range(n_repeats)]
        shape = (n_repeats, n)
        return cls(blocks, np.reshape(within, shape), np.reshape(across, shape))

    @property
    def n_repeats(self) -> int:
        """How many permutations there are."""
        return len(self.within)

    def of(self, values: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        """Return a column (n,) under each permutation, shape (n_repeats, n)."""
        return values[self.across if self._is_constant_inside(values) else self.within]

    def _is_constant_inside(self, values: npt.NDArray[np.floating]) -> bool:
        if self.blocks.max(initial=0) == 0:  # a single block has no other to exchange with
            return False
        first = np.unique(self.blocks, return_index=True)[1]
        return np.array_equal(values, values[first][self.blocks], equal_nan=True)


def _cycle(blocks: Ints, rng: np.random.Generator) -> Ints:
    """For each row the next one of its block in a random order, the first one for the last."""
    order = np.lexsort((rng.random(len(blocks)), blocks))
    sorted_blocks = blocks[order]
    starts = np.searchsorted(sorted_blocks, sorted_blocks)
    place = np.arange(len(blocks)) + 1
    is_last = np.append(sorted_blocks[1:] != sorted_blocks[:-1], True)[: len(blocks)]
    source = np.empty(len(blocks), dtype=np.intp)
    source[order] = order[np.where(is_last, starts, place)]
    return source
