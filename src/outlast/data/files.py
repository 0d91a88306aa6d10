"""Tables in files: one file or a folder of Parquet, on this machine or behind a URL."""

from __future__ import annotations

import io
import os
import re
import sys
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import polars as pl

from outlast.credentials import refuse_credentials
from outlast.data.bounds import Source, check_first_line, check_size, from_start, unpacked
from outlast.data.csv_dialect import CsvDialect
from outlast.data.csv_files import dialect_of, read_csv, usual_separator
from outlast.errors import InputError, MissingDependencyError
from outlast.untrusted import parquet_table

T = TypeVar("T")
Given = Mapping[str, Any]
NOTHING: Given = MappingProxyType({})

CSV = (".csv", ".csv.gz", ".csv.zst", ".tsv", ".tsv.gz", ".tsv.zst")
PARQUET = (".parquet", ".pq")
ARROW = (".arrow", ".feather", ".ipc")
KINDS = CSV + PARQUET + ARROW
_LONGEST_NAME = 255
_CLOUD = (("botocore.exceptions", "BotoCoreError"), ("botocore.exceptions", "ClientError"),
          ("aiohttp", "ClientError"))
# What Hive writes into the name of a folder for a missing value.
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


def read_local(path: Path, csv: Given = NOTHING) -> pl.DataFrame:
    """Read a file, or a folder of Parquet files.

    Parameters
    ----------
    path : pathlib.Path
    csv : mapping of str to object, optional
        What is known of a CSV, see `CsvDialect`; all else is found out.

    Returns
    -------
    polars.DataFrame

    Raises
    ------
    InputError
        If it is missing, empty, of an unknown kind, or broken.
    """
    if len(path.name.encode("utf-8", "replace")) > _LONGEST_NAME:
        raise InputError(f"no file has the name {str(path)[:80]!r}…; name a table")
    if path.is_dir():
        parts = [file.relative_to(path).as_posix() for file in folder_files(path)]
        return _read_parts(str(path), parts, lambda name: path / name)
    if not path.exists():
        start = "" if path.is_absolute() else f" in the working folder {str(Path.cwd())!r}"
        raise InputError(f"no file at {str(path)!r}{start}{_beside(path)}")
    if not path.is_file():
        raise InputError(f"{str(path)!r} is a pipe, a socket or a device, which may never end; "
                         "write its rows into a file and name that")
    return _parse(path.name, path, str(path), csv)


def folder_files(folder: Path) -> list[Path]:
    """Return the Parquet files of a folder, in the order of their names."""
    return sorted(path for path in folder.rglob("*")
                  if path.is_file() and _is_part(path.relative_to(folder).as_posix()))


def read_url(url: str, csv: Given = NOTHING) -> pl.DataFrame:
    """Read a file, or a folder of Parquet files, behind a URL of any kind that fsspec knows.

    Parameters
    ----------
    url : str
    csv : mapping of str to object, optional
        See `read_local`.

    Returns
    -------
    polars.DataFrame

    Raises
    ------
    InputError
        If nothing is there, it cannot be reached, or it cannot be read.
    MissingDependencyError
        If the library for the protocol is not installed.
    """
    filesystem, root = open_filesystem(url, "a table")
    name = PurePosixPath(urlsplit(url).path).name or PurePosixPath(root).name

    def fetch(path: str) -> io.BytesIO:
        return io.BytesIO(_reached(url, lambda: filesystem.cat_file(path)))

    # The name says what it is, where that is enough: not every server can be asked for a folder.
    if name.lower().endswith(KINDS) and not name.lower().endswith(PARQUET):
        return _parse(name, fetch(root), url, csv)
    if _reached(url, lambda: filesystem.isfile(root)):
        return _parse(name, fetch(root), url, csv)
    found = [str(path) for path in _reached(url, lambda: filesystem.find(root))]
    inside = [path.removeprefix(root).lstrip("/") for path in sorted(found)]
    if not inside:
        raise InputError(f"nothing is at {url!r}")
    return _read_parts(url, [part for part in inside if _is_part(part)],
                       lambda part: fetch(f"{root.rstrip('/')}/{part}"))


