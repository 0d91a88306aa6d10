"""How the findings of exact checks name times, numbers and columns."""

from __future__ import annotations

from collections.abc import Sequence

from outlast.data import Panel
from outlast.data.times import LAST, format_ns


def shown_time(panel: Panel, ns: int) -> str:
    """Write a time of a panel: as ISO time, or as the integer that it is.

    Examples
    --------
    >>> from outlast.data import load_stocks
    >>> panel = load_stocks()
    >>> shown_time(panel, int(panel.time.ns[0]))
    '2000-03-01'
    """
    if ns == LAST:
        return "the end of the data"
    return str(ns) if panel.time.zone == "abstract" else format_ns(ns)


def counted(number: int, noun: str) -> str:
    """Write a number of things.

    Examples
    --------
    >>> counted(1, "row"), counted(1200, "row")
    ('1 row', '1,200 rows')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def listed(names: Sequence[str], most: int = 4) -> str:
    """Name some columns or splits, and how many more there are.

    Examples
    --------
    >>> listed(["a", "b", "c"], most=2)
    '`a`, `b` and 1 more'
    """
    shown = ", ".join(f"`{name}`" for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
