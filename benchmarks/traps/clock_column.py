"""A record number in a table whose base rate drifts."""

import numpy as np
import polars as pl
from sklearn.model_selection import KFold

from benchmarks.traps.base import Trap, auc_of_folds, audit_of, days

ENTITIES, DAYS = 20, 400


def table(rng: np.random.Generator, signal: bool) -> pl.DataFrame:
    """The share of positives wanders; the record number knows the day."""
    frame = days(ENTITIES, DAYS).sort("day", "entity")
    wander = np.zeros(DAYS)
    for t in range(1, DAYS):
        wander[t] = 0.95 * wander[t - 1] + 0.5 * rng.normal()
    wander = wander[frame["t"].to_numpy()]
    x = rng.normal(size=frame.height)
    push = wander + rng.logistic(size=frame.height) + (1.5 * x if signal else 0.0)
    return frame.with_columns(
        x=pl.Series(x), record_number=pl.int_range(pl.len()) + 10_000,
        y=pl.Series((push > 0).astype(np.int8))).drop("t")


TRAP = Trap(
    name="clock_column",
    story="shuffle a table whose base rate drifts, record number included",
    code="LK108",
    table=table,
    naive=lambda frame, seed: auc_of_folds(
        frame, ["record_number", "x"],
        KFold(5, shuffle=True, random_state=seed).split(np.zeros(frame.height))),
    audited=audit_of(),
    schema={"time": "day", "entity": "entity", "target": "y", "horizon": 1},
)
