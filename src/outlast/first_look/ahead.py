"""Columns that hold what is known only later: values of later rows, and labels still to come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast.first_look.names import FUTURE, PAST, has_word

# Steps ahead that people use: days, weeks and months of trading and calendar days.
_STEPS = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 13, 14, 15, 20, 21, 22, 24, 26, 28, 30, 42, 48, 52, 60,
          63, 90, 126, 252)
_SAME, _FEWEST, _FEWEST_VALUES, _MOST_COLUMNS = 0.995, 30, 5, 60
_SAMPLE = 2_000
_SHARE_OF_ENTITIES = 0.8


@dataclass(frozen=True, eq=False)
class Ordered:
    """A table in the order of entity and time.

    Attributes
    ----------
    frame : polars.DataFrame
    entity : str, optional
    """

    frame: pl.DataFrame
    entity: str | None

    @classmethod
    def of(cls, frame: pl.DataFrame, time: str, entity: str | None) -> Ordered:
        """Sort a table."""
        return cls(frame.sort([entity, time] if entity else [time], maintain_order=True), entity)

    @property
    def of_each(self) -> str:
        """What is said after "the last rows"."""
        return "" if self.entity is None else f" of each {self.entity}"

    def over(self, expression: pl.Expr) -> pl.Expr:
        """Return an expression within each entity."""
        return expression if self.entity is None else expression.over(self.entity)

    def missing_at_end(self, name: str) -> int:
        """In how many last rows of each entity a column, missing nowhere else, has no value."""
        if not self.frame[name].null_count():
            return 0
        told = pl.col(name).is_not_null()
        after = self.over(told.cast(pl.Int32).reverse().cum_sum().reverse()) == 0
        keys = [] if self.entity is None else [self.entity]
        marked = self.frame.select(*keys, end=after, gap=~told & ~after)
        if marked["gap"].any():
            return 0
        ends = marked.group_by(keys).agg(pl.col("end").sum())["end"] if keys else pl.Series(
            [int(marked["end"].sum())])
        usual = int(ends.mode().max())  # type: ignore[arg-type]
        is_usual = float((ends == usual).mean()) >= _SHARE_OF_ENTITIES  # type: ignore[arg-type]
        return usual if is_usual else 0

    def target_ahead(self, target: str) -> tuple[str, int, str] | None:
        """From which column the target is made, how many rows ahead, and a sentence about it."""
        for name, later in self._later(target):
            y, now, then = (later[key] for key in ("y", "x", "ahead"))
            with np.errstate(divide="ignore", invalid="ignore"):
                relative = then / now - 1
            for how, value in (("is `{name}` {rows} later", then),
                               ("is the change of `{name}` over {rows}", then - now),
                               ("is the relative change of `{name}` over {rows}", relative)):
                if _equal(y, value):
                    return name, int(later["step"]), how
            if _is_sign(y, then - now):
                return name, int(later["step"]), "says whether `{name}` is higher {rows} later"
        return None

    def value_ahead(self, name: str) -> tuple[str, int] | None:
        """Of which other column a column holds a later value, and how many rows later."""
        forward = has_word(name, FUTURE) or self.missing_at_end(name) > 0
        if not forward or has_word(name, PAST):
            return None
        for other, later in self._later(name):
            if _equal(later["y"], later["ahead"]):
                return other, int(later["step"])
        return None

    def _later(self, name: str) -> Iterator[tuple[str, dict[str, npt.NDArray[Any]]]]:
        """Yield each other number with its values some rows later, as far as both are known."""
        numbers = [c for c in self.frame.columns if c not in (name, self.entity)
                   and self.frame[c].dtype.is_numeric()
                   and not has_word(c, PAST)][:_MOST_COLUMNS]
        if not self.frame[name].dtype.is_numeric() and self.frame[name].dtype != pl.Boolean:
            return
        part = self._part()
        y = part[name].cast(pl.Float64).to_numpy()
        codes = np.zeros(y.size) if self.entity is None else (
            part[self.entity].cast(pl.String).rank("dense").to_numpy())
        for other in numbers:
            x = part[other].cast(pl.Float64).to_numpy()
            for step in _STEPS:
                if y.size <= step + _FEWEST:
                    break
                pair = (codes[step:] == codes[:-step]) & np.isfinite(
                    y[:-step] + x[:-step] + x[step:])
                if pair.sum() >= _FEWEST and np.unique(x[:-step][pair]).size >= _FEWEST_VALUES:
                    yield other, {"y": y[:-step][pair], "x": x[:-step][pair],
                                  "ahead": x[step:][pair], "step": np.asarray(step)}

    def _part(self) -> pl.DataFrame:
        """The first rows, which are whole histories of the first entities."""
        return self.frame.head(_SAMPLE)


def _equal(y: npt.NDArray[Any], value: npt.NDArray[Any]) -> bool:
    known = np.isfinite(value)
    if known.sum() < _FEWEST or np.unique(y[known]).size < _FEWEST_VALUES:
        return False
    return float(np.isclose(y[known], value[known], rtol=1e-6, atol=1e-9).mean()) >= _SAME


def _is_sign(y: npt.NDArray[Any], change: npt.NDArray[Any]) -> bool:
    if not np.isin(y, (0, 1)).all() or np.ptp(y) == 0:
        return False
    return float(((change > 0) == (y == 1)).mean()) >= _SAME


def counted_rows(count: int) -> str:
    """Return a number of rows as text."""
    return "1 row" if count == 1 else f"{count} rows"


def last_rows(count: int) -> str:
    """Return how the last rows are called."""
    return "last row" if count == 1 else f"last {count} rows"
