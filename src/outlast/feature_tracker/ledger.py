"""From observations to one line per feature and scope: how much it mattered, and how stably."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from outlast.feature_tracker.errors import fold_means
from outlast.feature_tracker.evidence import dataset_columns, leak_signs
from outlast.feature_tracker.folds import concentration, recency_slopes
from outlast.feature_tracker.gate import RUN, gate
from outlast.feature_tracker.stability import by_cluster, kendalls_w, nogueira
from outlast.feature_tracker.verdict import judge

PERMUTED = ("perm_group", "perm_single")


@dataclass(frozen=True)
class Tables:
    """What the ledger of one experiment is made from, see `docs/feature_tracker.md`."""

    observations: pl.DataFrame
    decisions: pl.DataFrame
    selections: pl.DataFrame
    runs: pl.DataFrame


def build_ledger(tables: Tables) -> pl.DataFrame:
    """Summarise every feature of one experiment within each scope.

    Splits are never averaged together: each is a scope of its own, and within it each model
    is one too. Models have one vote each, by their best run, if it beats the baseline.

    Parameters
    ----------
    tables : Tables

    Returns
    -------
    polars.DataFrame
        One row per feature and scope (``headline``, ``split:<s>``, ``split:<s>/model:<m>``):
        shares and ranks, permutation and refit with 95 % intervals, stability, drift, signs
        of leakage, and ``verdict``, ``verdict_code``, ``sentence``.
    """
    if tables.runs.is_empty():
        return pl.DataFrame(schema={"experiment": pl.String, "feature": pl.String})
    judged = gate(tables.runs)
    gated = judged.filter("is_best")
    headline = headline_of(tables)
    skills = gated.filter(pl.col("split") == headline)["run_skill"]
    whole = dataset_columns(tables.observations, skills.max())  # type: ignore[arg-type]
    seen = tables.observations.filter(pl.col("model").is_not_null()).join(
        gated, on=RUN, how="inner")
    parts = []
    for split in tables.runs["split"].unique().sort():
        decided = _decided(tables, split, _telling(judged.filter(pl.col("split") == split)))
        runs = tables.runs.filter(pl.col("split") == split)
        here = seen.filter(pl.col("split") == split)
        for model in [None, *here["model"].unique().sort()]:
            own = here if model is None else here.filter(pl.col("model") == model)
            scope = f"split:{split}" + ("" if model is None else f"/model:{model}")
            parts.append(decided.join(_importance(own, runs), on="feature", how="left").select(
                pl.lit(scope).alias("scope"), pl.lit(split).alias("split"),
                pl.lit(model, pl.String).alias("model"), pl.all()))
    table = leak_signs(pl.concat(parts, how="diagonal_relaxed").join(
        whole, on="feature", how="left"))
    top = table.filter(pl.col("scope") == f"split:{headline}").with_columns(
        scope=pl.lit("headline"))
    return _judged(pl.concat([table, top])).sort(
        "experiment", "scope", "shap_share_mean", "feature",
        descending=[False, False, True, False], nulls_last=True)


def headline_split(splits: list[str]) -> str:
    """Return the split that is most like deployment: temporal, else the first, random last.

    Examples
    --------
    >>> headline_split(["random", "temporal(test_fraction=0.3)", "walk_forward"])
    'temporal(test_fraction=0.3)'
    """
    return min(splits, key=lambda s: (not s.startswith("temporal"), s.startswith("random"), s))


def headline_of(tables: Tables) -> str:
    """Return the split that the last run took for its headline, else the one most like it."""
    splits = tables.runs["split"].unique().to_list()
    told = [split for split in tables.observations.filter(pl.col("model").is_null())["split"]
            if split in splits]
    return told[-1] if told else headline_split(splits)


def _judged(table: pl.DataFrame) -> pl.DataFrame:
    verdicts = [judge(row) for row in table.iter_rows(named=True)]
    return table.with_columns(
        verdict=pl.Series([v.verdict for v in verdicts], dtype=pl.String),
        verdict_code=pl.Series([v.code for v in verdicts], dtype=pl.String),
        sentence=pl.Series([v.sentence for v in verdicts], dtype=pl.String))


def _importance(seen: pl.DataFrame, runs: pl.DataFrame) -> pl.DataFrame:
    """One row per feature from the best runs of a scope; those below the gate do not count."""
    counted = seen.filter(pl.col("run_gate").fill_null(value=True))
    # Where no run counts, shares still describe what the models did; no verdict follows from them.
    told = seen if counted.is_empty() else counted
    by_model = _shares(told, ["feature", "model"])
    models = by_model.group_by("feature").agg(
        pl.col("shap_share_mean", "gain_share_mean").mean(),
        shap_share_sd_models=pl.col("shap_share_mean").std(), n_models=pl.len())
    rest = _shares(told, ["feature"]).drop("shap_share_mean", "gain_share_mean")
    if counted.is_empty():
        rest = rest.with_columns(n_runs=pl.lit(0, pl.UInt32))
    table = seen.group_by("feature").agg(
        n_gated=pl.struct(RUN).filter(~pl.col("run_gate").fill_null(value=True)).n_unique(),
        gated_out=pl.col("model").filter(
            ~pl.col("run_gate").fill_null(value=True)).unique().sort().str.join(", "))
    rest = rest.with_columns(kendalls_w=pl.lit(_agreement(by_model), pl.Float64))
    for part in (models, rest, _deltas(counted, runs, PERMUTED, "perm"),
                 _deltas(counted, runs, ("loco_group",), "loco"), _probes(counted),
                 recency_slopes(told)):
        table = table.join(part, on="feature", how="left")
    return table


def _agreement(by_model: pl.DataFrame) -> float | None:
    """Kendall's W of the families' shares, over the features that all of them use."""
    wide = by_model.pivot("model", index="feature", values="shap_share_mean").drop(
        "feature").drop_nulls()
    w = kendalls_w(wide.cast(pl.Float64).to_numpy(order="c").T)
    return None if np.isnan(w) else w


def _shares(observations: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    shap, gain = (pl.col("method") == name for name in ("shap_mean_abs", "gain"))
    ranks, share = pl.col("rank").filter(shap), pl.col("share")
    signs = pl.col("value").filter(pl.col("method") == "shap_sign_consistency")
    return observations.group_by(keys).agg(
        n_runs=pl.struct(RUN).n_unique(), n_fits=pl.col("job").n_unique(),
        shap_share_mean=share.filter(shap).mean(), shap_share_sd=share.filter(shap).std(),
        gain_share_mean=share.filter(gain).mean(), rank_median=ranks.median(),
        rank_q25=ranks.quantile(0.25), rank_q75=ranks.quantile(0.75),
        shap_sign_consistency=signs.mean(), run_skill=pl.col("run_skill").mean(),
        cluster=pl.col("cluster").drop_nulls().mode().sort().first())


def _deltas(
    seen: pl.DataFrame, runs: pl.DataFrame, methods: tuple[str, ...], prefix: str
) -> pl.DataFrame:
    """Mean over folds of the change of score, families averaged within each fold."""
    present = set(seen["method"].unique())
    method = next((name for name in methods if name in present), methods[0])
    cells = seen.filter((pl.col("method") == method) & pl.col("value").is_not_null()
                        & pl.col("event").is_null())
    names = [f"{prefix}_{name}" for name in ("mean", "se", "lo95", "hi95", "p")]
    if cells.is_empty():
        return pl.DataFrame(schema={"feature": pl.String, **dict.fromkeys(names, pl.Float64)})
    folds = cells.group_by("feature", "fold").agg(
        pl.col("value").mean(), pl.col("test_start").min(), pl.col("unit").first())
    order = folds.group_by("fold").agg(pl.col("test_start").min()).sort("test_start", "fold")
    wide = folds.pivot("fold", index="feature", values="value").sort("feature")
    by_fold = wide.select(str(fold) for fold in order["fold"]).cast(pl.Float64)
    values = by_fold.to_numpy(order="c")
    values = np.where(np.isfinite(values), values, np.nan)
    ratio = (runs["n_test"] / runs["n_train"]).mean()
    means = fold_means(values, cells["split"][0].partition("(")[0], float(ratio or 0.0))  # type: ignore[arg-type]
    table = pl.DataFrame({"feature": wide["feature"], **dict(zip(names, means, strict=True))})
    table = table.with_columns(pl.col(names).fill_nan(None))
    if prefix == "perm":
        table = table.with_columns(perm_unit=pl.lit(cells["unit"][0]), perm_method=pl.lit(method))
        table = table.join(concentration(cells), on="feature", how="left")
    return table


def _probes(seen: pl.DataFrame) -> pl.DataFrame:
    """In how many cells of model and fold a feature beats the best random probe."""
    cells = seen.filter(pl.col("method").is_in(PERMUTED) & pl.col("event").is_null()).drop_nulls(
        ["value", "probe_best"])
    return cells.unique(["feature", "model", "fold"], keep="first").group_by("feature").agg(
        above_probe=(pl.col("value") > pl.col("probe_best")).sum(), n_cells=pl.len(),
        above_probe_freq=(pl.col("value") > pl.col("probe_best")).mean())


def _telling(runs: pl.DataFrame) -> str | None:
    """The feature selection of the best run, of those that decide anything where there are some."""
    ranked = runs.sort("mean_score", nulls_last=False, maintain_order=True)
    deciding = ranked.filter(~pl.col("selection").str.starts_with("none"))["selection"]
    chosen = deciding if len(deciding) else ranked["selection"]
    return str(chosen[-1]) if len(chosen) else None


def _decided(tables: Tables, split: str, selection: str | None) -> pl.DataFrame:
    """One row per feature that a selection looked at in a split, used by a model or not."""
    told = pl.lit(value=True) if selection is None else pl.col("selection") == selection
    decisions = tables.decisions.filter(pl.col("split") == split, told)
    gone = pl.col("action").is_in(["drop", "quarantine"])
    often = decisions.group_by("feature").agg(
        pl.col("experiment").first(), kept_share=(~gone).mean(), n_decisions=pl.len(),
        n_dropped=gone.sum(), code=pl.col("code").mode().sort().first(),
        # The most frequent reason of the most frequent rule, so that both speak of the same.
        rationale=pl.col("sentence").filter(
            pl.col("code") == pl.col("code").mode().sort().first()).mode().sort().first())
    reasons = decisions.unique(
        ["feature", "sentence"], keep="first").select(
        "feature", rationale="sentence", decision_value="value", decision_threshold="threshold",
        nearest_feature="comparator", decision_comparator_value="comparator_value")
    sets = _stability(tables.selections.filter(pl.col("split") == split, told),
                      tables.observations)
    return often.join(reasons, on=["feature", "rationale"], how="left").join(
        sets, on="feature", how="left")


def _stability(selections: pl.DataFrame, observations: pl.DataFrame) -> pl.DataFrame:
    """How often each feature is in a set, and Nogueira's stability of features and clusters."""
    schema = {"feature": pl.String, "select_freq": pl.Float64, "cluster_freq": pl.Float64,
              "select_sets": pl.Int64, "phi": pl.Float64, "phi_lo95": pl.Float64,
              "phi_hi95": pl.Float64, "phi_cluster": pl.Float64}
    if selections.is_empty():
        return pl.DataFrame(schema=schema)
    wide = selections.pivot("feature", index=["selection", "fold", "seed", "job"],
                            values="selected").fill_null(value=False).sort("job")
    # All models of a fold share a set that does not depend on the model: it counts once.
    sets = wide.drop("job").unique(maintain_order=True).drop("selection", "fold", "seed")
    found = nogueira(sets.to_numpy().astype(bool))
    told = observations.drop_nulls("cluster").unique(
        "feature", keep="first", maintain_order=True).sort("feature")
    # A feature without a known cluster is one of its own.
    cluster = dict(told.select("feature", "cluster").iter_rows())
    codes = np.unique([cluster.get(name, name) for name in sets.columns], return_inverse=True)[1]
    held = by_cluster(sets.to_numpy().astype(bool), codes)
    grouped = nogueira(held) if cluster else None
    return pl.DataFrame({"feature": sets.columns, "select_freq": sets.to_numpy().mean(axis=0),
                         "cluster_freq": held.mean(axis=0)[codes]}).with_columns(
        select_sets=pl.lit(found.n_sets, pl.Int64), phi=pl.lit(found.phi, pl.Float64),
        phi_lo95=pl.lit(found.low, pl.Float64), phi_hi95=pl.lit(found.high, pl.Float64),
        phi_cluster=pl.lit(None if grouped is None else grouped.phi, pl.Float64),
    ).with_columns(pl.col("phi", "phi_lo95", "phi_hi95", "phi_cluster").fill_nan(None))
