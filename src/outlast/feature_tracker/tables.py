"""The files of the tracker: written once, one folder per table and experiment.

ledger/<table>/<experiment>/<session>.parquet   never rewritten
ledger/ledger/<experiment>.parquet              derived from them, and made anew from them
ledger/<table>/<session>.parquet                as older versions wrote them
"""

from __future__ import annotations

import io
import itertools
import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from outlast import metrics
from outlast.errors import CorruptError, StoreError
from outlast.feature_tracker.observations import SCHEMA
from outlast.models import MODELS
from outlast.records import Record
from outlast.store import JobStore, Storage, check, parquet

_LOG = logging.getLogger("outlast.tracker")

_KEYS: dict[str, type[pl.DataType]] = {
    "job": pl.String, "experiment": pl.String, "model": pl.String, "split": pl.String,
    "search": pl.String, "selection": pl.String, "fold": pl.Int32, "seed": pl.Int64,
}
DECISIONS: dict[str, pl.DataType | type[pl.DataType]] = {
    **_KEYS, "feature": pl.String, "action": pl.String, "code": pl.String,
    "sentence": pl.String, "statistic": pl.String, "value": pl.Float64, "threshold": pl.Float64,
    "comparator": pl.String, "comparator_value": pl.Float64, "evidence": pl.String,
}
RUNS: dict[str, pl.DataType | type[pl.DataType]] = {
    **_KEYS, "metric": pl.String, "score": pl.Float64, "is_baseline": pl.Boolean,
    "n_train": pl.Int64, "n_test": pl.Int64, "left_out": pl.List(pl.Float64),
}
SCHEMAS: dict[str, dict[str, pl.DataType | type[pl.DataType]]] = {
    "catalog": {"experiment": pl.String, "table": pl.String, "feature": pl.String,
                "feature_id": pl.String, "family": pl.String, "expression": pl.String,
                "inputs": pl.List(pl.String), "roots": pl.List(pl.String),
                "lookback": pl.String, "lookback_rows": pl.Int64, "fit_scope": pl.String,
                "cost_s_per_100k_rows": pl.Float64,
                "params": pl.String, "source_table": pl.String, "available_after": pl.String,
                "min_age_rows": pl.Int64, "uses_target": pl.Boolean},
    "observations": dict(SCHEMA), "decisions": DECISIONS,
    "selections": {**_KEYS, "feature": pl.String, "selected": pl.Boolean}, "runs": RUNS,
}
# What makes a row of a table the same row, should two attempts have written it.
UNIQUE = {"observations": ["job", "split", "fold", "feature", "method", "event", "data_part"],
          "decisions": ["job", "feature"], "selections": ["job", "feature"], "runs": ["job"],
          "catalog": ["table", "feature"]}
_BLOCKS = 10
# As many slashes has the name of a file in the folder of its experiment.
_OWN_FOLDER = 3


@dataclass(frozen=True)
class Files:
    """The files of all tables in one storage."""

    storage: Storage

    def names(self, table: str, experiment: str | None = None) -> list[str]:
        """Return a table's files, all or those that may hold rows of one experiment."""
        names = self.storage.files(f"ledger/{table}")
        return [name for name in names
                if experiment is None or name.count("/") == 2 or name.split("/")[2] == experiment]

    def scan(self, table: str, experiment: str | None = None) -> pl.LazyFrame:
        """Read a table lazily; columns that a file lacks are null, a damaged file is left out."""
        schema = SCHEMAS[table]
        parts = [part for name in self.names(table, experiment)
                 if (part := self._part(name, schema)) is not None]
        rows = pl.concat([pl.LazyFrame(schema=schema), *parts])
        return rows if experiment is None else rows.filter(pl.col("experiment") == experiment)

    def read(self, table: str, experiment: str | None = None) -> pl.DataFrame:
        """Read a table; a row that was written twice is there once."""
        return self.scan(table, experiment).collect().unique(
            UNIQUE[table], keep="last", maintain_order=True)

    def lazy(self, name: str) -> pl.LazyFrame | None:
        """Return the table in a file, None if it is damaged, which the log tells."""
        try:
            data = self.storage.read(name)
            check(data)
            frame = pl.scan_parquet(io.BytesIO(data))
            frame.collect_schema()
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError,
                CorruptError) as error:
            _LOG.warning("%s/%s is no table and is left out: %s", self.storage.url, name, error)
            return None
        return frame

    def put_aside(self, experiment: str) -> None:
        """Put away all that a session told of an experiment if a file of it is damaged.

        Its jobs are no longer known then, and are taken in again from their records.
        """
        files = {name: name.rpartition("/")[2] for table in SCHEMAS
                 for name in self.names(table, experiment) if name.count("/") == _OWN_FOLDER}
        damaged = {session for name, session in files.items() if self.lazy(name) is None}
        for name, session in files.items():
            if session in damaged:
                self.storage.rename(name, name.replace("ledger", "ledger/quarantine", 1))

    def add(self, table: str, experiment: str, session: str, rows: pl.DataFrame) -> None:
        """Write rows into a file of their own, if there are any."""
        if rows.is_empty():
            return
        data = parquet(rows.sort("feature", maintain_order=True) if "feature" in rows else rows)
        for attempt in itertools.count(1):
            name = session if attempt == 1 else f"{session}-{attempt}"
            if self.storage.create(f"ledger/{table}/{experiment}/{name}.parquet", data):
                return
            if attempt > 10_000:
                raise StoreError(f"cannot write ledger/{table}/{experiment}/{session}.parquet")

    def _part(
        self, name: str, schema: dict[str, pl.DataType | type[pl.DataType]]
    ) -> pl.LazyFrame | None:
        if (frame := self.lazy(name)) is None:
            return None
        known = set(frame.collect_schema())
        return frame.select(
            pl.col(column).cast(kind) if column in known else pl.lit(None, kind).alias(column)
            for column, kind in schema.items())


