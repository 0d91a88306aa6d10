"""A cut through the middle of an event: its first half knows the second."""

import numpy as np
import polars as pl

from benchmarks.traps.base import Trap, auc_of_folds, audit_of, days
from outlast import Events

ENTITIES, DAYS, EVERY, LASTS = 30, 400, 80, 60


def event_of(t: np.ndarray) -> np.ndarray:
    """Number of the event on each day, -1 outside; the first one starts on day 20."""
    number, day = np.divmod(t - 20, EVERY)
    return np.where((t >= 20) & (day < LASTS), number, -1)


def table(rng: np.random.Generator, signal: bool) -> pl.DataFrame:
    """In an event each entity is hit or spared until it ends; outside, labels are noise."""
    frame = days(ENTITIES, DAYS)
    t, entity = frame["t"].to_numpy(), np.repeat(np.arange(ENTITIES), DAYS)
    number = event_of(t)
    hit = rng.random((DAYS // EVERY + 1, ENTITIES)) < 0.5
    stress = rng.normal(size=DAYS // EVERY + 1)
    x = rng.normal(size=frame.height)
    noise = (rng.normal(size=frame.height) + (1.5 * x if signal else 0.0)) > 0
    inside = number >= 0
    keep = inside & (rng.random(frame.height) < (0.5 if signal else 0.9))
    y = np.where(keep, hit[number, entity], noise)
    return frame.with_columns(
        stress=pl.Series(np.where(inside, stress[number], 0.0)), x=pl.Series(x),
        y=pl.Series(y.astype(np.int8))).drop("t")


def events(frame: pl.DataFrame) -> Events:
    """The windows of the events, as everyone knows them."""
    first = frame["day"].min()
    starts = list(range(20, DAYS, EVERY))
    return Events.from_frame(pl.DataFrame({
        "start": [first] * len(starts), "end": [first] * len(starts)}).with_columns(
        start=pl.col("start") + pl.duration(days=pl.Series(starts)),
        end=pl.col("end") + pl.duration(days=pl.Series(starts) + LASTS - 1)))


CUT = 20 + 3 * EVERY + LASTS // 2


def in_time(frame: pl.DataFrame):
    """A cut in time that falls into the fourth event; the test is what is left of it."""
    t = frame.select(pl.int_range(pl.len()).over("entity")).to_series().to_numpy()
    yield np.flatnonzero(t < CUT), np.flatnonzero((t >= CUT) & (t < CUT + LASTS // 2))


TRAP = Trap(
    name="event_cut_in_half",
    story="cut in time through the middle of an event",
    code="LK105",
    table=table,
    naive=lambda frame, _: auc_of_folds(
        frame.with_columns(code=pl.col("entity").str.slice(1).cast(pl.Int32)),
        ["stress", "x", "code"], in_time(frame)),
    audited=audit_of({"splits": lambda frame, _: [list(in_time(frame))]}),
    schema={"time": "day", "entity": "entity", "target": "y", "horizon": 1},
    config={"splits": [{"event_aware": {"test_size": DAYS - CUT}}]},
    events=events,
)
