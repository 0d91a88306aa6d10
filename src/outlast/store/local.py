"""A folder on a local disk, with atomic writes, commit by link, and a lock by flock."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import secrets
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from outlast.errors import CorruptError, StoreError, StoreLockedError, StorePausedError
from outlast.store.storage import Storage, check_name
from outlast.untrusted import MOST_JSON, file_bytes

TEMPORARY = ".tmp"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class LocalStorage(Storage):
    """A folder.

    Parameters
    ----------
    root : pathlib.Path
        Made when the first file is written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.url = str(root)

    def at(self, name: str) -> LocalStorage:
        """See `Storage.at`."""
        return LocalStorage(self._path(name))

    def read(self, name: str) -> bytes:
        """See `Storage.read`."""
        path = self._path(name)
        try:
            return file_bytes(path, MOST_JSON if path.suffix == ".json" else None)
        except OSError as error:
            raise CorruptError(f"cannot read {str(path)!r}: {error.strerror or error}") from error
        except ValueError as error:
            raise CorruptError(f"cannot read {str(path)!r}: {error}") from error

    def write(self, name: str, data: bytes) -> None:
        """See `Storage.write`."""
        path = self._path(name)
        with _explained(path), _temporary(path, data) as temporary:
            temporary.replace(path)
            _sync_folder(path.parent)

    def create(self, name: str, data: bytes) -> bool:
        """See `Storage.create`."""
        path = self._path(name)
        with _explained(path), _temporary(path, data) as temporary:
            try:
                # Linking fails where the name is taken; renaming would replace it.
                os.link(temporary, path)
            except FileExistsError:
                return False
            _sync_folder(path.parent)
        return True

    def exists(self, name: str) -> bool:
        """See `Storage.exists`."""
        return self._path(name).is_file()

    def files(self, below: str = "") -> list[str]:
        """See `Storage.files`."""
        return sorted(name for name in self._walk(below) if not _is_temporary(name))

    def folders(self, below: str = "") -> list[str]:
        """See `Storage.folders`."""
        try:
            with os.scandir(self._path(below)) as entries:
                return sorted(entry.name for entry in entries if entry.is_dir())
        except FileNotFoundError:
            return []

    def intact(self, name: str, sha256: str) -> bool:
        """See `Storage.intact`."""
        try:
            with self._path(name).open("rb") as handle:
                return hashlib.file_digest(handle, "sha256").hexdigest() == sha256
        except OSError:
            return False

    def remove(self, name: str) -> None:
        """See `Storage.remove`."""
        path = self._path(name)
        if not self.inside(name):
            raise StoreError(f"{str(path)!r} lies behind a link to another folder, where nothing "
                             "is removed; remove it by hand if it is yours")
        with _explained(path), contextlib.suppress(FileNotFoundError):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

    def inside(self, name: str) -> bool:
        """See `Storage.inside`."""
        return self._path(name).parent.resolve().is_relative_to(self.root.resolve())

    def temporaries(self) -> list[str]:
        """See `Storage.temporaries`."""
        return sorted(filter(_is_temporary, self._walk("")))

    def rename(self, name: str, new: str) -> None:
        """See `Storage.rename`."""
        target = self._path(new)
        with _explained(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            self._path(name).rename(target)

    def fetch(self, name: str, sha256: str) -> Path:
        """See `Storage.fetch`."""
        path = self._path(name)
        if not self.intact(name, sha256):
            raise CorruptError(f"{str(path)!r} is missing or was changed after it had been written")
        return path

    @contextmanager
    def scratch(self, name: str) -> Iterator[Path]:
        """See `Storage.scratch`."""
        folder = self._path(name)
        with _explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
        try:
            yield folder
        except OSError as error:
            # Whoever writes into the folder may fill the disk; any other error is their own.
            if error.errno in _FULL:
                raise _paused(folder, error) from error
            raise
        with _explained(folder):
            for path in folder.rglob("*"):
                if path.is_file():
                    _sync(path)

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """See `Storage.lock`."""
        import fcntl

        path = self._path(name)
        with _explained(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            # Python's files are not inherited, so that no worker can keep the lock.
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise StoreLockedError(_held(path)) from error
            os.ftruncate(handle, 0)
            os.pwrite(handle, json.dumps(_holder()).encode(), 0)
            yield
            os.ftruncate(handle, 0)
        finally:
            os.close(handle)

    def _walk(self, below: str) -> Iterator[str]:
        for folder, _, names in os.walk(self._path(below)):
            relative = Path(folder).relative_to(self.root)
            yield from ((relative / name).as_posix() for name in names)

    def _path(self, name: str) -> Path:
        return self.root / check_name(name) if name else self.root


@contextmanager
def _temporary(path: Path, data: bytes) -> Iterator[Path]:
    """A complete file under another name in the same folder; gone when the block ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name[:80]}.{secrets.token_hex(4)}{TEMPORARY}")
    try:
        with temporary.open("xb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        yield temporary
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn an error of the system into one that names the file and the way out."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise _paused(path, error) from error
        way_out = ("move that folder away and run the same command again"
                   if isinstance(error, IsADirectoryError) else
                   "choose another folder with --reports")
        raise StoreError(f"cannot write {str(path)!r}: {error.strerror or error}; {way_out}"
                         ) from error


def _paused(path: Path, error: OSError) -> StorePausedError:
    return StorePausedError(f"cannot write {str(path)!r}: {error.strerror or error}; free some "
                            "space, then run the same command again: everything finished is kept")


def _sync(path: Path) -> None:
    with path.open("rb") as handle:
        os.fsync(handle.fileno())


def _sync_folder(folder: Path) -> None:
    """Make a new name in a folder outlast a power cut, where folders can be synced."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _is_temporary(name: str) -> bool:
    last = name.rpartition("/")[2]
    return last.startswith(".") and last.endswith(TEMPORARY)


def _holder() -> dict[str, str]:
    return {"pid": str(os.getpid()), "host": socket.gethostname(),
            "since": datetime.now(UTC).isoformat(timespec="seconds")}


def _held(path: Path) -> str:
    try:
        holder = json.loads(path.read_bytes() or b"{}")
    except (OSError, ValueError):
        holder = {}
    who = (f"process {holder['pid']} on {holder['host']}, since {holder['since']}" if holder
           else "another process")
    return (f"{who}, works on {str(path.parent)!r}; wait for it, stop it, or choose another folder "
            "with --reports")
