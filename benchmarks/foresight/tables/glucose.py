"""The blood glucose of one patient by the quarter of an hour."""

import polars as pl

from benchmarks.foresight.tables.base import Table
from benchmarks.foresight.tables.raw import raw
from outlast.data import Panel, Schema

READINGS, LOW = 4, 70


def panel() -> Panel:
    """Every third of the readings, which come every five minutes; a few times come twice."""
    table = raw("glucose").unique("datetime", keep="first").sort("datetime").gather_every(3)
    later = [pl.col("glucose").shift(-k) for k in range(1, READINGS + 1)]
    table = table.with_columns(
        pl.col("isig").cast(pl.Float64, strict=False),
        y=pl.when(later[-1].is_not_null()).then((pl.min_horizontal(later) < LOW).cast(pl.Int8)))
    return Panel.build(table, Schema(time="datetime", target="y", horizon=READINGS),
                       name="glucose")


TABLE = Table(
    name="glucose", question=f"is one of a patient's next {READINGS} readings, an hour's, below "
                             f"{LOW} mg/dl", panel=panel,
    source="bokeh-sampledata; given by the patient", licence="public domain",
)
