"""Rows that were entered again later, so that the test repeats the training."""

import numpy as np
import polars as pl

from benchmarks.traps.base import Trap, auc_of_folds, audit_of, days

ENTITIES, DAYS = 30, 120
COLUMNS = ["a", "b", "c", "d"]


def table(rng: np.random.Generator, signal: bool) -> pl.DataFrame:
    """Noise, of which half is entered again two months later, with its old label."""
    frame = days(ENTITIES, DAYS)
    x = rng.normal(size=(frame.height, len(COLUMNS)))
    push = rng.normal(size=frame.height) + (x[:, 0] if signal else 0.0)
    frame = frame.with_columns(
        pl.col("day").cast(pl.Datetime("us")),
        **{name: pl.Series(x[:, k]) for k, name in enumerate(COLUMNS)},
        y=pl.Series((push > 0).astype(np.int8))).drop("t")
    again = frame.filter(pl.Series(rng.random(frame.height) < 0.5))
    return pl.concat([frame, again.with_columns(pl.col("day") + pl.duration(days=60, hours=7))])


def in_time(frame: pl.DataFrame):
    """An honest cut in time, on a table that repeats itself."""
    order = np.argsort(frame["day"].to_numpy(), kind="stable")
    cut = int(0.6 * frame.height)
    yield order[:cut], order[cut:]


TRAP = Trap(
    name="restated_duplicates",
    story="split a table in time that holds rows entered again later",
    code="LK104",
    table=table,
    naive=lambda frame, _: auc_of_folds(frame, COLUMNS, in_time(frame)),
    audited=audit_of(schema={"duplicates": "keep"}),
    schema={"time": "day", "entity": "entity", "target": "y", "duplicates": "drop"},
)
