"""Tables as packages ship them, exported by an environment that has these packages."""

from __future__ import annotations

import subprocess
from pathlib import Path

import polars as pl

FOLDER = Path(".rivals/tables")


def raw(name: str) -> pl.DataFrame:
    """Read one exported table; the first that is asked for has all of them exported."""
    path = FOLDER / f"{name}.parquet"
    if not path.exists():
        command = [str(FOLDER / "bin/python"), str(Path(__file__).with_name("export.py")),
                   str(FOLDER)]
        subprocess.run(command, check=True)
    return pl.read_parquet(path)


def utc(column: str) -> pl.Expr:
    """Read times written as 2013-01-01T06:00:00Z."""
    return pl.col(column).str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC")
