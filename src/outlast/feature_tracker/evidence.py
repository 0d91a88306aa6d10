"""What is known of a feature from the table alone: drift, its own skill, signs of leakage."""

from __future__ import annotations

import polars as pl

from outlast.feature_tracker.thresholds import THRESHOLDS, Thresholds


def dataset_columns(observations: pl.DataFrame) -> pl.DataFrame:
    """Return one row per feature from the observations that belong to no model.

    Returns
    -------
    polars.DataFrame
        ``feature``, ``drift_effect``, ``drift_null_p99``, ``drift_kind`` (the strongest drift),
        ``single_score``, ``single_share`` (of the full model's skill), ``lag_loss``,
        ``missing_rate``.
    """
    whole = observations.filter(pl.col("model").is_null())
    drift = whole.filter(pl.col("method").str.starts_with("drift_")).drop_nulls("value").sort(
        "value", descending=True).group_by("feature", maintain_order=True).agg(
        drift_effect=pl.col("value").first(), drift_null_p99=pl.col("probe_best").first(),
        drift_kind=pl.col("method").first())
    value = pl.col("value")
    single = pl.col("method") == "single_score"
    rest = whole.group_by("feature").agg(
        single_score=value.filter(single).max(),
        single_share=(value / pl.col("score")).filter(single & (pl.col("score") > 0)).max(),
        lag_loss=value.filter(pl.col("method") == "lag_loss").max(),
        missing_rate=value.filter(pl.col("method") == "missing_rate").max())
    return rest.join(drift, on="feature", how="left")


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
    signs = {
        "single_share": (limits.leak_skill, "alone {} of the full model's skill, limit {}"),
        "lag_loss": (limits.leak_lag, "one more lag costs {} of its skill, limit {}"),
        "random_vs_temporal_ratio": (limits.leak_ratio,
                                     "share under random folds {} times temporal, limit {}"),
    }
    hits = {name: (pl.col(name) >= limit).fill_null(value=False)
            for name, (limit, _) in signs.items()}
    reasons = [pl.when(hits[name]).then(pl.format(text, pl.col(name).round(3), pl.lit(limit)))
               for name, (limit, text) in signs.items()]
    return table.with_columns(
        leak_points=pl.sum_horizontal(hits.values()).cast(pl.Int64),
        leak_reasons=pl.concat_str(reasons, separator="; ", ignore_nulls=True))
