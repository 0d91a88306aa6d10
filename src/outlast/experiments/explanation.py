"""One fit explained: what its features are worth to it, by permutation, probes and refits."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from outlast.data import Events
from outlast.design import Design
from outlast.errors import OutlastError
from outlast.experiments.afford import Size
from outlast.experiments.train import Bench, folds_of, open_bench
from outlast.feature_tracker.observations import SCHEMA, of_job
from outlast.importance.blocks import Shuffles, spread_rows, time_blocks
from outlast.importance.drop_refit import drop_and_refit
from outlast.importance.held_out import Delta, HeldOut
from outlast.importance.permutation import permutation_importance
from outlast.importance.probes import Probes, best_probe, probe_importance
from outlast.metrics import METRICS
from outlast.models import FitContext, FittedModel, Matrix, kind_of, make_model
from outlast.models.estimator import Estimator
from outlast.records import EXAM, Job, Record
from outlast.splits import Fold
from outlast.store import Experiment, parquet

Groups = Mapping[str, Sequence[str]]

# An event with fewer of the permuted rows says nothing; the largest ones are told.
_FEWEST_IN_EVENT, _MOST_EVENTS = 30, 20


def explain_fit(spec: Mapping[str, Any]) -> None:
    """Measure the importance of the features to one finished fit and store it, once.

    Parameters
    ----------
    spec : mapping
        JSON values: ``job`` (see `Job`), ``folds`` (ids of all jobs of its configuration),
        ``size`` (see `Size`), ``place`` (where the result is kept), ``clusters`` (where those
        of the features are), ``store``, ``experiment``, ``threads``.
    """
    job = Job.model_validate(spec["job"])
    bench = open_bench(spec["store"], spec["experiment"], job.features)
    records = bench.experiment.jobs.read_all(spec["folds"])
    if job.id not in records:
        raise OutlastError(f"job {job.id} is no longer in the store; run the same command again")
    clusters = bench.experiment.storage.read_json(spec["clusters"])
    case = Case(bench, records[job.id], tuple(records.values()), clusters, int(spec["threads"]))
    found = measure(case, Size.model_validate(spec["size"]))
    bench.experiment.storage.create(spec["place"], parquet(found))


@dataclass(frozen=True, eq=False)
class Case:
    """A finished fit with all that is needed to ask it, loaded when it is asked for."""

    bench: Bench
    record: Record
    folds: tuple[Record, ...]
    clusters: Groups
    threads: int = 1

    @cached_property
    def fitted(self) -> FittedModel:
        """The model as it was stored, or fitted again where no file can hold it."""
        if issubclass(kind_of(self.record.job.model.name), Estimator):
            return self.fit(self.train)
        return self.bench.experiment.jobs.model(self.record)

    @cached_property
    def fold(self) -> Fold:
        """The rows of the fit."""
        job = self.record.job
        return folds_of(self.bench.experiment, job.split.model_dump_json())[job.fold]

    @cached_property
    def design(self) -> Design:
        """The columns of the model, and the codes of its categories."""
        return Design.fit(self.bench.table.frame, self.fold.train, self.columns)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The features that the model was given."""
        return self.bench.experiment.jobs.card(self.record).columns

    @cached_property
    def train(self) -> Matrix:
        """The rows that the model has learned from."""
        return self.bench.matrix(self.design, self.fold.train)

    @cached_property
    def groups(self) -> dict[str, list[str]]:
        """Clusters with the columns that the model has of them, the most important first.

        By the mean |SHAP| in all folds of the configuration, or by gain where it has none, so
        that every fold has the same order.
        """
        seen = self.bench.experiment.jobs.observations(self.folds)
        method = "shap_mean_abs" if "shap_mean_abs" in seen["method"] else "gain"
        shares = seen.filter(pl.col("method") == method).group_by("feature").agg(
            pl.col("share").sum())
        share = dict(shares.iter_rows())
        columns = self.columns
        found = {name: [member for member in members if member in columns]
                 for name, members in self.clusters.items()}
        weight = {name: sum(share.get(member) or 0.0 for member in members)
                  for name, members in found.items() if members}
        return {name: found[name] for name in sorted(weight, key=lambda name: -weight[name])}

    def fit(self, train: Matrix) -> FittedModel:
        """Fit the same configuration to other columns."""
        job = self.record.job
        context = FitContext(job.task, max(1, len(self.bench.experiment.schema.labels)), job.seed,
                             self.threads)
        return make_model(job.model.name, job.model.params).fit(
            train, self.record.params, context, n_iterations=self.record.n_iterations)

    def times(self, rows: Any) -> Any:
        """When some rows are."""
        return self.bench.experiment.rows["time"].to_numpy()[rows]


