"""Files below a URL of an object store, through fsspec."""

from __future__ import annotations

import hashlib
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from outlast.data.files import cloud_errors, open_filesystem
from outlast.errors import CorruptError, StorePausedError
from outlast.store.local import LocalStorage
from outlast.store.storage import Storage, check_name, unlocked

T = TypeVar("T")

_TRIES = 5
_FIRST_WAIT = 0.2
# Answers of a store, not faults of the way to it: trying again changes nothing.
_ANSWERS = (FileNotFoundError, FileExistsError, PermissionError)


class ObjectStorage(Storage):
    """Everything below a URL; open one with `open_storage`.

    A fault is tried again with growing pauses; then the store counts as out of reach.

    Parameters
    ----------
    filesystem : fsspec.AbstractFileSystem
    root : str
        Bucket and prefix, without the protocol.
    url : str
    """

    def __init__(self, filesystem: Any, root: str, url: str) -> None:
        self._filesystem = filesystem
        self._root = root.rstrip("/")
        self.url = url.rstrip("/")

    @classmethod
    def open(cls, url: str) -> ObjectStorage:
        """Open a URL; see `open_storage`."""
        filesystem, root = open_filesystem(url, "results")
        return cls(filesystem, root, url)

    def at(self, name: str) -> ObjectStorage:
        """See `Storage.at`."""
        return ObjectStorage(self._filesystem, self._path(name), f"{self.url}/{name}")

    def read(self, name: str) -> bytes:
        """See `Storage.read`."""
        path = self._path(name)
        try:
            return bytes(self._patiently(lambda: self._filesystem.cat_file(path)))
        except FileNotFoundError as error:
            raise CorruptError(f"there is no {self.url}/{name}") from error

    def write(self, name: str, data: bytes) -> None:
        """See `Storage.write`."""
        self._patiently(lambda: self._filesystem.pipe_file(self._path(name), data))

    def create(self, name: str, data: bytes) -> bool:
        """See `Storage.create`."""
        path = self._path(name)
        try:
            self._patiently(lambda: self._filesystem.pipe_file(path, data, mode="create"))
        except FileExistsError:
            # After a lost answer the second try finds what the first one made.
            return self.read(name) == data
        return True

    def exists(self, name: str) -> bool:
        """See `Storage.exists`."""
        return bool(self._patiently(lambda: self._filesystem.isfile(self._path(name))))

    def files(self, below: str = "") -> list[str]:
        """See `Storage.files`."""
        root, start = f"{self._root}/", self._path(below)
        found = self._patiently(lambda: self._fresh().find(start))
        return sorted(str(path).lstrip("/").removeprefix(root.lstrip("/")) for path in found)

    def folders(self, below: str = "") -> list[str]:
        """See `Storage.folders`."""
        inside = f"{below}/" if below else ""
        parts = (name.removeprefix(inside).split("/") for name in self.files(below))
        return sorted({first for first, *rest in parts if rest})

    def intact(self, name: str, sha256: str) -> bool:  # noqa: ARG002
        """See `Storage.intact`: the store keeps checksums of its own."""
        return self.exists(name)

    def remove(self, name: str) -> None:
        """See `Storage.remove`."""
        path = self._path(name)
        if self._patiently(lambda: self._fresh().exists(path)):
            self._patiently(lambda: self._filesystem.rm(path, recursive=True))

    def temporaries(self) -> list[str]:
        """See `Storage.temporaries`: an object is there whole or not."""
        return []

    def rename(self, name: str, new: str) -> None:
        """See `Storage.rename`; here a copy, then a removal."""
        for file in self.files(name) or [name]:
            self.write(f"{new}{file.removeprefix(name)}", self.read(file))
        self.remove(name)

    def fetch(self, name: str, sha256: str) -> Path:
        """See `Storage.fetch`; the file is copied to this machine once."""
        cache = LocalStorage(_cache())
        cached = f"{sha256[:2]}/{sha256}"
        if cache.exists(cached):
            try:
                return cache.fetch(cached, sha256)
            except CorruptError:
                cache.remove(cached)
        data = self.read(name)
        if hashlib.sha256(data).hexdigest() != sha256:
            raise CorruptError(f"{self.url}/{name} was changed after it had been written")
        cache.write(cached, data)
        return cache.root / cached

    @contextmanager
    def scratch(self, name: str) -> Iterator[Path]:
        """See `Storage.scratch`."""
        with tempfile.TemporaryDirectory(prefix="outlast-") as text:
            folder = Path(text)
            try:
                yield folder
            finally:
                for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                    self.write(f"{name}/{path.relative_to(folder).as_posix()}", path.read_bytes())

    def lock(self, name: str) -> AbstractContextManager[None]:  # noqa: ARG002
        """See `Storage.lock`: an object store has none."""
        return unlocked()

    def _path(self, name: str) -> str:
        return f"{self._root}/{check_name(name)}" if name else self._root

    def _fresh(self) -> Any:
        """The file system without what it remembers of earlier listings."""
        self._filesystem.invalidate_cache()
        return self._filesystem

    def _patiently(self, operation: Callable[[], T]) -> T:
        for attempt in range(_TRIES):
            try:
                return operation()
            except _ANSWERS:
                raise
            except cloud_errors() as error:
                if attempt == _TRIES - 1:
                    raise StorePausedError(
                        f"{self.url} cannot be reached: {error}; run the same command again later: "
                        "everything finished is kept") from error
                # Jitter, so that many workers do not come back at the same moment.
                time.sleep(_FIRST_WAIT * 2**attempt * random.uniform(0.5, 1.5))
        raise AssertionError("the last try returns or raises")


def _cache() -> Path:
    root = os.environ.get("OUTLAST_CACHE") or Path.home() / ".cache" / "outlast"
    return Path(root)
