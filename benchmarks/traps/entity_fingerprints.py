"""Visits of the same patients on both sides, with an outcome that belongs to the patient."""

import numpy as np
import polars as pl
from sklearn.model_selection import KFold

from benchmarks.traps.base import Trap, auc_of_folds, audit_of, days

PATIENTS, VISITS = 600, 8
LABS = [f"lab{k}" for k in range(5)]


def table(rng: np.random.Generator, signal: bool) -> pl.DataFrame:
    """Laboratory values that tell patients apart, and an outcome drawn once per patient."""
    frame = days(PATIENTS, VISITS)
    first = np.repeat(rng.integers(0, 300, PATIENTS), VISITS)
    level = np.repeat(rng.normal(size=(PATIENTS, len(LABS))), VISITS, axis=0)
    push = rng.normal(size=PATIENTS) + (1.5 * level[::VISITS, 0] if signal else 0.0)
    values = level + 0.05 * rng.normal(size=level.shape)
    return frame.with_columns(
        day=pl.col("day") + pl.duration(days=7 * pl.col("t") + pl.Series(first)),
        **{name: pl.Series(values[:, k]) for k, name in enumerate(LABS)},
        y=pl.Series(np.repeat((push > 0).astype(np.int8), VISITS))).drop("t")


TRAP = Trap(
    name="entity_fingerprints",
    story="test on later visits of the patients that were trained on",
    code="LK107",
    table=table,
    naive=lambda frame, seed: auc_of_folds(
        frame, LABS, KFold(5, shuffle=True, random_state=seed).split(np.zeros(frame.height))),
    audited=audit_of(),
    schema={"time": "day", "entity": "entity", "target": "y"},
    config={"splits": [{"group": {"test_size": 0.4}}]},
)
