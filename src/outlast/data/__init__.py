"""Tables, the roles of their columns, their events, and the embedded default."""

from outlast.data.events import Events
from outlast.data.joins import Join
from outlast.data.panel import Panel
from outlast.data.readers import read_table, to_frame
from outlast.data.schema import Schema
from outlast.data.stocks import load_stocks

__all__ = ["Events", "Join", "Panel", "Schema", "load_stocks", "read_table", "to_frame"]
