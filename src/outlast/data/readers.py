"""Tables at the door: files, folders, URLs, databases, pandas, Arrow, polars, or plain columns."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from outlast.data.databases import (
    SUFFIXES,
    database_file,
    database_kind,
    database_name,
    is_database,
    read_database,
)
from outlast.data.files import (
    NOTHING,
    address_name,
    folder_files,
    local_path,
    read_local,
    read_url,
)
from outlast.errors import InputError, MissingDependencyError


def read_table(source: str | Path, csv: Mapping[str, Any] | None = None) -> pl.DataFrame:
    """Read a table from a file, a folder, a URL or a database.

    Parameters
    ----------
    source : str or pathlib.Path
        A CSV or TSV file (plain, .gz or .zst), Parquet or Arrow (Feather); a folder of Parquet
        files, whose folders may be called ``store=7``; a URL of these, such as
        ``s3://bucket/sales.parquet``; or ``sqlite:///sales.db?weekly`` and
        ``duckdb:///sales.db?SELECT …``, see `outlast.data.databases.read_database`.
    csv : mapping of str to object, optional
        How a CSV is written, as far as that is known: ``separator``, ``decimal``, ``thousands``,
        ``skip_rows``, ``units_row``, ``comment``, ``encoding``. All else is found out.

    Returns
    -------
    polars.DataFrame

    Raises
    ------
    InputError
        If it is missing, empty, of an unknown kind, or broken.
    MissingDependencyError
        If it needs a library that is not installed.
    """
    text = str(source)
    if is_database(text):
        return read_database(text)
    if is_remote(text):
        return read_url(text, csv or NOTHING)
    if not text.strip():
        raise InputError(f"no file has the name {text!r}; name a table")
    path = local_path(text)
    if path.suffix.lower() in SUFFIXES and path.is_file():
        raise InputError(f"{text!r} is a database; name a table of it: {database_kind(path)}:///"
                         f"{path}?TABLE")
    return read_local(path, csv or NOTHING)


def is_remote(source: str) -> bool:
    """Whether a source lies behind a URL, where it can change without a trace here.

    Examples
    --------
    >>> is_remote("s3://bucket/sales.parquet"), is_remote("sqlite:///sales.db?weekly")
    (True, False)
    """
    return "://" in source and not source.startswith("file://") and not is_database(source)


def local_files(source: str) -> list[Path]:
    """Return the files of this machine whose content decides what a source holds.

    None for a source that is no file, such as an embedded table.
    """
    if is_remote(source):
        return []
    if is_database(source):
        file = database_file(source)
        # What was written last waits in a file beside the database.
        logs = (file.with_name(f"{file.name}{end}") for end in ("-wal", ".wal"))
        return [path for path in (file, *logs) if path.is_file()]
    path = local_path(source)
    return folder_files(path) if path.is_dir() else [path] * path.is_file()


def table_name(source: str) -> str:
    """Return a short name for the table of a source.

    Examples
    --------
    >>> table_name("data/sales.csv.gz"), table_name("duckdb:///shop.db?weekly")
    ('sales', 'weekly')
    """
    return database_name(source) if is_database(source) else address_name(source)


def to_frame(table: Any) -> pl.DataFrame:
    """Convert a polars, pandas or Arrow table, or a dict of columns, to polars.

    Parameters
    ----------
    table : object
        A pandas index that carries names (such as the time) becomes columns.

    Returns
    -------
    polars.DataFrame

    Raises
    ------
    InputError
        If the object is no table, or column names are repeated or not text.

    Examples
    --------
    >>> to_frame({"a": [1, 2]}).columns
    ['a']
    """
    if isinstance(table, pl.LazyFrame):
        return table.collect()
    if isinstance(table, pl.DataFrame):
        return table
    try:
        if type(table).__module__.split(".")[0] == "pandas" and hasattr(table, "columns"):
            return _from_pandas(table)
        if isinstance(table, dict) or hasattr(table, "__arrow_c_stream__"):
            return pl.DataFrame(table)
    except InputError:
        raise
    # Not implemented: a type that Arrow has not, such as complex numbers.
    except (pl.exceptions.PolarsError, TypeError, ValueError, NotImplementedError) as error:
        raise InputError(f"cannot read this table: {error}") from error
    raise InputError(f"expected a polars, pandas or Arrow table, or a dict of columns, "
                     f"got {type(table).__name__}")


def _from_pandas(table: Any) -> pl.DataFrame:
    if any(name is not None for name in table.index.names):
        table = table.reset_index([at for at, name in enumerate(table.index.names)
                                   if name not in table.columns])
    names = list(table.columns)
    if len(set(names)) < len(names) or not all(isinstance(name, str) for name in names):
        raise InputError(f"column names must be distinct texts, got {names}; rename them first")
    foreign = {name: told for name in names if (told := _plain(table[name])) is not None}
    try:
        return pl.from_pandas(table.assign(**foreign) if foreign else table)
    except ImportError as error:
        raise MissingDependencyError(
            "reading pandas tables needs pyarrow: pip install 'outlast[pandas]'"
        ) from error


def _plain(column: Any) -> Any:
    """Return periods as when they begin, intervals as text, which only pandas has; or None."""
    kind = str(getattr(getattr(column.dtype, "categories", None), "dtype", column.dtype))
    if kind.startswith("period"):
        return column.dt.to_timestamp()
    if kind.startswith("interval"):
        return column.astype("object").map(str, na_action="ignore")
    return column.sparse.to_dense() if kind.startswith("Sparse") else None
