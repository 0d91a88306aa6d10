"""Labels that look ten days ahead, shuffled into folds row by row."""

import numpy as np
import polars as pl
from sklearn.model_selection import KFold

from benchmarks.traps.base import Trap, auc_of_folds, audit_of, days, rises, walks

ENTITIES, DAYS, AHEAD = 20, 500, 10
SLOW = ["a", "b", "c"]


def table(rng: np.random.Generator, signal: bool) -> pl.DataFrame:
    """Returns are noise; the features are slow walks that have nothing to do with them."""
    frame = days(ENTITIES, DAYS).with_columns(
        **{name: pl.Series(walks(rng, ENTITIES, DAYS)) for name in SLOW})
    drift = 0.1 * np.tanh(frame["a"].to_numpy() / 10) * 5 if signal else 0.0
    frame = frame.with_columns(change=pl.Series(rng.normal(size=frame.height) + drift))
    return frame.with_columns(y=rises("change", AHEAD)).drop("t", "change")


def folds(frame: pl.DataFrame, seed: int):
    """What everybody does first."""
    return KFold(5, shuffle=True, random_state=seed).split(np.zeros(frame.height))


TRAP = Trap(
    name="overlapping_labels",
    story="shuffle rows whose ten-day labels overlap",
    code="LK101",
    table=table,
    naive=lambda frame, seed: auc_of_folds(frame, SLOW, folds(frame, seed)),
    audited=audit_of({"splits": lambda _, seed: [KFold(5, shuffle=True, random_state=seed)]}),
    schema={"time": "day", "entity": "entity", "target": "y", "horizon": AHEAD},
    config={"splits": ["expanding_window"]},
)