def decision_rows(records: Sequence[Record], experiment: str) -> pl.DataFrame:
    """Return one row per job and decision."""
    made = [decision for record in records for decision in record.decisions]
    owner = np.repeat(np.arange(len(records)), [len(r.decisions) for r in records])
    told = {name: [getattr(decision, name) for decision in made]
            for name in DECISIONS if name not in _KEYS and name != "evidence"}
    evidence = [json.dumps(d.evidence, sort_keys=True) if d.evidence else None
                for d in made]
    return _keys(records, experiment)[owner].with_columns(
        *(pl.Series(name, values, DECISIONS[name]) for name, values in told.items()),
        pl.Series("evidence", evidence, pl.String)).select(*DECISIONS)


def selection_rows(decisions: pl.DataFrame) -> pl.DataFrame:
    """Return which features each job was given."""
    gone = pl.col("action").is_in(["drop", "quarantine"])
    return decisions.select(*_KEYS, "feature", selected=~gone)


def run_rows(
    records: Sequence[Record], experiment: str, jobs: JobStore | None = None
) -> pl.DataFrame:
    """Return the score of each job, so that greater is better.

    Where a split has one fold alone, ``left_out`` holds the scores without one tenth of its
    test time each: the error of a run's lead is taken from them.
    """
    several = {r.job.split.label for r in records if r.job.fold > 0}
    left = [None if jobs is None or r.job.split.label in several else _left_out(r, jobs)
            for r in records]
    table = _keys(records, experiment)
    signs = [1 if metrics.METRICS[r.job.metric].greater_is_better else -1 for r in records]
    return table.with_columns(
        pl.Series("metric", [r.job.metric for r in records], pl.String),
        pl.Series("score", [None if r.score is None else sign * r.score
                            for r, sign in zip(records, signs, strict=True)], pl.Float64),
        pl.Series("is_baseline", [r.job.model.name in MODELS
                                  and MODELS[r.job.model.name].is_baseline for r in records]),
        pl.Series("n_train", [r.audit.n_train if r.audit else None for r in records], pl.Int64),
        pl.Series("n_test", [r.audit.n_test if r.audit else None for r in records], pl.Int64),
        pl.Series("left_out", left, pl.List(pl.Float64))).select(*RUNS)


def _left_out(record: Record, jobs: JobStore) -> list[float]:
    told = jobs.predictions(record)
    names = ["p"] if "p" in told.columns else [c for c in told.columns if c.startswith("p_")]
    guess = told.select(names).to_numpy()
    metric = metrics.METRICS[record.job.metric]
    times, at = np.unique(told["time"].to_numpy(), return_inverse=True)
    block = at * _BLOCKS // max(times.size, 1)
    weights = (block != np.arange(min(_BLOCKS, times.size))[:, None]).astype(np.float64)
    scores = metrics.weighted_scores(metric, told["y"].to_numpy(),
                                     guess[:, 0] if names == ["p"] else guess, weights)
    sign = 1 if metric.greater_is_better else -1
    return [sign * float(score) for score in scores]


def _keys(records: Iterable[Record], experiment: str) -> pl.DataFrame:
    records = list(records)
    return pl.DataFrame({
        "job": [r.job.id for r in records], "experiment": [experiment] * len(records),
        "model": [r.job.model.label for r in records],
        "split": [r.job.split.label for r in records],
        "search": [r.job.search.label for r in records],
        "selection": [r.job.selection.label for r in records],
        "fold": [r.job.fold for r in records], "seed": [r.job.seed for r in records]},
        schema=_KEYS)
