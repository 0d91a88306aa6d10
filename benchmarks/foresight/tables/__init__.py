"""Tables with questions about their future: public ones, and noise without an answer."""

from benchmarks.foresight.tables import delays, glucose, noise, oil, rain, sea, stocks
from benchmarks.foresight.tables.base import Table

PUBLIC = (stocks.BIG_MOVE, stocks.UP, delays.TABLE, rain.TABLE, glucose.TABLE, oil.TABLE,
          sea.TABLE)
TABLES: dict[str, Table] = {table.name: table for table in (*PUBLIC, *noise.NOISE)}

__all__ = ["PUBLIC", "TABLES", "Table"]
