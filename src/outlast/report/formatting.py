"""How numbers, times and foreign text are written in every report, in one place."""

from __future__ import annotations

import hashlib
import math
import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from outlast.judge.board import Interval

MISSING = "–"
MINUS = "\u2212"
# An underscore inside a word is only an underscore; bare addresses would become links.
_MARKDOWN = re.compile(
    r"([\\|<>\[\]`*#~$]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)|(?<=:)//|(?<=www)\.)"
)
# What would begin a list or underline a heading.
_LINE_START = re.compile(r"^(\d+(?=[.)](?:\s|$))|(?=[-+](?:\s|$)|[-=]+$))")
CODE = re.compile(r"`([^`]+)`")
_SAFE_LINK = re.compile(r"(?:https?://|#|[^:/?#\\]*(?:[/?#]|$))", re.IGNORECASE)


def printable(text: Any) -> str:
    r"""Return text in which every character can be seen.

    Control characters, direction overrides and lone surrogates, with which a name could
    forge what a reader sees, become the replacement character; line breaks and tabs stay.

    Examples
    --------
    >>> printable("a\x1b[2Jb") == "a\ufffd[2Jb"
    True
    """
    line = str(text)
    if line.isprintable():
        return line
    return "".join(c if c in "\n\t" or _is_visible(c) else "\ufffd" for c in line)


def _is_visible(character: str) -> bool:
    # Joiners are format characters too, but scripts and emoji need them.
    joins = character in "\u200c\u200d"
    return joins or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def one_line(text: Any, limit: int = 0) -> str:
    """Return printable text on a single line, cut with an ellipsis beyond `limit` characters."""
    line = " ".join(printable(text).split())
    return line if not limit or len(line) <= limit else line[: limit - 1].rstrip() + "…"


def number(value: float | None, decimals: int = 3, sign: bool = False) -> str:
    """Write a number with a true minus sign and thousands separators.

    Examples
    --------
    >>> number(-0.0123), number(0.5, sign=True), number(None), number(12154, 0)
    ('−0.012', '+0.500', '–', '12,154')
    """
    if value is None or not math.isfinite(value):
        return MISSING
    text = f"{value:{'+' if sign else ''},.{decimals}f}"
    if not any(digit in text for digit in "123456789"):
        text = text.lstrip("+-")
    return text.replace("-", MINUS)


def interval(estimate: Interval | None, decimals: int = 3, sign: bool = False) -> str:
    """Write an estimate with its 95 % interval.

    Examples
    --------
    >>> interval(Interval(value=0.71, low=0.69, high=0.73), 2)
    '0.71 (0.69 to 0.73)'
    """
    if estimate is None or estimate.value is None:
        return MISSING
    shown = number(estimate.value, decimals, sign)
    limits = bounds(estimate, decimals, sign)
    return f"{shown} ({limits})" if limits else shown


def bounds(estimate: Interval | None, decimals: int = 3, sign: bool = False) -> str:
    """Write only the interval of an estimate; empty where there is none."""
    if estimate is None or estimate.low is None or estimate.high is None:
        return ""
    return f"{number(estimate.low, decimals, sign)} to {number(estimate.high, decimals, sign)}"


def decimals_for(values: Iterable[float | None]) -> int:
    """Return how many decimals show three digits of the largest value.

    Examples
    --------
    >>> decimals_for([0.71, None, 0.5]), decimals_for([0.021]), decimals_for([1520.0])
    (3, 4, 0)
    """
    sizes = [abs(v) for v in values if v is not None and math.isfinite(v) and v != 0]
    if not sizes:
        return 3
    return min(6, max(0, 2 - math.floor(math.log10(max(sizes)))))


def significant(value: float | None, digits: int = 3) -> str:
    """Write a number of unknown size with so many significant digits."""
    if value is None or not math.isfinite(value):
        return MISSING
    rounded = float(f"{value:.{digits}g}")
    if rounded.is_integer() and abs(value) < 1e6:
        return number(value, 0)
    return f"{rounded:g}".replace("-", MINUS)


def share(value: float | None, decimals: int = 1) -> str:
    """Write a fraction of one in per cent.

    Examples
    --------
    >>> share(0.1234), share(0.0001)
    ('12.3 %', '<0.1 %')
    """
    if value is None:
        return MISSING
    least = 10.0**-decimals
    text = f"<{number(least, decimals)}" if 0 < 100 * value < least / 2 else ""
    return f"{text or number(100 * value, decimals)} %"


def duration(seconds: float | None) -> str:
    """Write a duration in the unit that suits its size.

    Examples
    --------
    >>> duration(0.042), duration(75), duration(7200)
    ('0.04 s', '1.2 min', '2.0 h')
    """
    if seconds is None or not math.isfinite(seconds):
        return MISSING
    for limit, unit, size in ((60, "s", 1), (3600, "min", 60), (float("inf"), "h", 3600)):
        if seconds < limit:
            decimals = 2 if unit == "s" and seconds < 1 else 1
            return f"{number(seconds / size, decimals)} {unit}"
    return MISSING


