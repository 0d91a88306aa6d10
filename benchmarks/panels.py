"""A panel of 103,000 rows with a planted, nonlinear, drifting signal."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast.data import Panel, Schema
from outlast.features import Recipe
from outlast.features.arithmetic import Category, Raw

DAY = 86_400 * 10**9
HORIZON = 5

Floats = npt.NDArray[np.float64]


def planted_columns(
    n_entities: int = 206, n_days: int = 500, seed: int = 0
) -> tuple[Floats, npt.NDArray[np.int64], Floats, npt.NDArray[np.int64]]:
    """Return 46 numbers, 4 categories, the label and the day of each row.

    The label follows a few of the columns, less and less of some as time goes by; numbers
    have memory of different lengths, holes, and some of them drift.
    """
    rng = np.random.default_rng(seed)
    n = n_entities * n_days
    steps = rng.normal(size=(n_days, n_entities, 46))
    memory = np.linspace(0.0, 0.95, 46)
    for day in range(1, n_days):
        steps[day] = memory * steps[day - 1] + np.sqrt(1 - memory**2) * steps[day]
    numbers = steps.reshape(n, 46)
    sector, shop, weekday, mood = (rng.integers(0, size, n) for size in (11, 60, 5, 3))
    entity = np.tile(np.arange(n_entities), n_days)
    sector, shop = entity % 11, entity % 60
    age = np.repeat(np.linspace(0, 1, n_days), n_entities)
    x = numbers.T
    margin = (0.9 * np.tanh(x[0]) * np.sign(x[1]) + 0.6 * (x[2] > 0.8) - 0.5 * np.abs(x[3])
              + 0.5 * np.sin(2 * x[4]) + 0.4 * x[5] * (sector % 3 == 0)
              + 0.5 * (1 - age) * x[6] + 0.5 * age * x[7] + rng.normal(size=60)[shop] * 0.4
              + 0.3 * (mood == 1) * x[8] + 0.15 * x[9] + 0.15 * x[10])
    y = (margin - np.median(margin) + rng.logistic(size=n) > 0).astype(np.float64)
    numbers[rng.random(numbers.shape) < np.linspace(0, 0.2, 46)] = np.nan
    numbers[:, 30:] += 0.5 * age[:, None]
    codes = np.column_stack([sector, shop, weekday, mood])
    day = np.repeat(np.arange(n_days), n_entities) * DAY
    return numbers, codes, y, day


def planted_panel() -> Panel:
    """Return the same as a panel."""
    numbers, codes, y, day = planted_columns()
    frame = pl.DataFrame({f"x{k}": numbers[:, k].astype("f4") for k in range(46)}).with_columns(
        *(pl.Series(f"x{46 + k}", codes[:, k].astype(str)) for k in range(4)),
        day=pl.Series(day).cast(pl.Datetime("ns")), y=pl.Series(y.astype(int)),
        entity=pl.Series([f"e{k:03d}" for k in range(206)] * 500))
    schema = Schema(time="day", entity="entity", target="y", horizon=f"{HORIZON}D")
    return Panel.build(frame, schema, name="planted")


def as_it_is() -> Recipe:
    """Return the recipe that takes every column as it is."""
    features = [*(Raw(f"x{k}", f"x{k}") for k in range(46)),
                *(Category(f"x{46 + k}", f"x{46 + k}") for k in range(4))]
    return Recipe("as it is", tuple(features))
