"""Tables that hold one column for each entity or each time, made long."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from outlast.data.files import read_dates
from outlast.data.schema import Spoken
from outlast.errors import InputError, suggest


class Unpivot(Spoken):
    """How a wide table becomes a long one.

    Parameters
    ----------
    index : sequence of str
        Columns that stay; the headings of all others become values.
    names : str
        What the headings are called then, such as "year" or "store".
    values : str
        What the cells are called then, such as "sold".
    """

    index: tuple[str, ...]
    names: str
    values: str


def make_long(frame: pl.DataFrame, how: Mapping[str, Any]) -> pl.DataFrame:
    """Return one row for each cell that is filled.

    Parameters
    ----------
    frame : polars.DataFrame
    how : mapping of str to object
        The parameters of `Unpivot`.

    Returns
    -------
    polars.DataFrame
        Headings that are years or dates are numbers or dates then.

    Raises
    ------
    InputError
        If a column of the index is not there, a name is taken, or no column is left.

    Examples
    --------
    >>> wide = pl.DataFrame({"country": ["a", "b"], "1960": [1.5, None], "1961": [2.0, 3.0]})
    >>> make_long(wide, {"index": ["country"], "names": "year", "values": "births"}).rows()
    [('a', 1960, 1.5), ('a', 1961, 2.0), ('b', 1961, 3.0)]
    """
    told = Unpivot(**how)
    for name in told.index:
        if name not in frame.columns:
            raise InputError(f"unpivot: index column {name!r} is not in the table: "
                             f"{suggest(name, frame.columns)}")
    if taken := [name for name in (told.names, told.values) if name in told.index]:
        raise InputError(f"unpivot: {taken[0]!r} is a column of the index; choose another name")
    if len(told.index) == frame.width or told.names == told.values:
        raise InputError("unpivot: it takes columns outside the index, and two different names")
    # A column without any value has no type that the others share.
    frame = frame.select(column for column in frame.columns
                         if column in told.index or frame[column].null_count() < frame.height)
    try:
        long = frame.unpivot(index=list(told.index), variable_name=told.names,
                             value_name=told.values).drop_nulls(told.values)
    except pl.exceptions.PolarsError as error:
        raise InputError(f"unpivot: the columns outside the index do not hold the same: {error}"
                         ) from error
    names = long[told.names]
    is_number = names.str.contains(r"^\d{1,9}$").all()
    read = names.cast(pl.Int64) if is_number else read_dates(names)
    long = long.with_columns(read)
    return long.select(*told.index, told.names, told.values).sort(
        [*told.index, told.names], maintain_order=True)
