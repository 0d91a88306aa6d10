"""What the table alone says of each feature: drift, its own skill, the cost of a delay, gaps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import polars.selectors as cs

from outlast import importance
from outlast.audit import AuditReport
from outlast.data import Panel
from outlast.errors import CorruptError
from outlast.experiments.folds import PlannedSplit
from outlast.feature_tracker.observations import SCHEMA
from outlast.features import FeatureTable
from outlast.importance.blocks import spread_rows
from outlast.importance.drift import Partition, drifts
from outlast.importance.single import (
    Skill,
    flat_scores,
    lag_losses,
    one_step_earlier,
    single_skill,
    skilled,
)
from outlast.metrics import METRICS
from outlast.records import content_hash, source_hash
from outlast.store import Experiment

PLACE = "evidence"

# More rows make a measure of one feature hardly sharper, and five hundred features slow.
_MAX_TRAIN, _MAX_TEST = 10_000, 5_000
_MAX_FOLDS = 5
_UNITS = {"drift_w1": "sd", "drift_js": "distance", "drift_ks": "distance",
          "missing_rate": "share", "lag_loss": "share", "replay": "largest difference"}

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Evidence:
    """A table, its features and the headline split, to be asked about each feature.

    Parameters
    ----------
    panel : Panel
    features : FeatureTable
    split : PlannedSplit
        The one that stands for deployment.
    metric : str
    seed : int, default 0
        Decides which rows are looked at of a large table.
    """

    panel: Panel
    features: FeatureTable
    split: PlannedSplit
    metric: str
    seed: int = 0

    @property
    def key(self) -> str:
        """Names the result by all that decides it, the code included."""
        code = source_hash([Path(__file__), *Path(importance.__file__).parent.glob("*.py")])
        return content_hash([self.features.fingerprint, self.split.strategy.label,
                             self.split.rows, self.metric, self.seed, code], 12)

    def stored(self, experiment: Experiment, report: AuditReport) -> pl.DataFrame:
        """Return all observations, measured now unless the store has them.

        Parameters
        ----------
        experiment : Experiment
        report : AuditReport
            What replaying the features has shown.

        Returns
        -------
        polars.DataFrame
            Columns as in `SCHEMA`; they belong to no model and no job.
        """
        name = f"{PLACE}/{self.key}.parquet"
        table = self._read(experiment, name)
        if table is None:
            table = self.measured(experiment.name)
            experiment.storage.write_parquet(name, table)
        replayed = self._table(list(_replayed(report, self.features.names)), experiment.name)
        return pl.concat([table, replayed])

    @staticmethod
    def _read(experiment: Experiment, name: str) -> pl.DataFrame | None:
        """What was measured before, None where it is not there or damaged."""
        try:
            return experiment.storage.read_parquet(name)
        except CorruptError:
            return None

    def measured(self, experiment: str) -> pl.DataFrame:
        """Measure every feature; columns as in `SCHEMA`."""
        return self._table([*self._drift(), *self._skills(), *self._gaps()], experiment)

    @cached_property
    def folds(self) -> list[tuple[Rows, Rows]]:
        """The last folds, with at most so many labelled rows, spread over time."""
        last = self.split.folds[-_MAX_FOLDS:]
        return [(self._some(fold.train, _MAX_TRAIN), self._some(fold.test, _MAX_TEST))
                for fold in last]

    def _some(self, rows: Rows, most: int) -> Rows:
        rows = np.sort(rows)
        return rows[spread_rows(self.panel.time.ns[rows], most, self.seed)]

    def _drift(self) -> Iterator[dict[str, Any]]:
        """From the train to the test rows of the last fold, if one follows the other."""
        train, test = self.folds[-1]
        time = self.panel.time.ns
        if not (train.size and test.size) or time[train].max() >= time[test].min():
            return
        rows = np.concatenate([train, test])
        partition = Partition.at(time[rows], int(time[test].min()), self.seed)
        for entry in self.features.lineage:
            # Parts of the calendar move with every window, and everybody knows how.
            if entry.family != "calendar":
                for method, value, chance in drifts(self.features.frame[entry.feature][rows],
                                                    partition):
                    yield {"feature": entry.feature, "method": method, "value": value,
                           "probe_best": chance, "data_part": "test", "n_rows": rows.size}

    def _skills(self) -> Iterator[dict[str, Any]]:
        """Each feature's skill without any other, and what it loses by one more step of lag."""
        entity = np.unique(self.panel.entity, return_inverse=True)[1]
        earlier = pl.Series(one_step_earlier(entity, self.panel.time.ns)).replace(-1, None)
        now = {name: self._skill(self.features.frame[name]) for name in self.features.names}
        late = {name: self._skill(self.features.frame[name].gather(earlier))
                for name in skilled(now)}
        n_rows = sum(test.size for _, test in self.folds)
        for name, skill in now.items():
            yield {"feature": name, "method": "single_score", "value": skill.value,
                   "value_sd": skill.sd, "n_repeats": skill.n_folds, "n_rows": n_rows,
                   "data_part": "test", "unit": f"delta {self.metric}"}
        losses = lag_losses(now, late)
        for name, loss in losses.items():
            others = [other for key, other in losses.items() if key != name]
            yield {"feature": name, "method": "lag_loss", "value": loss, "n_rows": n_rows,
                   "probe_best": float(np.median(others)) if others else None,
                   "data_part": "test"}

    def _skill(self, column: pl.Series) -> Skill:
        return single_skill(column, self.panel.y, self.folds, METRICS[self.metric],
                            self._n_classes, self._flat)

    @property
    def _n_classes(self) -> int:
        return self.panel.n_classes if self.panel.task == "multiclass" else 1

    @cached_property
    def _flat(self) -> list[float | None]:
        return flat_scores(self.panel.y, self.folds, METRICS[self.metric], self._n_classes)

    def _gaps(self) -> Iterator[dict[str, Any]]:
        for part, rows in zip(("train", "test"), self.folds[-1], strict=True):
            missing = self.features.frame[rows].with_columns(cs.float().fill_nan(None)).null_count()
            for name, count in missing.row(0, named=True).items():
                yield {"feature": name, "method": "missing_rate", "data_part": part,
                       "value": count / max(1, rows.size), "n_rows": rows.size}

    def _table(self, rows: list[dict[str, Any]], experiment: str) -> pl.DataFrame:
        identity = {entry.feature: entry.feature_id for entry in self.features.lineage}
        tested = self.split.folds[-1].test
        time = self.panel.time.ns[tested]
        facts = {"job": "", "experiment": experiment, "split": self.split.strategy.label,
                 "seed": self.seed, "status": "ok",
                 "test_start": int(time.min()), "test_end": int(time.max())}
        told = [{**dict.fromkeys(SCHEMA), "unit": _UNITS.get(row["method"]), **facts,
                 "feature_id": identity[row["feature"]], **row} for row in rows]
        return pl.DataFrame(told, schema=SCHEMA, orient="row")


def _replayed(report: AuditReport, names: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Features whose values changed when later rows were taken away, by how much if it is known."""
    found: dict[str, float | None] = {}
    for finding in report:
        if finding.outcome == "issue" and finding.evidence.get("mode") in ("truncate", "perturb"):
            gaps = finding.evidence["gaps"]
            found |= {name: gap for name, gap in gaps.items() if found.get(name) is None}
    return ({"feature": name, "method": "replay", "value": gap, "data_part": "train"}
            for name, gap in found.items() if name in names)
