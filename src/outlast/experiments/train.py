"""One job, from the tables on disk to a record: fit, score, observe, commit."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast import metrics
from outlast.design import Design
from outlast.errors import OutlastError
from outlast.experiments.folds import inner_rules, read_folds
from outlast.experiments.selecting import choose_features
from outlast.feature_tracker import observe
from outlast.features import FeatureTable
from outlast.importance.signs import slope_signs
from outlast.models import FitContext, FittedModel, Matrix, Model, make_model
from outlast.records import EXAM, Job, Record, Strategy
from outlast.splits import Fold
from outlast.store import (
    MODEL,
    OBSERVATIONS,
    PREDICTIONS,
    Experiment,
    FeatureStore,
    Store,
    keep_log,
    now,
    parquet,
)
from outlast.tuning import Search, Times, Tuned, tune

Ints = npt.NDArray[np.intp]

# Exact SHAP of one row costs a boosted model as much as fitting to some 6 (CatBoost) to 28
# (LightGBM) rows; one row explained in 400 trained on keeps it below a tenth of the fit.
_TRAINED_PER_EXPLAINED, _FEWEST_EXPLAINED, _MOST_EXPLAINED = 400, 30, 250
# Training rows that show how much better a model does on what it has seen.
_MOST_SEEN = 1_000
_LOG = logging.getLogger("outlast.job")


def run_job(spec: Mapping[str, Any]) -> None:
    """Train one job and commit its record, and those of all jobs that the same fit serves.

    Parameters
    ----------
    spec : mapping
        JSON values: ``jobs`` (see `Job`; one fit serves them all), ``done`` (the id of a
        finished job that serves them too, or None), ``store`` (its URL), ``experiment`` (its
        name), ``session`` (id), ``threads``, and ``leaks`` by job id (what is known to leak).

    Raises
    ------
    OutlastError
        If the fold cannot be scored; whatever a library raises passes through.
    """
    first, *others = [Job.model_validate(job) for job in spec["jobs"]]
    bench = open_bench(spec["store"], spec["experiment"], first.features,
                       first.split.name == EXAM)
    if spec["done"] is None:
        record = _run(first, bench, spec)
    else:
        record, others = _finished(bench, spec["done"]), [first, *others]
    for job in others:
        _share(record, job, bench, spec)


def _run(job: Job, bench: Bench, spec: Mapping[str, Any]) -> Record:
    jobs = bench.experiment.jobs
    with jobs.attempt(job.id) as attempt:
        with keep_log(attempt.folder / "job"):
            _LOG.info("job %s: %s", job.id, job.label,
                      extra={"fields": {"session": spec["session"]}})
            try:
                record = _train(job, bench, attempt.folder, spec)
            except BaseException:
                _LOG.exception("job %s did not finish", job.id)
                raise
            fields = {"scores": record.scores, "seconds": record.seconds}
            _LOG.info("done: %s = %s", job.metric, record.score, extra={"fields": fields})
        record = attempt.seal(record)
    jobs.commit(record)
    return record


def _finished(bench: Bench, job_id: str) -> Record:
    record = bench.experiment.jobs.read(job_id)
    if record is None:
        raise OutlastError(f"job {job_id} is no longer in the store; run the same command again")
    return record


def _share(record: Record, job: Job, bench: Bench, spec: Mapping[str, Any]) -> None:
    """Commit a finished fit under the name of another job with the very same rows."""
    jobs = bench.experiment.jobs
    fold = folds_of(bench.experiment, job.split.model_dump_json())[job.fold]
    with jobs.attempt(job.id) as attempt:
        jobs.copy(record, attempt.folder)
        observed = jobs.observations([record]).with_columns(
            job=pl.lit(job.id), split=pl.lit(job.split.label), fold=pl.lit(job.fold, pl.Int32))
        (attempt.folder / OBSERVATIONS).write_bytes(parquet(observed))
        shared = attempt.seal(record.model_copy(update={
            "job": job, "audit": fold.audit, "session": str(spec["session"]), "started": now(),
            "leaks": tuple(spec["leaks"][job.id]), "shared_with": record.job.id}))
    jobs.commit(shared)


@dataclass(frozen=True, eq=False)
class Bench:
    """What all jobs of one experiment share: the experiment and its feature table."""

    experiment: Experiment
    table: FeatureTable

    def matrix(self, design: Design, rows: Ints) -> Matrix:
        """Return some rows for models, with their labels."""
        known = self.experiment.rows[rows]
        return design.matrix(self.table.frame[rows], known["y"].to_numpy(),
                             known["last_known"].to_numpy())


@lru_cache(maxsize=2)
def open_bench(store: str, experiment: str, features: str, unsealed: bool = False) -> Bench:
    """Open the tables of an experiment; a worker that runs many jobs opens them once.

    The sealed labels are among its rows only if `unsealed` is set.

    Raises
    ------
    OutlastError
        If the feature table is missing or was changed.
    """
    opened = Store.open(store)
    table = FeatureStore(opened.features).load(features)
    if table is None:
        raise OutlastError(f"feature table {features} in {store!r} is missing or was changed; "
                           "run the same command again to extract it")
    return Bench(replace(opened.experiment(experiment), unsealed=unsealed), table)


@lru_cache(maxsize=8)
def folds_of(experiment: Experiment, split_json: str) -> tuple[Fold, ...]:
    """The folds of a split, once per split and process."""
    return read_folds(Strategy.model_validate_json(split_json), experiment)


@dataclass
class Clock:
    """Wall-clock seconds by stage."""

    seconds: dict[str, float]

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage of the job."""
        begun = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begun


