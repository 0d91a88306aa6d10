"""What is known of a feature from the table alone: drift, its own skill, signs of leakage."""

from __future__ import annotations

import polars as pl

from outlast.feature_tracker.thresholds import THRESHOLDS, Thresholds


def dataset_columns(observations: pl.DataFrame, skill: float | None) -> pl.DataFrame:
    """Return one row per feature from the observations that belong to no model.

    Parameters
    ----------
    observations : polars.DataFrame
    skill : float, optional
        Lead of the best run over the baseline in the split that these were made on.

    Returns
    -------
    polars.DataFrame
        ``feature``; ``drift_effect``, ``drift_null_p99``, ``drift_kind``, ``drift_ks``;
        ``single_score``, ``single_share`` (of the best run's skill); ``lag_loss``,
        ``lag_loss_others``; ``missing_train``, ``missing_test``; ``pit_status``,
        ``pit_max_diff``.
    """
    method, part = pl.col("method"), pl.col("data_part")

    def only(chosen: pl.Expr, column: str = "value") -> pl.Expr:
        return pl.col(column).filter(chosen).last()

    moved = method.is_in(["drift_w1", "drift_js"])
    gaps, replayed = method == "missing_rate", method == "replay"
    table = observations.filter(pl.col("model").is_null()).group_by("feature").agg(
        drift_effect=only(moved), drift_null_p99=only(moved, "probe_best"),
        drift_kind=only(moved, "method"), drift_ks=only(method == "drift_ks"),
        single_score=only(method == "single_score"), lag_loss=only(method == "lag_loss"),
        lag_loss_others=only(method == "lag_loss", "probe_best"),
        missing_train=only(gaps & (part == "train")), missing_test=only(gaps & (part == "test")),
        pit_status=pl.when(replayed.any()).then(pl.lit("violated")),
        pit_max_diff=pl.col("value").filter(replayed).max())
    share = pl.lit(None, pl.Float64) if not skill or skill <= 0 else pl.col("single_score") / skill
    return table.with_columns(single_share=share)


def leak_signs(table: pl.DataFrame, limits: Thresholds = THRESHOLDS) -> pl.DataFrame:
    """Add ``random_vs_temporal_ratio``, ``leak_points`` and ``leak_reasons``."""
    splits = table.filter(pl.col("model").is_null())
    share = pl.col("shap_share_mean")
    both = splits.group_by("feature").agg(
        random=share.filter(pl.col("split").str.starts_with("random")).mean(),
        temporal=share.filter(pl.col("split").str.starts_with("temporal")).mean())
    ratio = pl.when(pl.col("temporal") > 0).then(pl.col("random") / pl.col("temporal"))
    table = table.join(both.select("feature", random_vs_temporal_ratio=ratio), on="feature",
                       how="left")
    column = pl.col
    signs = (
        (column("single_share") >= limits.leak_skill,
         pl.format("alone it reaches {} of the full model's skill, limit {}",
                   column("single_share").round(3), pl.lit(limits.leak_skill))),
        ((column("lag_loss") > limits.leak_lag)
         & (column("lag_loss_others") < limits.leak_others),
         pl.format("one more step of lag costs {} of its skill, limit {}, others lose {}",
                   column("lag_loss").round(3), pl.lit(limits.leak_lag),
                   column("lag_loss_others").round(3))),
        (column("random_vs_temporal_ratio") > limits.leak_ratio,
         pl.format("its share under random folds is {} times that under temporal ones, limit {}",
                   column("random_vs_temporal_ratio").round(2), pl.lit(limits.leak_ratio))),
    )
    hits = [hit.fill_null(value=False) for hit, _ in signs]
    reasons = [pl.when(hit).then(text) for hit, (_, text) in zip(hits, signs, strict=True)]
    return table.with_columns(
        leak_points=pl.sum_horizontal(hits).cast(pl.Int64),
        leak_reasons=pl.concat_str(reasons, separator="; ", ignore_nulls=True))
