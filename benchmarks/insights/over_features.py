"""Worlds of the rules on features: what the tracker's own code says of simulated observations."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from benchmarks.insights.simulate import Run, Truth, evidence
from outlast.feature_tracker.evidence import leak_signs
from outlast.feature_tracker.folds import concentration
from outlast.feature_tracker.stability import by_cluster, nogueira
from outlast.feature_tracker.verdict import judge
from outlast.importance.drift import Partition, drifts
from outlast.judge.insights import Evidence, Surroundings

Generator = np.random.Generator

N_FEATURES, N_FOLDS = 12, 8
NAMES = [f"x{k}" for k in range(N_FEATURES)]


def _asked(rng: Generator, **columns: Any) -> Evidence:
    """A ledger of features that all have some worth, with some columns of its own."""
    base = {"feature": NAMES, "n_runs": 1, "perm_mean": 0.01, "perm_lo95": 0.005,
            "perm_hi95": 0.015, "perm_p": 0.001, "perm_unit": "delta roc_auc",
            "above_probe": 16, "n_cells": 16, "above_probe_freq": 1.0, "run_skill": 0.2,
            "shap_share_mean": 1 / N_FEATURES}
    table = pl.DataFrame({**base, **columns})
    verdicts = [judge(row) for row in table.iter_rows(named=True)]
    table = table.with_columns(verdict=pl.Series([v.verdict for v in verdicts]),
                               sentence=pl.Series([v.sentence for v in verdicts]))
    truth = Truth.draw(rng)
    return evidence(Run("lightgbm").results(truth, truth.predict(rng, 1.0)),
                    Surroundings(features=table, calendar=True))


def leaking(rng: Generator, holds: bool) -> Evidence:
    """OL104: alone as good as the model, and lost by one more step of lag."""
    share = np.clip(rng.normal(0.5, 0.15, N_FEATURES), 0, 1)
    loss, others = rng.normal(0.1, 0.1, N_FEATURES), np.full(N_FEATURES, 0.1)
    if holds:
        share[0], loss[0] = rng.normal(1.05, 0.05), rng.normal(0.7, 0.08)
    signs = leak_signs(pl.DataFrame({
        "feature": NAMES, "model": pl.Series([None] * N_FEATURES, dtype=pl.String),
        "split": "temporal", "shap_share_mean": 1 / N_FEATURES, "single_share": share,
        "lag_loss": loss, "lag_loss_others": others}))
    return _asked(rng, **{name: signs[name] for name in (
        "single_share", "leak_points", "leak_reasons")})


def looking_ahead(rng: Generator, holds: bool) -> Evidence:
    """OL105: a replay on shorter tables found other values."""
    status = ["violated" if holds and k == 0 else None for k in range(N_FEATURES)]
    return _asked(rng, pit_status=pl.Series(status, dtype=pl.String), pit_max_diff=0.5)


def unstable(rng: Generator, holds: bool) -> Evidence:
    """OL602: twelve folds choose ten of thirty features, at random or mostly the same."""
    likely = np.arange(30) < 10
    chance = np.full(30, 1 / 3) if holds else np.where(likely, 0.85, 0.075)
    sets = rng.random((12, 30)) < chance
    found, groups = nogueira(sets), nogueira(by_cluster(sets, np.arange(30)))
    return _asked(rng, phi=found.phi, phi_lo95=found.low, phi_hi95=found.high,
                  phi_cluster=groups.phi, select_sets=12, select_freq=0.5)


def one_event(rng: Generator, holds: bool) -> Evidence:
    """OL603: the worth of one feature lies in one of eight folds."""
    values = rng.normal(0.01, 0.004, (N_FEATURES, N_FOLDS))
    if holds:
        values[0] = rng.normal(0.0, 0.003, N_FOLDS)
        values[0, rng.integers(N_FOLDS)] += 0.05
    cells = pl.DataFrame({"feature": np.repeat(NAMES, N_FOLDS),
                          "fold": np.tile(np.arange(N_FOLDS), N_FEATURES),
                          "value": values.ravel()})
    told = pl.DataFrame({"feature": NAMES}).join(concentration(cells), on="feature", how="left")
    return _asked(rng, **{name: told[name] for name in told.columns if name != "feature"})


def drifting(rng: Generator, holds: bool) -> Evidence:
    """OL604: the mean of one feature moves by a standard deviation when the test begins."""
    days, per_day = 250, 8
    time = np.repeat(np.arange(days), per_day)
    partition = Partition.at(time, 200, seed=int(rng.integers(2**31)))
    found = []
    for k in range(N_FEATURES):
        # Half of a value is what all rows of a day share, and lasts for about ten days.
        steps = rng.normal(size=days + 9)
        shared = np.convolve(steps, np.ones(10) / np.sqrt(10), mode="valid")[time]
        values = 0.5 * shared + rng.normal(size=time.size)
        values = values + (time >= 200) * (holds and k == 0) * values.std()
        found.append(drifts(pl.Series(values), partition)[0])
    return _asked(rng, drift_effect=[d.value for d in found],
                  drift_null_p99=[d.chance for d in found], drift_kind="drift_w1")


def idle(rng: Generator, holds: bool) -> Evidence:
    """OL604: a feature has a quarter of SHAP, but shuffling it costs nothing."""
    shap = rng.dirichlet(np.full(N_FEATURES, 20.0))
    worth = 0.12 * shap
    if holds:
        shap = np.concatenate([[0.25], 0.75 * shap[1:] / shap[1:].sum()])
        worth[0] = 0.0
    se = 0.003
    mean = worth + se * rng.normal(size=N_FEATURES)
    return _asked(rng, shap_share_mean=shap, perm_mean=mean, perm_lo95=mean - 2.3 * se,
                  perm_hi95=mean + 2.3 * se)
