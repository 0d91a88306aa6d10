"""Where the rows of a panel lie when those of one entity stand below one another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from outlast.features.memory import Floats, empty

# Enough numbers to make a call of numpy cheap, few enough for the cache that cores share.
CELLS = 2**17


@dataclass(frozen=True, eq=False)
class Block:
    """Some entities side by side.

    Attributes
    ----------
    rows : ndarray of intp, shape (longest, entities), or slice
        The panel's row in each cell, where an entity has no more rows one behind the last.
        A slice stands for entities of a panel that has all entities at every time.
    size : int
        Number of cells.
    """

    rows: npt.NDArray[np.intp] | slice
    size: int


class Grid:
    """All entities of a panel, in blocks of about the same number of rows.

    Parameters
    ----------
    entity : ndarray of int64, shape (n,)
        Entity of each row, as a number from 0; the rows are in order of time.

    Examples
    --------
    >>> grid = Grid(np.array([0, 1, 0]))
    >>> total = grid.empty(1, np.float64)[0]
    >>> for block in grid.blocks:
    ...     grid.put(total, block, grid.cells(np.array([1.0, 2.0, 3.0]), block).cumsum(axis=0))
    >>> total[:3].tolist()
    [1.0, 2.0, 4.0]
    """

    def __init__(self, entity: npt.NDArray[np.int64]) -> None:
        self.n_rows = entity.size
        sizes = np.bincount(entity, minlength=1)
        self._entities = sizes.size
        complete = self.n_rows % sizes.size == 0 and np.array_equal(
            entity.reshape(-1, sizes.size),
            np.broadcast_to(np.arange(sizes.size), (self.n_rows // sizes.size, sizes.size)))
        blocks = _slices(self.n_rows, sizes.size) if complete else _gathered(entity, sizes)
        self.blocks = tuple(blocks) if self.n_rows else ()

    def cells(self, values: Floats, block: Block) -> Floats:
        """Return a column's values in the cells of a block; in cells without a row any value."""
        if isinstance(block.rows, slice):
            part = values.reshape(-1, self._entities)[:, block.rows]
            cells = empty(part.shape)
            cells[:] = part
            return cells
        return values.take(block.rows, mode="clip", out=empty(block.rows.shape))

    def empty(self, columns: int, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """Return arrays for `put`, of one number per row and a last one for empty cells."""
        return np.empty((columns, self.n_rows + 1), dtype=dtype)

    @np.errstate(over="ignore")
    def put(self, out: npt.NDArray[Any], block: Block, cells: Floats) -> None:
        """Write the cells of a block to the rows they belong to."""
        if isinstance(block.rows, slice):
            out[:-1].reshape(-1, self._entities)[:, block.rows] = cells
        else:
            out[block.rows] = cells


def _slices(n_rows: int, entities: int) -> Iterator[Block]:
    """Neighbours of a panel that has every entity at every time."""
    width = max(1, CELLS * entities // n_rows)
    for first in range(0, entities, width):
        last = min(first + width, entities)
        yield Block(slice(first, last), (last - first) * n_rows // entities)


def _gathered(entity: npt.NDArray[np.int64], sizes: npt.NDArray[np.intp]) -> Iterator[Block]:
    """Entities of similar length, so that at most half of the cells are empty."""
    rows = np.argsort(entity, kind="stable")
    starts = np.cumsum(sizes) - sizes
    order = np.argsort(-sizes, kind="stable")
    order = order[sizes[order] > 0]
    first = 0
    while first < order.size:
        longest = sizes[order[first]]
        alike = int(np.searchsorted(-sizes[order], -longest / 2, side="right"))
        last = min(alike, first + max(1, CELLS // longest))
        some = order[first:last]
        place = np.arange(longest)[:, None]
        behind = place >= sizes[some]
        cell = np.where(behind, 0, starts[some] + place)
        yield Block(np.where(behind, entity.size, rows[cell]), cell.size)
        first = last
