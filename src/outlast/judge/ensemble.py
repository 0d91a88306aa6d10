"""The mean of several models' predictions, as one more configuration on the same rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from outlast.judge.results import Result
from outlast.metrics import score_all
from outlast.records import Record, Strategy

NAME = "ensemble"


def mean_of(members: Sequence[Sequence[Result]]) -> tuple[Result, ...]:
    """Return the folds of an equally weighted ensemble.

    Weights that were fitted to the scored rows would promise too much; equal ones have nothing
    to fit.

    Parameters
    ----------
    members : sequence of sequences of Result
        The folds of each member, of the same rows in the same order; the best member first.

    Returns
    -------
    tuple of Result
        Their records have the model "ensemble", and the costs of all members together.
    """
    return tuple(_mean(folds) for folds in zip(*members, strict=True))


def _mean(results: Sequence[Result]) -> Result:
    first = results[0]
    columns = [name for name in first.predictions.columns if name == "p" or name[:2] == "p_"]
    means = [pl.Series(name, np.mean([r.predictions[name].to_numpy() for r in results], axis=0))
             for name in columns]
    predictions = first.predictions.with_columns(means)
    return Result(_record(results, predictions), predictions)


def _record(results: Sequence[Result], predictions: pl.DataFrame) -> Record:
    record = results[0].record
    names = [result.record.job.model.label for result in results]
    job = record.job.model_copy(update={
        "model": Strategy(name=NAME, params={"members": names}, title=NAME),
        "search": Strategy(name="none", title=f"mean of {len(results)}")})
    stages = sorted({stage for result in results for stage in result.record.seconds})
    merged = Result(record, predictions)
    return record.model_copy(update={
        "job": job,
        # Equal weights change nothing, and spare a report the time to load scikit-learn.
        "scores": score_all(job.task, merged.y, merged.prediction, np.ones(merged.y.size),
                            primary=job.metric),
        "train_scores": {},
        "seconds": {stage: sum(result.record.seconds.get(stage, 0.0) for result in results)
                    for stage in stages},
        "trials": (),
        "params": {"members": names},
        "n_iterations": None,
    })
