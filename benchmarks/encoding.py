"""Does the time-safe encoding of a category of many levels help, and is it honest?

Run it from the repository root, about two minutes:

    python -m benchmarks.encoding

On made tables of 6,000 rows in 600 days a category of 200 levels has a planted effect on the
label (log-odds with a standard deviation of 1) or none at all; a number has one always. Labels are
known after 14 days. Held-out ROC AUC of the temporal split, mean and standard error over five
tables, for what each set of features makes of the category. "whole table" is the usual mistake:
the mean label of all rows of a level, whether known or not.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence

import numpy as np
import polars as pl

from outlast import run_pipeline
from outlast.data import Panel, Schema
from outlast.features import FunctionRecipe, Recipe
from outlast.features.arithmetic import Category, Raw
from outlast.features.target_encoding import TargetEncoding

LEVELS, ROWS, DAYS, SEEDS = 200, 6000, 600, 5
MODELS = ("linear", "lightgbm", "xgboost")
NUMBER = Raw("x", "x")


def whole_table(table: pl.DataFrame) -> pl.DataFrame:
    """Encode a level by the mean of all its labels."""
    return table.select("x", usual=pl.col("y").mean().over("level"))


RECIPES = {
    "left out": Recipe("left_out", (NUMBER,)),
    "codes": Recipe("codes", (NUMBER, Category("level", "level"))),
    "encoding": Recipe("encoding", (NUMBER, TargetEncoding("usual", "level"))),
    "whole table": FunctionRecipe(whole_table),
}


def main() -> None:
    """Measure and print."""
    for effect in (1.0, 0.0):
        print(f"effect {effect:g}".ljust(14), *(model.rjust(16) for model in MODELS))
        for name, recipe in RECIPES.items():
            found = np.array([scores(planted(effect, seed), recipe) for seed in range(SEEDS)])
            error = found.std(axis=0, ddof=1) / np.sqrt(SEEDS)
            cells = (f"{m:.3f} ± {e:.3f}" for m, e in zip(found.mean(axis=0), error, strict=True))
            print(name.ljust(14), *(cell.rjust(16) for cell in cells))


def planted(effect: float, seed: int) -> Panel:
    """Make a table whose category has an effect of a known size."""
    rng = np.random.default_rng(seed)
    level, x = rng.integers(0, LEVELS, ROWS), rng.normal(size=ROWS)
    logit = effect * rng.normal(size=LEVELS)[level] + 0.5 * x
    days = np.sort(rng.integers(0, DAYS, ROWS)).astype("timedelta64[D]")
    table = {"day": np.datetime64("2022-01-01") + days, "row": np.arange(ROWS).astype(str),
             "level": np.char.add("level ", level.astype(str)), "x": x,
             "y": (rng.random(ROWS) < 1 / (1 + np.exp(-logit))).astype(int)}
    schema = Schema(time="day", entity="row", target="y", horizon="14D")
    return Panel.build(table, schema, name="planted")


def scores(
    panel: Panel, recipe: Recipe | FunctionRecipe, models: Sequence[str] = MODELS
) -> list[float]:
    """Return the held-out score of each model."""
    with tempfile.TemporaryDirectory() as folder:
        document = run_pipeline(
            {"models": list(models), "splits": ["temporal"], "optimization": ["none"],
             "importance": 0, "audit": "exact", "allow_leaks": True, "reports": folder},
            table=panel, features=recipe, runner="inline").document
    board = {row.model: row.score.value for row in document.leaderboard}
    return [board[model] for model in models]


if __name__ == "__main__":
    main()