def open_filesystem(url: str, use: str) -> tuple[Any, str]:
    """Return the file system behind a URL, and the path of the URL in it.

    Parameters
    ----------
    url : str
    use : str
        What the URL is for, for messages.

    Returns
    -------
    filesystem : fsspec.AbstractFileSystem
    path : str

    Raises
    ------
    InputError
        For a URL with a password in it, or of a protocol that fsspec does not know.
    MissingDependencyError
        If the library for the protocol is not installed.
    """
    import fsspec

    refuse_credentials(url, f"the URL {urlsplit(url).scheme}://…")
    try:
        filesystem, path = fsspec.core.url_to_fs(url)
    except ImportError as error:
        extra = ": pip install 'outlast[s3]'" if url.startswith("s3://") else ""
        raise MissingDependencyError(
            f"{url!r} needs another library: {error}{extra}") from error
    except ValueError as error:
        raise InputError(f"cannot use {url!r} for {use}: {error}") from error
    return filesystem, str(path)


def _reached(url: str, operation: Callable[[], T]) -> T:
    try:
        return operation()
    except FileNotFoundError as error:
        raise InputError(f"nothing is at {url!r}") from error
    except cloud_errors() as error:
        raise InputError(f"cannot read {url!r}: {error}") from error


def cloud_errors() -> tuple[type[Exception], ...]:
    """Return what may be raised on the way to a store, also by libraries that are loaded.

    Examples
    --------
    >>> all(issubclass(kind, Exception) for kind in cloud_errors())
    True
    """
    found = (getattr(sys.modules[module], name) for module, name in _CLOUD
             if module in sys.modules)
    return OSError, *found


def _parse(name: str, source: Source, shown: str, csv: Given = NOTHING) -> pl.DataFrame:
    kind = name.lower()
    try:
        if kind.endswith(CSV):
            source = unpacked(source) if kind.endswith(".gz") else source
            check_first_line(source)
            return read_csv(source, dialect_of(source, usual_separator(kind), csv))
        if kind.endswith(PARQUET):
            check_size(pl.scan_parquet(from_start(source), hive_partitioning=False))
            return parquet_table(from_start(source))
        if kind.endswith(ARROW):
            return _read_arrow(source)
    # Polars panics on some broken files; its panic is no Exception.
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError, OSError,
            EOFError, zlib.error, MemoryError) as error:
        hint = "; say how it is written, such as --csv encoding=windows-1252" * (
            "utf-8" in str(error))
        raise InputError(f"cannot read {shown!r}: {error or 'it does not fit into memory'}{hint}"
                         ) from error
    raise InputError(f"{shown!r} is no known table; use one of {', '.join(KINDS)}, a folder of "
                     "Parquet files, or a table of a database such as sqlite:///sales.db?weekly")


def csv_dialect(source: str, csv: Given = NOTHING) -> CsvDialect | None:
    """Return how the CSV at a path or URL is written; None for any other kind of table.

    Parameters
    ----------
    source : str
    csv : mapping of str to object, optional
        See `read_local`.
    """
    name = urlsplit(source).path if "://" in source else source
    if not name.lower().endswith(CSV) or Path(source).is_dir():
        return None
    at: Source = local_path(source)
    if "://" in source and not source.startswith("file://"):
        filesystem, path = open_filesystem(source, "a table")
        at = io.BytesIO(_reached(source, lambda: filesystem.cat_file(path)))
    elif isinstance(at, Path) and not at.is_file():
        return None
    try:
        return dialect_of(at, usual_separator(name), csv)
    except InputError as error:
        raise InputError(f"cannot read {source!r}: {error}") from error


def local_path(source: str) -> Path:
    """Return where a source of this machine lies; ``~`` is the home that a shell puts in its place.

    Examples
    --------
    >>> local_path("file:///data/sales.csv").as_posix(), local_path("~/sales.csv").is_absolute()
    ('/data/sales.csv', True)
    """
    return Path(os.path.expanduser(source.removeprefix("file://")))  # noqa: PTH111


def _read_arrow(source: Source) -> pl.DataFrame:
    """Read an Arrow file; a stream, which often has the same name, begins in another way."""
    data = source if isinstance(source, io.BytesIO) else io.BytesIO(source.read_bytes())
    is_file = data.getvalue()[:6] == b"ARROW1"
    return pl.read_ipc(data) if is_file else pl.read_ipc_stream(data)


