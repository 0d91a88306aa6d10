"""The embedded default data set: five US stocks by trading day, 2000 to 2013."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

import polars as pl

from outlast.data.events import Events
from outlast.data.joins import Join
from outlast.data.panel import Panel
from outlast.data.schema import Schema
from outlast.errors import unknown_name

HORIZON = 5
TARGETS = ("big_move_5", "up_5", "fwd_ret_5")


def load_stocks(target: str = "big_move_5", joins: Sequence[Join] = ()) -> Panel:
    """Load the embedded panel of AAPL, FB, GOOG, IBM and MSFT (12,154 ticker-days).

    Parameters
    ----------
    target : {"big_move_5", "up_5", "fwd_ret_5"}, default "big_move_5"
        * ``big_move_5``: the adjusted close moves by more than 5 % in five trading days.
        * ``up_5``: it rises in five trading days; the honest case without a signal.
        * ``fwd_ret_5``: the return over five trading days (regression).
    joins : sequence of Join, optional
        Further tables, on ``ticker`` or for all.

    Returns
    -------
    Panel
        With 13 market-wide and 141 per-ticker events.

    Raises
    ------
    InputError
        If the target is not one of the three.

    Notes
    -----
    Quandl WIKI Prices, public domain; archived copy by marketneutral on Kaggle, as shipped
    in bokeh-sampledata 2026.1. The tickers were picked in 2013, so the panel holds only
    survivors.

    Examples
    --------
    >>> panel = load_stocks()
    >>> panel.n_rows, int(panel.usable.sum()), panel.task
    (12154, 12129, 'binary')
    """
    if target not in TARGETS:
        raise unknown_name("stocks target", target, TARGETS)
    schema = Schema(time="date", entity="ticker", target=target, label_end="label_end",
                    leaky=tuple(sorted({*TARGETS} - {target})))
    return Panel.build(_with_targets(_prices()), schema, events=stock_events(), name="stocks",
                       joins=joins)


def stock_events() -> Events:
    """Load the events of the embedded data set: market-wide windows and per-ticker days."""
    folder = files("outlast.data") / "embedded"
    with (folder / "events.csv").open("rb") as source:
        return Events.from_frame(pl.read_csv(source, try_parse_dates=True))


def _prices() -> pl.DataFrame:
    folder = files("outlast.data") / "embedded"
    with (folder / "stocks.csv.gz").open("rb") as source:
        raw = pl.read_csv(source.read(), try_parse_dates=True)
    return raw.rename({name: name.lower().replace(" ", "_") for name in raw.columns})


def _with_targets(prices: pl.DataFrame) -> pl.DataFrame:
    """Add the three targets and the day on which they are known."""
    ahead = pl.col("adj_close").shift(-HORIZON).over("ticker")
    known = pl.col("date").shift(-HORIZON).over("ticker")
    change = ahead / pl.col("adj_close") - 1
    return prices.sort("ticker", "date").with_columns(
        fwd_ret_5=change,
        big_move_5=(change.abs() > 0.05).cast(pl.Int8),
        up_5=(change > 0).cast(pl.Int8),
        label_end=known,
    )
