"""CSVs as people write them: what is unambiguous is read right, a plain file as ever."""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from outlast.data import Panel, Schema, read_table
from outlast.data.csv_dialect import CsvDialect
from outlast.data.files import csv_dialect
from outlast.errors import InputError

PLAIN = pl.DataFrame({"day": [date(2024, 1, day) for day in range(1, 5)], "shop": ["a", "ü"] * 2,
                      "sold": [1234, 12, 7, 1000], "price": [1.5, 2.25, 3.125, 1234567.5]})
_ROWS = [("2024-01-01", "a", "1{t}234", "1{d}5"), ("2024-01-02", "ü", "12", "2{d}25"),
         ("2024-01-03", "a", "7", "3{d}125"), ("2024-01-04", "ü", "1{t}000", "1{t}234{t}567{d}5")]
_NAMES = ("day", "shop", "sold", "price")


def text(separator: str = ",", decimal: str = ".", thousands: str = "") -> str:
    """The table, written in some way."""
    rows = [[field.format(d=decimal, t=thousands) for field in row] for row in _ROWS]
    return "".join(separator.join(f'"{x}"' if separator in x else x for x in row) + "\n"
                   for row in [_NAMES, *rows])


_TITLE = "Sales of all shops\nas of 2024; by day, in EUR\n\n"
_UNITS = text().replace("price\n", "price\n,,pieces,EUR\n")
_COMMENTS = "# source: a shop, b\n# 2024\n" + text().replace("2024-01-03", "# closed\n2024-01-03")

WAYS = {
    "semicolons": (text(";").encode(), {"separator": ";"}),
    "tabs": (text("\t").encode(), {"separator": "\t"}),
    "bars": (text("|").encode(), {"separator": "|"}),
    "german": (text(";", ",", ".").encode(), {"separator": ";", "decimal": ",", "thousands": "."}),
    "french": (text(";", ",", "\u202f").encode(),
               {"separator": ";", "decimal": ",", "thousands": " "}),
    "quoted": (text(",", ",", ".").encode(), {"decimal": ",", "thousands": "."}),
    "american": (text(",", ".", ",").encode(), {"thousands": ","}),
    "swiss": (text(",", ".", "'").encode(), {"thousands": "'"}),
    "title": ((_TITLE + text()).encode(), {"skip_rows": 3}),
    "excel": (("sep=;\r\n" + text(";").replace("\n", "\r\n") + ";;;\r\n;;;\r\n").encode(),
              {"separator": ";", "skip_rows": 1}),
    "units": (_UNITS.encode(), {"units_row": True}),
    "comments": (_COMMENTS.encode(), {"skip_rows": 2, "comment": "#"}),
    "marked": (("# a note\n# " + text()).encode(), {"skip_rows": 1}),
    "mark": (text().encode("utf-8-sig"), {}),
    "latin": (text().encode("latin-1"), {"encoding": "cp1252"}),
    "utf-16": (text("\t").encode("utf-16"), {"separator": "\t", "encoding": "utf-16"}),
    "packed": (gzip.compress((_TITLE + text(";", ",", ".")).encode()),
               {"separator": ";", "skip_rows": 3, "decimal": ",", "thousands": "."}),
    "plain": (text().encode() + b"\n\n", {}),
}


@pytest.mark.parametrize(("content", "changes"), WAYS.values(), ids=WAYS)
def test_each_way_of_writing_gives_the_same_table(content, changes, tmp_path):
    path = tmp_path / ("t.csv.gz" if content.startswith(b"\x1f\x8b") else "t.csv")
    path.write_bytes(content)
    found = csv_dialect(str(path))
    assert found is not None
    assert found.changes() == changes
    assert bool(found.told) == bool(changes)
    read = read_table(path)
    assert read.equals(PLAIN)
    # What is written down reads the same, whatever would be found out.
    assert read_table(path, changes).equals(PLAIN)
    schema = Schema(time="day", target="sold")
    assert Panel.build(read, schema).fingerprint == Panel.build(PLAIN, schema).fingerprint


@pytest.mark.parametrize("content", [
    "x\na; b\nc; d\n",                               # a text with semicolons
    "#day,x\n2024-01-01,1\n2024-01-02,2\n",          # a header that begins as a comment
    "day,x\n2024-01-01,unknown\n2024-01-02,3\n",     # a word among numbers
    'day,x\n2024-01-01,"1,234"\n2024-01-02,"2,345"\n',   # one and a bit, or a thousand
    "day,version\n2024-01-01,1.2.3.0\n2024-01-02,1.2.4.0\n",
    "a,b\n",
])
def test_what_is_plain_or_not_sure_is_read_as_it_stands(content, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(content)
    assert csv_dialect(str(path)) == CsvDialect()
    assert read_table(path).equals(pl.read_csv(path, try_parse_dates=True))


def test_what_is_said_counts(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('day,x\n2024-01-01,"1,234"\n2024-01-02,"2,345"\n')
    assert read_table(path, {"decimal": ","})["x"].to_list() == [1.234, 2.345]
    assert read_table(path, {"thousands": ","})["x"].to_list() == [1234, 2345]
    path.write_text("a note\nthat is, long\nday,x\n1,2\n")
    assert read_table(path, {"skip_rows": 2}).columns == ["day", "x"]


def test_a_column_that_breaks_the_pattern_later_stays_a_text(tmp_path):
    path = tmp_path / "t.csv"
    rows = "".join(f"2024-01-01;1,{i}\n" for i in range(30_000))
    path.write_text(f"day;x\n{rows}2024-01-01;soon\n")
    assert read_table(path)["x"].dtype == pl.String


@pytest.mark.parametrize(("content", "csv", "message"), [
    (b"a;b|c\n1;2|3\n1;2|3\n1;2|3\n", {}, "separated by semicolons or by vertical bars; say which"),
    (b'"x","y"\n"a",1,2\n"b",3,4\n"c",3,4\n', {}, "more fields"),     # names of rows, as R writes
    (b"a,b\n1,\xff\x00\x81\n", {}, "not written in UTF-8 nor in windows-1252"),
    (b"a,b\n1,2\n", {"seperator": ";"}, "'seperator': did you mean 'separator'"),
    (b"a,b\n1,2\n", {"encoding": "utf-9"}, "no encoding is called 'utf-9'"),
    (b"a,b\n1,2\n", {"decimal": "x"}, "decimal: .*got 'x'"),
])
def test_what_cannot_be_read_is_told(content, csv, message, tmp_path):
    path = tmp_path / "t.csv"
    Path(path).write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_table(path, csv)
