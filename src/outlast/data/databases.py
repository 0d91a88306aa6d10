"""Tables in SQLite and DuckDB files: a table's name or one SELECT, read only."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl

from outlast.data.files import read_dates
from outlast.errors import InputError, MissingDependencyError, suggest

_ADDRESS = re.compile(r"(?P<kind>\w+):///?(?P<path>[^?]*)(\?(?P<query>.*))?", re.DOTALL)
# What a SELECT does; anything else, such as ATTACH, PRAGMA or a write, is refused.
_READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION,
            sqlite3.SQLITE_RECURSIVE}
# DuckDB could otherwise read any other file, the network, and variables of Python.
_LOCKED = {"enable_external_access": "false", "autoinstall_known_extensions": "false",
           "autoload_known_extensions": "false", "python_enable_replacements": "false",
           "lock_configuration": "true"}
SUFFIXES = (".db", ".sqlite", ".sqlite3", ".duckdb")


def is_database(address: str) -> bool:
    """Whether an address names a table of a database.

    Examples
    --------
    >>> is_database("sqlite:///sales.db?weekly"), is_database("sales.csv")
    (True, False)
    """
    return address.split("://")[0] in _READERS and "://" in address


def read_database(address: str) -> pl.DataFrame:
    """Read a table, or what one SELECT returns, from a database file that is not changed.

    Parameters
    ----------
    address : str
        ``sqlite:///FILE?TABLE`` or ``duckdb:///FILE?SELECT …``; an absolute path has four
        slashes. Without ``?`` the only table of the file is read. What follows it is taken as
        it is written, without any %-codes.

    Returns
    -------
    polars.DataFrame

    Raises
    ------
    InputError
        If there is no such file or table, or the query is anything but one SELECT.
    MissingDependencyError
        If DuckDB is not installed.
    """
    kind, path, query = _parts(address)
    if not path.is_file():
        absolute = Path("/", path)
        hint = f"; an absolute path has four slashes: {kind}:///{absolute}"
        raise InputError(f"no file at {str(path)!r}{hint if absolute.is_file() else ''}")
    return _READERS[kind](path, query)


def database_file(address: str) -> Path:
    """Return the file that a database address names."""
    return _parts(address)[1]


def database_kind(path: Path) -> str:
    """Tell by its first bytes what kind of database a file is."""
    with path.open("rb") as file:
        return "duckdb" if file.read(12)[8:] == b"DUCK" else "sqlite"


def database_name(address: str) -> str:
    """Return a short name for what a database address names.

    Examples
    --------
    >>> database_name("sqlite:///shop.db?weekly"), database_name("duckdb:///shop.db?select 1")
    ('weekly', 'shop')
    """
    _, path, query = _parts(address)
    return query if query.isidentifier() else path.name.split(".")[0]


def _parts(address: str) -> tuple[str, Path, str]:
    found = _ADDRESS.fullmatch(address)
    if found is None or not found["path"]:
        raise InputError(f"{address!r} names no database; write it as sqlite:///FILE?TABLE, or "
                         "with one SELECT after the question mark")
    return found["kind"], Path(found["path"]), (found["query"] or "").strip()


def _statement(query: str, tables: list[str], path: Path) -> str:
    """Return the SELECT that a table's name stands for, or the one that was given."""
    if not query and len(tables) == 1:
        query = tables[0]
    if query in tables:
        quoted = query.replace('"', '""')
        return f'SELECT * FROM "{quoted}"'
    if not re.match(r"(select|with|from|values)\b", query, re.IGNORECASE):
        told = f"no table {query!r}" if query else "several tables or none: name one after '?'"
        raise InputError(f"{path} has {told}; {suggest(query, tables)}. After '?' comes a table or "
                         "one SELECT")
    return query


def _read_sqlite(path: Path, query: str) -> pl.DataFrame:
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as opened:
            # A view in a file from elsewhere calls nothing that could do harm.
            opened.execute("PRAGMA trusted_schema = OFF")
            listed = opened.execute("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')"
                                    " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name")
            statement = _statement(query, [name for name, in listed], path)
            opened.set_authorizer(_only_reading)
            cursor = opened.execute(statement)
            names = [column[0] for column in cursor.description or ()]
            rows = cursor.fetchall()
    # Before Python 3.12 a second statement is a Warning.
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise InputError(f"cannot read {str(path)!r}: {error}; only one SELECT is run, and nothing "
                         "but reading is allowed") from error
    if len(set(names)) < len(names):
        raise InputError(f"the query on {path} names a column twice: {', '.join(names)}; rename "
                         "one with AS")
    values = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    return pl.DataFrame([_column(name, list(column), path)
                         for name, column in zip(names, values, strict=True)])


def _only_reading(action: int, _: str | None, name: str | None, *__: str | None) -> int:
    refused = action not in _READING or (name or "").lower() == "load_extension"
    return sqlite3.SQLITE_DENY if refused else sqlite3.SQLITE_OK


def _column(name: str, values: list[Any], path: Path) -> pl.Series:
    """A column of SQLite, where each value has a type of its own."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int, float}:
        values = [None if value is None else float(value) for value in values]
    elif len(kinds) > 1:
        mixed = ", ".join(sorted(kind.__name__ for kind in kinds))
        raise InputError(f"column {name!r} of {path} mixes {mixed}; make it one type, such as "
                         f"SELECT CAST({name} AS REAL) AS {name}")
    return read_dates(pl.Series(name, values))


def _read_duckdb(path: Path, query: str) -> pl.DataFrame:
    try:
        import duckdb
    except ImportError as error:
        raise MissingDependencyError(
            "reading DuckDB files needs duckdb: pip install 'outlast[duckdb]'") from error
    try:
        with duckdb.connect(str(path), read_only=True, config=_LOCKED) as opened:
            listed = opened.execute("SELECT table_name FROM information_schema.tables "
                                    "WHERE table_schema = 'main' ORDER BY table_name").fetchall()
            statement = _statement(query, [name for name, in listed], path)
            parsed = opened.extract_statements(statement)
            if len(parsed) != 1 or parsed[0].type != duckdb.StatementType.SELECT:
                raise InputError(f"the query on {path} must be one SELECT, got {statement!r}")
            return pl.DataFrame(opened.sql(parsed[0]))
    except (duckdb.Error, pl.exceptions.PolarsError) as error:
        raise InputError(f"cannot read {str(path)!r}: {error}") from error


_READERS: dict[str, Callable[[Path, str], pl.DataFrame]] = {
    "sqlite": _read_sqlite,
    "duckdb": _read_duckdb,
}
