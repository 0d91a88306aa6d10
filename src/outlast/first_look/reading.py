"""From the address of a table to a proposal: how it is written, and whether it is wide."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from outlast.data import read_table
from outlast.data.csv_files import usual_separator
from outlast.data.databases import is_database
from outlast.data.files import csv_dialect
from outlast.data.keys import MONTHS
from outlast.data.wide import make_long
from outlast.errors import InputError
from outlast.first_look.keys import find_time
from outlast.first_look.proposal import Given, Proposal, propose
from outlast.first_look.traps import unclear_numbers

_YEAR = re.compile(r"\s*(1[5-9]|2[01])\d\d\s*")
_DATE = re.compile(r"\s*(\d{4}-\d{2}(-\d{2})?|\d{1,2}([/.])\d{1,2}\3\d{2,4})\s*")
_FEWEST_TIMES, _FEWEST_MONTHS = 3, 6


def look(
    source: str, said: Given, csv: Mapping[str, Any] | None = None,
    wide: Sequence[str] = (),
) -> Proposal:
    """Read a table, make it long if it is wide, and propose what its columns mean.

    Parameters
    ----------
    source : str
        Where `outlast.read_table` finds it.
    said : Given
    csv : mapping of str to object, optional
        What is known of how a CSV is written.
    wide : sequence of str, optional
        What the headings and the cells of a wide table are called; default: tables whose
        headings are times are taken for wide.

    Returns
    -------
    Proposal

    Raises
    ------
    InputError
        If the table cannot be read, or has no columns to be made long.
    """
    dialect = None if is_database(source) else csv_dialect(source, csv or {})
    frame = read_table(source, csv)
    how = _unpivot(frame, wide)
    found = propose(frame if how is None else make_long(frame, how), source, said)
    if how is not None:
        found = replace(found, unpivot=(how, _told(frame, how, found.rows)))
    if dialect is not None and (changes := dialect.changes(usual_separator(source))):
        found = replace(found, csv=({**changes, **(csv or {})}, dialect.told))
    if dialect is not None and (trap := unclear_numbers(frame)) is not None:
        found = replace(found, traps=(trap, *found.traps))
    return found


def _unpivot(frame: pl.DataFrame, wide: Sequence[str]) -> dict[str, Any] | None:
    """How to make a wide table long; None for one that is long."""
    if wide and len(wide) != 2:
        raise InputError(f"--wide takes two names, those of the headings and of the cells, such "
                         f"as --wide store sold; got {' '.join(wide)}")
    headings, name = headings_of_times(frame)
    if not headings and wide:
        time = find_time(frame).value
        headings = [column for column in frame.columns if column != time
                    and frame[column].dtype.is_numeric()]
        if not headings:
            raise InputError("--wide: no column beside the time holds numbers")
    if not headings:
        return None
    names, values = wide or (name, "value")
    index = [column for column in frame.columns if column not in headings
             and frame[column].null_count() < frame.height]
    return {"index": index, "names": names, "values": values}


def headings_of_times(frame: pl.DataFrame) -> tuple[list[str], str]:
    """Return the columns that are called like times, and what these times are.

    Examples
    --------
    >>> headings_of_times(pl.DataFrame({"country": ["a"], "1960": [1], "1961": [2], "1962": [3]}))
    (['1960', '1961', '1962'], 'year')
    """
    for name, pattern in (("year", _YEAR), ("date", _DATE)):
        found = [column for column in frame.columns if pattern.fullmatch(column)]
        if len(found) >= _FEWEST_TIMES:
            return found, name
    months = [column for column in frame.columns if column.strip().lower()[:3] in MONTHS]
    years = [column for column in frame.columns if column.strip().lower() == "year"]
    if len(months) >= _FEWEST_MONTHS and years:
        return months, "month"
    return [], ""


def _told(frame: pl.DataFrame, how: Mapping[str, Any], rows: int) -> str:
    headings = [column for column in frame.columns if column not in how["index"]]
    return (f"a wide table of {frame.height:,} rows: the headings {headings[0]} to {headings[-1]} "
            f"become the column `{how['names']}` and the cells `{how['values']}`, {rows:,} of "
            "which are filled")
