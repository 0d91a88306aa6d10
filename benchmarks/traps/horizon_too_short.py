"""Labels that look further ahead than was said."""

import numpy as np
import polars as pl

from benchmarks.traps.base import Trap, auc_of_folds, audit_of, days, rises, walks

ENTITIES, DAYS, AHEAD, SAID, WINDOW = 20, 400, 20, 5, 5
SLOW = ["a", "b"]


def table(rng: np.random.Generator, signal: bool) -> pl.DataFrame:
    """Twenty-day labels on noise."""
    frame = days(ENTITIES, DAYS).with_columns(
        **{name: pl.Series(walks(rng, ENTITIES, DAYS)) for name in SLOW})
    drift = 0.4 * np.tanh(frame["a"].to_numpy() / 10) if signal else 0.0
    frame = frame.with_columns(change=pl.Series(rng.normal(size=frame.height) + drift))
    return frame.with_columns(y=rises("change", AHEAD)).drop("t", "change")


def folds(frame: pl.DataFrame):
    """Walk forward with a purge of the five days that were said, not the twenty that are."""
    t = frame.select(pl.int_range(pl.len()).over("entity")).to_series().to_numpy()
    labelled = frame["y"].is_not_null().to_numpy()
    for start in range(200, DAYS - AHEAD - WINDOW, 2 * WINDOW):
        recent = (t >= start - 60) & (t <= start - SAID) & labelled
        tested = (t >= start) & (t < start + WINDOW) & labelled
        yield np.flatnonzero(recent), np.flatnonzero(tested)


TRAP = Trap(
    name="horizon_too_short",
    story="purge five days where labels look twenty days ahead",
    code="LK305",
    table=table,
    naive=lambda frame, _: auc_of_folds(
        frame.with_columns(code=pl.col("entity").str.slice(1).cast(pl.Int32)),
        [*SLOW, "code"], folds(frame)),
    audited=audit_of({"audit": "quick"}, schema={"horizon": SAID}),
    schema={"time": "day", "entity": "entity", "target": "y", "horizon": AHEAD},
    config={"splits": [{"walk_forward": {"n_splits": 4}}]},
)
