"""The only functions of the package that put bytes on a disk."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import polars as pl

from outlast.errors import StoreError


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all.

    Parameters
    ----------
    path : pathlib.Path
        Its folder is made when it is missing.
    data : bytes

    Raises
    ------
    StoreError
        If the folder or the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name}.", suffix=".tmp", delete=False
        ) as handle:
            temporary = Path(handle.name)
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        raise StoreError(f"cannot write {str(path)!r}: {error.strerror or error}; choose another "
                         "folder with --reports or free some space") from error


def write_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON; NaN is refused."""
    write_atomic(path, (json.dumps(value, indent=1, allow_nan=False) + "\n").encode())


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises
    ------
    StoreError
        If the file is missing or is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(f"cannot read {str(path)!r}: {error}") from error


def write_parquet(path: Path, frame: pl.DataFrame) -> None:
    """Write a table as zstd-compressed Parquet, whole or not at all."""
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd")
    write_atomic(path, buffer.getvalue())


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's content in hex."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def check_writable(folder: Path) -> None:
    """Raise before any compute if results could not be saved.

    Raises
    ------
    StoreError
        If a file cannot be made in the folder.
    """
    probe = folder / ".write-test"
    write_atomic(probe, b"")
    probe.unlink()


def point_latest(root: Path, folder: Path) -> None:
    """Make ``<root>/latest`` a link to a folder beside it, replacing an older link."""
    link = root / "latest"
    temporary = root / f".latest-{os.getpid()}"
    try:
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(folder.name, target_is_directory=True)
        temporary.replace(link)
    except OSError:
        # A file system without links gets the folder's name as text instead.
        temporary.unlink(missing_ok=True)
        write_atomic(root / "latest.txt", folder.name.encode())
