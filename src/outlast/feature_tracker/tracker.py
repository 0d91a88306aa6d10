"""The feature tracker: every feature of every run, how much it mattered, and why it was kept."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

import polars as pl

from outlast.errors import InputError, unknown_name
from outlast.feature_tracker.ledger import Tables, build_ledger
from outlast.feature_tracker.tables import (
    SCHEMAS,
    UNIQUE,
    Files,
    decision_rows,
    run_rows,
    selection_rows,
)
from outlast.records import Record
from outlast.store import FeatureStore, JobStore, Storage, Store


@dataclass(frozen=True)
class FeatureTracker:
    """The ledger over all experiments, in ``feature_data/ledger`` of a store.

    Catalogue, observations, decisions, selections and runs are append-only: each session adds
    one file to each, no file is ever rewritten. The ledger itself is derived from them.

    Parameters
    ----------
    storage : Storage
        ``feature_data`` of a store; `FeatureTracker.open` finds it.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     FeatureTracker.open(folder).decisions().is_empty()
    True
    """

    storage: Storage

    @classmethod
    def open(cls, root: str = "reports") -> FeatureTracker:
        """Open the tracker of the store in a folder or below a URL."""
        return cls(Store.open(root).features)

    @property
    def files(self) -> Files:
        """The tables' files."""
        return Files(self.storage)

    def absorb(
        self, session: str, experiment: str, jobs: JobStore, records: Iterable[Record],
        explanations: pl.DataFrame | None = None, dataset: pl.DataFrame | None = None,
    ) -> int:
        """Take in finished jobs and observations that are not in the tables yet.

        Parameters
        ----------
        session : str
            Names the new files.
        experiment : str
        jobs : JobStore
        records : iterable of Record
        explanations, dataset : polars.DataFrame, optional
            Observations that were made apart from the jobs, of models and of the table, with
            the columns of `outlast.feature_tracker.observations.SCHEMA`.

        Returns
        -------
        int
            How many jobs were new.
        """
        files, extra = self.files, [part for part in (explanations, dataset) if part is not None]
        files.put_aside(experiment)
        known = set(files.scan("runs", experiment).select("job").collect()["job"])
        fresh = [r for r in records if r.status == "ok" and r.job.id not in known]
        made = [jobs.observations(fresh)] if fresh else []
        observed = _new_observations(files, experiment, made, extra)
        files.add("observations", experiment, session, observed)
        if fresh:
            decided = decision_rows(fresh, experiment)
            files.add("catalog", experiment, session, _catalog_rows(self, experiment, fresh))
            files.add("decisions", experiment, session, decided)
            files.add("selections", experiment, session, selection_rows(decided))
            # Written last: a job is known by its run once everything else of it is there.
            files.add("runs", experiment, session, run_rows(fresh, experiment, jobs))
        if fresh or observed.height:
            self.rebuild(experiment)
        return len(fresh)

    def rebuild(self, experiment: str) -> pl.DataFrame:
        """Make the ledger of an experiment anew from the other tables."""
        read = {name: self.files.read(name, experiment)
                for name in ("observations", "decisions", "selections", "runs")}
        ledger = build_ledger(Tables(**read))
        self.storage.write_parquet(f"ledger/ledger/{experiment}.parquet", ledger)
        return ledger

    def observations(self) -> pl.DataFrame:
        """Every importance of every feature in every fit, see `observe`."""
        return self.files.read("observations")

    def decisions(self, feature: str | None = None) -> pl.DataFrame:
        """Every keep and drop with rule code, statistic, threshold, comparator and sentence."""
        rows = self.files.scan("decisions")
        rows = rows if feature is None else rows.filter(pl.col("feature") == feature)
        return rows.collect().unique(UNIQUE["decisions"], keep="last", maintain_order=True)

    def ledger(self, experiment: str | None = None) -> pl.DataFrame:
        """Return one line per feature and scope, see `build_ledger`.

        Parameters
        ----------
        experiment : str, optional
            Only this one.
        """
        return self._ledger(self.experiments() if experiment is None else [experiment])

    def experiments(self) -> list[str]:
        """Return all experiments of the ledger, the one that was taken in last at the end."""
        newest: dict[str, str] = {}
        for name in self.files.names("decisions"):
            *_, experiment, file = name.split("/")
            if name.count("/") == 3:
                newest[experiment] = max(newest.get(experiment, ""), file)
        return sorted(newest, key=lambda experiment: (newest[experiment], experiment))

    def latest_experiment(self) -> str:
        """Return the experiment that was taken in last.

        Raises
        ------
        InputError
            If no feature has been tracked.
        """
        known = self.experiments()
        if not known:
            raise InputError(f"no feature has been tracked in {self.storage.url!r} yet; train "
                             "first: outlast run")
        return known[-1]

    def features(self, experiment: str | None = None, split: str | None = None) -> pl.DataFrame:
        """Return the features of an experiment under one split, the most important first.

        Parameters
        ----------
        experiment : str, optional
            Default: the one that was taken in last.
        split : str, optional
            Default: the one that is most like deployment.

        Raises
        ------
        InputError
            If the tracker does not know the experiment or the split.
        """
        name = experiment or self.latest_experiment()
        if name not in self.experiments():
            raise unknown_name("experiment", name, self.experiments())
        ledger = self.ledger(name)
        if split is None:
            return ledger.filter(pl.col("scope") == "headline")
        splits = ledger["split"].unique().to_list()
        if split not in splits:
            raise unknown_name("split", split, splits)
        return ledger.filter(pl.col("scope") == f"split:{split}")

    def show(self, feature: str) -> pl.DataFrame:
        """Return a feature's rows of the ledger over all experiments and scopes.

        Raises
        ------
        InputError
            If the tracker has never seen the feature.
        """
        rows = self._ledger(self.experiments(), feature)
        if rows.is_empty():
            raise self._unknown(feature)
        return rows

    def compare(self, a: str, b: str) -> pl.DataFrame:
        """Return what changed between the headline splits of two experiments.

        Returns
        -------
        polars.DataFrame
            ``feature``, ``change`` ("added", "dropped", "verdict", "same"), and verdict, share
            and median rank in both.
        """
        columns = ("verdict", "shap_share_mean", "rank_median")
        left, right = (self.features(name).select("feature", *columns) for name in (a, b))
        both = left.join(right, on="feature", how="full", suffix="_b", coalesce=False)
        change = (pl.when(pl.col("feature").is_null()).then(pl.lit("added"))
                  .when(pl.col("feature_b").is_null()).then(pl.lit("dropped"))
                  .when(pl.col("verdict") != pl.col("verdict_b")).then(pl.lit("verdict"))
                  .otherwise(pl.lit("same")))
        share = pl.col("shap_share_mean_b") - pl.col("shap_share_mean")
        return both.select(
            pl.coalesce("feature", "feature_b"), change.alias("change"),
            *(pl.col(name + end) for name in columns for end in ("", "_b")),
            share_change=share).sort(pl.col("share_change").abs(), "feature",
                                     descending=[True, False], nulls_last=True)

    def export(self, experiment: str | None = None) -> tuple[str, ...]:
        """Return the lean set: what has the verdict core or useful in the headline split."""
        return tuple(self.features(experiment).filter(
            pl.col("verdict").is_in(["core", "useful"]))["feature"])

    def why_dropped(self, feature: str | None = None) -> pl.DataFrame:
        """Return how often and why features were dropped, by experiment and split.

        Parameters
        ----------
        feature : str, optional
            All its decisions, also to keep it. Default: the drops of the latest experiment.
        """
        if feature is None:
            rows = self.files.read("decisions", self.latest_experiment()).filter(
                pl.col("action").is_in(["drop", "quarantine"]))
        else:
            rows = self.decisions(feature)
            if rows.is_empty():
                raise self._unknown(feature)
        keys = ["experiment", "split", "feature", "action", "code", "statistic", "value",
                "threshold", "comparator", "comparator_value", "evidence", "sentence"]
        return rows.group_by(keys).agg(n_fits=pl.len()).sort(
            "experiment", "split", "feature", "n_fits", "sentence",
            descending=[False, False, False, True, False])

    def lineage(self, feature: str) -> pl.DataFrame:
        """Return the catalogue's entries for a feature: inputs, expression, look-back."""
        return self.files.scan("catalog").filter(pl.col("feature") == feature).collect().unique(
            "feature_id", maintain_order=True)

    def summarise(
        self, experiment: str, jobs: JobStore, records: Sequence[Record]
    ) -> pl.DataFrame:
        """Return the ledger of some finished jobs alone, see `build_ledger`."""
        records = [record for record in records if record.status == "ok"]
        observed = jobs.observations(records) if records else pl.DataFrame(
            schema=SCHEMAS["observations"])
        later = self.files.scan("observations", experiment).filter(
            pl.col("job").is_in([r.job.id for r in records]) | (pl.col("job") == "")).collect()
        decided = decision_rows(records, experiment)
        return build_ledger(Tables(
            pl.concat([observed, later], how="diagonal_relaxed").unique(
                UNIQUE["observations"], keep="first", maintain_order=True),
            decided, selection_rows(decided), run_rows(records, experiment, jobs)))

    def _unknown(self, feature: str) -> InputError:
        known = self.files.scan("catalog").select("feature").unique().collect()["feature"]
        return unknown_name("feature", feature, known.sort().to_list())

    def _ledger(self, experiments: Sequence[str], feature: str | None = None) -> pl.DataFrame:
        parts = []
        for experiment in experiments:
            name = f"ledger/ledger/{experiment}.parquet"
            if not self.storage.exists(name):
                self.rebuild(experiment)
            if (part := self.files.lazy(name)) is None:
                self.rebuild(experiment)
                part = pl.scan_parquet(io.BytesIO(self.storage.read(name)))
            parts.append(part if feature is None else part.filter(pl.col("feature") == feature))
        return pl.concat([pl.LazyFrame(), *parts], how="diagonal_relaxed").collect()


