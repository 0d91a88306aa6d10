"""Numbers in a file on disk as columns of polars, without a copy: all processes share one.

Polars reads Arrow files into memory of its own, so each process would hold a copy. Here the file is
a NumPy array, which the system maps, and polars is given the address of each column by the Arrow
C data interface.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

_RELEASE = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
# Polars calls this when a column is dropped, which may be while an exception is on its way, or
# after the last line of Python: so it must be a function in C, and it must do nothing.
_NOTHING = ctypes.cast(ctypes.pythonapi.Py_IsInitialized, _RELEASE)


class _Schema(ctypes.Structure):
    _fields_ = (("format", ctypes.c_char_p), ("name", ctypes.c_char_p),
                ("metadata", ctypes.c_char_p), ("flags", ctypes.c_int64),
                ("n_children", ctypes.c_int64), ("children", ctypes.c_void_p),
                ("dictionary", ctypes.c_void_p), ("release", _RELEASE),
                ("private_data", ctypes.c_void_p))


class _Array(ctypes.Structure):
    _fields_ = (("length", ctypes.c_int64), ("null_count", ctypes.c_int64),
                ("offset", ctypes.c_int64), ("n_buffers", ctypes.c_int64),
                ("n_children", ctypes.c_int64), ("buffers", ctypes.c_void_p),
                ("children", ctypes.c_void_p), ("dictionary", ctypes.c_void_p),
                ("release", _RELEASE), ("private_data", ctypes.c_void_p))


def mapped_columns(path: Path, names: Sequence[str]) -> pl.DataFrame:
    """Return the rows of a stored float32 array as columns that live in the file.

    Parameters
    ----------
    path : pathlib.Path
        A ``.npy`` file of shape (columns, rows); it must not be changed while it is in use.
    names : sequence of str

    Returns
    -------
    polars.DataFrame
    """
    status = path.stat()
    lent = _lent(path, (status.st_ino, status.st_size, status.st_mtime_ns))
    return pl.DataFrame([pl.Series(column).alias(name)
                         for name, column in zip(names, lent, strict=True)])


@cache
def _lent(path: Path, look: tuple[int, ...]) -> tuple[_Lent, ...]:  # noqa: ARG001
    """Map a file for as long as the process lives: columns may be in use anywhere.

    What is mapped costs addresses only; the system takes the memory back when it needs it.
    """
    return tuple(map(_Lent, np.load(path, mmap_mode="r", allow_pickle=False)))


class _Lent:
    """One contiguous float32 column as an object of the Arrow C data interface."""

    def __init__(self, values: npt.NDArray[np.float32]) -> None:
        self._values = values
        self._buffers = (ctypes.c_void_p * 2)(None, values.ctypes.data)

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[Any, Any]:
        self._schema = _Schema(format=b"f", name=b"", flags=2, release=_NOTHING)
        self._array = _Array(length=len(self._values), n_buffers=2, release=_NOTHING,
                             buffers=ctypes.addressof(self._buffers))
        return _capsule(self._schema, b"arrow_schema"), _capsule(self._array, b"arrow_array")


_capsule_new = ctypes.pythonapi.PyCapsule_New
_capsule_new.restype = ctypes.py_object
_capsule_new.argtypes = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p


def _capsule(structure: ctypes.Structure, name: bytes) -> Any:
    """Hand out a structure; polars moves its content out at once."""
    return _capsule_new(ctypes.addressof(structure), name, None)
