"""From observations to one line per feature and scope: how much it mattered, and how stably."""

from __future__ import annotations

import polars as pl

_SHARE = pl.col("share")


def build_ledger(observations: pl.DataFrame, decisions: pl.DataFrame) -> pl.DataFrame:
    """Summarise every feature within each experiment and scope.

    Splits are never averaged together: each split is a scope of its own, and within it each
    model is one too. A model's folds are averaged first, so that a model with more folds or
    searches does not outvote another.

    Parameters
    ----------
    observations : polars.DataFrame
        As made by `outlast.feature_tracker.observe`, of any number of jobs.
    decisions : polars.DataFrame
        One row per job and feature: ``job``, ``experiment``, ``split``, ``feature``,
        ``action``, ``code``, ``sentence``.

    Returns
    -------
    polars.DataFrame
        ``experiment``, ``feature``, ``scope`` (``split:<s>`` or ``split:<s>/model:<m>``),
        ``split``, ``model`` (null in a split's scope), ``n_fits``, ``n_models``,
        ``shap_share_mean``, ``shap_share_sd`` (over folds and models), ``gain_share_mean``,
        ``rank_median``, ``rank_q25``, ``rank_q75``, ``kept_share`` (of the fits) and
        ``rationale`` (the most frequent reason).
    """
    by_model = _summary(observations, ["experiment", "split", "model", "feature"])
    by_split = _over_models(by_model, observations)
    scoped = pl.concat([by_split, by_model], how="diagonal_relaxed")
    scope = pl.format("split:{}", "split") + pl.when(pl.col("model").is_null()).then(
        pl.lit("")
    ).otherwise(pl.format("/model:{}", "model"))
    verdicts = _verdicts(decisions)
    # A feature that was always dropped has no observation: the decisions bring it in.
    return (
        verdicts.join(scoped, on=["experiment", "split", "feature"], how="left")
        .with_columns(scope=scope)
        .sort("experiment", "scope", "shap_share_mean", "feature",
              descending=[False, False, True, False], nulls_last=True)
    )


def _summary(observations: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    shap = pl.col("method") == "shap_mean_abs"
    ranks = pl.col("rank").filter(shap)
    return observations.group_by(keys).agg(
        n_fits=pl.col("job").n_unique(),
        n_models=pl.col("model").n_unique(),
        shap_share_mean=_SHARE.filter(shap).mean(),
        shap_share_sd=_SHARE.filter(shap).std(),
        gain_share_mean=_SHARE.filter(pl.col("method") == "gain").mean(),
        rank_median=ranks.median(),
        rank_q25=ranks.quantile(0.25),
        rank_q75=ranks.quantile(0.75),
    )


def _over_models(by_model: pl.DataFrame, observations: pl.DataFrame) -> pl.DataFrame:
    """A split's scope: the models' means, averaged with one vote each."""
    keys = ["experiment", "split", "feature"]
    means = by_model.group_by(keys).agg(
        pl.col("shap_share_mean").mean(), pl.col("gain_share_mean").mean()
    )
    rest = _summary(observations, keys).drop("shap_share_mean", "gain_share_mean")
    return means.join(rest, on=keys)


def _verdicts(decisions: pl.DataFrame) -> pl.DataFrame:
    keys = ["experiment", "split", "feature"]
    return decisions.group_by(keys).agg(
        kept_share=(pl.col("action") != "drop").mean(),
        n_decisions=pl.len(),
        code=pl.col("code").mode().sort().first(),
        rationale=pl.col("sentence").mode().sort().first(),
    )
