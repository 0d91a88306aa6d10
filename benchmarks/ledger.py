"""Time every command of the feature tracker over many runs that were never trained.

Run it from the repository root:

    python -m benchmarks.ledger                        # 1,000 runs of 500 features
    python -m benchmarks.ledger --experiments 5        # 100 runs

Each experiment has 4 families and the baseline under 5 splits of 5 folds; gain, mean |SHAP| and
permutation of each fit are drawn from a seed. The real tables are written and the real ledger is
derived; then each command is timed as a whole process, against a bar of two seconds.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time

import numpy as np
import polars as pl

from outlast.feature_tracker import FeatureTracker
from outlast.feature_tracker.tables import SCHEMAS, selection_rows

MODELS = ("prior", "linear", "lightgbm", "xgboost", "catboost")
SPLITS = ("temporal", "walk_forward", "expanding_window", "purged_kfold", "random")
METHODS = {"gain": "loss reduction", "shap_mean_abs": "model output", "perm_group": "delta roc_auc"}
N_FOLDS, BAR = 5, 2.0
YEAR = 365 * 86_400 * 10**9


def main() -> None:
    """Fill a tracker and time its commands."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--experiments", type=int, default=50)
    parser.add_argument("--features", type=int, default=500)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tracker = FeatureTracker.open(folder)
        spent = [fill(tracker, k, asked.features) for k in range(asked.experiments)]
        show([("absorb the first experiment", spent[0]), ("absorb the last", spent[-1])])
        feature = "feature_007"
        commands = (["list"], ["show", feature], ["compare", name(0), name(1)], ["export"],
                    ["why-dropped"], ["why-dropped", feature])
        show([(" ".join(command), timed([*command, "--reports", folder])) for command in commands])


def name(k: int) -> str:
    """Name of an experiment."""
    return f"experiment-{k:03d}"


def fill(tracker: FeatureTracker, k: int, n_features: int) -> float:
    """Write the tables of one experiment and derive its ledger; return the seconds."""
    rng = np.random.default_rng(k)
    keys = pl.DataFrame(
        [{"job": f"{k:03d}-{model}-{split}-{fold}", "experiment": name(k), "model": model,
          "split": split, "search": "none", "selection": "none", "fold": fold, "seed": 0}
         for model in MODELS for split in SPLITS for fold in range(N_FOLDS)],
        schema_overrides={"fold": pl.Int32})
    features = pl.DataFrame({"feature": [f"feature_{i:03d}" for i in range(n_features)],
                             "worth": rng.exponential(0.002, n_features)})
    cells = keys.join(features, how="cross")
    fitted = cells.filter(pl.col("model") != "prior")
    parts = [fitted.with_columns(
        value=pl.col("worth") + rng.normal(0, 0.001, fitted.height), method=pl.lit(method),
        unit=pl.lit(unit), probe_best=pl.lit(0.001), test_start=pl.col("fold") * YEAR,
        ).with_columns(share=(pl.col("value") / pl.col("value").sum().over("job")).clip(0, 1),
                       rank=pl.col("value").rank("min", descending=True).over("job"))
        for method, unit in METHODS.items()]
    decided = cells.with_columns(
        action=pl.when(pl.col("worth") < 0.0001).then(pl.lit("drop")).otherwise(pl.lit("keep")),
        code=pl.lit("F13"), sentence=pl.lit("kept: not constant, distinct from the others"))
    runs = keys.with_columns(score=0.6 + pl.Series(rng.normal(0, 0.01, keys.height)),
                             is_baseline=pl.col("model") == "prior", n_train=1_000, n_test=200)
    runs = runs.with_columns(score=pl.when("is_baseline").then(0.5).otherwise("score"))
    begun = time.process_time()
    files, session = tracker.files, f"20260101-{k:06d}"
    files.add("catalog", name(k), session, shaped(features.with_columns(
        experiment=pl.lit(name(k)), table=pl.lit("t"), feature_id=pl.col("feature"),
        family=pl.lit("rolling"), expression=pl.lit("x"), lookback=pl.lit("1 row")), "catalog"))
    files.add("observations", name(k), session, shaped(
        pl.concat(parts, how="diagonal_relaxed"), "observations"))
    decisions = shaped(decided, "decisions")
    files.add("decisions", name(k), session, decisions)
    files.add("selections", name(k), session, selection_rows(decisions))
    files.add("runs", name(k), session, shaped(runs, "runs"))
    tracker.rebuild(name(k))
    return time.process_time() - begun


def shaped(frame: pl.DataFrame, table: str) -> pl.DataFrame:
    """Give a frame the columns of a table."""
    return frame.select(
        pl.col(column).cast(kind) if column in frame.columns else pl.lit(None, kind).alias(column)
        for column, kind in SCHEMAS[table].items())


def timed(arguments: list[str]) -> float:
    """Return the wall-clock seconds of a command as a process, files cached."""
    command = [sys.executable, "-m", "outlast", "features", *arguments]
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def show(rows: list[tuple[str, float]]) -> None:
    """Write seconds against the bar."""
    for what, seconds in rows:
        bar = "" if what.startswith("absorb") else f"  bar {BAR:g} s"
        sys.stdout.write(f"{what:45s} {seconds:6.2f} s{bar}\n")


if __name__ == "__main__":
    main()
