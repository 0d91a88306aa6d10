"""Features are chosen once per fold, on its training rows, whichever models then get them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast.errors import CorruptError, InputError
from outlast.metrics import METRICS, Metric
from outlast.models import FitContext
from outlast.records import Decision, Frozen, Job, content_hash
from outlast.selection import Selection, Traced, TrainingRows, make_selector
from outlast.tuning import Times

if TYPE_CHECKING:
    from outlast.experiments.train import Bench

PLACE = "selections"
_INNER_FOLDS = 3

Ints = npt.NDArray[np.intp]


class Chosen(Frozen):
    """A selection as it is kept in the store, with the seconds that it took."""

    decisions: tuple[Decision, ...]
    seconds: float

    @property
    def kept(self) -> tuple[str, ...]:
        """The features that models are given."""
        return tuple(d.feature for d in self.decisions if not d.removes)


def training_rows(
    frame: pl.DataFrame, y: npt.NDArray[np.float64], times: Times, lineage: Sequence[Traced],
    metric: Metric, context: FitContext,
) -> TrainingRows:
    """Return training rows as selectors get them, with inner folds that go forward in time.

    Parameters
    ----------
    frame : polars.DataFrame
        Features of the training rows.
    y : ndarray of float64
    times : Times
        The inner folds are purged by its label ends. They know nothing of the outer split, so
        that the same rows are selected from in the same way under every split.
    lineage : sequence of Traced
    metric : Metric
    context : FitContext

    Returns
    -------
    TrainingRows
        Without inner folds where the rows are too few for them.
    """
    try:
        folds = times.folds("expanding_window", {"n_splits": _INNER_FOLDS})
    except InputError:
        folds = []
    inner = [(fold.train, fold.test) for fold in folds
             if np.ptp(y[fold.train]) > 0 and np.ptp(y[fold.test]) > 0]
    return TrainingRows(frame, y, times.time.ns, lineage, inner, metric, context)


def choose_features(bench: Bench, job: Job, rows: bytes, threads: int) -> Chosen:
    """Return the selection of a job on its training rows, made by whichever job needs it first.

    Parameters
    ----------
    bench : Bench
    job : Job
    rows : bytes
        Positions of the training rows.
    threads : int

    Returns
    -------
    Chosen
    """
    storage, name = bench.experiment.storage, _place(job, rows)
    if storage.exists(name):
        try:
            return Chosen.model_validate(storage.read_json(name))
        except CorruptError:
            storage.remove(name)
    begun = time.perf_counter()
    selection = _select(bench, job, np.frombuffer(rows, dtype=np.intp), threads)
    chosen = Chosen(decisions=selection.decisions, seconds=time.perf_counter() - begun)
    if job.selection.name != "none":
        storage.write_json(name, chosen.model_dump(mode="json"))
    return chosen


def _select(bench: Bench, job: Job, rows: Ints, threads: int) -> Selection:
    known, labels = bench.experiment.rows[rows], bench.experiment.schema.labels
    times = Times(bench.experiment.instants("time", rows), known["label_end"].to_numpy())
    context = FitContext(job.task, max(1, len(labels)), job.seed, threads)
    given = training_rows(bench.table.frame[rows], known["y"].to_numpy(), times,
                          bench.table.lineage, METRICS[job.metric], context)
    return make_selector(job.selection.name, job.selection.params).fit(given)


def _place(job: Job, rows: bytes) -> str:
    """Where a selection is kept: named by all that decides it, the model and the split aside."""
    decided = job.model_dump(mode="json", exclude={"model", "split", "fold", "search"})
    key = content_hash([decided, hashlib.sha256(rows).hexdigest()])
    return f"{PLACE}/{key[:2]}/{key}.json"
