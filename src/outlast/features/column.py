"""Some entities side by side, their rows below one another, and the arithmetic of features.

Every window is put together from windows of 1, 2, 4, 8, ... rows. So a step is one addition (or
minimum) of whole arrays, the windows of a column share their steps, and a value depends on the
rows of its own window alone, to the last bit, wherever the table begins or ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from outlast.features.memory import Floats, empty
from outlast.features.rows import Counts, by_rows, faded, faded_moments, faded_sums, moved, shifted

Statistic = Literal["mean", "std", "min", "max", "sum"]
# The mean of the known values of a window, and the sum of their squared distances to it.
Moments = tuple[Floats, Floats]
# Divisions by zero are missing values.
_QUIETLY = np.errstate(all="ignore")
_EXTREMES: dict[str, tuple[np.ufunc, float]] = {
    "min": (np.minimum, float("inf")),
    "max": (np.maximum, float("-inf")),
}


class Column:
    """An operand of formulas: the values of some entities, in order of time.

    It has the operators and the `shift` of a polars expression, so that one formula serves both.

    Parameters
    ----------
    values : ndarray of float64, shape (rows, entities)
        NaN is missing. They must not be changed afterwards.

    Examples
    --------
    >>> column = Column(np.array([[1.0], [3.0], [np.nan], [5.0]]))
    >>> (column - column.shift(1)).values.ravel().tolist()
    [nan, 2.0, nan, nan]
    >>> column.rolling("mean", rows=2, at_least=1).values.ravel().tolist()
    [1.0, 2.0, 3.0, 5.0]
    """

    def __init__(self, values: Floats) -> None:
        self.values = values
        self._made: dict[str, list[Any]] = {}

    def __add__(self, other: Column | float) -> Column:
        return self._with(np.add, other)

    def __sub__(self, other: Column | float) -> Column:
        return self._with(np.subtract, other)

    def __mul__(self, other: Column | float) -> Column:
        return self._with(np.multiply, other)

    def __truediv__(self, other: Column | float) -> Column:
        return self._with(np.divide, other)

    def shift(self, steps: int) -> Column:
        """Return the values `steps` rows earlier."""
        moved = empty(self.values.shape)
        moved[:steps] = np.nan
        moved[steps:] = self.values[:-steps]
        return Column(moved)

    @_QUIETLY
    def rolling(self, statistic: Statistic, rows: int, at_least: int) -> Column:
        """Return a statistic of the last `rows` rows, missing below `at_least` known values."""
        count = self._counts.within(rows)
        if statistic in _EXTREMES:
            return _enough(count, at_least, self._extreme(statistic, rows))
        if statistic == "std":
            squares = self._moments(rows)[1]
            return _enough(count, max(2, at_least), _deviation(squares, count - 1))
        total = self._sum(rows)
        divisor = count if statistic == "mean" else np.ones((1, 1))
        return _enough(count, at_least, by_rows(np.divide, total, divisor))

    def known(self, rows: int) -> Column:
        """Return how many of the last `rows` values are known."""
        return Column(np.broadcast_to(self._counts.within(rows), self.values.shape))

    @_QUIETLY
    def expanding(self, statistic: Statistic) -> Column:
        """Return a statistic of all rows so far, missing before the first known value."""
        count = self._counts.so_far
        if statistic in _EXTREMES:
            ufunc, neutral = _EXTREMES[statistic]
            return _enough(count, 1, _running(ufunc, self._filled(neutral)))
        if statistic == "std":
            return _enough(count, 2, self._deviation_so_far(count))
        total = _running(np.add, self._filled(0.0))
        return _enough(count, 1, by_rows(np.divide, total, count, out=total)
                       if statistic == "mean" else total)

    @_QUIETLY
    def ewm(self, statistic: Literal["mean", "std"], alpha: float) -> Column:
        """Return a statistic with weights that fade by ``1 - alpha`` per known value."""
        known = self._counts.within(1)
        fade = np.where(known > 0, 1 - alpha, 1.0)
        if statistic == "mean":
            total, weight = faded((self._filled(0.0), known), fade, faded_sums)
            return _enough(known, 1, by_rows(np.divide, total, weight))
        start = known, known, self._filled(0.0), np.zeros_like(self.values)
        weight, squared, _, squares = faded(start, fade, faded_moments)
        freedom = weight - squared / weight
        return _enough(np.where(freedom > 0, known, 0.0), 1, _deviation(squares, freedom))

    @_QUIETLY
    def _with(self, ufunc: np.ufunc, other: Column | float) -> Column:
        operand = other.values if isinstance(other, Column) else other
        return Column(ufunc(self.values, operand, out=empty(self.values.shape)))

    @cached_property
    def _known(self) -> npt.NDArray[np.bool_] | None:
        """Which values are known, None if all are."""
        known = ~np.isnan(self.values)
        return None if known.all() else known

    @cached_property
    def _counts(self) -> Counts:
        return Counts.of(*self.values.shape) if self._known is None else Counts(self._known)

    def _filled(self, neutral: float) -> Floats:
        """The values, and in the holes a number that changes no result."""
        return self.values if self._known is None else np.where(self._known, self.values, neutral)

    def _sum(self, rows: int) -> Floats:
        powers = self._doubled("sum", rows, lambda: self._filled(0.0),
                               lambda part, by: shifted(np.add, part, part, by))
        total: Floats | None = None
        reach = 0
        for length, part in _parts(powers, rows):
            # `total` holds the newest rows; the next part ends where they begin.
            total = part if total is None else shifted(np.add, total, part, reach)
            reach += length
        assert total is not None, "a window has at least one row"
        return total

    def _moments(self, rows: int) -> Moments:
        powers = self._doubled("moments", rows, self._single_moments,
                               lambda part, by: self._merged(part, part, by, by))
        window: Moments | None = None
        reach = 0
        for length, part in _parts(powers, rows):
            window = part if window is None else self._merged(window, part, reach, length)
            reach += length
        assert window is not None, "a window has at least one row"
        return window

    def _extreme(self, statistic: str, rows: int) -> Floats:
        """Two windows of a power of two that overlap: the rows in both do not count twice."""
        ufunc, neutral = _EXTREMES[statistic]
        powers = self._doubled(statistic, rows, lambda: self._filled(neutral),
                               lambda part, by: shifted(ufunc, part, part, by))
        largest = 1 << (rows.bit_length() - 1)
        return shifted(ufunc, powers[-1], powers[-1], rows - largest, fresh=True)

    def _doubled(
        self, kind: str, rows: int, start: Callable[[], Any], double: Callable[[Any, int], Any]
    ) -> list[Any]:
        """Windows of 1, 2, 4, ... rows up to `rows`, kept for the column's other windows."""
        made = self._made.setdefault(kind, [])
        if not made:
            made.append(start())
        while len(made) < rows.bit_length():
            made.append(double(made[-1], 1 << (len(made) - 1)))
        return made[: rows.bit_length()]

    def _single_moments(self) -> Moments:
        return self._filled(0.0), np.zeros_like(self.values)

    def _merged(self, later: Moments, earlier: Moments, rows: int, more: int) -> Moments:
        """Merge two windows as Chan, Golub and LeVeque do: equal values stay exact.

        `later` holds the last `rows` rows, `earlier` the `more` rows before them.
        """
        mean, squares = later
        if rows >= len(mean):
            return later
        share, weight = self._counts.shares(rows, more)
        step = np.subtract(earlier[0][:-rows], mean[rows:], out=empty(mean[rows:].shape))
        by_rows(np.multiply, step, share, out=step)
        new_mean = moved(mean, step, rows)
        step *= step
        by_rows(np.multiply, step, weight, out=step)
        step += earlier[1][:-rows]
        return new_mean, moved(squares, step, rows)

    def _deviation_so_far(self, count: Floats) -> Floats:
        """The formula of Youngs and Cramer: a sum of squares, which nothing is subtracted from."""
        known = self._known
        start = 0 if known is None else known.argmax(axis=0)
        # Beside the first known value a large level costs no digits.
        first = self.values[start, np.arange(self.values.shape[1])]
        values = np.subtract(self.values, first, out=empty(self.values.shape))
        if known is not None:
            values[~known] = 0.0
        values -= by_rows(np.divide, _running(np.add, values), count)
        values *= values
        by_rows(np.multiply, values, np.where(count > 1, count / (count - 1), 0.0), out=values)
        if known is not None:
            values[~known] = 0.0
        return _deviation(_running(np.add, values), count - 1)


def _parts(powers: list[Any], rows: int) -> Iterator[tuple[int, Any]]:
    """The windows of a power of two that make one of `rows` rows, the newest first."""
    return ((1 << i, power) for i, power in enumerate(powers) if rows >> i & 1)


def _running(ufunc: np.ufunc, values: Floats) -> Floats:
    result: Floats = ufunc.accumulate(values, axis=0, out=empty(values.shape))
    return result


def _deviation(squares: Floats, freedom: Floats) -> Floats:
    variance = by_rows(np.divide, squares, freedom)
    return np.sqrt(variance, out=variance)


def _enough(count: Floats, at_least: int, values: Floats) -> Column:
    """Leave out, in place, what was made of too few known values."""
    few = count < at_least
    values[few if few.shape == values.shape else few[:, 0]] = np.nan
    return Column(values)
