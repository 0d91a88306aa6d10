"""Entities held out, but not the days whose shock they all share."""

import numpy as np
import polars as pl
from sklearn.model_selection import GroupKFold

from benchmarks.traps.base import Trap, auc_of_folds, audit_of, days

ENTITIES, DAYS = 10, 1500


def table(rng: np.random.Generator, signal: bool) -> pl.DataFrame:
    """One draw per day moves every label; the market's number of the day is another draw."""
    frame = days(ENTITIES, DAYS)
    t = frame["t"].to_numpy()
    shock, market = rng.normal(size=DAYS + 1)[1:], rng.normal(size=DAYS)
    own = rng.normal(size=frame.height)
    push = shock[t] + 0.3 * rng.normal(size=frame.height) + (1.5 * own if signal else 0.0)
    return frame.with_columns(market=pl.Series(market[t]), own=pl.Series(own),
                              y=pl.Series((push > 0).astype(np.int8))).drop("t")


TRAP = Trap(
    name="common_shock",
    story="hold out entities, but test on days that others were trained on",
    code="LK101",
    table=table,
    naive=lambda frame, _: auc_of_folds(
        frame, ["market", "own"],
        GroupKFold(5).split(np.zeros(frame.height), groups=frame["entity"].to_numpy())),
    audited=audit_of({"splits": [GroupKFold(5)]}),
    schema={"time": "day", "entity": "entity", "target": "y", "horizon": 1},
    config={"splits": ["group"]},
)