def refit(experiment: Experiment, record: Record, threads: int = 1) -> FittedModel:
    """Return the model of a finished job, fitted again where no file can hold it.

    Parameters
    ----------
    experiment : Experiment
    record : Record
    threads : int, default 1

    Returns
    -------
    FittedModel
    """
    job = record.job
    bench = open_bench(experiment.store.storage.url, experiment.name, job.features,
                       job.split.name == EXAM)
    return Case(bench, record, (), {}, threads).fitted


def measure(case: Case, size: Size) -> pl.DataFrame:
    """Return what the features of a fit are worth.

    Parameters
    ----------
    case : Case
    size : Size

    Returns
    -------
    polars.DataFrame
        Columns as in `outlast.feature_tracker.observations.SCHEMA`; ``perm_group`` for every
        group of features, and ``perm_single`` and ``loco_group`` as far as they are paid for.
        The ``seconds`` of all rows sum to what it took.
    """
    begun = time.perf_counter()
    names = list(case.groups)
    chosen, left_out = names[: size.groups], names[size.groups :]
    tables = [_skipped(case, "perm_group", left_out)]
    tables += _permuted(case, size, chosen, begun)
    if size.refits_due:
        tables += _refitted(case, size, tables[-1])
    record, identity = case.record, {e.feature: e.feature_id for e in case.bench.table.lineage}
    audit = case.fold.audit
    facts = {"score": record.score, "test_start": audit.test_start, "test_end": audit.test_end}
    table = pl.concat(tables).with_columns(
        feature_id=pl.col("feature").replace_strict(identity, default=None,
                                                    return_dtype=pl.String),
        unit=pl.lit(f"delta {record.job.metric}"), data_part=pl.lit("test"))
    return of_job(table, record.job, case.bench.experiment.name, facts)


def _permuted(case: Case, size: Size, chosen: list[str], begun: float) -> list[pl.DataFrame]:
    """Single features, if they are asked for, and then groups, beside probes if there are any."""
    rows = case.fold.test[spread_rows(case.times(case.fold.test), size.rows, case.record.job.seed)]
    times = case.times(rows)
    shuffles = Shuffles.draw(time_blocks(times), size.repeats, case.record.job.seed)
    events = event_rows(case.bench.experiment.events, times)
    metric = METRICS[case.record.job.metric]
    held_out = HeldOut(case.bench.matrix(case.design, rows), metric, events)
    bar = _probe_bar(case, held_out, shuffles) if size.probed else None
    facts = {"n_rows": len(rows), "probe_best": bar}
    found, tables = {name: case.groups[name] for name in chosen}, []
    twins = [name for members in found.values() if len(members) > 1 for name in members]
    if size.single and twins:
        since = time.perf_counter()
        deltas = permutation_importance(case.fitted, held_out, shuffles, {t: [t] for t in twins})
        alone = _rows(case, "perm_single", deltas, {t: [t] for t in twins}, facts)
        tables.append(_timed(alone, time.perf_counter() - since))
        begun += time.perf_counter() - since
    deltas = permutation_importance(case.fitted, held_out, shuffles, found)
    together = pl.concat([_rows(case, "perm_group", deltas, found, facts),
                          _event_rows(deltas, found, events)])
    return [*tables, _timed(together, time.perf_counter() - begun)]


