"""A smoothed feature whose window reaches past its own day."""

import numpy as np
import polars as pl

from benchmarks.traps.base import Trap, auc_of_folds, audit_of, days, rises

ENTITIES, DAYS = 20, 250


def table(rng: np.random.Generator, signal: bool) -> pl.DataFrame:
    """Daily changes without memory, or with some."""
    noise = rng.normal(size=(ENTITIES, DAYS))
    change = noise.copy()
    for t in range(1, DAYS):
        change[:, t] += (0.5 * change[:, t - 1]) if signal else 0.0
    frame = days(ENTITIES, DAYS).with_columns(change=pl.Series(change.ravel()))
    return frame.with_columns(y=rises("change", 1)).drop("t")


def smoothed(frame: pl.DataFrame) -> pl.DataFrame:
    """The mean of five days with the own day in the middle."""
    mean = pl.col("change").rolling_mean(5, center=True).over("entity")
    return frame.with_columns(smooth=mean)


def in_time(frame: pl.DataFrame):
    """A cut in time: the split is honest, the feature is not."""
    late = frame["t"].to_numpy() >= 0.8 * DAYS
    yield np.flatnonzero(~late), np.flatnonzero(late)


TRAP = Trap(
    name="centred_window",
    story="smooth a feature with a centred window",
    code="LK201",
    table=table,
    naive=lambda frame, _: auc_of_folds(
        smoothed(frame).with_columns(t=pl.int_range(pl.len()).over("entity")),
        ["smooth", "change"],
        in_time(frame.with_columns(t=pl.int_range(pl.len()).over("entity")))),
    audited=audit_of(features=lambda frame: smoothed(frame).drop("y")),
    schema={"time": "day", "entity": "entity", "target": "y", "horizon": 1},
)