def plural(count: int, noun: str) -> str:
    """Write a count with its noun.

    Examples
    --------
    >>> plural(1, "fold"), plural(1200, "row")
    ('1 fold', '1,200 rows')
    """
    return f"{number(count, 0)} {noun}{'' if count == 1 else 's'}"


def plain(value: Any, limit: int = 200) -> str:
    """Write a value of any kind, such as one piece of a finding's evidence."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: MISSING}[value]
    if isinstance(value, (int, float)):
        return significant(value, 4)
    if isinstance(value, (list, tuple)):
        return one_line(", ".join(plain(item) for item in value), limit)
    if isinstance(value, dict):
        return one_line(", ".join(f"{key}: {plain(item)}" for key, item in value.items()), limit)
    return one_line(value, limit)


def is_abstract(time: str) -> bool:
    """Whether a time is a plain integer instead of a date."""
    return bool(re.fullmatch(r"-?\d+", time))


def position(text: str) -> float | None:
    """Return where a time lies on its axis: milliseconds since 1970, or the integer it is.

    Examples
    --------
    >>> position("1970-01-02"), position("12"), position("soon")
    (86400000.0, 12.0, None)
    """
    if is_abstract(text):
        return float(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000


def moment(text: str) -> str:
    """Write an ISO time to the minute, or a text that is none as it is.

    Examples
    --------
    >>> moment("2025-11-03T09:41:12+00:00")
    '2025-11-03 09:41 UTC'
    """
    line = one_line(text)
    known = re.match(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})", line)
    return f"{known[1]} {known[2]} UTC" if known else line


def day(text: str) -> str:
    """Return the date of an ISO time."""
    return one_line(text)[:10]


def anchor(prefix: str, text: str) -> str:
    """Return the id of a thing in the page: readable, safe and different for different texts.

    Examples
    --------
    >>> anchor("f", "close_std_20"), anchor("f", "a|b")
    ('f-close_std_20', 'f-a-b-0eab8a')
    """
    slug = re.sub(r"[^a-z0-9_.]+", "-", text.lower()).strip("-")[:60]
    if slug != text:
        slug += "-" + hashlib.sha256(text.encode(errors="replace")).hexdigest()[:6]
    return f"{prefix}-{slug.strip('-')}"


def safe_link(target: str) -> str:
    """Return a link target if it is relative or http(s), otherwise an empty text.

    Examples
    --------
    >>> safe_link("../run/log.txt"), safe_link("javascript:alert(1)"), safe_link("//evil")
    ('../run/log.txt', '', '')
    """
    line = target.strip()
    safe = _SAFE_LINK.match(line) and not line.startswith(("//", "\\"))
    return line if safe and line == printable(line) else ""


class Ready(str):
    """Markdown that is written as it is; everything else is escaped."""

    __slots__ = ()


def markdown(value: Any) -> str:
    r"""Escape one value for Markdown: no table cell, link, heading or HTML can start in it.

    Examples
    --------
    >>> print(markdown("a|b\n# c_1 _d_"))
    a\|b \# c_1 \_d\_
    """
    if isinstance(value, Ready):
        return value
    return _LINE_START.sub(r"\1\\", _MARKDOWN.sub(r"\\\1", one_line(value)))


def prose(text: Any, in_table: bool = False) -> Ready:
    r"""Escape a sentence for Markdown, all but the code that it sets in backticks.

    Examples
    --------
    >>> print(prose("drop `vol_30d` <now>"))
    drop `vol_30d` \<now\>
    """
    parts = CODE.split(one_line(text))
    written = [code(part, in_table) if at % 2 else _MARKDOWN.sub(r"\\\1", part)
               for at, part in enumerate(parts)]
    return Ready(_LINE_START.sub(r"\1\\", "".join(written)))


def fence(text: str, language: str = "") -> Ready:
    """Return a fenced code block that its own content cannot close."""
    body = printable(text).rstrip("\n")
    longest = max((len(run) for run in re.findall(r"`+", body)), default=0)
    ticks = "`" * max(3, longest + 1)
    return Ready(f"{ticks}{language}\n{body}\n{ticks}")


def code(text: Any, in_table: bool = False) -> Ready:
    """Return an inline code span for a name; a table needs its pipes escaped even there."""
    line = one_line(text).replace("`", "ʼ")
    line = line.replace("|", "\\|") if in_table else line
    return Ready(f"`{line}`" if line else "")


def csv_cell(value: Any) -> Any:
    """Return a cell that no spreadsheet runs as a formula; numbers stay numbers.

    Examples
    --------
    >>> csv_cell("=cmd()"), csv_cell(-1.5)
    ("'=cmd()", -1.5)
    """
    if not isinstance(value, str):
        return "" if value is None else value
    return f"'{value}" if value[:1] in {"=", "+", "-", "@", "\t", "\r", "\n", "\0"} else value
