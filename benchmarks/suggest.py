"""What a proposed recipe is worth: against the raw columns, and against the automatic recipe.

    python -m benchmarks.suggest
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator

import numpy as np
import polars as pl

from outlast import Panel, Schema, load_stocks
from outlast.config import make_config
from outlast.experiments import prepare, run
from outlast.features import Recipe, default_recipe, suggest_recipe
from outlast.features.arithmetic import Category, Raw
from outlast.features.automatic import sort_columns

MODELS = ("lightgbm", "linear")


def sales(seed: int = 0) -> Panel:
    """Stores and weeks: promotions, drifting prices, a season; predict next week's change."""
    rng = np.random.default_rng(seed)
    n_stores, n_weeks = 60, 200
    shape = n_stores, n_weeks
    week = np.arange(n_weeks)
    promoted = rng.random(shape) < 0.12
    mood = np.zeros(shape)
    for t in range(1, n_weeks):
        mood[:, t] = 0.8 * mood[:, t - 1] + 0.2 * rng.normal(size=n_stores)
    price = np.exp(rng.normal(1, 0.2, (n_stores, 1)) + np.cumsum(0.01 * rng.normal(size=shape), 1))
    sold = np.exp(rng.normal(4, 0.6, (n_stores, 1)) + 0.4 * np.sin(2 * np.pi * week / 52)
                  + 0.5 * promoted + mood - 0.5 * np.log(price) + 0.2 * rng.normal(size=shape))
    change = np.full(shape, np.nan)
    change[:, :-1] = np.diff(np.log(sold), axis=1)
    days = np.datetime64("2018-01-01", "us") + week * np.timedelta64(7, "D")
    return Panel.build(pl.DataFrame({
        "week": np.tile(days, n_stores), "store": np.repeat([f"s{k}" for k in range(n_stores)],
                                                            n_weeks),
        "kind": np.repeat(rng.choice(["food", "toys", "garden"], n_stores), n_weeks),
        "promoted": promoted.ravel().astype(int), "price": price.ravel(), "sold": sold.ravel(),
        "change": change.ravel()}), Schema(time="week", entity="store", target="change", horizon=1,
                                           task="regression"), name="sales")


def visits(seed: int = 0) -> Panel:
    """Patients at irregular times, a hidden state behind their values, some of them missing."""
    rng = np.random.default_rng(seed)
    rows: list[tuple[object, ...]] = []
    for patient in range(200):
        time = np.datetime64("2020-01-01", "m") + np.timedelta64(int(rng.integers(0, 200)), "D")
        pressure, severity = rng.normal(130, 12), 0.0
        for _ in range(int(rng.integers(8, 30))):
            time = time + np.timedelta64(int(rng.exponential(20 * 1440)) + 60, "m")
            severity = 0.9 * severity + 0.3 * rng.normal()
            pressure = pressure + 2 * severity + rng.normal(0, 4)
            lab = None if rng.random() < 0.3 else 5 + severity + 0.5 * rng.normal()
            rows.append((f"p{patient}", time.item(), pressure, lab, str(rng.choice(list("ABCD"))),
                         int(rng.random() < 0.05),
                         int(rng.random() < 1 / (1 + np.exp(1.0 - 1.5 * severity)))))
    names = ["patient", "when", "pressure", "lab", "ward", "fall", "admitted"]
    table = pl.DataFrame(rows, schema=names, orient="row").with_columns(
        pl.col("when").dt.replace_time_zone("UTC"))
    return Panel.build(table, Schema(time="when", entity="patient", target="admitted",
                                     horizon="7D"), name="visits")


def recipes(panel: Panel) -> Iterator[tuple[str, Recipe]]:
    """Yield the recipes that are compared."""
    columns = sort_columns(panel)
    yield "raw columns", Recipe("raw", (*(Raw(name, name) for name in columns.numbers),
                                        *(Category(name, name) for name in columns.categories)))
    yield "automatic", default_recipe(panel)
    yield "suggested", suggest_recipe(panel).recipe


def scores(panel: Panel, recipe: Recipe) -> tuple[str, dict[str, float]]:
    """Return the metric, and its mean over five expanding windows for each model."""
    with tempfile.TemporaryDirectory() as folder:
        config = make_config({"models": list(MODELS), "splits": ["expanding_window"],
                              "optimization": ["none"], "reports": folder, "importance": 0.0,
                              "audit": "exact"})
        outcome = run(prepare(config, panel, recipe))
        records = outcome.experiment.jobs.read_all(job.id for job in outcome.plan.jobs).values()
        return outcome.plan.metric, {
            model: float(np.mean([r.score for r in records if r.job.model.name == model]))
            for model in MODELS}


def main() -> None:
    """Print a table in Markdown."""
    logging.getLogger("outlast").setLevel(logging.ERROR)
    print("| table | recipe | features | lightgbm | linear | metric |\n"
          "| --- | --- | --- | --- | --- | --- |")
    for panel in (load_stocks(), sales(), visits()):
        for name, recipe in recipes(panel):
            metric, found = scores(panel, recipe)
            print(f"| {panel.name} | {name} | {len(recipe.exported)} | "
                  f"{found['lightgbm']:.3f} | {found['linear']:.3f} | {metric} |", flush=True)


if __name__ == "__main__":
    main()
