"""Times and entities that several columns only together tell."""

from __future__ import annotations

import polars as pl

from outlast.data.schema import Schema
from outlast.errors import InputError, suggest

# In the order of size; a quarter or a week stands in the place of a month and a day.
TIME_PARTS = ("year", "quarter", "month", "week", "day", "hour", "minute")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_BETWEEN = " / "


def with_keys(frame: pl.DataFrame, schema: Schema) -> pl.DataFrame:
    """Build the columns of time and entity that a schema names in parts.

    Parameters
    ----------
    frame : polars.DataFrame
    schema : Schema

    Returns
    -------
    polars.DataFrame
        The parts stay where they are.

    Raises
    ------
    InputError
        If a part is missing, is no part of a time, or two entities would have one name.

    Examples
    --------
    >>> table = pl.DataFrame({"year": [2024], "month": [2], "shop": [1], "item": ["a"]})
    >>> with_keys(table, Schema(time=["year", "month"], entity=["shop", "item"], target="y")
    ...          ).select("year_month", "shop_item").row(0)
    (datetime.date(2024, 2, 1), '1 / a')
    """
    for role, name, parts in (("time", schema.time, schema.time_parts),
                              ("entity", schema.entity, schema.entity_parts)):
        if not parts or name in frame.columns:
            continue
        for part in parts:
            if part not in frame.columns:
                raise InputError(f"{role} column {part!r} is not in the table: "
                                 f"{suggest(part, frame.columns)}")
        made = joined_time(frame, parts) if role == "time" else _joined_entity(frame, parts)
        frame = frame.with_columns(made.alias(str(name)))
    return frame


def joined_time(frame: pl.DataFrame, parts: tuple[str, ...]) -> pl.Series:
    """Return the dates or times that columns called year, month, day and so on tell.

    Raises
    ------
    InputError
        If a column is not called like a part of a time, the year is missing, or a date does
        not exist.
    """
    frame = frame.with_columns(_numbered_months(frame[part]) for part in parts
                               if part.lower() == "month")
    by_part = {part.lower(): pl.col(part).cast(pl.Int64) for part in parts}
    if unknown := by_part.keys() - set(TIME_PARTS):
        raise InputError(f"time: {min(unknown)!r} is no part of a time; they are called "
                         f"{', '.join(TIME_PARTS)}")
    if "year" not in by_part:
        raise InputError(f"time: {', '.join(parts)} are in no year; name its column as well")
    year = by_part["year"]
    if "week" in by_part:
        # The Monday of the ISO week: the first is the one with the fourth of January.
        fourth = pl.date(year, 1, 4)
        made = fourth - pl.duration(days=fourth.dt.weekday() - 1) + pl.duration(
            weeks=by_part["week"] - 1)
    else:
        month = by_part.get("month", 3 * by_part["quarter"] - 2 if "quarter" in by_part
                            else pl.lit(1))
        made = pl.date(year, month, by_part.get("day", pl.lit(1)))
    if "hour" in by_part:
        made = made.cast(pl.Datetime("us")) + pl.duration(
            hours=by_part["hour"], minutes=by_part.get("minute", pl.lit(0)))
    try:
        return frame.select(made.alias("time"))["time"]
    except pl.exceptions.PolarsError as error:
        raise InputError(f"time: {', '.join(parts)} do not name a date in every row: {error}"
                         ) from error


def _numbered_months(months: pl.Series) -> pl.Series:
    """Months as numbers, which may be written as Jan or January."""
    if months.dtype != pl.String:
        return months
    known = months.str.strip_chars().str.to_lowercase().str.head(3)
    return known.replace_strict(MONTHS, range(1, 13), default=None, return_dtype=pl.Int64)


def _joined_entity(frame: pl.DataFrame, parts: tuple[str, ...]) -> pl.Series:
    # A null in a part is a null in the whole, which is told as a missing entity.
    joined = frame.select(pl.concat_str([pl.col(part).cast(pl.String) for part in parts],
                                        separator=_BETWEEN).alias("entity"))["entity"]
    known = frame.filter(joined.is_not_null())
    if joined.drop_nulls().n_unique() != known.select(parts).n_unique():
        raise InputError(f"entity: two different values of ({', '.join(parts)}) read the same "
                         f"when they are joined with {_BETWEEN!r}; join them yourself")
    return joined
