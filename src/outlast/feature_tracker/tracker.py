"""The feature tracker: every feature of every run, how much it mattered, and why it was kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from outlast.errors import unknown_name
from outlast.feature_tracker import observations as obs
from outlast.feature_tracker.ledger import build_ledger
from outlast.features import Lineage
from outlast.records import Record
from outlast.store import FeatureStore, JobStore, write_parquet
from outlast.store.local import LocalStorage

_DECISIONS: dict[str, type[pl.DataType]] = {
    "job": pl.String, "experiment": pl.String, "model": pl.String, "split": pl.String,
    "search": pl.String, "selection": pl.String, "fold": pl.Int32, "feature": pl.String,
    "action": pl.String, "code": pl.String, "sentence": pl.String, "statistic": pl.String,
    "value": pl.Float64, "threshold": pl.Float64, "comparator": pl.String,
}


@dataclass(frozen=True)
class FeatureTracker:
    """The ledger over all experiments, in ``<reports>/feature_data/ledger``.

    Observations and decisions are append-only: each session adds one file, no file is ever
    rewritten. The ledger itself is a summary that can be built again from them.

    Parameters
    ----------
    folder : pathlib.Path
        The folder ``<reports>/feature_data``.
    """

    folder: Path

    def absorb(
        self, session: str, experiment: str, jobs: JobStore, records: Iterable[Record]
    ) -> int:
        """Take in finished jobs that are not in the ledger yet.

        Parameters
        ----------
        session : str
            Names the new files.
        experiment : str
        jobs : JobStore
        records : iterable of Record

        Returns
        -------
        int
            How many jobs were new.
        """
        known = set(self.decisions()["job"].unique())
        fresh = [r for r in records if r.status == "ok" and r.job.id not in known]
        if fresh:
            observed = pl.concat([jobs.observations(record) for record in fresh])
            write_parquet(self._file("observations", session), observed)
            write_parquet(self._file("decisions", session), _decision_rows(fresh, experiment))
            write_parquet(self._root / "ledger.parquet", build_ledger(self.observations(),
                                                                     self.decisions()))
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
        path = self._root / "ledger.parquet"
        if path.is_file():
            ledger = pl.read_parquet(path)
        else:
            ledger = build_ledger(self.observations(), self.decisions())
        return ledger if experiment is None else ledger.filter(pl.col("experiment") == experiment)

    def summarise(
        self, experiment: str, jobs: JobStore, records: Sequence[Record]
    ) -> pl.DataFrame:
        """Return the ledger of some finished jobs alone, see `build_ledger`."""
        if not records:
            return build_ledger(pl.DataFrame(schema=obs.SCHEMA), pl.DataFrame(schema=_DECISIONS))
        observed = pl.concat([jobs.observations(record) for record in records])
        return build_ledger(observed, _decision_rows(records, experiment))

    def table(self, fingerprint: str) -> tuple[Lineage, ...]:
        """Return the lineage of every column of a feature table, empty if it is not there."""
        table = FeatureStore(LocalStorage(self.folder)).load(fingerprint)
        return () if table is None else table.lineage

    def latest_experiment(self) -> str:
        """Return the experiment that was taken in last."""
        files = sorted((self._root / "decisions").glob("*.parquet"))
        return str(pl.read_parquet(files[-1])["experiment"][0])

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
        store = FeatureStore(LocalStorage(self.folder))
        tables = [store.load(path.parent.name) for path in self.folder.glob("*/manifest.json")]
        entries = [e for t in tables if t is not None for e in t.lineage if e.feature == feature]
        distinct = {entry.feature_id: entry for entry in entries}
        return [vars(entry) for entry in distinct.values()]

    @property
    def _root(self) -> Path:
        return self.folder / "ledger"

    def _file(self, kind: str, session: str) -> Path:
        return self._root / kind / f"{session}.parquet"

    def _read(self, kind: str, schema: dict[str, type[pl.DataType]]) -> pl.DataFrame:
        files = sorted((self._root / kind).glob("*.parquet"))
        return pl.concat(map(pl.read_parquet, files)) if files else pl.DataFrame(schema=schema)

    def _check(self, feature: str) -> None:
        known = self.decisions()["feature"].unique().to_list()
        if feature not in known:
            raise unknown_name("feature", feature, known)


def _decision_rows(records: Iterable[Record], experiment: str) -> pl.DataFrame:
    rows = [
        {"job": r.job.id, "experiment": experiment, "model": r.job.model.label,
         "split": r.job.split.label, "search": r.job.search.label,
         "selection": r.job.selection.label, "fold": r.job.fold, **decision.model_dump()}
        for r in records for decision in r.decisions
    ]
    return pl.DataFrame(rows, schema=_DECISIONS)
