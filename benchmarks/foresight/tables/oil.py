"""The price of a barrel of West Texas Intermediate by day."""

import polars as pl

from benchmarks.foresight.tables.base import Table
from benchmarks.foresight.tables.raw import raw
from outlast.data import Panel, Schema

DAYS = 10


def panel() -> Panel:
    """One row per trading day; the label is the volatility of the ten returns that follow."""
    price = pl.col("DCOILWTICO").log()
    later = pl.col("return").rolling_std(DAYS).shift(-DAYS)
    table = raw("oil").drop_nulls().sort("Date").select(
        day="Date", log_price=price, **{"return": price.diff()}).with_columns(
        size=pl.col("return").abs(), y=pl.when(later > 0).then(later.log()))
    return Panel.build(table, Schema(time="day", target="y", horizon=DAYS), name="oil")


TABLE = Table(
    name="oil", question=f"the log of the standard deviation of the next {DAYS} daily returns",
    panel=panel, source="arch; US Energy Information Administration, by way of FRED",
    licence="public domain",
)
