"""Files outside of any store: reports, and whatever a command is asked to write."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from outlast.store.local import LocalStorage


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
    LocalStorage(path.parent).write(path.name, data)


def write_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON; NaN is refused."""
    write_atomic(path, (json.dumps(value, indent=1, allow_nan=False) + "\n").encode())


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
