"""Features that look only backwards, the recipes made of them, and their lineage."""

from collections.abc import Callable

from outlast.data.panel import Panel
from outlast.features.arithmetic import Category, Combine, Missing, Raw
from outlast.features.automatic import default_recipe
from outlast.features.base import Feature
from outlast.features.calendar import CalendarCycle, CalendarPart, HolidayDistance
from outlast.features.clock_windows import EwmTime, RollingTime
from outlast.features.cross_section import (
    CrossSectionDemean,
    CrossSectionRank,
    CrossSectionZScore,
    GroupAggregate,
    Market,
)
from outlast.features.encodings import OrdinalCodes
from outlast.features.events import EventCount, InsideEvent, TimeSinceEvent
from outlast.features.function import FunctionRecipe
from outlast.features.lineage import Lineage
from outlast.features.recipe import FeatureTable, Recipe
from outlast.features.stocks import stocks_recipe
from outlast.features.suggested import Suggestion, suggest_recipe
from outlast.features.target_encoding import TargetEncoding
from outlast.features.target_history import last_known_target
from outlast.features.windows import (
    Difference,
    Drawdown,
    Ewm,
    Expanding,
    Lag,
    RangePosition,
    Return,
    Rolling,
    ZScore,
)

FEATURES: dict[str, type[Feature]] = {
    "raw": Raw,
    "category": Category,
    "combine": Combine,
    "missing": Missing,
    "lag": Lag,
    "difference": Difference,
    "return": Return,
    "rolling": Rolling,
    "rolling_time": RollingTime,
    "z_score": ZScore,
    "drawdown": Drawdown,
    "range_position": RangePosition,
    "ewm": Ewm,
    "ewm_time": EwmTime,
    "expanding": Expanding,
    "calendar_part": CalendarPart,
    "calendar_cycle": CalendarCycle,
    "holiday_distance": HolidayDistance,
    "cross_section_rank": CrossSectionRank,
    "cross_section_demean": CrossSectionDemean,
    "cross_section_z_score": CrossSectionZScore,
    "group_aggregate": GroupAggregate,
    "market": Market,
    "time_since_event": TimeSinceEvent,
    "inside_event": InsideEvent,
    "event_count": EventCount,
    "target_encoding": TargetEncoding,
}

# The recipes written by hand: panel name -> builder. Any other table gets the automatic one.
RECIPES: dict[str, Callable[[Panel], Recipe]] = {"stocks": stocks_recipe}

AnyRecipe = Recipe | FunctionRecipe

__all__ = [
    "FEATURES",
    "RECIPES",
    "AnyRecipe",
    "Feature",
    "FeatureTable",
    "FunctionRecipe",
    "Lineage",
    "OrdinalCodes",
    "Recipe",
    "Suggestion",
    "default_recipe",
    "last_known_target",
    "make_recipe",
    "suggest_recipe",
]


def make_recipe(panel: Panel) -> Recipe:
    """Return the hand-written recipe for a known table, the automatic one for any other.

    A table that others were joined with is another table.

    Examples
    --------
    >>> from outlast.data import load_stocks
    >>> make_recipe(load_stocks()).name
    'stocks'
    """
    if panel.name in RECIPES and not panel.joined:
        recipe = RECIPES[panel.name](panel)
        # A file that merely happens to be called stocks.csv is not the embedded table.
        if recipe.fits(panel):
            return recipe
    return default_recipe(panel)
