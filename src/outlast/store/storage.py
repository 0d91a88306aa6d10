"""Where everything is kept: a tree of files, in a folder or below the URL of an object store."""

from __future__ import annotations

import hashlib
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from outlast.errors import CorruptError, InputError
from outlast.store.stamps import check, parquet, stamped_json, unstamped_json
from outlast.untrusted import json_value, parquet_table


class Storage(ABC):
    """A tree of files. Names are relative and use "/"; what is written is there whole or not.

    Nothing but these methods touches a disk or a network, so that a fault can be put into any
    of them.

    Attributes
    ----------
    url : str
        The root, as a person would write it.
    """

    url: str

    def read_json(self, name: str) -> Any:
        """Return the value in a JSON file.

        Raises
        ------
        CorruptError
            If the file is missing or is not JSON.
        """
        data = self.read_text(name)
        try:
            return json_value(data)
        except ValueError as error:
            raise CorruptError(f"{self.url}/{name} is not JSON: {error}") from error

    def read_text(self, name: str) -> bytes:
        """Return a JSON text as it was written, without its stamp.

        Raises
        ------
        CorruptError
            If the file is missing or was changed.
        """
        data = self.read(name)
        try:
            return unstamped_json(data)
        except ValueError as error:
            raise CorruptError(f"{self.url}/{name} is damaged: {error}") from error

    def write_json(self, name: str, value: Any) -> None:
        """Write a value as indented JSON with a stamp, see `stamps`; NaN is refused."""
        self.write(name, stamped_json(json.dumps(value, indent=1, allow_nan=False)))

    def read_parquet(self, name: str, sha256: str | None = None) -> pl.DataFrame:
        """Return the table in a Parquet file.

        Raises
        ------
        CorruptError
            If the file is missing, is no Parquet, or is not what was written: by the hash that is
            given, else by its own stamp.
        """
        data = self.read(name)
        if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
            raise CorruptError(f"{self.url}/{name} was changed after it had been written")
        try:
            if sha256 is None:
                check(data)
            return parquet_table(data)
        except ValueError as error:
            raise CorruptError(f"{self.url}/{name} is no table: {error}") from error

    def write_parquet(self, name: str, frame: pl.DataFrame) -> str:
        """Write a table as zstd-compressed Parquet and return its hash."""
        data = parquet(frame)
        self.write(name, data)
        return hashlib.sha256(data).hexdigest()

    @abstractmethod
    def at(self, name: str) -> Storage:
        """Return the storage below a name."""

    @abstractmethod
    def read(self, name: str) -> bytes:
        """Return a file's content.

        Raises
        ------
        CorruptError
            If there is no such file.
        """

    @abstractmethod
    def write(self, name: str, data: bytes) -> None:
        """Write a file, replacing an older one.

        Raises
        ------
        StorePausedError
            If the disk is full or the store cannot be reached.
        StoreError
            If it may not be written for another reason.
        """

    @abstractmethod
    def create(self, name: str, data: bytes) -> bool:
        """Write a file unless there is one of that name; return whether this call made it.

        Of many processes that create the same name at once exactly one is told True.
        """

    @abstractmethod
    def exists(self, name: str) -> bool:
        """Whether there is a file of that name."""

    @abstractmethod
    def files(self, below: str = "") -> list[str]:
        """Return the names of all files below a folder, sorted; none if there is no folder."""

    @abstractmethod
    def folders(self, below: str = "") -> list[str]:
        """Return the names of the folders directly in a folder, sorted."""

    @abstractmethod
    def intact(self, name: str, sha256: str) -> bool:
        """Whether a file is there with that hash; in an object store, whether it is there."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Remove a file, or a folder with all that is in it; nothing happens if it is not there."""

    def inside(self, name: str) -> bool:  # noqa: ARG002
        """Whether no link on the way to a name leads out of the storage."""
        return True

    @abstractmethod
    def temporaries(self) -> list[str]:
        """Return the names of files that were being written when their process was killed."""

    @abstractmethod
    def rename(self, name: str, new: str) -> None:
        """Give a file or folder another name."""

    @abstractmethod
    def fetch(self, name: str, sha256: str) -> Path:
        """Return a path on this machine where the file can be read or mapped into memory.

        Raises
        ------
        CorruptError
            If the file is missing or its content has another hash.
        """

    @abstractmethod
    def scratch(self, name: str) -> AbstractContextManager[Path]:
        """Give a folder on this machine to make files in; they are kept below `name`.

        They are stored when the block ends, also where it ends with an error: a log may tell
        why. Nobody counts on them before something else names them.
        """

    @abstractmethod
    def lock(self, name: str) -> AbstractContextManager[None]:
        """Hold a lock while the block lasts; the holder's death gives it back.

        An object store has no locks: there two writers are harmless, since whoever creates a
        name first wins.

        Raises
        ------
        StoreLockedError
            At once, if another process holds it; it is named with machine and start.
        """


def check_name(name: str) -> str:
    """Return a name as it is if it stays below its root.

    Raises
    ------
    InputError
        For an absolute name, one with ``..`` or ``.``, a backslash or a NUL.

    Examples
    --------
    >>> check_name("job/record.json")
    'job/record.json'
    """
    parts = name.split("/")
    if name and (any(part in ("", ".", "..") for part in parts) or set(name) & {"\\", "\0"}):
        raise InputError(f"{name!r} is no name of a stored file; it must be relative, without "
                         "empty parts, '.' and '..'")
    return name


def open_storage(root: str | Path) -> Storage:
    """Return the storage at a local path or a URL such as ``s3://bucket/prefix``.

    Parameters
    ----------
    root : str or pathlib.Path

    Returns
    -------
    Storage

    Raises
    ------
    InputError
        For a URL with a password in it, or of a protocol that fsspec does not know.
    MissingDependencyError
        If the library for the protocol is not installed.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     storage = open_storage(folder)
    ...     storage.create("a/b.txt", b"first"), storage.create("a/b.txt", b"second")
    ...     storage.read("a/b.txt"), storage.files()
    (True, False)
    (b'first', ['a/b.txt'])
    """
    from outlast.store.local import LocalStorage

    text = os.path.expanduser(root)  # noqa: PTH111
    if "://" not in text:
        return LocalStorage(Path(text))
    if text.startswith("file://"):
        return LocalStorage(Path(text.removeprefix("file://")))
    from outlast.store.objects import ObjectStorage

    return ObjectStorage.open(text)


@contextmanager
def unlocked() -> Iterator[None]:
    """Stand in for a lock where there is none."""
    yield
