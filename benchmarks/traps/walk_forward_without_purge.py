"""Walk forward day by day, with training labels that already know the test window."""

import numpy as np
import polars as pl

from benchmarks.traps.base import Trap, auc_of_folds, audit_of, days, rises, walks

ENTITIES, DAYS, AHEAD, WINDOW = 20, 400, 20, 5
SLOW = ["a", "b"]


def table(rng: np.random.Generator, signal: bool) -> pl.DataFrame:
    """Twenty-day labels on noise, and slow walks that recognise the last days."""
    frame = days(ENTITIES, DAYS).with_columns(
        **{name: pl.Series(walks(rng, ENTITIES, DAYS)) for name in SLOW})
    drift = 0.4 * np.tanh(frame["a"].to_numpy() / 10) if signal else 0.0
    frame = frame.with_columns(change=pl.Series(rng.normal(size=frame.height) + drift))
    return frame.with_columns(y=rises("change", AHEAD)).drop("t", "change")


def folds(frame: pl.DataFrame):
    """Train on all days before the window, whatever their labels know by then."""
    t = frame.select(pl.int_range(pl.len()).over("entity")).to_series().to_numpy()
    labelled = frame["y"].is_not_null().to_numpy()
    for start in range(200, DAYS - AHEAD - WINDOW, 2 * WINDOW):
        recent = (t >= start - 60) & (t < start) & labelled
        tested = (t >= start) & (t < start + WINDOW) & labelled
        yield np.flatnonzero(recent), np.flatnonzero(tested)


TRAP = Trap(
    name="walk_forward_without_purge",
    story="walk forward without purging labels that reach into the test",
    code="LK101",
    table=table,
    naive=lambda frame, _: auc_of_folds(
        frame.with_columns(code=pl.col("entity").str.slice(1).cast(pl.Int32)),
        [*SLOW, "code"], folds(frame)),
    audited=audit_of({"splits": lambda frame, _: [list(folds(frame))]}),
    schema={"time": "day", "entity": "entity", "target": "y", "horizon": AHEAD},
    config={"splits": [{"walk_forward": {"n_splits": 4}}]},
)