def _is_part(name: str) -> bool:
    """Whether a file in a folder holds rows; others leave marks such as ``_SUCCESS`` there."""
    parts = name.split("/")
    return name.lower().endswith(PARQUET) and not any(p.startswith(("_", ".")) for p in parts)


def _read_parts(
    shown: str, names: Sequence[str], source_of: Callable[[str], Source]
) -> pl.DataFrame:
    """Read Parquet files as one table, with the columns that names of folders hold."""
    if not names:
        raise InputError(f"the folder {shown!r} holds no Parquet file")
    frames = [_parse(name, source_of(name), f"{shown}/{name}") for name in names]
    for name, frame in zip(names, frames, strict=True):
        if other := set(frame.columns) ^ set(frames[0].columns):
            raise InputError(f"the files in {shown!r} do not have the same columns: {names[0]} and "
                             f"{name} differ in {', '.join(sorted(other))}")
        _refuse_other_types(shown, name, frame, frames[0])
    sizes = [frame.height for frame in frames]
    whole = pl.concat([frame.select(frames[0].columns) for frame in frames],
                      how="vertical_relaxed")
    return whole.with_columns(column for column in _from_folders(shown, names, sizes)
                              if column.name not in whole.columns)


def _refuse_other_types(shown: str, name: str, frame: pl.DataFrame, first: pl.DataFrame) -> None:
    """Raise where a column is of another type in two files, unless both are numbers."""
    for column, dtype in frame.schema.items():
        other = first.schema[column]
        if dtype != other and pl.Null not in (dtype, other) and not (
                dtype.is_numeric() and other.is_numeric()):
            raise InputError(f"the files in {shown!r} do not fit together: {column!r} is {dtype} "
                             f"in {name}, {other} in another")


def _from_folders(shown: str, names: Sequence[str], sizes: Sequence[int]) -> list[pl.Series]:
    """Return the columns that folders such as ``store=7`` stand for."""
    keys = [dict(part.split("=", 1) for part in name.split("/")[:-1] if "=" in part)
            for name in names]
    for name, found in zip(names, keys, strict=True):
        if found.keys() != keys[0].keys():
            raise InputError(f"the folders in {shown!r} do not name the same columns: {names[0]} "
                             f"and {name}")
    columns = []
    for key in keys[0]:
        values = pl.Series(unquote(key), [unquote(found[key]) for found in keys])
        values = read_dates(values.replace(_NO_VALUE, None))
        # A number that is not written as one, such as 007, is a name.
        if values.dtype == pl.String and values.drop_nulls().str.contains(
                r"^(0|-?[1-9]\d{0,17})$").all():
            values = values.cast(pl.Int64)
        rows = [i for i, size in enumerate(sizes) for _ in range(size)]
        columns.append(values.gather(rows))
    return columns


def read_dates(texts: pl.Series) -> pl.Series:
    """Return texts as dates or times if all of them are written as such; else as they are.

    Parameters
    ----------
    texts : polars.Series

    Returns
    -------
    polars.Series

    Examples
    --------
    >>> read_dates(pl.Series(["2024-01-31", None])).dtype, read_dates(pl.Series(["1a"])).dtype
    (Date, String)
    """
    known = texts.drop_nulls()
    if texts.dtype != pl.String or known.is_empty():
        return texts
    day = r"^\d{4}-\d{2}-\d{2}"
    for pattern, dtype in ((day + "$", pl.Date), (day + r"[ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?$",
                                                  pl.Datetime("us"))):
        if not known.str.contains(pattern).all():
            continue
        read = texts.str.to_date(strict=False) if dtype == pl.Date else (
            texts.str.replace("T", " ").str.to_datetime(time_unit="us", strict=False))
        if read.null_count() == texts.null_count():
            return read
    return texts


def _beside(path: Path) -> str:
    near = sorted(p.name for p in path.parent.glob("*")) if path.parent.is_dir() else []
    tables = [name for name in near if name.lower().endswith(KINDS)][:8]
    return f"; tables beside it: {', '.join(tables)}" if tables else ""


def address_name(address: str) -> str:
    """Return a short name for the table at a path or URL.

    Examples
    --------
    >>> address_name("s3://bucket/sales.parquet"), address_name("data/shops/")
    ('sales', 'shops')
    """
    path = urlsplit(address).path if re.match(r"\w[\w+.-]*://", address) else address
    return PurePosixPath(path.replace("\\", "/")).name.split(".")[0] or "table"
