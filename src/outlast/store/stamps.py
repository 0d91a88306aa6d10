"""Each JSON and Parquet file of the store carries the hash of its own content.

The hash stands in the file itself, so that one write makes both: in JSON as the last key, in
Parquet among the metadata of the footer. It is taken while zeros stand in its place. A file without
one is of an older version, and is believed.
"""

from __future__ import annotations

import io
from hashlib import sha256

import polars as pl

_KEY = "stamp"
_MARK = b"outlast-sha256:"
_LENGTH = 64
_BLANK = (_MARK + b"0" * _LENGTH).decode()
_LINE = f',\n "{_KEY}": "'.encode()


def stamped_json(text: str) -> bytes:
    r"""Return an indented JSON object with its stamp; anything else as it is.

    Examples
    --------
    >>> stamped = stamped_json('{\n "a": 1\n}')
    >>> unstamped_json(stamped)
    b'{\n "a": 1\n}'
    >>> unstamped_json(stamped.replace(b"1", b"2"))
    Traceback (most recent call last):
    ValueError: it was changed after it had been written
    """
    body = text.removesuffix("\n}")
    if body == text:
        return f"{text}\n".encode()
    return _filled(body.encode() + _LINE + f'{_BLANK}"\n}}\n'.encode())


def unstamped_json(data: bytes) -> bytes:
    """Return a JSON text as it was before it was stamped.

    Raises
    ------
    ValueError
        If it is not what was stamped.
    """
    check(data)
    body, line, rest = data.rpartition(_LINE + _MARK)
    return body + b"\n}" if line and len(rest) == _LENGTH + 4 else data


def parquet(frame: pl.DataFrame) -> bytes:
    """Return a table as the bytes of a zstd-compressed Parquet file with its stamp."""
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd", metadata={_KEY: _BLANK})
    return _filled(buffer.getvalue())


def check(data: bytes) -> None:
    """Compare a file with its stamp, if it has one.

    Raises
    ------
    ValueError
        If it is not what was stamped.
    """
    at = data.rfind(_MARK) + len(_MARK)
    if at >= len(_MARK) and _digest(data, at) != data[at:at + _LENGTH]:
        raise ValueError("it was changed after it had been written")


def _filled(data: bytes) -> bytes:
    at = data.rfind(_MARK) + len(_MARK)
    return data[:at] + _digest(data, at) + data[at + _LENGTH:]


def _digest(data: bytes, at: int) -> bytes:
    view, digest = memoryview(data), sha256()
    for part in (view[:at], b"0" * _LENGTH, view[at + _LENGTH:]):
        digest.update(part)
    return digest.hexdigest().encode()
