"""A column that is measured after the outcome."""

import numpy as np
import polars as pl

from benchmarks.traps.base import Trap, auc_of_folds, audit_of, days

ENTITIES, DAYS = 20, 200


def table(rng: np.random.Generator, signal: bool) -> pl.DataFrame:
    """The outcome, with a little noise on it, under a harmless name."""
    frame = days(ENTITIES, DAYS)
    x = rng.normal(size=frame.height)
    y = rng.normal(size=frame.height) + (x if signal else 0.0) > 0
    refund = y + 0.3 * rng.normal(size=frame.height)
    return frame.with_columns(x=pl.Series(x), refund=pl.Series(refund),
                              y=pl.Series(y.astype(np.int8))).drop("t")


def in_time(frame: pl.DataFrame):
    """A cut in time: the split is honest, the column is not."""
    t = frame.select(pl.int_range(pl.len()).over("entity")).to_series().to_numpy()
    yield np.flatnonzero(t < 0.8 * DAYS), np.flatnonzero(t >= 0.8 * DAYS)


TRAP = Trap(
    name="outcome_in_disguise",
    story="keep a column that is measured after the outcome",
    code="LK301",
    table=table,
    naive=lambda frame, _: auc_of_folds(frame, ["x", "refund"], in_time(frame)),
    audited=audit_of({"audit": "quick"}, schema={"leaky": ()}),
    schema={"time": "day", "entity": "entity", "target": "y", "horizon": 1,
            "leaky": ("refund",)},
)