def _new_observations(
    files: Files, experiment: str, made: Sequence[pl.DataFrame], extra: Sequence[pl.DataFrame]
) -> pl.DataFrame:
    """Those of new jobs, and of the others what no file holds yet with the same value."""
    parts = [pl.DataFrame(schema=SCHEMAS["observations"]), *made]
    if any(part.height for part in extra):
        keys = [*UNIQUE["observations"], "value", "n_rows", "n_repeats", "status"]
        known = files.scan("observations", experiment).select(keys).collect()
        parts += [part.join(known, on=keys, how="anti", nulls_equal=True) for part in extra]
    return pl.concat(parts, how="diagonal_relaxed")


def _catalog_rows(
    tracker: FeatureTracker, experiment: str, fresh: Sequence[Record]
) -> pl.DataFrame:
    """Return the lineage of the feature tables that no file tells of yet."""
    known = tracker.files.scan("catalog", experiment).select("table").collect()["table"]
    new = sorted({record.job.features for record in fresh} - set(known))
    found = {name: FeatureStore(tracker.storage).manifest(name) for name in new}
    rows = [{"experiment": experiment, "table": name, **asdict(entry),
             "cost_s_per_100k_rows": manifest.costs.get(entry.feature_id)}
            for name, manifest in found.items() if manifest for entry in manifest.lineage]
    schema = SCHEMAS["catalog"]
    return pl.DataFrame([{key: row[key] for key in schema} for row in rows], schema=schema)
