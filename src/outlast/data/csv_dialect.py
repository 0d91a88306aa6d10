"""How a CSV is written: what separates its columns, where its header is, and its numbers."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, field_validator

from outlast.data.schema import Spoken
from outlast.errors import InputError

NOT_KNOWN = ("NA", "N/A", "n/a", "#N/A", "NaN", "nan", "null", "NULL", "nil", "None", "-", ".",
             "..", "?")
HEAD = 256_000

_SEPARATORS = (",", ";", "\t", "|")
_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
# Lines that may stand above a header, and the share of rows that must be as wide as it.
_MOST_ABOVE, _AGREE, _LEAST_ROWS = 60, 0.95, 2
_MARKS = r"[+-]?[\d.,]['\u00a0\u202f\d., ]*([eE][+-]?\d+)?%?"
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f]")
# Decimal sign and what groups thousands, the usual ones first.
_WRITTEN = ((".", ""), (",", ""), (".", ","), (",", "."), (",", " "), (".", " "), (".", "'"),
            (",", "'"))
_SPACES = {" ": "[ \u00a0\u202f]"}


class CsvDialect(Spoken):
    """How a CSV is written.

    Parameters
    ----------
    separator : str, default ","
        One sign; "tab" is understood.
    decimal : {".", ","}, default "."
    thousands : {"", ",", ".", " ", "'"}, default ""
        What groups the digits of large numbers.
    skip_rows : int, default 0
        Lines above the header, such as a title.
    units_row : bool, default False
        Whether the line below the header holds units, which are left out.
    comment : str, optional
        What lines begin with that are left out.
    encoding : str, default "utf-8"
        As Python names it.

    Examples
    --------
    >>> CsvDialect(separator=";", decimal=",").told
    'separated by semicolons; decimal commas'
    """

    separator: str = Field(default=",", min_length=1, max_length=1)
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ",", ".", " ", "'"] = ""
    skip_rows: int = Field(default=0, ge=0)
    units_row: bool = False
    comment: str | None = Field(default=None, min_length=1, max_length=5)
    encoding: str = "utf-8"

    @field_validator("separator", mode="before")
    @classmethod
    def _tab(cls, value: Any) -> Any:
        return "\t" if value in ("tab", "\\t") else value

    @field_validator("encoding")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            return codecs.lookup(value).name
        except LookupError as error:
            raise InputError(f"no encoding is called {value!r}; usual ones are utf-8, "
                             "windows-1252, iso8859-2, utf-16") from error

    @property
    def is_plain_text(self) -> bool:
        """Whether polars can read it as it stands, whatever the separator."""
        return not (self.skip_rows or self.units_row or self.encoding != "utf-8")

    def changes(self, usual: str = ",") -> dict[str, Any]:
        """Return what is not as in a plain CSV of that separator."""
        found = self.model_dump(exclude_defaults=True)
        return {**({} if self.separator == usual else {"separator": self.separator}),
                **{key: value for key, value in found.items() if key != "separator"}}

    @property
    def told(self) -> str:
        """All that is not as in a plain CSV, in words."""
        return "; ".join(self._words())

    def _words(self) -> Iterator[str]:
        if self.separator != ",":
            yield f"separated by {_NAMES.get(self.separator, repr(self.separator))}"
        if self.skip_rows:
            yield f"{self.skip_rows} line{'s' * (self.skip_rows > 1)} above the header left out"
        if self.units_row:
            yield "the line of units below the header left out"
        if self.comment:
            yield f"lines that begin with {self.comment} left out"
        if self.decimal == ",":
            yield "decimal commas"
        if self.thousands:
            yield f"thousands grouped as in 1{self.thousands}234"
        if self.encoding != "utf-8":
            yield f"text in {_ENCODINGS.get(self.encoding, self.encoding)}"


_ENCODINGS = {"cp1252": "windows-1252, as most western files that are not UTF-8"}


def find_dialect(head: bytes, usual: str, given: Mapping[str, Any]) -> CsvDialect:
    r"""Find out how a CSV is written.

    Parameters
    ----------
    head : bytes
        Its beginning.
    usual : str
        The separator that the name of the file stands for.
    given : mapping of str to object
        What is known already, which counts.

    Returns
    -------
    CsvDialect
        The plain one where nothing speaks for another.

    Raises
    ------
    InputError
        If it holds no text, or two separators are equally good.

    Examples
    --------
    >>> find_dialect(b"Sales of 2024\n\nday;sold\n2024-01-01;1,5\n2024-01-02;2,25\n", ",", {}
    ...              ).told
    'separated by semicolons; 2 lines above the header left out; decimal commas'
    """
    said = CsvDialect(**given)
    encoding = said.encoding if "encoding" in given else _encoding_of(head)
    text = codecs.getincrementaldecoder(encoding)("replace").decode(head).removeprefix("\ufeff")
    lines = list(io.StringIO(text, newline=""))
    # The last line of a part of a file is no whole line.
    lines = lines[:-1] if len(head) >= HEAD else lines
    layout = _layout(lines, usual, said, given)
    units = said.units_row if "units_row" in given else _has_units(layout.rows)
    decimal, thousands = _numbers(layout.rows[1 + units:], said, given)
    found = {"separator": layout.separator, "skip_rows": layout.skip, "units_row": units,
             "comment": layout.comment, "encoding": encoding, "decimal": decimal,
             "thousands": thousands}
    return CsvDialect(**{**found, **given})


def _encoding_of(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        text, found = codecs.getincrementaldecoder("utf-8")().decode(head), "utf-8"
    except UnicodeDecodeError:
        text, found = head.decode("cp1252", "replace"), "cp1252"
    if found != "utf-8" and ("\ufffd" in text or _CONTROL.search(text)):
        raise InputError("it is not written in UTF-8 nor in windows-1252; say how, such as "
                         "--csv encoding=utf-16, or csv: {encoding: …} in the file")
    return found


@dataclass(frozen=True)
class _Layout:
    """A header and the rows below it, under one separator."""

    separator: str
    skip: int
    rows: list[list[str]]
    comment: str | None = None


def _layout(
    lines: list[str], usual: str, said: CsvDialect, given: Mapping[str, Any]
) -> _Layout:
    """The layout that the head of a file has."""
    wanted = (said.separator,) if "separator" in given else (
        usual, *(sign for sign in _SEPARATORS if sign != usual))
    plain = _Layout(wanted[0], 0, [row for row in csv.reader(lines, delimiter=wanted[0]) if row])
    widths = [len(row) for row in plain.rows]
    noted = bool(lines) and lines[0].startswith(("#", "sep=")) and not _is_header(plain.rows)
    if "skip_rows" in given:
        rest = lines[said.skip_rows:]
        found = [_Layout(sign, said.skip_rows, [row for row in csv.reader(rest, delimiter=sign)
                                                if row]) for sign in wanted]
        return max(found, key=lambda layout: len(layout.rows[0]) if layout.rows else 0)
    if not noted and widths and 2 <= widths[0] == max(widths):
        return plain
    found = [layout for sign in wanted if (layout := _table_in(lines, sign)) is not None]
    if not found:
        return plain
    found.sort(key=lambda layout: (layout.skip, -len(layout.rows[0])))
    if len(found) > 1 and _rank(found[0]) == _rank(found[1]):
        raise InputError(f"its columns may be separated by {_NAMES[found[0].separator]} or by "
                         f"{_NAMES[found[1].separator]}; say which, such as --csv "
                         f"separator='{found[0].separator}'")
    return found[0]


def _rank(layout: _Layout) -> tuple[int, int]:
    return layout.skip, len(layout.rows[0])


def _table_in(lines: list[str], separator: str) -> _Layout | None:
    """Where a table of one width begins, below lines that are not of that width."""
    reader, rows = csv.reader(lines, delimiter=separator), list[_Row]()
    begins = 0
    for fields in reader:
        rows.append(_Row(begins, fields))
        begins = reader.line_num
    known = [row for row in rows if row.fields and not row.is_note]
    usual = Counter(len(row.fields) for row in known).most_common(1)
    if not usual or usual[0][0] < 2:
        return None
    width = usual[0][0]
    header = next(row for row in known if len(row.fields) == width)
    body = [row.fields for row in known if row.begins > header.begins]
    even = sum(len(fields) == width for fields in body)
    if header.begins > _MOST_ABOVE or len(body) < _LEAST_ROWS or even < _AGREE * len(body):
        return None
    notes = [row for row in rows if row.is_note]
    above = next((row for row in reversed(notes) if row.begins < header.begins), None)
    # A header may be marked as a comment itself: "# day,sold".
    if above is not None and _is_header([above.fields, header.fields]):
        header, body = above, [header.fields, *body]
    elif header.begins and (not _names_columns(header.fields, body)
                            or _lacks_one(rows, header.begins, width)):
        return None
    within = [row for row in notes if row.begins > header.begins and row.fields[0][:1] == "#"]
    comment = "#" if within and above and all(len(row.fields) < width for row in within) else None
    return _Layout(separator, header.begins, [header.fields, *body], comment)


@dataclass(frozen=True)
class _Row:
    """A row, and the line it begins at."""

    begins: int
    fields: list[str]

    @property
    def is_note(self) -> bool:
        # The second is how Excel is told a separator.
        return bool(self.fields) and self.fields[0].startswith(("#", "sep="))


def _lacks_one(rows: list[_Row], begins: int, width: int) -> bool:
    """Whether the line above is a header without a name for the first column, as R writes it."""
    above = [len(row.fields) for row in rows if row.begins < begins and row.fields]
    return bool(above) and 2 <= above[-1] == width - 1


def _names_columns(header: list[str], body: list[list[str]]) -> bool:
    """Whether a row is a header and not the first of the body: words above numbers, or years."""
    if sum(bool(re.fullmatch(r"\s*(1[5-9]|2[01])\d\d\s*", name)) for name in header) > 2:
        return True
    return any(name.strip() and name.strip() not in NOT_KNOWN and not _begins_with_digit(name)
               and all(map(_begins_with_digit, _known(row[place] for row in body
                                                      if place < len(row))))
               for place, name in enumerate(header))


def _is_header(rows: list[list[str]]) -> bool:
    """Whether a line that begins as a comment names the columns of the line below it."""
    return len(rows) > 1 and len(rows[0]) == len(rows[1]) > 1 and (
        any(map(_begins_with_digit, rows[1])) and not any(map(_begins_with_digit, rows[0])))


def _has_units(rows: list[list[str]]) -> bool:
    """Whether the line below a header holds units: words in columns of numbers, and no number."""
    if len(rows) < 4 or any(map(_begins_with_digit, rows[1])):
        return False
    for place, first in enumerate(rows[1]):
        values = [row[place] for row in rows[2:] if place < len(row)]
        if first.strip() and first.strip() not in NOT_KNOWN and _are_numbers(values):
            return True
    return False


def _begins_with_digit(text: str) -> bool:
    return bool(re.match(r"\s*[+-]?[.,]?\d", text))


def _known(values: Iterable[str]) -> list[str]:
    return [text for value in values if (text := value.strip()) and text not in NOT_KNOWN]


def _are_numbers(values: Iterable[str]) -> bool:
    known = _known(values)
    return bool(known) and all(re.fullmatch(_MARKS, text) for text in known)


def number_pattern(decimal: str, thousands: str) -> str:
    """Return the regular expression of a number that is written in a certain way.

    Examples
    --------
    >>> bool(re.match(number_pattern(",", "."), "1.234,5"))
    True
    """
    point, group = re.escape(decimal), _SPACES.get(thousands, re.escape(thousands))
    whole = rf"(\d+|[1-9]\d{{0,2}}({group}\d{{3}})+)" if thousands else r"\d+"
    return rf"^[+-]?({whole}({point}\d*)?|{point}\d+)([eE][+-]?\d+)?$"


def _numbers(
    rows: list[list[str]], said: CsvDialect, given: Mapping[str, Any]
) -> tuple[str, str]:
    """In which way all columns of numbers are written; the plain one where that is not sure."""
    ways = [way for way in _WRITTEN if given.get("decimal", way[0]) == way[0]
            and given.get("thousands", way[1]) == way[1]]
    if len(ways) < 2:
        return said.decimal, said.thousands
    width = len(rows[0]) if rows else 0
    left = list(ways)
    for place in range(width):
        known = _known(row[place] for row in rows if place < len(row))
        if not _are_numbers(known):
            continue
        fitting = [way for way in ways if _all_fit(known, way)]
        left = [way for way in left if way in fitting] if fitting else left
    is_sure = len({decimal for decimal, _ in left}) == 1 or left[:1] == ways[:1]
    return left[0] if is_sure else ways[0]


def _all_fit(texts: list[str], way: tuple[str, str]) -> bool:
    pattern = re.compile(number_pattern(*way))
    return all(pattern.match(text) for text in texts)
