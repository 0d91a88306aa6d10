"""The content of a table as one hash that no library version changes."""

from __future__ import annotations

import hashlib

import polars as pl

# Columns hashed by their text: categories may be numbered differently each time, and numpy
# has no numbers of 128 bits.
_AS_TEXT = (pl.String, pl.Categorical, pl.Enum, pl.Int128, pl.UInt128)


def table_hash(table: pl.DataFrame) -> str:
    """Return a hash of names, types and values, in their order.

    Examples
    --------
    >>> table_hash(pl.DataFrame({"a": [1]})) == table_hash(pl.DataFrame({"a": [2]}))
    False
    """
    digest = hashlib.sha256()
    for column in table:
        digest.update(f"{column.name}\0{column.dtype}\0{len(column)}\0".encode())
        for buffer in _column_bytes(column):
            digest.update(buffer)
    return digest.hexdigest()[:16]


def _column_bytes(column: pl.Series) -> list[bytes]:
    nulls = column.is_null().to_numpy().tobytes()
    if column.dtype == pl.Null:
        return [nulls]
    if column.dtype in _AS_TEXT:
        text = column.cast(pl.String).fill_null("")
        return [nulls, text.str.len_bytes().to_numpy().tobytes(), "".join(text).encode()]
    if column.dtype.is_nested() or column.dtype in (pl.Object, pl.Binary):
        return [nulls, repr(column.to_list()).encode()]
    physical = column.to_physical()
    return [nulls, physical.fill_null(strategy="zero").to_numpy().tobytes()]
