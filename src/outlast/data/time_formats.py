"""Times that are not written as ISO says: how they may be read, and reading them."""

from __future__ import annotations

import numpy as np
import polars as pl

from outlast.data.times import to_instants
from outlast.errors import InputError

_DAYS = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%y", "%d/%m/%y",
         "%m/%d/%y", "%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y",
         "%Y.%m.%d", "%Y%m%d", "%Y%m", "%Y-%m", "%m/%Y", "%b %Y", "%B %Y")
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
# Counts since 1970 between 1980 and 2100, which no two units share; and days as Excel counts them.
_UNIX = {"unix s": 1, "unix ms": 10**3, "unix us": 10**6, "unix ns": 10**9}
_UNIX_FIRST, _UNIX_LAST = 315_532_800, 4_102_444_800
_UNITS = {"unix s": "seconds", "unix ms": "milliseconds", "unix us": "microseconds",
          "unix ns": "nanoseconds"}
EXCEL = "excel"
_EXCEL_FIRST, _EXCEL_LAST, _EXCEL_START = 20_000, 80_000, -25_569
_SAMPLE, _FEWEST_DIGITS, _MOST_DIGITS = 100, 6, 8


def possible_formats(column: pl.Series) -> list[str]:
    """Return the formats in which every value of a column can be read, the most regular first.

    01/02/2024 has two readings: if no day after the twelfth tells them apart, the one with the
    more even steps is the more probable, and of equals the one with the longer steps, as days
    would hardly all be before the thirteenth.

    Parameters
    ----------
    column : polars.Series
        Of texts or whole numbers.

    Returns
    -------
    list of str
        As of `datetime.strptime`, "unix s" (or ms, us, ns) for counts since 1970, "excel" for
        days as a spreadsheet counts them; empty for ISO texts, which need none.

    Examples
    --------
    >>> possible_formats(pl.Series(["31.12.2023", "01.01.2024"]))
    ['%d.%m.%Y']
    >>> possible_formats(pl.Series(["1/1/2023", "2/1/2023", "3/1/2023"]))
    ['%m/%d/%Y', '%d/%m/%Y']
    """
    if column.dtype.is_numeric() and (counted := _counted_from(column.drop_nulls())):
        return [counted]
    if column.dtype == pl.String:
        texts = column.drop_nulls().str.strip_chars()
    elif column.dtype.is_integer():
        texts = column.drop_nulls().cast(pl.String)
        if not texts.str.len_bytes().is_in([_FEWEST_DIGITS, _MOST_DIGITS]).all():
            return []
    else:
        return []
    if texts.is_empty() or not texts[0][-1:].isalnum() or _is_iso(texts.head(_SAMPLE)):
        return []
    known = [day + clock for day in _DAYS for clock in _CLOCKS]
    fitting = [f for f in known if _fits(texts.head(_SAMPLE), f) and _fits(texts, f)]
    return sorted(fitting, key=lambda form: _steps(texts, form), reverse=True)


def read_times(column: pl.Series, form: str) -> pl.Series:
    """Read a column of texts or whole numbers in one format; a month alone is its first day.

    Raises
    ------
    InputError
        Naming the first value that does not fit.

    Examples
    --------
    >>> read_times(pl.Series([202401, 202402]), "%Y%m").to_list()
    [datetime.date(2024, 1, 1), datetime.date(2024, 2, 1)]
    """
    if column.dtype.is_temporal():
        return column
    if form == EXCEL or form in _UNIX:
        return _from_count(column, form)
    texts = column.cast(pl.String).str.strip_chars()
    try:
        read = _read(texts, form)
    except pl.exceptions.PolarsError as error:
        raise InputError(f"time_format {form!r} is no format of dates and times: {error}"
                         ) from error
    wrong = texts.filter(read.is_null() & texts.is_not_null())
    if len(wrong):
        raise InputError(f"time column {column.name!r}: {wrong[0]!r} does not fit the time_format "
                         f"{form!r}")
    return read


def told_format(form: str, value: str) -> str:
    """Return in words how a value is written.

    Examples
    --------
    >>> told_format("unix s", "1700000000"), told_format("%d.%m.%Y", "31.12.2023")
    ('1700000000 counts seconds since 1970', 'how 31.12.2023 is written')
    """
    if form in _UNIX:
        return f"{value} counts {_UNITS[form]} since 1970"
    return f"{value} counts days as Excel does" if form == EXCEL else f"how {value} is written"


def _counted_from(values: pl.Series) -> str | None:
    """In which unit numbers count the time, if their range tells."""
    if values.is_empty():
        return None
    low, high = float(values.min()), float(values.max())  # type: ignore[arg-type]
    for form, size in _UNIX.items():
        if _UNIX_FIRST * size <= low and high <= _UNIX_LAST * size:
            return form
    return EXCEL if low >= _EXCEL_FIRST and high <= _EXCEL_LAST else None


def _from_count(column: pl.Series, form: str) -> pl.Series:
    """Times from a count since 1970, which is in UTC, or from Excel's days, which are local."""
    if not column.dtype.is_numeric():
        raise InputError(f"time column {column.name!r} holds {column.dtype}; the time_format "
                         f"{form!r} needs numbers")
    if form != EXCEL:
        micro = column * 10**6 if form == "unix s" else (
            column * 10**3 if form == "unix ms" else column // (_UNIX[form] // 10**6))
        return micro.cast(pl.Int64).cast(pl.Datetime("us", "UTC"))
    days = column + _EXCEL_START
    if (days == days.floor()).all():
        return days.cast(pl.Int32).cast(pl.Date)
    # A second is the finest that a fraction of a day tells surely.
    return ((days * 86_400).round().cast(pl.Int64) * 10**6).cast(pl.Datetime("us"))


def _read(texts: pl.Series, form: str) -> pl.Series:
    if "%d" not in form and "%j" not in form:
        texts, form = texts + " 01", f"{form} %d"
    if "%H" in form or "%I" in form:
        return texts.str.to_datetime(form, time_unit="us", strict=False)
    return texts.str.to_date(form, strict=False)


def _fits(texts: pl.Series, form: str) -> bool:
    # %Y would take 24 for the year 24.
    if "%Y" in form and not texts.str.contains(r"\d{4}").all():
        return False
    try:
        return _read(texts, form).null_count() == 0
    except pl.exceptions.PolarsError:
        return False


def _is_iso(texts: pl.Series) -> bool:
    try:
        to_instants(texts)
    except InputError:
        return False
    return True


def _steps(texts: pl.Series, form: str) -> tuple[float, float]:
    """Share of the steps between times that are about as long as the usual one, and that."""
    steps = np.diff(np.unique(to_instants(_read(texts, form)).ns)).astype(np.float64)
    if not steps.size:
        return 0.0, 0.0
    usual = float(np.median(steps))
    return float(np.mean((steps >= usual / 1.5) & (steps <= usual * 1.5))), usual
