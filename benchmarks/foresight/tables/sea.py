"""The temperature of the sea at one buoy by the hour."""

import polars as pl

from benchmarks.foresight.tables.base import Table
from benchmarks.foresight.tables.raw import raw
from outlast.data import Panel, Schema

HOURS = 24


def panel() -> Panel:
    """Every other of the half-hourly records; one time comes twice."""
    table = raw("sea").unique("time", keep="first").sort("time").gather_every(2)
    change = pl.col("temperature").shift(-HOURS) - pl.col("temperature")
    return Panel.build(table.with_columns(y=change),
                       Schema(time="time", target="y", horizon=HOURS), name="sea")


TABLE = Table(
    name="sea", question=f"by how many degrees the sea warms within {HOURS} hours", panel=panel,
    source="bokeh-sampledata; NERACOOS station B01", licence="free to use and redistribute",
)
