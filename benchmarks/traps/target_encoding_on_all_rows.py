"""A category replaced by the mean target of all its rows, the tested ones included."""

import numpy as np
import polars as pl
from sklearn.model_selection import KFold

from benchmarks.traps.base import Trap, auc_of_folds, audit_of, days

ENTITIES, DAYS, CITIES = 20, 150, 1000


def table(rng: np.random.Generator, signal: bool) -> pl.DataFrame:
    """Cities with three rows each, and one number."""
    frame = days(ENTITIES, DAYS)
    x = rng.normal(size=frame.height)
    push = rng.normal(size=frame.height) + (x if signal else 0.0)
    return frame.with_columns(
        city=pl.Series([f"city {k}" for k in rng.integers(0, CITIES, frame.height)]),
        x=pl.Series(x), y=pl.Series((push > 0).astype(np.int8))).drop("t")


def encoded(frame: pl.DataFrame) -> pl.DataFrame:
    """One line, found in many notebooks."""
    return frame.with_columns(city_rate=pl.col("y").mean().over("city"))


TRAP = Trap(
    name="target_encoding_on_all_rows",
    story="encode a category by its mean target over all rows",
    code="LK201",
    table=table,
    naive=lambda frame, seed: auc_of_folds(
        encoded(frame), ["city_rate", "x"],
        KFold(5, shuffle=True, random_state=seed).split(np.zeros(frame.height))),
    audited=audit_of(features=lambda frame: encoded(frame).drop("y", "city")),
    schema={"time": "day", "entity": "entity", "target": "y", "horizon": 1},
)
