"""Which runs count: the importance of a model without skill means nothing."""

from __future__ import annotations

import numpy as np
import polars as pl

from outlast.feature_tracker.errors import fold_means
from outlast.feature_tracker.thresholds import THRESHOLDS

RUN = ["model", "split", "search", "selection"]


def gate(runs: pl.DataFrame) -> pl.DataFrame:
    """Compare every run with the best baseline on the same folds.

    Parameters
    ----------
    runs : polars.DataFrame
        One row per job of one experiment: `RUN`, ``fold``, ``score`` (greater is better),
        ``is_baseline``, ``n_train``, ``n_test``, ``left_out`` (scores without one block of
        test time each, where the split has one fold alone).

    Returns
    -------
    polars.DataFrame
        One row per run that is no baseline: `RUN`, ``run_skill`` (its lead), ``run_skill_se``,
        ``run_gate`` (whether the lead is one standard error or more), ``is_best`` (of its
        model in the split). Without a baseline lead and gate are null. The error is
        Nadeau and Bengio's or that of blocks; with one fold the jackknife over blocks of time.
    """
    rows = [row for _, part in runs.group_by("split", maintain_order=True)
            for row in _of_split(part)]
    schema = {**dict.fromkeys(RUN, pl.String), "mean_score": pl.Float64, "run_skill": pl.Float64,
              "run_skill_se": pl.Float64, "run_gate": pl.Boolean}
    best = pl.col("mean_score").rank("ordinal", descending=True).over("model", "split") == 1
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(is_best=best)


def _of_split(runs: pl.DataFrame) -> list[tuple[object, ...]]:
    means = runs.group_by(RUN).agg(pl.col("score").mean(), pl.col("is_baseline").first())
    bars = means.filter("is_baseline").drop_nulls("score").sort("score", *RUN)
    bar = runs.join(bars.tail(1), on=RUN, how="semi").select(
        "fold", base="score", base_left="left_out")
    told: list[tuple[object, ...]] = []
    for key, run in runs.filter(~pl.col("is_baseline")).sort("fold").group_by(
            RUN, maintain_order=True):
        lead, se = _lead(run.join(bar, on="fold", how="inner", maintain_order="left"),
                         str(key[1]))
        passed = None if lead is None else se is not None and lead > 0 and (
            lead >= THRESHOLDS.gate_errors * se)
        told.append((*key, run["score"].mean(), lead, se, passed))
    return told


def _lead(paired: pl.DataFrame, split: str) -> tuple[float | None, float | None]:
    """Return the mean lead over the baseline and its standard error."""
    known = paired.drop_nulls(["score", "base"])
    if known.is_empty():
        return None, None
    leads = (known["score"] - known["base"]).to_numpy()
    if leads.size > 1:
        ratio = float((known["n_test"] / known["n_train"]).to_numpy().mean())
        means = fold_means(leads[None, :], split.partition("(")[0], ratio)
        return float(means.mean[0]), float(means.se[0])
    return float(leads[0]), _jackknife(known)


def _jackknife(paired: pl.DataFrame) -> float | None:
    ours, theirs = paired["left_out"][0], paired["base_left"][0]
    if ours is None or theirs is None:
        return None
    left = ours.to_numpy() - theirs.to_numpy()
    left = left[np.isfinite(left)]
    if left.size < 2:
        return None
    return float(np.sqrt((left.size - 1) * ((left - left.mean()) ** 2).mean()))
