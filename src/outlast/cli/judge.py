"""`outlast judge`: the same verdict and report over the predictions of any other tool."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cyclopts import Parameter
from rich.console import Console

from outlast.errors import InputError


@Parameter(name="*", group="Columns")
@dataclass(frozen=True, kw_only=True)
class ColumnOptions:
    """What the columns of a table of predictions mean."""

    time: str = "time"
    """Column with the time of prediction."""
    entity: str | None = None
    """Column that says who or what a row is about."""
    truth: str = "truth"
    """Column with what happened."""
    prediction: str = "prediction"
    """Column with the probability of the second class, or the predicted value."""
    model: str = "model"
    """Column with the name of the model; one model if there is none."""
    fold: str = "fold"
    """Column with the test window; one window if there is none."""
    train_end: str | None = None
    """Column with the time until which the model of a row had been trained."""
    horizon: int | str | None = None
    """How far the truth looks ahead: rows of the entity (5), clock time (7D), or 0."""
    label_end: str | None = None
    """Column with the time at which the truth was known; replaces the horizon."""
    task: Literal["binary", "regression"] | None = None
    """Read off the truth when not given."""


_COLUMNS = ColumnOptions()


def judge(
    predictions: Path,
    /,
    *,
    columns: ColumnOptions = _COLUMNS,
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
    metric
        [default: roc_auc or rmse by task]
    reports
        Folder for the report. [default: reports]
    """
    from outlast.cli.display import show_result
    from outlast.data import Schema
    from outlast.pipeline import judge_predictions
    from outlast.report.predictions import Columns

    if columns.horizon is None and columns.label_end is None:
        raise InputError("how far the truth looks ahead decides how sure the verdict is: give "
                         "--horizon (such as 5 rows or 7D, 0 if it is known at once) or "
                         "--label_end")
    schema = Schema(time=columns.time, entity=columns.entity, target=columns.truth,
                    horizon=columns.horizon or 0, label_end=columns.label_end, task=columns.task)
    meant = Columns(schema=schema, prediction=columns.prediction, model=columns.model,
                    fold=columns.fold, train_end=columns.train_end)
    result = judge_predictions(predictions, meant, metric=metric, reports=reports)
    show_result(Console(), result.document, result.report.html)