def _train(job: Job, bench: Bench, folder: Path, spec: Mapping[str, Any]) -> Record:
    started, clock = now(), Clock({})
    fold = folds_of(bench.experiment, job.split.model_dump_json())[job.fold]
    train_rows, test_rows = fold.train, fold.test
    labels = bench.experiment.schema.labels
    context = FitContext(task=job.task, n_classes=max(1, len(labels)), seed=job.seed,
                         threads=int(spec["threads"]))
    with clock.stage("select"):
        chosen = choose_features(bench, job, train_rows.tobytes(), context.threads)
    _LOG.info("%d of %d features kept", len(chosen.kept), len(bench.table.names))
    with clock.stage("prepare"):
        # Categories are coded by what the training rows know.
        design = Design.fit(bench.table.frame, train_rows, chosen.kept)
        train, test = bench.matrix(design, train_rows), bench.matrix(design, test_rows)
    model = make_model(job.model.name, job.model.params)
    with clock.stage("search"):
        tuned = _tune(job, model, train, bench.experiment, train_rows, context)
    with clock.stage("fit"):
        fitted = model.fit(train, tuned.params, context, n_iterations=tuned.n_iterations)
    with clock.stage("predict"):
        prediction = fitted.predict(test)
    scores = metrics.score_all(job.task, _known(test.y), prediction, primary=job.metric)
    seen = _spread(train, _MOST_SEEN)
    with clock.stage("explain"):
        explained = _spread(test, _n_explained(len(train)))
        importances = _importances(fitted, explained)
    facts = {"n_rows": len(explained), "score": scores.get(job.metric),
             "test_start": fold.audit.test_start, "test_end": fold.audit.test_end}
    identity = {entry.feature: entry.feature_id for entry in bench.table.lineage}
    features = [(name, identity[name]) for name in train.columns]
    observed = observe(job, bench.experiment.name, features, importances, facts)
    (folder / OBSERVATIONS).write_bytes(parquet(observed))
    predicted = _predictions(bench.experiment, test_rows, prediction)
    (folder / PREDICTIONS).write_bytes(parquet(predicted))
    (folder / MODEL).mkdir(exist_ok=True)
    fitted.save(folder / MODEL)
    return Record(
        job=job, status="ok" if scores.get(job.metric) is not None else "non_finite",
        session=str(spec["session"]), started=started, seconds=clock.seconds, audit=fold.audit,
        scores=scores,
        train_scores=metrics.score_all(job.task, _known(seen.y), fitted.predict(seen),
                                       primary=job.metric),
        params=tuned.params, n_iterations=fitted.n_iterations, trials=tuned.trials,
        decisions=chosen.decisions, selection_seconds=chosen.seconds, note=tuned.note,
        leaks=tuple(spec["leaks"][job.id]),
    )


def _tune(
    job: Job, model: Model, train: Matrix, experiment: Experiment, rows: Ints, context: FitContext
) -> Tuned:
    label_end = experiment.rows["label_end"].to_numpy()[rows]
    rules = inner_rules(job.split, experiment.events)
    times = Times(experiment.instants("time", rows), label_end, rules)
    search = Search(kind=job.search.name, **job.search.params)  # type: ignore[arg-type]
    tuned = tune(model, train, times, search, metrics.METRICS[job.metric], context)
    if tuned.note:
        _LOG.warning("%s", tuned.note)
    return tuned


def _n_explained(n_train: int) -> int:
    """As many held-out rows as the size of the fit pays for."""
    return min(max(n_train // _TRAINED_PER_EXPLAINED, _FEWEST_EXPLAINED), _MOST_EXPLAINED)


def _spread(data: Matrix, most: int) -> Matrix:
    """At most so many rows, evenly spread over time."""
    rows = np.linspace(0, len(data) - 1, min(len(data), most))
    return data.take(np.unique(rows.astype(np.intp)))


def _importances(
    fitted: FittedModel, explained: Matrix
) -> dict[str, npt.NDArray[np.float64] | None]:
    """Native gain and splits (training side); mean |SHAP| and its direction on held-out rows."""
    native = {"gain": fitted.gain(), "splits": fitted.splits()}
    contributions = fitted.contributions(explained)
    if contributions is None:
        return native
    shap = {"shap_mean_abs": np.abs(contributions).mean(axis=0)}
    # With more than two classes contributions are sizes and have no direction.
    if fitted.card.context.task != "multiclass":
        shap["shap_sign_consistency"] = slope_signs(
            explained.X, contributions, explained.categorical)
    return {**native, **shap}


def _predictions(
    experiment: Experiment, rows: Ints, prediction: npt.NDArray[np.float64]
) -> pl.DataFrame:
    known = experiment.rows[rows].select("time", "label_end", "code", "y")
    if prediction.ndim == 1:
        columns = {"p": prediction}
    else:
        columns = {f"p_{k}": prediction[:, k] for k in range(prediction.shape[1])}
    return known.with_columns(row=pl.Series(rows), **{k: pl.Series(v) for k, v in columns.items()})


def _known(y: npt.NDArray[np.float64] | None) -> npt.NDArray[np.float64]:
    assert y is not None, "rows of a fold are labelled"
    return y
