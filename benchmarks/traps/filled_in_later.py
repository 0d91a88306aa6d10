"""A value that is filled in once the outcome is known."""

import numpy as np
import polars as pl

from benchmarks.traps.base import Trap, auc_of_folds, audit_of, days

ENTITIES, DAYS = 20, 200


def table(rng: np.random.Generator, signal: bool) -> pl.DataFrame:
    """The values of `code` are noise; whether there is one is not."""
    frame = days(ENTITIES, DAYS)
    x = rng.normal(size=frame.height)
    y = rng.normal(size=frame.height) + (x if signal else 0.0) > 0
    filled = rng.random(frame.height) < np.where(y, 0.8, 0.2)
    code = np.where(filled, rng.normal(size=frame.height), np.nan)
    return frame.with_columns(x=pl.Series(x), code=pl.Series(code),
                              y=pl.Series(y.astype(np.int8))).drop("t")


def in_time(frame: pl.DataFrame):
    """A cut in time: the split is honest, the column is not."""
    t = frame.select(pl.int_range(pl.len()).over("entity")).to_series().to_numpy()
    yield np.flatnonzero(t < 0.8 * DAYS), np.flatnonzero(t >= 0.8 * DAYS)


TRAP = Trap(
    name="filled_in_later",
    story="keep a column that is filled in once the outcome is known",
    code="LK302",
    table=table,
    naive=lambda frame, _: auc_of_folds(frame, ["x", "code"], in_time(frame)),
    audited=audit_of({"audit": "quick"}, schema={"leaky": ()}),
    schema={"time": "day", "entity": "entity", "target": "y", "horizon": 1, "leaky": ("code",)},
)
