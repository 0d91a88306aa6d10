"""Tables in files: one file or a folder of Parquet, on this machine or behind a URL."""

from __future__ import annotations

import io
import re
import sys
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import polars as pl

from outlast.credentials import refuse_credentials
from outlast.data.bounds import Source, check_first_line, check_size, from_start, unpacked
from outlast.errors import InputError, MissingDependencyError
from outlast.untrusted import parquet_table

T = TypeVar("T")

CSV = (".csv", ".csv.gz", ".csv.zst", ".tsv", ".tsv.gz", ".tsv.zst")
PARQUET = (".parquet", ".pq")
ARROW = (".arrow", ".feather", ".ipc")
KINDS = CSV + PARQUET + ARROW
_LONGEST_NAME = 255
_TWICE = re.compile(r"(?P<name>.*)_duplicated_\d+", re.DOTALL)
_CLOUD = (("botocore.exceptions", "BotoCoreError"), ("botocore.exceptions", "ClientError"),
          ("aiohttp", "ClientError"))
_NOT_KNOWN = ("NA", "N/A", "#N/A", "NaN", "nan", "null", "NULL", "None", "-", ".", "?")
_YEAR_FIRST = r"^\s*\d{4}[-/]"
# What Hive writes into the name of a folder for a missing value.
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


def read_local(path: Path) -> pl.DataFrame:
    """Read a file, or a folder of Parquet files.

    Parameters
    ----------
    path : pathlib.Path

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
        raise InputError(f"no file at {str(path)!r}{_beside(path)}")
    if not path.is_file():
        raise InputError(f"{str(path)!r} is a pipe, a socket or a device, which may never end; "
                         "write its rows into a file and name that")
    return _parse(path.name, path, str(path))


def folder_files(folder: Path) -> list[Path]:
    """Return the Parquet files of a folder, in the order of their names."""
    return sorted(path for path in folder.rglob("*")
                  if path.is_file() and _is_part(path.relative_to(folder).as_posix()))


def read_url(url: str) -> pl.DataFrame:
    """Read a file, or a folder of Parquet files, behind a URL of any kind that fsspec knows.

    Parameters
    ----------
    url : str

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
        return _parse(name, fetch(root), url)
    if _reached(url, lambda: filesystem.isfile(root)):
        return _parse(name, fetch(root), url)
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


def _parse(name: str, source: Source, shown: str) -> pl.DataFrame:
    kind = name.lower()
    try:
        if kind.endswith(CSV):
            source = unpacked(source) if kind.endswith(".gz") else source
            separator = "\t" if ".tsv" in kind else ","
            check_first_line(source, separator)
            return _read_csv(source, separator)
        if kind.endswith(PARQUET):
            check_size(pl.scan_parquet(from_start(source), hive_partitioning=False))
            return parquet_table(from_start(source))
        if kind.endswith(ARROW):
            return _read_arrow(source)
    # Polars panics on some broken files; its panic is no Exception.
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError, OSError,
            EOFError, zlib.error, MemoryError) as error:
        hint = "; save it as UTF-8" if "utf-8" in str(error) else ""
        raise InputError(f"cannot read {shown!r}: {error or 'it does not fit into memory'}{hint}"
                         ) from error
    raise InputError(f"{shown!r} is no known table; use one of {', '.join(KINDS)}, a folder of "
                     "Parquet files, or a table of a database such as sqlite:///sales.db?weekly")


def _read_csv(source: Source, separator: str) -> pl.DataFrame:
    # All rows decide the types: a column may show its first fraction late.
    frame = pl.read_csv(source, separator=separator, try_parse_dates=True,
                        infer_schema_length=None)
    # Polars gives a column another name where it is there twice.
    again = [name for name in frame.columns if (found := _TWICE.fullmatch(name))
             and found["name"] in frame.columns]
    if again:
        raise ValueError(f"two columns have the same name: {', '.join(again[:3])}, without "
                         "_duplicated; give each a name of its own")
    frame = frame.with_columns(map(_with_gaps, frame.select(pl.col(pl.String))))
    dated = [name for name, dtype in frame.schema.items() if dtype == pl.Date
             or isinstance(dtype, pl.Datetime)]
    if not dated:
        return frame
    # 01/02/2024 would be read with the day first, without a word: it stays a text.
    texts = _again(source, separator, dated)
    return frame.with_columns(texts[name] for name in dated
                              if not texts[name].drop_nulls().head(1).str.contains(_YEAR_FIRST)
                              .all())


def _with_gaps(text: pl.Series) -> pl.Series:
    """Numbers among words for "not known", as R and spreadsheets write them, with gaps for these.

    Such a word among other words stays what it is: NA may be Namibia.
    """
    words = text.str.strip_chars()
    known = words.set(words.is_in(_NOT_KNOWN), None)
    if text.null_count() < known.null_count() < text.len():
        for dtype in (pl.Int64, pl.Float64):
            numbers = known.cast(dtype, strict=False)
            if numbers.null_count() == known.null_count():
                return numbers
    return text


def _again(source: Source, separator: str, columns: list[str]) -> pl.DataFrame:
    return pl.read_csv(from_start(source), separator=separator, columns=columns, infer_schema=False)


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
