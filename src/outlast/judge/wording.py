"""Numbers in sentences: fixed decimals, real minus signs, always with their interval."""

from __future__ import annotations

from outlast.judge.board import Interval

MINUS = "\N{MINUS SIGN}"


def number(value: float | None, digits: int = 3) -> str:
    """Return a number for a sentence.

    Examples
    --------
    >>> number(0.73931), number(None)
    ('0.739', 'n/a')
    """
    return "n/a" if value is None else f"{value:.{digits}f}".replace("-", MINUS)


def interval_text(interval: Interval | None) -> str:
    """Return an estimate with its 95 % interval.

    Examples
    --------
    >>> interval_text(Interval(value=0.739, low=0.701, high=0.775))
    '0.739 (95 % CI 0.701 to 0.775)'
    """
    if interval is None or interval.low is None:
        return number(interval.value if interval else None)
    return f"{number(interval.value)} (95 % CI {number(interval.low)} to {number(interval.high)})"


def signed(interval: Interval | None) -> str:
    """Return a difference with its sign and 95 % interval.

    Examples
    --------
    >>> signed(Interval(value=0.05, low=-0.01, high=0.11))
    '+0.050 (95 % CI −0.010 to +0.110)'
    """
    if interval is None or interval.value is None:
        return "n/a"
    value = signed_number(interval.value)
    if interval.low is None or interval.high is None:
        return value
    return f"{value} (95 % CI {signed_number(interval.low)} to {signed_number(interval.high)})"


def bounds(interval: Interval | None) -> str:
    """Return the two ends of an interval after a space, "" where there are none.

    Examples
    --------
    >>> bounds(Interval(value=0.05, low=-0.01, high=0.11))
    ' [−0.010, 0.110]'
    """
    if interval is None or interval.low is None:
        return ""
    return f" [{number(interval.low)}, {number(interval.high)}]"


def signed_number(value: float | None) -> str:
    """Return a number with its sign.

    Examples
    --------
    >>> signed_number(-0.05)
    '−0.050'
    """
    if value is None:
        return "n/a"
    return f"{value:+.3f}".replace("-", MINUS)
