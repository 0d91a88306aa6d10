"""A plane of points, and names beside some of them that never overlap or leave it."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from outlast.report import formatting
from outlast.report.charts import base

SIZE = 11
_SCALES: dict[str, Callable[[float], float]] = {
    "linear": float, "log": math.log, "sqrt": lambda value: math.sqrt(max(0.0, value)),
}
# Where a name may stand beside its point: offsets in pixels and how it is aligned there. Askew
# first, where no interval and no line of a frontier runs through it.
_SIDES = ((7, -12, "left"), (7, 13, "left"), (-7, -12, "right"), (-7, 13, "right"),
          (10, 0, "left"), (-10, 0, "right"), (0, -13, "center"), (0, 14, "center"))
_RADIUS = 5.0


class Box(NamedTuple):
    """A rectangle in pixels, y downwards."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        """Whether both share any area."""
        return (self.left < other.right and other.left < self.right
                and self.top < other.bottom and other.top < self.bottom)


class Span(NamedTuple):
    """One axis of a plane: what it shows, and how."""

    low: float
    high: float
    scale: str = "linear"

    def place(self, value: float) -> float:
        """Where a value lies, from 0 at the low to 1 at the high end."""
        low, high, at = map(_SCALES[self.scale], (self.low, self.high, value))
        return (at - low) / (high - low)

    def within(self, value: float) -> float:
        """The value, or the end of the axis beyond which it lies."""
        return min(max(value, self.low), self.high)

    def altair(self) -> Any:
        """Altair scale of exactly this span."""
        import altair as alt

        return alt.Scale(domain=[self.low, self.high], type=self.scale, nice=False, zero=False)


@dataclass(frozen=True)
class Plane:
    """A rectangle of so many pixels with its two axes."""

    x: Span
    y: Span
    width: int
    height: int

    def pixels(self, x: float, y: float) -> tuple[float, float]:
        """Where a point is drawn, y downwards."""
        return self.x.place(x) * self.width, (1 - self.y.place(y)) * self.height

    def names(
        self, rows: Sequence[dict[str, Any]], x: Any, y: Any, taken: Iterable[Box] = ()
    ) -> Iterator[Any]:
        """Altair layers that name some points, as far as there is room.

        Parameters
        ----------
        rows : sequence of dict
            ``x``, ``y`` and ``name`` of every point, the ones to be named first first; those
            without a name only take their place.
        x, y : altair channels
            As the points are drawn.
        taken : iterable of Box
            Where no name may stand.
        """
        import altair as alt

        for (dx, dy, align), named in self.placed(rows, taken).items():
            mark = alt.Chart(base.inline(named)).mark_text(
                dx=dx, dy=dy, align=align, baseline="middle", fontSize=SIZE, color=base.INK)
            yield mark.encode(x=x, y=y, text="name:N")

    def placed(
        self, rows: Sequence[dict[str, Any]], taken: Iterable[Box] = ()
    ) -> dict[tuple[int, int, str], list[dict[str, Any]]]:
        """The rows whose name has room, by the side of the point where it stands."""
        centres = [self.pixels(row["x"], row["y"]) for row in rows]
        full = [*taken, *(Box(x - _RADIUS, y - _RADIUS, x + _RADIUS, y + _RADIUS)
                          for x, y in centres)]
        named: dict[tuple[int, int, str], list[dict[str, Any]]] = {}
        for row, centre in zip(rows, centres, strict=True):
            for side in _SIDES if row["name"] else ():
                box = _box(row["name"], centre, side)
                if self._holds(box) and not any(box.meets(other) for other in full):
                    named.setdefault(side, []).append(row)
                    full.append(box)
                    break
        return named

    def _holds(self, box: Box) -> bool:
        return (box.left >= 0 and box.top >= 0 and box.right <= self.width
                and box.bottom <= self.height)


def _box(name: str, centre: tuple[float, float], side: tuple[int, int, str]) -> Box:
    dx, dy, align = side
    x, y, width = centre[0] + dx, centre[1] + dy, text_width(name)
    left = x - {"left": 0.0, "right": width, "center": width / 2}[align]
    return Box(left, y - SIZE / 2 - 1, left + width, y + SIZE / 2 + 1)


def signposts(places: Sequence[tuple[str, float, float]]) -> tuple[list[Any], list[Box]]:
    """Altair layers of words that end at a pixel each, and the room that they take."""
    import altair as alt

    layers = [alt.Chart(base.inline([{"word": word}])).mark_text(
        align="right", baseline="middle", fontSize=12, fontStyle="italic", color=base.MUTED,
    ).encode(x=alt.value(x), y=alt.value(y), text="word:N") for word, x, y in places]
    return layers, [Box(x - text_width(word, 12), y - 8, x, y + 8) for word, x, y in places]


def text_width(text: str, size: float = SIZE) -> float:
    """Pixels that a text takes at most, by the widths of the usual sans-serif letters.

    Examples
    --------
    >>> text_width("abc", 10), text_width("日", 10)
    (18.0, 10.0)
    """
    wide = sum(c in "mwMW@%" or unicodedata.east_asian_width(c) in "WF" for c in text)
    return size * (wide + 0.6 * (len(text) - wide))


def short_name(text: str, limit: int = 30) -> str:
    """A name as it stands in a picture."""
    return formatting.one_line(text, limit)


def span(values: Iterable[float], room: float = 0.12, least: float = 0.15) -> Span:
    """A linear axis around values and zero, with a part of it free at either end.

    Parameters
    ----------
    values : iterable of float
    room : float, default 0.12
        Share of the values' spread that stays free beyond them.
    least : float, default 0.15
        Share of the axis that lies below zero at least.

    Examples
    --------
    >>> [round(end, 6) for end in span([0.0, 1.0], room=0.0, least=0.2)[:2]]
    [-0.25, 1.0]
    """
    known = [0.0, *values]
    low, high = min(known), max(known)
    extra = room * (high - low or 1.0)
    high, low = high + extra, low - extra
    return Span(min(low, -high * least / (1 - least)), high)
