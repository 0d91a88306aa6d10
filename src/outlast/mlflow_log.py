"""A finished run in MLflow: one run for the report, and below it one per leaderboard row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from time import time
from typing import Any

from outlast import __version__
from outlast.errors import InputError, MissingDependencyError
from outlast.judge.board import Interval, Row
from outlast.report.document import Document
from outlast.results import Results

EXPERIMENT = "outlast"
# What MLflow takes as the name of a metric, as the value of a parameter, and at once.
_REFUSED = re.compile(r"[^\w\-. /]", re.ASCII)
_LONGEST, _BATCH = 500, 100


def need_mlflow() -> None:
    """Raise if MLflow is not installed: before a run, and not after it.

    Raises
    ------
    MissingDependencyError
    """
    if find_spec("mlflow") is None:
        raise MissingDependencyError("logging to MLflow needs the library 'mlflow': "
                                     "pip install 'outlast[mlflow]'")


def log_results(results: Results, uri: str) -> str:
    """Log a finished run to an MLflow server or database.

    Parameters
    ----------
    results : Results
    uri : str
        Of the tracking server, or of a database such as ``sqlite:///mlflow.db``.

    Returns
    -------
    str
        The id of the run that holds the report; a report that was logged before is not logged
        again.

    Raises
    ------
    MissingDependencyError
        If MLflow is not installed.
    InputError
        If MLflow refuses, with what it says.
    """
    need_mlflow()
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    try:
        return _Log(MlflowClient(tracking_uri=uri), results).write()
    except MlflowException as error:
        raise InputError(f"MLflow at {uri!r}: {error}") from error


class _Log:
    def __init__(self, client: Any, results: Results) -> None:
        self.client = client
        self.document: Document = results.document
        self.folder = results.report.html.parent
        known = client.get_experiment_by_name(EXPERIMENT)
        self.experiment = (client.create_experiment(EXPERIMENT) if known is None
                           else known.experiment_id)

    def write(self) -> str:
        document, mark = self.document, self.folder.name
        before = self.client.search_runs(
            [self.experiment], f"tags.`outlast.report` = '{mark}' and status = 'FINISHED'")
        if before:
            return str(before[0].info.run_id)
        head = document.headline
        told = {"table": document.data.name, "target": document.data.target,
                "metric": document.metric, "split": head.split, "verdict": head.verdict,
                "trust": head.trust, "row": head.row, "seed": document.environment.seed}
        values = [*_triple("score", head.score), *_triple("over_baseline", head.over_baseline)]
        values += _triple("promise", document.promise.score) if document.promise else []
        tags = {"mlflow.note.content": head.sentence, "outlast.version": __version__,
                "outlast.experiment": document.experiment}
        run = self._begin(document.title, tags)
        self._fill(run, told, ((name, value, 0) for name, value in values))
        for row in document.leaderboard:
            child = self._begin(f"{row.label} · {row.split}", {"mlflow.parentRunId": run})
            self._fill(child, self._settings(row), self._scores(row))
            self.client.set_terminated(child)
        self.client.log_artifacts(run, str(self.folder), "report")
        # Last, so that what was broken off is logged anew.
        self.client.set_tag(run, "outlast.report", mark)
        self.client.set_terminated(run)
        return run

    def _begin(self, name: str, tags: Mapping[str, str]) -> str:
        made = self.client.create_run(self.experiment, tags=dict(tags), run_name=name)
        return str(made.info.run_id)

    def _settings(self, row: Row) -> dict[str, Any]:
        cards = [card for card in self.document.configurations if card.row == row.id]
        params = {f"params.{name}": value for card in cards for name, value in card.params.items()}
        return {"row": row.id, "rank": row.rank, "model": row.model, "search": row.search,
                "selection": row.selection, "split": row.split, "leaky": row.leaky, **params}

    def _scores(self, row: Row) -> Iterator[tuple[str, float | None, int]]:
        for name, value in (*_triple("score", row.score),
                            *_triple("over_baseline", row.over_baseline)):
            yield name, value, 0
        yield "fit_seconds", row.fit_seconds, 0
        for other, value in row.other_scores.items():
            yield other, value, 0
        for fold in self.document.fold_scores:
            if fold.row == row.id:
                yield "score by fold", fold.score, fold.fold

    def _fill(
        self, run: str, settings: Mapping[str, Any],
        values: Iterable[tuple[str, float | None, int]],
    ) -> None:
        from mlflow.entities import Metric, Param

        now = int(time() * 1000)
        params = [Param(_REFUSED.sub("_", name), str(value)[:_LONGEST])
                  for name, value in settings.items()]
        metrics = [Metric(_REFUSED.sub("_", name), value, now, step)
                   for name, value, step in values if value is not None]
        self.client.log_batch(run, params=params[:_BATCH])
        for at in range(0, len(metrics), _BATCH):
            self.client.log_batch(run, metrics=metrics[at : at + _BATCH])


def _triple(name: str, interval: Interval | None) -> list[tuple[str, float | None]]:
    if interval is None:
        return []
    return [(name, interval.value), (f"{name}_low", interval.low), (f"{name}_high", interval.high)]
