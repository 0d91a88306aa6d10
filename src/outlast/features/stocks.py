"""The recipe for the embedded stocks: prices and volume up to the close of day t."""

from __future__ import annotations

from outlast.data.panel import Panel
from outlast.features.arithmetic import Category, Combine
from outlast.features.base import Feature
from outlast.features.calendar import CalendarPart
from outlast.features.clock_windows import RollingTime
from outlast.features.cross_section import CrossSectionRank, Market
from outlast.features.events import TimeSinceEvent
from outlast.features.recipe import Recipe
from outlast.features.windows import (
    Drawdown,
    Ewm,
    Expanding,
    Lag,
    Return,
    Rolling,
    ZScore,
)

_STEPS = ("adj_factor", "adj_open", "previous_close", "spread")


def stocks_recipe(panel: Panel) -> Recipe:
    """Return the recipe for daily prices with splits and dividends adjusted in ``adj_close``.

    Parameters
    ----------
    panel : Panel
        Which of the per-ticker event kinds are used depends on its events.

    Returns
    -------
    Recipe

    Examples
    --------
    >>> from outlast.data import load_stocks
    >>> recipe = stocks_recipe(load_stocks())
    >>> len(recipe.exported), recipe.exported[:5]
    (28, ('r1', 'ret_5', 'ret_10', 'ret_21', 'ret_63'))
    """
    features = (*_returns(), *_volatility(), *_day_range(), *_levels(), *_market(),
                *_calendar(), *_own_events(panel), Category("ticker", "ticker"))
    exported = tuple(f.name for f in features if f.name not in _STEPS)
    return Recipe("stocks", features, exported)


def _returns() -> tuple[Feature, ...]:
    return (
        Return("r1", "adj_close", steps=1),
        *(Return(f"ret_{rows}", "adj_close", steps=rows) for rows in (5, 10, 21, 63)),
        Rolling("r1_min_21", "r1", statistic="min", rows=21),
        Rolling("r1_max_21", "r1", statistic="max", rows=21),
    )


def _volatility() -> tuple[Feature, ...]:
    return (
        *(Rolling(f"vol_{rows}", "r1", statistic="std", rows=rows) for rows in (5, 21, 63)),
        RollingTime("vol_30d", "r1", statistic="std", duration="30D"),
        Ewm("vol_ewm_21", "r1", statistic="std", span=21),
        Expanding("vol_so_far", "r1", statistic="std"),
    )


def _day_range() -> tuple[Feature, ...]:
    """High to low within a day, and close to open over night."""
    return (
        Combine("spread", "high", "low", operation="difference"),
        Combine("range", "spread", "close", operation="ratio"),
        Rolling("range_5", "range", statistic="mean", rows=5),
        Rolling("range_21", "range", statistic="mean", rows=21),
        # Raw prices jump at a split; the open is moved onto the adjusted scale first.
        Combine("adj_factor", "adj_close", "close", operation="ratio"),
        Combine("adj_open", "open", "adj_factor", operation="product"),
        Lag("previous_close", "adj_close", steps=1),
        Combine("gap", "adj_open", "previous_close", operation="change"),
    )


def _levels() -> tuple[Feature, ...]:
    """Where price and volume stand against their own past."""
    return (
        Drawdown("drawdown_252", "adj_close", rows=252, min_rows=1),
        ZScore("volume_z", "volume", rows=21),
    )


def _market() -> tuple[Feature, ...]:
    """All tickers of a day together, and one ticker against the others."""
    return (
        Market("mkt_r1", "r1"),
        Market("mkt_vol_21", "r1", statistic="std", timestamps=21),
        Market("mkt_ret_21", "r1", statistic="sum", timestamps=21),
        CrossSectionRank("rank_vol_21", "vol_21"),
    )


def _calendar() -> tuple[Feature, ...]:
    return (
        CalendarPart("weekday", "date", part="weekday"),
        CalendarPart("month", "date", part="month"),
    )


def _own_events(panel: Panel) -> tuple[Feature, ...]:
    """Days since the ticker's own events, which the file itself shows on their day.

    The market-wide windows are no features: somebody named them afterwards, knowing that
    the market would fall.
    """
    kinds = set(panel.events.table["kind"])
    wanted = {"news gap": "days_since_news_gap", "dividend": "days_since_dividend"}
    return tuple(
        TimeSinceEvent(name, "date", kind=kind, scope="own")
        for kind, name in wanted.items()
        if kind in kinds
    )
