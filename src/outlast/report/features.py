"""The feature section: what the tracker knows of the headline split, feature by feature."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from outlast.errors import OutlastWarning
from outlast.feature_tracker import FeatureTracker
from outlast.judge.board import Interval
from outlast.records import Record
from outlast.report.document import FeatureCard
from outlast.store import Experiment, FeatureStore

_DRIFT_UNITS = {"drift_w1": "sd", "drift_js": "JS"}


def feature_ledger(experiment: Experiment, records: Sequence[Record]) -> pl.DataFrame:
    """Return what the tracker knows of each feature from some finished jobs.

    Parameters
    ----------
    experiment : Experiment
    records : sequence of Record
        The finished jobs of the headline split; other splits are never mixed in.
    """
    tracker = FeatureTracker(experiment.store.features)
    return tracker.summarise(experiment.name, experiment.jobs, records)


def feature_cards(
    experiment: Experiment, records: Sequence[Record], ledger: pl.DataFrame
) -> tuple[FeatureCard, ...]:
    """Return a card per feature, the most important first.

    Parameters
    ----------
    experiment : Experiment
    records : sequence of Record
        The finished jobs that the ledger was made from.
    ledger : polars.DataFrame
        See `feature_ledger`.
    """
    if ledger.is_empty():
        return ()
    manifest = FeatureStore(experiment.store.features).manifest(records[-1].job.features)
    if manifest is None:
        warnings.warn(f"{experiment.store.features.url}/{records[-1].job.features} is missing or "
                      "damaged: the report does not tell what features are made of; the command "
                      "that made them makes it again, without training", OutlastWarning,
                      stacklevel=2)
    lineage = {entry.feature: entry for entry in manifest.lineage} if manifest else {}
    told = manifest.costs if manifest else {}
    costs = {name: told.get(entry.feature_id) for name, entry in lineage.items()}
    shares = _shares_by_model(ledger)
    return tuple(
        _card(row, shares.get(row["feature"], {}), lineage.get(row["feature"])).model_copy(
            update={**_further(row), "cost": costs.get(row["feature"])})
        for row in ledger.filter(pl.col("scope") == "headline").iter_rows(named=True)
    )


def _further(row: Mapping[str, Any]) -> dict[str, Any]:
    """What the ledger tells beside the importance: stability, drift, signs of leakage."""
    return {
        "reason": row["code"] or "", "cluster": row["cluster"] or "",
        "rank_low": row["rank_q25"], "rank_high": row["rank_q75"],
        "select_freq": row["select_freq"], "cluster_freq": row["cluster_freq"],
        "n_sets": row["select_sets"] or 0, "leak_points": row["leak_points"],
        "drift": row["drift_effect"], "drift_chance": row["drift_null_p99"],
        "drift_unit": _DRIFT_UNITS.get(row["drift_kind"], ""),
    }


def _card(row: Mapping[str, Any], shares: dict[str, float], lineage: Any) -> FeatureCard:
    kept = row["kept_share"]
    return FeatureCard(
        feature=row["feature"],
        family=lineage.family if lineage else "",
        decision="kept" if kept == 1 else "dropped" if kept == 0 else "mixed",
        # What no model was given is undecided for the reason that it was dropped for.
        sentence=row["sentence"] if row["n_fits"] or row["verdict"] != "undecided" else (
            row["rationale"] or ""),
        code=row["verdict_code"] or row["code"] or "",
        share=row["shap_share_mean"],
        share_sd=row["shap_share_sd"],
        gain_share=row["gain_share_mean"],
        rank=row["rank_median"],
        shares=shares,
        inputs=lineage.inputs if lineage else (),
        roots=lineage.roots if lineage else (),
        expression=lineage.expression if lineage else "",
        lookback=lineage.lookback if lineage else "",
        n_fits=row["n_fits"] or 0,
        verdict=row["verdict"],
        reliance=_interval(row, "perm"),
        replaceability=_interval(row, "loco"),
    )


def _interval(row: Mapping[str, Any], method: str) -> Interval | None:
    value, low, high = (row[f"{method}_{end}"] for end in ("mean", "lo95", "hi95"))
    return None if value is None else Interval(value=value, low=low, high=high)


def _shares_by_model(ledger: pl.DataFrame) -> dict[str, dict[str, float]]:
    shares: dict[str, dict[str, float]] = {}
    for row in ledger.filter(pl.col("model").is_not_null()).iter_rows(named=True):
        if row["shap_share_mean"] is not None:
            shares.setdefault(row["feature"], {})[row["model"]] = row["shap_share_mean"]
    return shares
