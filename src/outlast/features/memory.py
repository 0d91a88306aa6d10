"""Arrays that are used again: asking the system for new pages costs more than adding numbers."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_THREAD = threading.local()
_SLAB = 2**21
# Small ones cost nothing anyway.
_SMALL = 2**10


def reuse(cells: int) -> None:
    """Let the arrays of up to `cells` numbers that this thread makes by `empty` share memory.

    The memory goes back to the system when the thread ends.

    Examples
    --------
    >>> reuse(4000)
    >>> first = empty((2, 2000))
    >>> place = first.ctypes.data
    >>> del first
    >>> empty((2000, 2)).ctypes.data == place
    True
    """
    _THREAD.pool = (cells, [])


def empty(shape: tuple[int, ...]) -> Floats:
    """Return an array whose memory is used again as soon as nothing refers to it."""
    cells, free = getattr(_THREAD, "pool", (0, []))
    if not _SMALL < math.prod(shape) <= cells:
        return np.empty(shape)
    if not free:
        # The system hands out much memory at once in large pages, which costs less.
        free.extend(np.empty((max(1, _SLAB // cells), cells)))
    return np.asarray(_Lease(free.pop(), shape, free))


class _Lease:
    """What numpy keeps alive as long as an array, or a view of it, is in use."""

    __slots__ = ("__array_interface__", "_buffer", "_free")

    def __init__(self, buffer: Floats, shape: tuple[int, ...], free: list[Any]) -> None:
        self._buffer, self._free = buffer, free
        self.__array_interface__ = {**buffer.__array_interface__, "shape": shape}

    def __del__(self) -> None:
        self._free.append(self._buffer)
