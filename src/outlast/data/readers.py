"""Tables at the door: CSV(.gz) and Parquet files, pandas, Arrow, polars, or plain columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from outlast.errors import InputError, MissingDependencyError

_CSV = (".csv", ".csv.gz", ".csv.zst", ".tsv", ".tsv.gz")
_PARQUET = (".parquet", ".pq")


def read_table(path: str | Path) -> pl.DataFrame:
    """Read a CSV (plain or compressed) or Parquet file.

    Parameters
    ----------
    path : str or pathlib.Path

    Returns
    -------
    polars.DataFrame

    Raises
    ------
    InputError
        If the file is missing, empty, of an unknown kind, or broken.
    """
    path = Path(path)
    if not path.exists():
        near = sorted(p.name for p in path.parent.glob("*")) if path.parent.is_dir() else []
        tables = [name for name in near if name.endswith(_CSV + _PARQUET)][:8]
        beside = f"; tables beside it: {', '.join(tables)}" if tables else ""
        raise InputError(f"no file at {str(path)!r}{beside}")
    name = path.name.lower()
    try:
        if name.endswith(_CSV):
            separator = "\t" if ".tsv" in name else ","
            # All rows decide the types: a column may show its first fraction late.
            return pl.read_csv(path, separator=separator, try_parse_dates=True,
                               infer_schema_length=None)
        if name.endswith(_PARQUET):
            return pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"cannot read {str(path)!r}: {error}") from error
    raise InputError(f"{str(path)!r} is no known table; use one of {', '.join(_CSV + _PARQUET)}")


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
    except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
        raise InputError(f"cannot read this table: {error}") from error
    raise InputError(f"expected a polars, pandas or Arrow table, or a dict of columns, "
                     f"got {type(table).__name__}")


def _from_pandas(table: Any) -> pl.DataFrame:
    if any(name is not None for name in table.index.names):
        table = table.reset_index()
    names = list(table.columns)
    if len(set(names)) < len(names) or not all(isinstance(name, str) for name in names):
        raise InputError(f"column names must be distinct texts, got {names}; rename them first")
    try:
        return pl.from_pandas(table)
    except ImportError as error:
        raise MissingDependencyError(
            "reading pandas tables needs pyarrow: pip install 'outlast[pandas]'"
        ) from error
