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
        As of `datetime.strptime`; empty for ISO texts, which need none.

    Examples
    --------
    >>> possible_formats(pl.Series(["31.12.2023", "01.01.2024"]))
    ['%d.%m.%Y']
    >>> possible_formats(pl.Series(["1/1/2023", "2/1/2023", "3/1/2023"]))
    ['%m/%d/%Y', '%d/%m/%Y']
    """
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
