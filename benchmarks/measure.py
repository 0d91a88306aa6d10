"""One measured figure, and the table that `make bench` prints of all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Measure:
    """A figure that is compared with a bar.

    Parameters
    ----------
    what : str
        What was measured, such as "CPU of a 50-trial search / hand-written loop".
    table : str
        The data that it was measured on.
    value, bar : float
        The ratio (or the seconds), and what it must reach.
    better : {"less", "more"}
        Which side of the bar is the good one.
    detail : str
        Both sides of the ratio with units, and whatever a reader needs to trust it.
    unit : str, default "x"
    """

    what: str
    table: str
    value: float
    bar: float
    better: Literal["less", "more"]
    detail: str
    unit: str = "x"

    @property
    def reached(self) -> bool:
        """Whether the figure is on the good side of its bar."""
        return self.value <= self.bar if self.better == "less" else self.value >= self.bar


def show(measures: Iterable[Measure]) -> None:
    """Print a line per figure, its bar, and what is behind it."""
    for m in measures:
        mark, sign = ("ok  " if m.reached else "MISS"), ("<=" if m.better == "less" else ">=")
        print(f"{mark} {m.what} [{m.table}]: {m.value:.3g} {m.unit} (bar {sign} {m.bar:g})\n"
              f"       {m.detail}", flush=True)
