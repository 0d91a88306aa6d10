"""Five US stocks by day: a question with an answer, and one that hardly has any."""

from functools import partial

from benchmarks.foresight.tables.base import Table
from outlast.data import load_stocks

SOURCE, LICENCE = "outlast; Quandl WIKI Prices, in bokeh-sampledata", "public domain"

BIG_MOVE = Table(
    name="big_move", source=SOURCE, licence=LICENCE, panel=partial(load_stocks, "big_move_5"),
    question="does a stock move by more than 5 % in five days",
)
UP = Table(
    name="up", source=SOURCE, licence=LICENCE, panel=partial(load_stocks, "up_5"),
    question="does a stock rise in five days",
)
