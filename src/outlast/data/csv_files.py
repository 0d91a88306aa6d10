"""Reading a CSV, however it is written."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from outlast.data.bounds import Source, from_start
from outlast.data.csv_dialect import HEAD, NOT_KNOWN, CsvDialect, find_dialect, number_pattern
from outlast.errors import InputError

_TWICE = re.compile(r"(?P<name>.*)_duplicated_\d+", re.DOTALL)
_YEAR_FIRST = r"^\s*\d{4}[-/]"
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


def usual_separator(name: str) -> str:
    r"""Return what separates the columns of a file, as far as its name tells.

    Examples
    --------
    >>> usual_separator("t.csv.gz"), usual_separator("T.TSV")
    (',', '\t')
    """
    return "\t" if ".tsv" in name.lower() else ","


def dialect_of(source: Source, usual: str, given: Mapping[str, Any]) -> CsvDialect:
    """Find out how a file is written, from its beginning; see `find_dialect`."""
    return find_dialect(_content(source, HEAD), usual, given)


def read_csv(source: Source, dialect: CsvDialect) -> pl.DataFrame:
    """Read a CSV that is written in a certain way.

    Parameters
    ----------
    source : pathlib.Path or io.BytesIO
    dialect : CsvDialect

    Returns
    -------
    polars.DataFrame

    Raises
    ------
    InputError
        If two columns have the same name.
    """
    if not dialect.is_plain_text:
        source = io.BytesIO(_plain_text(_content(source), dialect))
    options: dict[str, Any] = {"separator": dialect.separator, "comment_prefix": dialect.comment}
    # All rows decide the types: a column may show its first fraction late.
    frame = pl.read_csv(from_start(source), try_parse_dates=True, infer_schema_length=None,
                        **options)
    _refuse_twice(frame.columns)
    frame = frame.with_columns(map(_with_gaps, frame.select(pl.col(pl.String))))
    dated = [name for name, dtype in frame.schema.items() if dtype == pl.Date
             or isinstance(dtype, pl.Datetime)]
    written = [] if (dialect.decimal, dialect.thousands) == (".", "") else [
        name for name, dtype in frame.schema.items() if dtype in (pl.String, pl.Float64)]
    if dated or written:
        texts = pl.read_csv(from_start(source), columns=[*dated, *written], infer_schema=False,
                            **options)
        # 01/02/2024 would be read with the day first, without a word: it stays a text.
        frame = frame.with_columns(
            [texts[name] for name in dated
             if not texts[name].drop_nulls().head(1).str.contains(_YEAR_FIRST).all()]
            + [number for name in written
               if (number := _number(texts[name], dialect)) is not None])
    return _without_empty_end(frame)


def _refuse_twice(columns: Sequence[str]) -> None:
    """Raise where polars has given a column another name because it is there twice."""
    again = [found["name"] for name in columns
             if (found := _TWICE.fullmatch(name)) and found["name"] in columns]
    if again:
        raise InputError(f"two columns have the same name: {', '.join(again[:3])}; give each a "
                         "name of its own")


def _content(source: Source, most: int | None = None) -> bytes:
    """The content of a file, or its beginning."""
    if isinstance(source, io.BytesIO):
        raw = source.getvalue()
    else:
        with source.open("rb") as handle:
            raw = handle.read(most if most is not None else -1)
    if raw.startswith(_ZSTD):
        # polars unpacks it: a line is a table of one column.
        lines = pl.read_csv(source, separator="\x01", has_header=False, quote_char=None,
                            infer_schema=False, n_rows=None if most is None else 2000,
                            new_columns=["line"])["line"]
        return "\n".join(lines.fill_null("").to_list()).encode()[:most]
    if raw.startswith(_GZIP):
        return gzip.decompress(raw) if most is None else (
            zlib.decompressobj(31).decompress(raw, most))
    return raw[:most]


def _plain_text(content: bytes, dialect: CsvDialect) -> bytes:
    """The header and the rows alone, in UTF-8."""
    text = content.decode(dialect.encoding).removeprefix("\ufeff")
    text = text.split("\n", dialect.skip_rows)[-1]
    header, *rest = text.split("\n", 1 + dialect.units_row)
    header = header.lstrip("# ") if header.startswith("#") else header
    return "\n".join([header, *rest[int(dialect.units_row):]]).encode()


def _with_gaps(text: pl.Series) -> pl.Series:
    """Numbers among words for "not known", as R and spreadsheets write them, with gaps for these.

    Such a word among other words stays what it is: NA may be Namibia.
    """
    words = text.str.strip_chars()
    known = words.set(words.is_in(NOT_KNOWN), None)
    if text.null_count() < known.null_count() < text.len():
        for dtype in (pl.Int64, pl.Float64):
            numbers = known.cast(dtype, strict=False)
            if numbers.null_count() == known.null_count():
                return numbers
    return text


def _number(text: pl.Series, dialect: CsvDialect) -> pl.Series | None:
    """Texts as the numbers that they are in this dialect, if all of them are."""
    words = text.str.strip_chars().replace("", None)
    known = words.set(words.is_in(NOT_KNOWN).fill_null(value=False), None)
    if known.null_count() == known.len() or not known.drop_nulls().str.contains(
            number_pattern(dialect.decimal, dialect.thousands)).all():
        return None
    grouped = r"[ \u00a0\u202f]" if dialect.thousands == " " else f"[{dialect.thousands}]"
    plain = known.str.replace_all(grouped, "") if dialect.thousands else known
    plain = plain.str.replace(dialect.decimal, ".", literal=True)
    is_whole = not plain.drop_nulls().str.contains(r"[.eE]").any()
    return plain.cast(pl.Int64 if is_whole else pl.Float64)


def _without_empty_end(frame: pl.DataFrame) -> pl.DataFrame:
    """A table without the empty lines at its end, such as a spreadsheet leaves."""
    if frame.width < 2 or frame.is_empty() or any(x is not None for x in frame.row(-1)):
        return frame
    filled = frame.select(pl.any_horizontal(pl.all().is_not_null())).to_series().arg_true()
    return frame.head(int(filled[-1]) + 1 if len(filled) else 0)
