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


def p_text(p: float, comparisons: int = 1) -> str:
    """Return a p-value for a sentence, with the number of comparisons it was corrected for.

    Examples
    --------
    >>> p_text(0.0774, 3), p_text(0.00001)
    ('p 0.077 after correction for 3 comparisons', 'p below 0.001')
    """
    shown = "p below 0.001" if p < 0.001 else f"p {number(p)}"
    return shown + f" after correction for {comparisons} comparisons" * (comparisons > 1)


def bounds(interval: Interval | None, digits: int = 3) -> str:
    """Return the two ends of an interval after a space, "" where there are none.

    Examples
    --------
    >>> bounds(Interval(value=0.05, low=-0.01, high=0.11))
    ' [−0.010, 0.110]'
    """
    if interval is None or interval.low is None:
        return ""
    return f" [{number(interval.low, digits)}, {number(interval.high, digits)}]"


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


_DAY = 86_400e9
_UNITS = (("year", 365.25 * _DAY), ("month", 30.4375 * _DAY), ("week", 7 * _DAY), ("day", _DAY),
          ("hour", 3_600e9), ("minute", 60e9))


def per_unit(span: float, calendar: bool) -> tuple[float, str]:
    """Return the size and the name of the largest unit that a span of time holds twice.

    Examples
    --------
    >>> per_unit(100 * 86_400e9, calendar=True)[1], per_unit(100.0, calendar=False)
    ('month', (1.0, 'step'))
    """
    if not calendar:
        return 1.0, "step"
    name, size = next(((n, s) for n, s in _UNITS if span >= 2 * s), ("second", 1e9))
    return size, name


def length_text(span: float, calendar: bool) -> str:
    """Return a span of time, rounded down to a whole number of a calendar unit.

    Examples
    --------
    >>> length_text(100 * 86_400e9, calendar=True), length_text(7.9, calendar=False)
    ('3 months', '7 steps')
    """
    size, name = per_unit(span, calendar)
    count = max(1, int(span // size))
    return f"{count} {name}{'s' * (count > 1)}"
