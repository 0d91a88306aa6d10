"""Small tables with a known truth, for tests that need a whole run."""

from __future__ import annotations

import numpy as np
import polars as pl

from outlast.data import Panel, Schema


def shop_table(n_days: int = 240, n_shops: int = 4, seed: int = 0) -> pl.DataFrame:
    """Return shops by day: `signal` drives tomorrow's `busy`, `copy` repeats it, `flat` is 1."""
    rng = np.random.default_rng(seed)
    n = n_days * n_shops
    days = np.arange(n_days, dtype="timedelta64[D]")
    signal = rng.normal(size=n)
    logit = 1.5 * signal
    return pl.DataFrame({
        "day": np.repeat(np.datetime64("2022-01-01") + days, n_shops),
        "shop": [f"shop {i}" for i in range(n_shops)] * n_days,
        "signal": signal,
        "copy": signal,
        "noise": rng.normal(size=n),
        "flat": np.ones(n),
        "weather": rng.choice(["sun", "rain", "snow"], size=n),
        "sales": 10 + 3 * signal + rng.normal(size=n),
        "level": rng.choice(["low", "mid", "high"], size=n),
        "busy": (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(int),
    })


def shop_panel(target: str = "busy", **options: int) -> Panel:
    """Return the table as a panel whose label is known two rows later."""
    others = tuple(name for name in ("busy", "sales", "level") if name != target)
    schema = Schema(time="day", entity="shop", target=target, horizon=2, leaky=others)
    return Panel.build(shop_table(**options), schema, name="shops")
