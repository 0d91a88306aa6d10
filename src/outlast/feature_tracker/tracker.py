"""The feature tracker: every feature of every run, how much it mattered, and why it was kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from outlast.errors import unknown_name
from outlast.feature_tracker import observations as obs
from outlast.feature_tracker.ledger import build_ledger
from outlast.features import Lineage
from outlast.records import Record
from outlast.store import FeatureStore, JobStore, Storage, Store

LEDGER = "ledger/ledger.parquet"

_DECISIONS: dict[str, type[pl.DataType]] = {
    "job": pl.String, "experiment": pl.String, "model": pl.String, "split": pl.String,
    "search": pl.String, "selection": pl.String, "fold": pl.Int32, "feature": pl.String,
    "action": pl.String, "code": pl.String, "sentence": pl.String, "statistic": pl.String,
    "value": pl.Float64, "threshold": pl.Float64, "comparator": pl.String,
}


@dataclass(frozen=True)
class FeatureTracker:
    """The ledger over all experiments, in ``feature_data/ledger`` of a store.

    Observations and decisions are append-only: each session adds one file, no file is ever
    rewritten. The ledger itself is a summary that can be built again from them.

    Parameters
    ----------
    storage : Storage
        ``feature_data`` of a store; `FeatureTracker.open` finds it.
    """

    storage: Storage

    @classmethod
    def open(cls, root: str = "reports") -> FeatureTracker:
        """Open the tracker of the store in a folder or below a URL."""
        return cls(Store.open(root).features)

    def absorb(
        self, session: str, experiment: str, jobs: JobStore, records: Iterable[Record],
        explanations: pl.DataFrame | None = None,
    ) -> int:
        """Take in finished jobs that are not in the ledger yet.

        Parameters
        ----------
        session : str
            Names the new files.
        experiment : str
        jobs : JobStore
        records : iterable of Record
        explanations : polars.DataFrame, optional
            Further observations of these or other jobs; those that are known are not taken
            again.

        Returns
        -------
        int
            How many jobs were new.
        """
        known = set(self.decisions()["job"].unique())
        fresh = [r for r in records if r.status == "ok" and r.job.id not in known]
        observed = [jobs.observations(fresh)] if fresh else []
        if explanations is not None and explanations.height:
            keys = ["job", "method"]
            observed.append(explanations.join(self.observations(), on=keys, how="anti"))
        if fresh or sum(table.height for table in observed):
            self.storage.write_parquet(f"ledger/observations/{session}.parquet",
                                       pl.concat(observed))
            self.storage.write_parquet(f"ledger/decisions/{session}.parquet",
                                       _decision_rows(fresh, experiment))
            self.storage.write_parquet(LEDGER, build_ledger(self.observations(), self.decisions()))
        return len(fresh)

    def observations(self) -> pl.DataFrame:
        """Every importance of every feature in every fit, see `observe`."""
        return self._read("observations", obs.SCHEMA)

    def decisions(self) -> pl.DataFrame:
        """Every keep and drop with rule code, statistic, threshold, comparator and sentence."""
        return self._read("decisions", _DECISIONS)

    def ledger(self, experiment: str | None = None) -> pl.DataFrame:
        """One line per feature and scope, see `build_ledger`.

        Parameters
        ----------
        experiment : str, optional
            Only this one.
        """
        if self.storage.exists(LEDGER):
            ledger = self.storage.read_parquet(LEDGER)
        else:
            ledger = build_ledger(self.observations(), self.decisions())
        return ledger if experiment is None else ledger.filter(pl.col("experiment") == experiment)

    def summarise(
        self, experiment: str, jobs: JobStore, records: Sequence[Record]
    ) -> pl.DataFrame:
        """Return the ledger of some finished jobs alone, see `build_ledger`."""
        if not records:
            return build_ledger(pl.DataFrame(schema=obs.SCHEMA), pl.DataFrame(schema=_DECISIONS))
        return build_ledger(jobs.observations(records), _decision_rows(records, experiment))

    def table(self, fingerprint: str) -> tuple[Lineage, ...]:
        """Return the lineage of every column of a feature table, empty if it is not there."""
        manifest = FeatureStore(self.storage).manifest(fingerprint)
        return () if manifest is None else manifest.lineage

    def latest_experiment(self) -> str:
        """Return the experiment that was taken in last."""
        newest = self.storage.files("ledger/decisions")[-1]
        return str(self.storage.read_parquet(newest)["experiment"][0])

    def history(self, feature: str) -> pl.DataFrame:
        """Return a feature's importance in every fit of every experiment, newest test first.

        Raises
        ------
        InputError
            If the tracker has never seen the feature.
        """
        self._check(feature)
        return self.observations().filter(pl.col("feature") == feature).sort(
            "test_start", descending=True
        )

    def why(self, feature: str) -> pl.DataFrame:
        """Return how often and why a feature was kept or dropped, by experiment and split.

        Raises
        ------
        InputError
            If the tracker has never seen the feature.
        """
        self._check(feature)
        return (
            self.decisions().filter(pl.col("feature") == feature)
            .group_by("experiment", "split", "action", "code", "sentence")
            .agg(n_fits=pl.len())
            .sort("experiment", "split", "n_fits", descending=[False, False, True])
        )

    def lineage(self, feature: str) -> list[dict[str, object]]:
        """Return the recipes' entries for a feature: inputs, expression, look-back."""
        store = FeatureStore(self.storage)
        tables = [store.manifest(name) for name in self.storage.folders()]
        entries = [e for t in tables if t is not None for e in t.lineage if e.feature == feature]
        distinct = {entry.feature_id: entry for entry in entries}
        return [vars(entry) for entry in distinct.values()]

    def _read(self, kind: str, schema: dict[str, type[pl.DataType]]) -> pl.DataFrame:
        parts = [self.storage.read_parquet(name) for name in self.storage.files(f"ledger/{kind}")]
        return pl.concat(parts) if parts else pl.DataFrame(schema=schema)

    def _check(self, feature: str) -> None:
        known = self.decisions()["feature"].unique().to_list()
        if feature not in known:
            raise unknown_name("feature", feature, known)


def _decision_rows(records: Iterable[Record], experiment: str) -> pl.DataFrame:
    """One row per job and decision; a record is asked for its names once."""
    records = list(records)
    jobs = pl.DataFrame({
        "job": [r.job.id for r in records], "experiment": experiment,
        "model": [r.job.model.label for r in records],
        "split": [r.job.split.label for r in records],
        "search": [r.job.search.label for r in records],
        "selection": [r.job.selection.label for r in records],
        "fold": [r.job.fold for r in records]})
    made = [decision for r in records for decision in r.decisions]
    owner = np.repeat(np.arange(len(records)), [len(r.decisions) for r in records])
    told = {name: [getattr(decision, name) for decision in made]
            for name in _DECISIONS if name not in jobs.columns}
    return jobs[owner].with_columns(
        pl.Series(name, values, _DECISIONS[name]) for name, values in told.items()
    ).cast(_DECISIONS)  # type: ignore[arg-type]
