"""Features of the events that had begun by the time of a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import polars as pl

from outlast.data.durations import duration_ns
from outlast.data.events import Events
from outlast.errors import unknown_name
from outlast.features.base import ENTITY, TIME, Accepts, Context, Feature
from outlast.features.lookback import Lookback, clock_time

Scope = Literal["own", "common", "any"]

# Whether the events of the row's own entity are looked at, and whether the common ones are.
_SIDES = {"own": (True,), "common": (False,), "any": (True, False)}
_DAY = 86_400 * 10**9


@dataclass(frozen=True)
class EventFeature(Feature):
    """A feature of the events begun so far; its source is the time column.

    An event counts from its start on: that its name stands in the table does not say that
    it was known ahead.

    Parameters
    ----------
    kind : str, optional
        Only events of this kind; all kinds when not given.
    scope : {"own", "common", "any"}, default "any"
        Events of the row's entity, events that concern everyone, or both.
    """

    kind: str | None = None
    scope: Scope = "any"
    family: ClassVar[str] = "event"
    accepts: ClassVar[Accepts] = "time"

    def __post_init__(self) -> None:
        if self.scope not in _SIDES:
            raise unknown_name("event scope", self.scope, _SIDES)

    def chosen(self, context: Context) -> Events:
        """Return the events of the kind."""
        return context.events if self.kind is None else context.events.of_kind(self.kind)

    def begun(self, frame: pl.DataFrame, context: Context) -> pl.DataFrame:
        """Return each row's time, and the latest start and end of the events begun by then.

        Returns
        -------
        polars.DataFrame
            Columns ``time``, ``start`` and ``end`` (int64, null before the first event).
        """
        rows = frame.select(ENTITY, time=pl.col(TIME).to_physical())
        parts = [_last_begun(rows, self.chosen(context), own=own) for own in _SIDES[self.scope]]
        return rows.select("time", start=_latest(parts, "start"), end=_latest(parts, "end"))


@dataclass(frozen=True)
class TimeSinceEvent(EventFeature):
    """Days since the latest start of an event (abstract times: in their own unit).

    Examples
    --------
    >>> from outlast.data import load_stocks
    >>> from outlast.features.recipe import Recipe
    >>> panel = load_stocks()
    >>> recipe = Recipe("paid", (TimeSinceEvent("days", "date", kind="dividend", scope="own"),))
    >>> int(recipe.transform(panel).frame["days"].drop_nans().max())
    310
    """

    def compute(self, frame: pl.DataFrame, context: Context) -> pl.Series:
        """Subtract the latest start."""
        unit = 1 if context.zone == "abstract" else _DAY
        since = (pl.col("time") - pl.col("start")) / unit
        return self.begun(frame, context).select(since.alias(self.name)).to_series()


@dataclass(frozen=True)
class InsideEvent(EventFeature):
    """1 while an event lasts, its last instant included, else 0."""

    def compute(self, frame: pl.DataFrame, context: Context) -> pl.Series:
        """Compare with the latest end of all events begun."""
        inside = (pl.col("time") <= pl.col("end")).fill_null(value=False)
        return self.begun(frame, context).select(inside.alias(self.name)).to_series()


@dataclass(frozen=True)
class EventCount(EventFeature):
    """How many events began in the clock window ``(t - duration, t]``.

    Parameters
    ----------
    duration : str, default "30D"
        Clock time, such as ``"36h"``.
    """

    duration: str = "30D"
    needs_clock: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        clock_time(self.name, self.duration)

    @property
    def lookback(self) -> Lookback:
        """The duration."""
        return Lookback(time=clock_time(self.name, self.duration))

    def compute(self, frame: pl.DataFrame, context: Context) -> pl.Series:
        """Subtract the number begun before the window from the number begun by its end."""
        rows = frame.select(ENTITY, time=pl.col(TIME).to_physical())
        earlier = rows.with_columns(pl.col("time") - duration_ns(self.lookback.time))
        begun = [_number_begun(at, self.chosen(context), own=own) * sign
                 for own in _SIDES[self.scope] for at, sign in ((rows, 1), (earlier, -1))]
        return pl.DataFrame({str(i): part for i, part in enumerate(begun)}).sum_horizontal() \
            .alias(self.name)


def _number_begun(rows: pl.DataFrame, events: Events, *, own: bool) -> pl.Series:
    """How many events had begun by the time of each row."""
    chosen = events.table.filter(pl.col("entity").is_not_null() == own).sort("start")
    number = pl.int_range(1, pl.len() + 1)
    table = chosen.select(pl.col("entity").alias(ENTITY), time=pl.col("start"),
                          number=number.over("entity") if own else number)
    joined = rows.join_asof(table, on="time", by=ENTITY if own else None, strategy="backward",
                            check_sortedness=False)
    return joined["number"].fill_null(0)


def _last_begun(rows: pl.DataFrame, events: Events, *, own: bool) -> pl.DataFrame:
    """Join each row with the last start at or before it, and the largest end up to there."""
    chosen = events.table.filter(pl.col("entity").is_not_null() == own).sort("start", "end")
    # The running maximum of the ends answers "inside any event?" with a single join.
    end = pl.col("end").cum_max()
    table = chosen.select(pl.col("entity").alias(ENTITY), "start",
                          end=end.over("entity") if own else end,
                          time=pl.col("start"))
    joined = rows.join_asof(table, on="time", by=ENTITY if own else None, strategy="backward",
                            check_sortedness=False)
    return joined.select("start", "end")


def _latest(parts: Sequence[pl.DataFrame], column: str) -> pl.Series:
    return pl.DataFrame({str(i): part[column] for i, part in enumerate(parts)}).max_horizontal()
