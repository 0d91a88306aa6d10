"""What a trap is: noise that looks like skill, its twin with real skill, and who is fooled."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.metrics import roc_auc_score

from outlast import Events, Panel, Schema, audit_table
from outlast.audit import CHECKS
from outlast.config import make_config
from outlast.errors import LeakError
from outlast.pipeline import train_models
from outlast.records import Finding

Positions = npt.NDArray[np.intp]
Folds = Iterable[tuple[Positions, Positions]]

MODELS = ["prior", "linear", "lightgbm"]


@dataclass(frozen=True)
class Trap:
    """One way to be fooled.

    Attributes
    ----------
    name, story : str
        What people do, in one sentence.
    code : str
        The check that must fire on what people do.
    table : callable of (rng, signal) -> polars.DataFrame
        Pure noise, or its twin with a real signal in it.
    naive : callable of (table, seed) -> float
        The AUC that people report.
    audited : callable of (trap, table, seed) -> finding of the check
        The audit of what people do.
    schema : mapping
        What the columns mean, as outlast is told.
    config : mapping
        What outlast is asked to run.
    events : callable of table -> Events, optional
    """

    name: str
    story: str
    code: str
    table: Callable[[np.random.Generator, bool], pl.DataFrame]
    naive: Callable[[pl.DataFrame, int], float]
    audited: Callable[[Trap, pl.DataFrame, int], Finding]
    schema: Mapping[str, Any]
    config: Mapping[str, Any] = field(default_factory=dict)
    events: Callable[[pl.DataFrame], Events] | None = None

    def panel(self, table: pl.DataFrame, **changes: Any) -> Panel:
        """The table as outlast is told to read it, with changes to the schema."""
        events = self.events(table) if self.events else None
        return Panel.build(table, Schema(**{**self.schema, **changes}), events=events,
                           name=self.name)


@dataclass(frozen=True)
class Answer:
    """What outlast says about one table: the score it promises and its verdict."""

    score: float
    verdict: str
    blocked: tuple[str, ...] = ()

    @property
    def found(self) -> bool:
        """Whether it recommends a model."""
        return self.verdict in ("clear", "tie")


def ask_outlast(trap: Trap, table: pl.DataFrame) -> Answer:
    """Run outlast on a table; a run that its own audit refuses has no score."""
    config = {"models": MODELS, "splits": ["temporal"], "optimization": ["none"],
              "audit": "exact", "importance": 0, **trap.config}
    with tempfile.TemporaryDirectory() as folder:
        try:
            document, _ = train_models(make_config({**config, "reports": folder}),
                                       table=trap.panel(table), runner="inline")
        except LeakError:
            report = audit_table({**config, "reports": folder}, table=trap.panel(table))
            return Answer(float("nan"), "refused", tuple(f.code for f in report.blocking))
    headline = document.headline
    value = headline.score.value if headline.score else None
    return Answer(float("nan") if value is None else value, headline.verdict)


def audit_of(
    config: Mapping[str, Any] | None = None, *,
    schema: Mapping[str, Any] | None = None, **given: Any,
) -> Callable[[Trap, pl.DataFrame, int], Finding]:
    """Build the audit of what people do: their splits, features or protocols on the table."""

    def audited(trap: Trap, table: pl.DataFrame, seed: int) -> Finding:
        asked = {"models": ["linear"], "splits": ["temporal"], "audit": "exact", "seed": seed,
                 **(config or {})}
        splits = asked["splits"]
        asked["splits"] = splits(table, seed) if callable(splits) else splits
        asked["mute"] = [other for other in CHECKS if other != trap.code]
        report = audit_table(asked, table=trap.panel(table, **(schema or {})), **given)
        return report[trap.code]

    return audited


def auc_of_folds(table: pl.DataFrame, columns: list[str], folds: Folds) -> float:
    """AUC of a boosted tree over the pooled test rows of some folds."""
    X = table.select(pl.col(name).cast(pl.Float64) for name in columns).to_numpy()
    y = table["y"].to_numpy()
    told: list[npt.NDArray[np.float64]] = []
    truth: list[npt.NDArray[np.float64]] = []
    for train, test in folds:
        known = train[np.isfinite(y[train].astype(float))]
        scored = test[np.isfinite(y[test].astype(float))]
        model = lightgbm.LGBMClassifier(n_estimators=150, num_leaves=31, min_child_samples=5,
                                        verbose=-1, n_jobs=1, random_state=0)
        model.fit(X[known], y[known])
        told.append(model.predict_proba(X[scored])[:, 1])
        truth.append(y[scored])
    return float(roc_auc_score(np.concatenate(truth), np.concatenate(told)))


def days(n_entities: int, n_days: int, start: str = "2015-01-01") -> pl.DataFrame:
    """Every entity on every day, sorted by entity and day, with the day's number."""
    day = pl.date_range(pl.lit(start).str.to_date(), pl.lit(start).str.to_date()
                        + pl.duration(days=n_days - 1), eager=True)
    return pl.DataFrame({"entity": [f"e{k:03d}" for k in range(n_entities)]}).join(
        pl.DataFrame({"day": day, "t": np.arange(n_days)}), how="cross")


def walks(rng: np.random.Generator, n_entities: int, n_days: int) -> npt.NDArray[np.float64]:
    """Random walks of every entity, in the order of `days`."""
    return rng.normal(size=(n_entities, n_days)).cumsum(axis=1).ravel()


def rises(column: str, steps: int) -> pl.Expr:
    """Whether the sum of the next `steps` values of an entity is above zero; null at the end."""
    total = pl.col(column).cum_sum().over("entity")
    return (total.shift(-steps).over("entity") - total > 0).cast(pl.Int8)
