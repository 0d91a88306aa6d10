"""The report over predictions that any other tool has made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast.data import Panel, Schema
from outlast.data.times import NAT, format_ns, to_instants
from outlast.errors import InputError
from outlast.judge import verdict
from outlast.judge.board import Exam
from outlast.judge.insights import Evidence, Surroundings
from outlast.judge.judgement import Judgement
from outlast.judge.leaderboard import Board, BoardSettings, build_board
from outlast.judge.luck import luck_finding
from outlast.judge.results import Result
from outlast.metrics import METRICS, default_metric, score_all
from outlast.records import USUAL_SELECTION, FoldAudit, Job, Record, Strategy, Task
from outlast.report.build import METHOD, coverage_cells, fold_cards, fold_scores
from outlast.report.document import DataCard, Document, Environment
from outlast.store import environment, now

Floats = npt.NDArray[np.float64]

BASELINE = "prior"
SPLIT = Strategy(name="given")
_NO_EXAM = Exam(status="none", reason="predictions of another tool",
                sentence="Predictions of another tool have no sealed exam.")


@dataclass(frozen=True)
class Columns:
    """What the columns of a table of predictions mean.

    Parameters
    ----------
    schema : Schema
        Time, entity, truth (as target) and horizon or label end, as for any other table.
    prediction : str, default "prediction"
        P(class 1), or the predicted value.
    model : str, default "model"
        Who predicted; a column that is missing makes all one model.
    fold : str, default "fold"
        Which test window a row belongs to; a column that is missing makes all one fold.
    train_end : str, optional
        Until when the model of a row had been trained.
    """

    schema: Schema
    prediction: str = "prediction"
    model: str = "model"
    fold: str = "fold"
    train_end: str | None = None


def document_of(
    table: pl.DataFrame, columns: Columns, *, name: str = "predictions", metric: str | None = None
) -> Document:
    """Judge predictions and lay out everything that a report says.

    All models must have predicted the same rows of each fold, or they could not be compared.
    A baseline is added that predicts the mean truth of the folds before.

    Parameters
    ----------
    table : polars.DataFrame
    columns : Columns
    name : str, default "predictions"
    metric : str, optional
        Default: roc_auc or rmse by task.

    Returns
    -------
    Document

    Raises
    ------
    InputError
        For a missing column or value, more than two classes, a probability outside [0, 1], rows
        that a model predicts twice, or models that did not predict the same rows.
    """
    given = Predictions(_checked(table, columns), columns, name, metric)
    judgement = Judgement(given.board, Evidence(
        given.board, verdict.headline_split(given.board, None), given.records,
        command=f"outlast judge {name}",
        around=Surroundings(calendar=given.panel.time.zone != "abstract")))
    chosen = judgement.chosen
    return Document(
        generated_at=now(), title=f"{columns.schema.target} by {name}", experiment=name,
        metric=given.board.metric.name, metric_description=given.board.metric.description,
        greater_is_better=given.board.metric.greater_is_better,
        headline_split=judgement.split, headline=judgement.headline,
        promise=judgement.promise(chosen.id) if chosen else None,
        exam=_NO_EXAM,
        rules=judgement.rules, strength=judgement.strength,
        calibration=judgement.calibration, intervals=judgement.coverage,
        details=judgement.details, data=given.card,
        findings=(*judgement.findings, luck_finding(given.board, judgement.split, 0)),
        leaderboard=given.board.rows, folds=fold_cards(given.records, given.results),
        fold_scores=fold_scores(given.board), coverage=coverage_cells(given.records, ()),
        environment=_environment(), thresholds=given.board.thresholds.as_numbers(), method=METHOD)


def _checked(table: pl.DataFrame, columns: Columns) -> pl.DataFrame:
    """The table with a model and a fold for each row, refused where it cannot be judged."""
    for column, role in ((columns.prediction, "prediction"), (columns.train_end, "train_end")):
        if column is not None and column not in table.columns:
            raise InputError(f"{role} column {column!r} is not in the table; it has "
                             f"{', '.join(table.columns)}: name it with --{role}")
    for column, value in ((columns.model, "model"), (columns.fold, "0")):
        if column not in table.columns:
            table = table.with_columns(pl.lit(value).alias(column))
    missing = {column: table[column].null_count() for column in (
        columns.prediction, columns.model, columns.fold, columns.schema.target)
        if column in table.columns and table[column].null_count()}
    if missing:
        shown = ", ".join(f"{count:,} in {column!r}" for column, count in missing.items())
        raise InputError(f"missing values: {shown}; leave these rows out")
    if not table[columns.prediction].dtype.is_numeric():
        raise InputError(f"prediction column {columns.prediction!r} is "
                         f"{table[columns.prediction].dtype}; give numbers: P(class 1), or values")
    return table


@dataclass(frozen=True)
class Predictions:
    """A checked table of predictions.

    Attributes
    ----------
    table : polars.DataFrame
    columns : Columns
    name : str
    metric : str, optional
    """

    table: pl.DataFrame
    columns: Columns
    name: str
    metric: str | None

    @property
    def keys(self) -> list[str]:
        """The columns that tell one predicted row from another."""
        schema = self.columns.schema
        return [schema.time, *([schema.entity] if schema.entity else [])]

    @cached_property
    def asked(self) -> pl.DataFrame:
        """Every row that was predicted, once, whoever did it."""
        schema = self.columns.schema
        schema.check(self.table.columns, [])
        truths = self.table.group_by(self.keys).agg(pl.col(schema.target).n_unique())
        if (contradicting := int((truths[schema.target] > 1).sum())) > 0:
            hint = ("" if schema.entity else "; if several rows share a time, name the column "
                    "that tells them apart with --entity")
            raise InputError(f"{contradicting:,} rows have more than one truth in column "
                             f"{schema.target!r}; every model is compared with the same one{hint}")
        return self.table.unique(self.keys, keep="first", maintain_order=True).drop(
            self.columns.prediction, self.columns.model, self.columns.fold)

    @cached_property
    def panel(self) -> Panel:
        """The same with times, label ends and truth in numbers."""
        return Panel.build(self.asked, self.columns.schema, name=self.name)

    @cached_property
    def ends(self) -> npt.NDArray[np.int64]:
        """When each truth was known; at the end of the table where its rows do not tell."""
        ends, last = self.panel.label_end, int(self.panel.time.ns[-1])
        return np.where(ends == NAT, last, ends)

    @cached_property
    def results(self) -> list[Result]:
        """One per model and fold, those of the baseline included."""
        made = list(self._given())
        _refuse_other_rows(made)
        return [*made, *_baseline(made)]

    @property
    def records(self) -> list[Record]:
        """Their records."""
        return [result.record for result in self.results]

    @cached_property
    def board(self) -> Board:
        """The leaderboard."""
        metric = METRICS[self.metric or default_metric(self.panel.task).name]
        return build_board(self.results, metric, BoardSettings(frozenset({BASELINE})))

    @property
    def card(self) -> DataCard:
        """What the report says of the table."""
        panel, schema = self.panel, self.columns.schema
        return DataCard(
            name=self.name, fingerprint=panel.fingerprint, n_rows=panel.n_rows,
            n_labelled=panel.n_rows,
            n_entities=int(panel.entity.max()) + 1 if schema.entity else 0,
            n_timestamps=np.unique(panel.time.ns).size, start=format_ns(int(panel.time.ns[0])),
            end=format_ns(int(panel.time.ns[-1])), time_column=schema.time,
            entity_column=schema.entity, target=schema.target, task=panel.task,
            horizon=str(schema.label_end or schema.horizon))

    def _given(self) -> Iterator[Result]:
        columns, panel = self.columns, self.panel
        values = self.table[columns.prediction]
        if panel.task == "multiclass":
            raise InputError(f"truth {columns.schema.target!r} has {panel.n_classes} classes; "
                             "two classes or values can be judged")
        if panel.task == "binary" and not values.is_between(0, 1).all():
            seen = values.to_numpy()
            raise InputError(f"prediction column {columns.prediction!r} goes from {seen.min()} "
                             f"to {seen.max()}; give the probability of class "
                             f"{panel.schema.labels[1]!r}, or name another --task")
        # Where each predicted row stands in the sorted panel.
        position = np.argsort(panel.source_row)
        rows = self.table.join(self.asked.select(self.keys).with_row_index("at"), on=self.keys)
        rows = rows.with_columns(row=pl.Series(position[rows["at"].to_numpy()])).sort("row")
        starts = rows.group_by(columns.fold).agg(pl.col("row").min()).sort("row")
        for index, fold in enumerate(starts[columns.fold]):
            tested = rows.filter(pl.col(columns.fold) == fold)
            for part in tested.partition_by(columns.model, maintain_order=True):
                (model,) = part[columns.model].cast(pl.String).unique()
                yield self._result(model, index, part)

    def _result(self, model: str, fold: int, part: pl.DataFrame) -> Result:
        at = part["row"].to_numpy()
        if (repeated := at.size - np.unique(at).size) > 0:
            raise InputError(f"model {model!r} predicts {repeated:,} rows twice in one fold; tell "
                             "the folds apart with --fold")
        panel = self.panel
        p = part[self.columns.prediction].to_numpy().astype(np.float64)
        if not np.isfinite(p).all():
            raise InputError(f"model {model!r} has predictions that are no finite numbers")
        table = pl.DataFrame({
            "time": panel.time.ns[at], "label_end": self.ends[at],
            "code": panel.entity[at], "y": panel.y[at], "row": at, "p": p})
        return _finished(model, fold, panel.task, table, self._audit(part, at))

    def _audit(self, part: pl.DataFrame, rows: npt.NDArray[np.intp]) -> FoldAudit:
        """What is known of a fold: when it tests, and until when its model was trained."""
        time, first = self.panel.time.ns, int(self.panel.time.ns[0])
        start = int(time[rows].min())
        end = start - 1
        if self.columns.train_end is not None:
            told = to_instants(part[self.columns.train_end], self.columns.train_end)
            end = int(told.ns.max())
        return FoldAudit(
            n_train=int((time < start).sum()), n_test=rows.size,
            n_overlap=int((time[rows] <= end).sum()), train_start=min(first, end),
            train_end=end, test_start=start, test_end=int(time[rows].max()))


def _refuse_other_rows(results: Sequence[Result]) -> None:
    first: dict[int, Result] = {}
    for result in results:
        job = result.record.job
        known = first.setdefault(job.fold, result)
        if not result.predictions["row"].equals(known.predictions["row"]):
            raise InputError(
                f"models {known.record.job.model.name!r} and {job.model.name!r} did not predict "
                f"the same rows of fold {job.fold} ({known.predictions.height:,} and "
                f"{result.predictions.height:,} rows); compare them on the rows that both have")


def _finished(
    model: str, fold: int, task: Task, table: pl.DataFrame, audit: FoldAudit | None
) -> Result:
    job = Job(data="given", features="given", task=task, model=Strategy(name=model), split=SPLIT,
              fold=fold, search=Strategy(name="given"), selection=Strategy(name=USUAL_SELECTION),
              metric=default_metric(task).name, seed=0, code="given")
    scores = score_all(task, table["y"].to_numpy(), table["p"].to_numpy())
    return Result(Record(job=job, status="ok", session="given", started="", audit=audit,
                         scores=scores), table)


def _baseline(results: Sequence[Result]) -> Iterator[Result]:
    """The mean truth of the folds before; the first fold, which has none, knows its own."""
    one_each = {result.record.job.fold: result for result in results}
    seen: list[Floats] = []
    for fold, result in sorted(one_each.items()):
        mean = float(np.mean(np.concatenate(seen) if seen else result.y))
        seen.append(result.y)
        table = result.predictions.with_columns(p=pl.lit(mean))
        yield _finished(BASELINE, fold, result.record.job.task, table, result.record.audit)


def _environment() -> Environment:
    told = environment()
    libraries = dict(told["libraries"])
    return Environment(session="", command=told["command"], outlast=libraries.pop("outlast", ""),
                       python=told["python"], machine=told["machine"],
                       git="predictions of another tool", libraries=libraries)
