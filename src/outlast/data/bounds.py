"""What a table can be at most: looked at before a file that others have made is read whole."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar

import polars as pl

from outlast.untrusted import check_claim, free_memory

Source = Path | io.BytesIO
T = TypeVar("T")

MOST_COLUMNS = 100_000
_LONGEST_LINE = 2**24
# No table is packed as well as what is made to fill the memory.
_USUAL_SIZE, _MOST_RATIO = 2**28, 300
_ZSTD = b"\x28\xb5\x2f\xfd"


def check_first_line(source: Source) -> None:
    """Raise ValueError unless a CSV file begins as a table may: with a line of some columns."""
    with _opened(source) as file:
        if file.read(4) == _ZSTD:
            return
        file.seek(0)
        line = file.readline(_LONGEST_LINE)
    if len(line) == _LONGEST_LINE:
        raise ValueError(f"its first line is longer than {_LONGEST_LINE:,} bytes; a CSV file has "
                         "the names of its columns there, and one line for each row")
    check_width(1 + max(line.count(separator) for separator in (b",", b";", b"\t", b"|")))


def check_width(n_columns: int) -> None:
    """Raise ValueError for more columns than anybody can mean."""
    if n_columns > MOST_COLUMNS:
        raise ValueError(f"it has {n_columns:,} columns, and at most {MOST_COLUMNS:,} are read; "
                         "put what is measured again and again into rows")


def check_size(table: pl.LazyFrame) -> None:
    """Raise ValueError for a table that claims more than could be read."""
    check_width(len(table.collect_schema()))
    check_claim(table)


def unpacked(source: Source) -> io.BytesIO:
    """Unpack a gzip file as far as memory allows: a small file may hold a huge one."""
    most, made = free_memory() // 2, io.BytesIO()
    with _opened(source) as packed, gzip.open(packed) as file:
        while chunk := file.read(2**22):
            made.write(chunk)
            if made.tell() > min(most, max(_USUAL_SIZE, _MOST_RATIO * packed.tell())):
                raise ValueError(f"it unpacks to more than {_MOST_RATIO} times its size, or than "
                                 f"{most:,} bytes, half of the memory that is free; read it "
                                 "elsewhere and write it as Parquet")
    return from_start(made)


@contextmanager
def _opened(source: Source) -> Iterator[BinaryIO]:
    """Give the bytes of a source from their start."""
    if isinstance(source, Path):
        with source.open("rb") as file:
            yield file
    else:
        yield from_start(source)
        source.seek(0)


def from_start(source: T) -> T:
    """Return a source that is read from its start."""
    if isinstance(source, io.BytesIO):
        source.seek(0)
    return source
