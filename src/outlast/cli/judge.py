"""`outlast judge`: the same verdict and report over the predictions of any other tool."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from rich.console import Console

from outlast.errors import InputError


def judge(
    predictions: Path,
    /,
    *,
    time: str = "time",
    entity: str | None = None,
    truth: str = "truth",
    prediction: str = "prediction",
    model: str = "model",
    fold: str = "fold",
    train_end: str | None = None,
    horizon: int | str | None = None,
    label_end: str | None = None,
    task: Literal["binary", "regression"] | None = None,
    metric: str | None = None,
    reports: Path = Path("reports"),
) -> None:
    """Judge held-out predictions that another tool has made.

    One row per model, fold, entity and time. The answer is that of `outlast run`: who is best
    and by how much, whether anybody beats a baseline, and what to expect of what comes next.

    Examples::

        outlast judge predictions.parquet --horizon 5 --entity store
        outlast judge scored.csv --time day --truth y --prediction p --horizon 7D

    Parameters
    ----------
    predictions
        CSV(.gz) or Parquet file.
    time
        Column with the time of prediction. [default: time]
    entity
        Column that says who or what a row is about.
    truth
        Column with what happened. [default: truth]
    prediction
        Column with the probability of the second class, or the predicted value.
        [default: prediction]
    model
        Column with the name of the model; one model if there is none. [default: model]
    fold
        Column with the test window; one window if there is none. [default: fold]
    train_end
        Column with the time until which the model of a row had been trained.
    horizon
        How far the truth looks ahead: rows of the entity (5), clock time (7D), or 0.
    label_end
        Column with the time at which the truth was known; replaces the horizon.
    task
        Read off the truth when not given.
    metric
        [default: roc_auc or rmse by task]
    reports
        Folder for the report. [default: reports]
    """
    from outlast.cli.display import show_result
    from outlast.data import Schema
    from outlast.pipeline import judge_predictions
    from outlast.report.predictions import Columns

    if horizon is None and label_end is None:
        raise InputError("how far the truth looks ahead decides how sure the verdict is: give "
                         "--horizon (such as 5 rows or 7D, 0 if it is known at once) or "
                         "--label_end")
    schema = Schema(time=time, entity=entity, target=truth, horizon=horizon or 0,
                    label_end=label_end, task=task)
    columns = Columns(schema=schema, prediction=prediction, model=model, fold=fold,
                      train_end=train_end)
    result = judge_predictions(predictions, columns, metric=metric, reports=reports)
    show_result(Console(), result.document, result.report.html)
