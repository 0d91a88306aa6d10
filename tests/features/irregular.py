"""A small, awkward panel: ties across entities, gaps, late and early-ending entities, holes."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache

import numpy as np
import polars as pl

from outlast.data import Events, Panel, Schema
from outlast.features.base import ENTITY, TIME, Context

SCHEMA = Schema(time="when", entity="who", target="y", horizon=1, task="regression")
START = datetime(2023, 1, 2)


@cache
def table(seed: int = 0, days: int = 60) -> pl.DataFrame:
    """Rows of four entities on some of the days; `late` begins in the middle, `gone` ends there."""
    rng = np.random.default_rng(seed)
    spans = {"alpha": (0, days), "beta": (0, days), "late": (days // 2, days),
             "gone": (0, days // 2)}
    hours = np.sort(rng.choice(days * 24, size=days, replace=False))
    present = [(who, int(hours[i])) for who, (a, b) in spans.items() for i in range(a, b)
               if rng.random() < 0.8]
    n = len(present)
    x = rng.normal(size=n)
    x[rng.random(n) < 0.1] = np.nan
    ratio = rng.choice([0.0, 1.5, -2.0, np.inf], size=n, p=[0.1, 0.4, 0.4, 0.1])
    frame = pl.DataFrame({
        "who": [who for who, _ in present],
        "when": [START + timedelta(hours=hour) for _, hour in present],
        "x": x,
        "price": 100 * np.exp(np.cumsum(rng.normal(scale=0.02, size=n))),
        "ratio": ratio,
        "count": rng.integers(0, 50, size=n),
        "flag": rng.random(n) < 0.5,
        "group": rng.choice(["red", "green", None], size=n),
        "y": rng.normal(size=n),
    }, strict=False)
    return frame.sample(fraction=1, shuffle=True, seed=seed)


@cache
def events(days: int = 60) -> Events:
    """Own and common events: overlapping, long past, open-ended, at the very time of a row."""
    def at(share: float) -> datetime:
        return START + timedelta(days=days * share)

    rows = [
        ("news", "alpha", at(0.05), at(0.06)), ("news", "alpha", at(0.4), at(0.4)),
        ("news", "late", at(0.1), at(0.9)), ("outage", "beta", at(0.2), at(0.8)),
        ("outage", "beta", at(0.3), at(0.35)), ("outage", "gone", at(0.3), None),
        ("shock", None, at(0.25), at(0.3)), ("shock", None, at(0.7), at(0.75)),
    ]
    columns = ["kind", "entity", "start", "end"]
    return Events.from_frame(pl.DataFrame(rows, schema=columns, orient="row"))


@cache
def panel(seed: int = 0, days: int = 60) -> Panel:
    """The table and the events together."""
    return Panel.build(table(seed, days), SCHEMA, events=events(days), name="irregular")


def keyed(of: Panel) -> tuple[pl.DataFrame, Context]:
    """The sorted table with the two keys, as a feature sees it, and the context."""
    holes = [pl.when(pl.col(c).is_finite()).then(pl.col(c)).alias(c) for c in ("x", "ratio")]
    frame = of.frame.with_columns(
        *holes,
        pl.Series(TIME, of.time.ns).cast(pl.Datetime("ns")).set_sorted(),
        pl.col("who").alias(ENTITY),
    )
    return frame, Context(of.events, of.time.zone)
