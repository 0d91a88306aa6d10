"""What a fit costs, measured on two small samples of the very features and rows."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from outlast.design import Design
from outlast.errors import CorruptError
from outlast.experiments.train import Bench, folds_of, open_bench
from outlast.models import FitContext, make_model
from outlast.records import Frozen, Job, content_hash
from outlast.store import Experiment

SMALL, LARGE = 1_500, 6_000


class Cost(Frozen):
    """Cost of one fit with defaults: a constant, and a part for each training row.

    Attributes
    ----------
    seconds, seconds_per_row : float
    bytes, bytes_per_row : float
        Memory of the process beyond the features that all processes share.
    """

    seconds: float
    seconds_per_row: float
    bytes: float
    bytes_per_row: float

    def seconds_of(self, rows: float) -> float:
        """Seconds of a fit on so many rows."""
        return self.seconds + self.seconds_per_row * rows

    def bytes_of(self, rows: float) -> float:
        """Memory of a process that fits so many rows."""
        return self.bytes + self.bytes_per_row * rows


def run_probe(spec: Mapping[str, Any]) -> None:
    """Fit a model twice, on few rows and on some more, and store what that cost.

    Parameters
    ----------
    spec : mapping
        ``job`` (whose model and fold are taken), ``store``, ``experiment``, ``threads``.
    """
    job = Job.model_validate(spec["job"])
    bench = open_bench(spec["store"], spec["experiment"], job.features)
    train = folds_of(bench.experiment, job.split.model_dump_json())[job.fold].train
    context = FitContext(job.task, max(1, len(bench.experiment.schema.labels)), job.seed,
                         int(spec["threads"]))
    _fit(job, bench, train[-200:], context)  # loads the library
    few, many = (np.unique(np.linspace(0, len(train) - 1, n).astype(np.intp))
                 for n in sizes(len(train)))
    # The faster of two: what is loaded or warmed up in the first is not what a fit costs.
    first, second = (min(_fit(job, bench, train[rows], context) for _ in range(2))
                     for rows in (few, many))
    more = max(1, len(many) - len(few))
    width = len(bench.table.names)
    slope = max(0.0, (second[0] - first[0]) / more)
    cost = Cost(
        seconds=max(0.0, first[0] - slope * len(few)), seconds_per_row=slope,
        bytes=first[1],
        # Two matrices of 4 bytes and one of bins are there at once, whatever was measured.
        bytes_per_row=max(9.0 * width, (second[1] - first[1]) / more),
    )
    bench.experiment.storage.write_json(place(job), cost.model_dump())


def sizes(n_rows: int) -> tuple[int, int]:
    """Return how many rows the two fits of a probe take.

    The second has at least twice as many: over a few rows more, the noise of the clock would be
    taken for the cost of a row.

    Examples
    --------
    >>> sizes(100_000), sizes(1_600)
    ((1500, 6000), (800, 1600))
    """
    return max(1, min(SMALL, n_rows // 2)), min(LARGE, n_rows)


def place(job: Job) -> str:
    """Where the cost of a job's model is kept."""
    same = job.model_dump(mode="json", include={"model", "features", "task", "code"})
    return f"probes/{content_hash(same)}.json"


def read_cost(experiment: Experiment, job: Job) -> Cost | None:
    """Return the cost of a job's model, None if it was not measured yet, or that is damaged."""
    try:
        return Cost.model_validate(experiment.storage.read_json(place(job)))
    except (CorruptError, ValueError):
        return None


def _fit(job: Job, bench: Bench, rows: Any, context: FitContext) -> tuple[float, float]:
    """Seconds of matrix, fit and prediction, and the most memory the process has ever held."""
    begun = time.perf_counter()
    matrix = bench.matrix(Design.fit(bench.table.frame, rows, bench.table.names), rows)
    model = make_model(job.model.name, job.model.params)
    model.fit(matrix, model.defaults(), context).predict(matrix)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return time.perf_counter() - begun, peak * (1 if sys.platform == "darwin" else 1024)
