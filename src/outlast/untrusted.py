"""Reading files that others may have made: what is broken or meant to harm is a ValueError."""

from __future__ import annotations

import io
import json
import stat
import zipfile
import zlib
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
import polars as pl
import psutil

_MOST_UNPACKED = 2**30
# Bytes of a cell in memory where they are not eight; of a text they are the least that it takes.
_BYTES: dict[object, int] = {
    pl.Boolean: 1, pl.Int8: 1, pl.UInt8: 1, pl.Int16: 2, pl.UInt16: 2, pl.Int32: 4, pl.UInt32: 4,
    pl.Float32: 4, pl.Date: 4, pl.String: 16, pl.Binary: 16, pl.Int128: 16, pl.Null: 1}
MOST_JSON = 2**29  # bytes; a report of a hundred thousand trials takes a tenth of it


def file_bytes(path: Path, most: int | None = None) -> bytes:
    """Return the content of a regular file; a pipe or a device would never end.

    Parameters
    ----------
    path : pathlib.Path
    most : int, optional
        The largest size in bytes that such a file can have.

    Returns
    -------
    bytes

    Raises
    ------
    OSError
        If there is no such file, or it cannot be read.
    ValueError
        If it is no regular file, or larger.
    """
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(21, "is a folder", str(path))
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("it is no regular file but a pipe, a socket or a device")
    if most is not None and status.st_size > most:
        raise ValueError(f"it has {status.st_size:,} bytes, and at most {most:,} can be")
    return path.read_bytes()


def json_value(data: bytes) -> Any:
    """Return the value of a JSON text, which has no NaN and no endless nesting.

    Raises
    ------
    ValueError
        If it is anything else.

    Examples
    --------
    >>> json_value(b'{"a": [1, 2.5]}')
    {'a': [1, 2.5]}
    >>> json_value(b'{"a": NaN}')
    Traceback (most recent call last):
    ValueError: NaN is no number of JSON
    """
    try:
        value = json.loads(data, parse_constant=_no_number)
        if b"\\ud" in data.lower():
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    except UnicodeEncodeError as error:
        raise ValueError("it holds half of a character, which no file can") from error
    return value


def parquet_table(source: Path | bytes | io.BytesIO) -> pl.DataFrame:
    """Return the table in a Parquet file.

    Raises
    ------
    ValueError
        If it is no Parquet, is broken, or claims more than fits into memory.
    """
    try:
        whole = io.BytesIO(source) if isinstance(source, bytes) else source
        table = pl.scan_parquet(whole, hive_partitioning=False)
        check_claim(table)
        return table.collect()
    # Polars panics on some broken files; its panic is no Exception.
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError,
            MemoryError) as error:
        raise ValueError(str(error)) from error


def check_claim(table: pl.LazyFrame) -> None:
    """Raise ValueError for a file whose footer claims more rows than fit into memory.

    A few thousand bytes can hold millions of equal rows. What a footer says may be a lie, and it
    says nothing of the length of texts and lists.
    """
    kinds = table.collect_schema().dtypes()
    height = int(table.select(pl.len()).collect().item())
    if height * sum(_BYTES.get(kind.base_type(), 8) for kind in kinds) > free_memory():
        raise ValueError(f"it claims to have {height:,} rows of {len(kinds):,} columns, which do "
                         "not fit into memory")


def free_memory() -> int:
    """Bytes that this process can still get: of the machine, and of what it was allowed."""
    free = int(psutil.virtual_memory().available)
    if hasattr(psutil, "RLIMIT_AS"):
        allowed, _ = psutil.Process().rlimit(psutil.RLIMIT_AS)
        free = free if allowed == psutil.RLIM_INFINITY else min(free, allowed)
    return free


def npz_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of a NumPy archive; what would be made by running code is refused.

    Raises
    ------
    ValueError
        If it is no such archive, is broken, or unpacks to far more than it holds.
    """
    try:
        with zipfile.ZipFile(path) as packed:
            unpacked = sum(entry.file_size for entry in packed.infolist())
        most = max(_MOST_UNPACKED, 2 * path.stat().st_size)
        if unpacked > most:
            raise ValueError(f"it unpacks to {unpacked:,} bytes, and at most {most:,} can be")
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except FileNotFoundError:
        raise
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, MemoryError) as error:
        raise ValueError(f"{path.name}: {error}") from error


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
