"""Tables of pure noise on which a common way of validating sees skill: nothing can be found."""

from collections.abc import Callable
from functools import partial

import numpy as np
import polars as pl

from benchmarks.foresight.tables.base import Table
from benchmarks.traps import TRAPS
from benchmarks.traps.base import days, rises, walks
from outlast.data import Panel, Schema

ENTITIES, DAYS = 10, 1500


def _walks(ahead: int) -> Panel:
    """Whether noise adds up to more than zero over the days to come, beside three slow walks."""
    rng = np.random.default_rng(0)
    frame = days(ENTITIES, DAYS).drop("t").with_columns(
        change=pl.Series(rng.normal(size=ENTITIES * DAYS)),
        **{name: pl.Series(walks(rng, ENTITIES, DAYS)) for name in "abc"})
    schema = Schema(time="day", entity="entity", target="y", horizon=ahead)
    return Panel.build(frame.with_columns(y=rises("change", ahead)), schema,
                       name=f"sum_of_{ahead}_days")


def _shock() -> Panel:
    trap = TRAPS["common_shock"]
    return trap.panel(trap.table(np.random.default_rng(0), False))


def _noise(name: str, question: str, panel: Callable[[], Panel]) -> Table:
    return Table(name=name, question=question, source="made by `benchmarks/`",
                 licence="that of outlast", panel=panel)


NOISE = (
    _noise("sum_of_10_days", "do noise's next ten values add up to more than zero",
           partial(_walks, 10)),
    _noise("sum_of_20_days", "the same over twenty values", partial(_walks, 20)),
    _noise("common_shock", "is a value above zero, where a day's draw moves all entities",
           _shock),
)
