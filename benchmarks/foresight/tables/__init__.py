"""Public tables with questions about their future."""

from benchmarks.foresight.tables import delays, glucose, oil, rain, sea, stocks
from benchmarks.foresight.tables.base import Table

TABLES: dict[str, Table] = {
    table.name: table
    for table in (stocks.BIG_MOVE, stocks.UP, delays.TABLE, rain.TABLE, glucose.TABLE, oil.TABLE,
                  sea.TABLE)
}

__all__ = ["TABLES", "Table"]