def _probe_bar(case: Case, held_out: HeldOut, shuffles: Shuffles) -> float | None:
    """What the best of three random columns seems to be worth to the same configuration."""
    data = held_out.data
    numeric = [column for members in case.groups.values() for column in members
               if data.columns.index(column) not in data.categorical]
    probes = Probes(numeric[0] if numeric else data.columns[0], case.record.job.seed)
    train = probes.beside(case.train, time_blocks(case.times(case.fold.train)))
    offered = HeldOut(probes.beside(data, shuffles.blocks), held_out.metric)
    return best_probe(probe_importance(case.fit, train, offered, shuffles))


def _refitted(case: Case, size: Size, permuted: pl.DataFrame) -> list[pl.DataFrame]:
    """The groups that the model relies on most, each left out of a refit."""
    since = time.perf_counter()
    whole = permuted.filter(pl.col("event").is_null())
    value = dict(whole.select("cluster", "value").iter_rows())
    ranked = sorted(case.groups, key=lambda name: _descending(value.get(name)))[: size.refits_due]
    tables = [_skipped(case, "loco_group", ranked[size.refits :])]
    if groups := {name: case.groups[name] for name in ranked[: size.refits]}:
        held_out = HeldOut(case.bench.matrix(case.design, case.fold.test),
                           METRICS[case.record.job.metric])
        deltas = drop_and_refit(case.fit, case.fitted, case.train, held_out, groups)
        found = _rows(case, "loco_group", deltas, groups, {"n_rows": len(case.fold.test)})
        tables.append(_timed(found, time.perf_counter() - since))
    return tables


def _rows(
    case: Case, method: str, deltas: Mapping[str, Delta], groups: Groups, facts: Mapping[str, Any]
) -> pl.DataFrame:
    """One row per feature; all of a group carry its value, and shares are counted by group."""
    helps = {name: max(delta.value or 0.0, 0.0) for name, delta in deltas.items()}
    total = sum(helps.values())
    order = sorted(deltas, key=lambda name: _descending(deltas[name].value))
    cluster_of = {member: name for name, members in case.groups.items() for member in members}
    return _table(
        {"feature": feature, "cluster": cluster_of[feature], "method": method,
         "value": delta.value, "value_sd": delta.sd, "n_repeats": delta.n_repeats,
         "share": helps[name] / total if total else 0.0, "rank": order.index(name) + 1,
         "status": "ok" if delta.value is not None else "failed", **facts}
        for name, delta in deltas.items() for feature in groups[name])


def _event_rows(
    deltas: Mapping[str, Delta], groups: Groups, events: Mapping[str, Any]
) -> pl.DataFrame:
    return _table(
        {"feature": feature, "cluster": name, "method": "perm_group", "event": event,
         "value": value, "n_repeats": delta.n_repeats, "status": "ok",
         "n_rows": int(events[event].sum())}
        for name, delta in deltas.items() for event, value in delta.by_event.items()
        for feature in groups[name])


def _descending(value: float | None) -> float:
    """A key that sorts the largest first, and what has no value last."""
    return float("inf") if value is None else -value


def _skipped(case: Case, method: str, names: Iterable[str]) -> pl.DataFrame:
    """What the budget left no time for."""
    return _table({"feature": feature, "cluster": name, "method": method,
                   "status": "skipped_budget"}
                  for name in names for feature in case.groups[name])


def _table(rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=SCHEMA)


def _timed(table: pl.DataFrame, seconds: float) -> pl.DataFrame:
    return table.with_columns(seconds=pl.lit(seconds / max(1, table.height), pl.Float64))


def event_rows(events: Events, times: Any) -> dict[str, Any]:
    """Return which rows lie in which event that concerns everyone, the largest events only.

    Parameters
    ----------
    events : Events
    times : ndarray of int64, shape (n,)

    Returns
    -------
    dict of str to ndarray of bool, shape (n,)
        Windows of the same name count as one event.
    """
    found: dict[str, Any] = {}
    for name, start, end in events.common.table.select("name", "start", "end").iter_rows():
        inside = (times >= start) & (times <= end)
        found[name] = found[name] | inside if name in found else inside
    sizes = {name: int(np.sum(inside)) for name, inside in found.items()}
    largest = sorted(sizes, key=lambda name: -sizes[name])[:_MOST_EVENTS]
    return {name: found[name] for name in largest if sizes[name] >= _FEWEST_IN_EVENT}
