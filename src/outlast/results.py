"""What a run has found, in the hand: data frames, predictions, models, figures, the page."""

from __future__ import annotations

import webbrowser
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from outlast.data.schema import own_type
from outlast.errors import InputError, unknown_name
from outlast.frames import to_frame
from outlast.judge.board import Headline, Promise, Row
from outlast.records import Finding, Record
from outlast.report import notebook
from outlast.report.document import (
    Document,
    FeatureCard,
    FoldScore,
    TrialCard,
    read_document,
)
from outlast.report.render import RenderedReport
from outlast.store import Experiment, Store

if TYPE_CHECKING:
    from optuna import Study

    from outlast.experiments import Outcome
    from outlast.models import FittedModel


@dataclass(frozen=True)
class Picture:
    """A figure of the report; a notebook shows it.

    Attributes
    ----------
    path : pathlib.Path
        The SVG file.
    """

    path: Path

    def _repr_svg_(self) -> str:
        return self.path.read_text("utf-8")


class Pictures(dict[str, Picture]):
    """The figures of a report by name."""

    def __missing__(self, name: str) -> Picture:
        raise unknown_name("figure", name, self)


@dataclass(frozen=True, repr=False)
class Results:
    """A finished run; `Experiment.run` returns one, and `open_results` reads old ones.

    Tables are polars frames; ``.to_pandas()`` turns each into a pandas one where pandas and
    pyarrow are installed. A row of the leaderboard is named by its id, its number, or its model
    (its best row under the headline split); default: the recommended one.

    Attributes
    ----------
    document : Document
        Everything that the report says, see `outlast.report.document`.
    report : RenderedReport
        Paths of the HTML, Markdown and JSON files.
    store : str
        Folder or URL of the features and jobs.
    outcome : Outcome or None
        How many jobs were trained, reused and failed; None if nothing was asked to train.
    """

    document: Document
    report: RenderedReport
    store: str
    outcome: Outcome | None = field(default=None)

    @property
    def headline(self) -> Headline:
        """The verdict, its sentence, how far to trust it, and the recommended row."""
        return self.document.headline

    @property
    def promise(self) -> Promise | None:
        """What the recommended row will score on later rows; None where nothing is promised."""
        return self.document.promise

    @property
    def leaderboard(self) -> pl.DataFrame:
        """One row per model, search, selection and split, best first."""
        return to_frame(self.document.leaderboard, Row)

    @property
    def folds(self) -> pl.DataFrame:
        """The score of every row of the leaderboard in every fold."""
        return to_frame(self.document.fold_scores, FoldScore)

    @property
    def features(self) -> pl.DataFrame:
        """Every feature with its worth, its verdict, and why it was kept or dropped."""
        return to_frame(self.document.features, FeatureCard)

    @property
    def findings(self) -> pl.DataFrame:
        """The answers of all leak checks and insight rules."""
        return to_frame(self.document.findings, Finding)

    @property
    def trials(self) -> pl.DataFrame:
        """The trials of all searches; ``params`` are JSON texts."""
        return to_frame(self.document.trials, TrialCard)

    @property
    def figures(self) -> Pictures:
        """The figures by name, such as ``results.figures["leaderboard"]``."""
        return Pictures({path.stem: Picture(path) for path in self.report.figures})

    @cached_property
    def experiment(self) -> Experiment:
        """The stored experiment behind the report.

        Raises
        ------
        InputError
            If the store does not hold it.
        """
        return Store.open(self.store).experiment(self.document.experiment)

    def row(self, row: str | int | None = None) -> Row:
        """Return a row of the leaderboard.

        Parameters
        ----------
        row : str or int, optional
            Id, number or model; default: the recommended one, or else the first.

        Raises
        ------
        InputError
            If there is none.
        """
        rows = self.document.leaderboard
        if not rows:
            raise InputError("the leaderboard is empty: no job has finished")
        if isinstance(row, int):
            if not -len(rows) <= row < len(rows):
                raise InputError(f"row {row} is asked for, and the leaderboard has {len(rows)}")
            return rows[row]
        return self._named(row or self.headline.row or rows[0].id, rows)

    def predictions(self, row: str | int | None = None) -> pl.DataFrame:
        """Return the held-out predictions of a row of the leaderboard.

        Parameters
        ----------
        row : str or int, optional
            See `row`; those of an ensemble are the means of its members.

        Returns
        -------
        polars.DataFrame
            ``fold``, the time and entity columns of the table, ``y`` (label, in the target's
            own type, or value), and ``p``
            (probability of the second label, or the value) or ``p_<label>`` for each of several.
        """
        found = self.row(row)
        members = [self.row(member) for member in found.members] or [found]
        parts = [frame.with_columns(fold=pl.lit(record.job.fold, pl.Int32))
                 for member in members for record, frame in self._predicted(member)]
        table = pl.concat(parts)
        numbers = [name for name in table.columns if name == "p" or name.startswith("p_")]
        means = table.group_by("fold", "row", maintain_order=True).agg(
            pl.col("time", "code", "y").first(), pl.col(numbers).mean())
        return self._readable(means, numbers)

    def model(self, row: str | int | None = None, fold: int = -1) -> FittedModel:
        """Return the fitted model of a row in one fold.

        Parameters
        ----------
        row : str or int, optional
            See `row`.
        fold : int, default -1
            Place among the folds of the row; default: the last.

        Returns
        -------
        FittedModel
            As it was stored; an estimator of your own is fitted again, and is its ``estimator``.
        """
        from outlast.experiments import refit

        return refit(self.experiment, self._record(row, fold))

    def study(self, row: str | int | None = None, fold: int = -1) -> Study:
        """Return the search of a row in one fold as an Optuna study in memory.

        Parameters
        ----------
        row : str or int, optional
            See `row`; a model means its best row with a search, and the default is the best of
            all.
        fold : int, default -1
            Place among the folds of the row; default: the last.

        Returns
        -------
        optuna.Study

        Raises
        ------
        InputError
            If nothing was searched there.
        """
        from outlast.studies import study_of

        if isinstance(row, int):
            return study_of(self._record(row, fold))
        searched = {trial.row for trial in self.document.trials}
        rows = [r for r in self.document.leaderboard if r.id in searched]
        if not rows:
            raise InputError("nothing was searched; search with optimization=\"optuna\"")
        return study_of(self._record(self._named(row or rows[0].id, rows).id, fold))

    def open(self) -> None:
        """Show the page in the browser."""
        webbrowser.open(self.report.html.resolve().as_uri())

    def __repr__(self) -> str:
        lines = [self.headline.sentence, *notebook.facts(self.document)]
        return "\n".join([f"<Results of {self.document.title}>", *lines, str(self.report.html)])

    def _repr_html_(self) -> str:
        return notebook.card(self.document, self.report.html)

    def _named(self, name: str, rows: Sequence[Row]) -> Row:
        here = [row for row in rows if row.split == self.document.headline_split]
        named = [r for r in rows if r.id == name] or [r for r in here if r.model == name]
        if not named:
            raise unknown_name("row", name, {r.id for r in rows} | {r.model for r in here})
        return named[0]

    def _record(self, row: str | int | None, fold: int) -> Record:
        found = self.row(row)
        if found.members:
            raise InputError(f"{found.id} is the mean of several models, ask for one of them: "
                             f"{', '.join(found.members)}")
        records = [record for record, _ in self._predicted(found)]
        if not -len(records) <= fold < len(records):
            raise InputError(f"fold {fold} is asked for, and {found.id} has {len(records)}")
        return records[fold]

    def _predicted(self, row: Row) -> Iterator[tuple[Record, pl.DataFrame]]:
        jobs = self.experiment.jobs
        for record in sorted(jobs.read_all(row.jobs).values(), key=lambda r: r.job.fold):
            if record.score is not None:
                yield record, jobs.predictions(record)

    def _readable(self, table: pl.DataFrame, numbers: list[str]) -> pl.DataFrame:
        """Put the table's own names, times, entities and labels in the place of their codes."""
        schema, known = self.experiment.schema, self.experiment.rows
        time = pl.col("time").cast(pl.Datetime("ns")).cast(pl.Datetime("us"))
        columns: dict[str, Any] = {"fold": pl.col("fold")}
        abstract = self.experiment.description["zone"] == "abstract"
        columns[schema.time] = pl.col("time") if abstract else time
        if schema.entity is not None:
            names = known.select("code", "entity").unique()
            columns[schema.entity] = pl.col("code").replace_strict(names["code"], names["entity"])
        labels = schema.labels
        if labels:
            dtype = self.experiment.description["content"]["columns"][schema.target][0]
            columns["y"] = pl.col("y").cast(pl.Int64).replace_strict(
                list(range(len(labels))), own_type(labels, dtype))
        else:
            columns["y"] = pl.col("y")
        shown = {name: f"p_{labels[int(name[2:])]}" if name != "p" else "p" for name in numbers}
        columns |= {shown[name]: pl.col(name) for name in numbers}
        return table.select(expression.alias(name) for name, expression in columns.items())


def open_results(path: str | Path, store: str | Path | None = None) -> Results:
    """Read the results of an earlier run.

    Parameters
    ----------
    path : str or pathlib.Path
        A `report.json`, the folder of a report, or the reports folder, for the latest one.
    store : str or pathlib.Path, optional
        Folder or URL of the features and jobs, if it is not the reports folder.

    Returns
    -------
    Results

    Raises
    ------
    InputError
        If there is no report, or a newer version has written it.
    """
    given = Path(path)
    latest = given / "consolidated_reports" / "latest"
    given = latest if latest.is_dir() else given
    document = read_document(given)
    folder = given if given.is_dir() else given.parent
    report = RenderedReport(folder / "index.html", folder / "report.md", folder / "report.json",
                            tuple(sorted((folder / "figures").glob("*.svg"))))
    return Results(document, report, str(store or (folder.resolve() / document.root).resolve()))
