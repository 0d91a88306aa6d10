"""Rows that say again what an earlier row said."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast.data.schema import Schema


def repeated_rows(frame: pl.DataFrame, schema: Schema) -> npt.NDArray[np.bool_]:
    """Find the rows that repeat the columns and the target of an earlier one.

    Compared are the columns that may become features, whatever the time and the entity.
    A row without a target repeats any earlier row with the same columns; one without a
    value in any column repeats none.

    Parameters
    ----------
    frame : polars.DataFrame
        Sorted by time.
    schema : Schema

    Returns
    -------
    ndarray of bool, shape (n,)

    Examples
    --------
    >>> table = pl.DataFrame({"day": [1, 2, 3], "x": [5, 5, 5], "y": [0, 1, 0]})
    >>> repeated_rows(table, Schema(time="day", target="y")).tolist()
    [False, False, True]
    """
    columns = [name for name in frame.columns
               if name not in schema.reserved and name != schema.entity]
    if not columns:
        return np.zeros(frame.height, dtype=np.bool_)
    same_columns = ~pl.struct(columns).is_first_distinct()
    same_target = ~pl.struct(*columns, schema.target).is_first_distinct()
    told = pl.any_horizontal(pl.col(columns).is_not_null())
    unlabelled = pl.col(schema.target).is_null()
    again = pl.when(unlabelled).then(same_columns).otherwise(same_target) & told
    return frame.select(again=again)["again"].to_numpy()
