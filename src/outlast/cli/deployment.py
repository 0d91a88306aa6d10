"""`outlast refit`, `predict` and `retrain`: use what a run has recommended."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclopts import Parameter
from rich.console import Console
from rich.markup import escape

from outlast.errors import InputError, OutlastWarning

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl

    from outlast.data import Events
    from outlast.deployment.model import OutlastModel

_WRITERS = (".parquet", ".csv")


@Parameter(name="*", group="Table")
@dataclass(frozen=True, kw_only=True)
class TableOptions:
    """What belongs to the table that a model is used on."""

    events: Path | None = None
    """Table of events up to the newest row. [default: those of the training]"""
    features: str | None = None
    """Function that made the features, as module:name; needed where they are Python code."""


_TABLE = TableOptions()


def refit(
    experiment: str | None = None,
    /,
    *,
    config_of: str = "recommended",
    output: Path = Path("model"),
    use_sealed: bool = False,
    reports: str = "reports",
    store: str | None = None,
) -> None:
    """Fit the recommended configuration to all labelled rows, and write it as a folder.

    The folder holds the model in the formats of its library, the recipe of its features, and
    a model card. Nothing in it is code.

    Examples::

        outlast refit
        outlast refit --config_of 3c8db922 --output models/sales

    Parameters
    ----------
    experiment
        Name of the experiment. [default: the one that was worked on last]
    config_of
        Id of a job, or its beginning: its configuration in place of the recommended one.
    output
        A folder that does not exist yet.
    use_sealed
        Learn from the rows of the sealed exam although it was never opened.
    reports
        Folder with the results.
    store
        Folder or URL of the results, if they are elsewhere.
    """
    from outlast.deployment.artefact import CARD, check_new
    from outlast.deployment.winner import refit as refit_winner

    console = Console()
    check_new(output)
    with console.status("judging the results and fitting the winner to all rows"):
        model = refit_winner({"reports": reports, **({"store": store} if store else {})},
                             experiment=experiment, config_of=config_of, use_sealed=use_sealed)
        manifest = model.save(output)
    learned = manifest.learned
    _say(console, f"{manifest.configuration}, fitted to {learned.n_rows:,} rows of "
                  f"{learned.table}: {learned.exam}.")
    _say(console, f"Model:   {output}\nCard:    {output / CARD}\n"
                  f"Predict: outlast predict {output} TABLE")


def predict(
    model: Path,
    table: str,
    /,
    *,
    output: Path = Path("predictions.parquet"),
    since: str | None = None,
    all_rows: bool = False,
    options: TableOptions = _TABLE,
) -> None:
    """Predict the rows of a table that have no label yet.

    The table holds these rows and enough history before them for the features. What makes
    the predictions less sure is told on stderr.

    Examples::

        outlast predict model sales.parquet
        outlast predict model sales.parquet --since 2024-06-01 --output june.csv

    Parameters
    ----------
    model
        Folder that `outlast refit` has written.
    table
        CSV(.gz) or Parquet file, or the embedded `stocks`.
    output
        Parquet or CSV file.
    since
        Predict the rows of this time and later ones, labelled or not.
    all_rows
        Predict every row.
    """
    if output.suffix not in _WRITERS:
        raise InputError(f"--output {str(output)!r} is neither Parquet nor CSV; end its name in "
                         f"{' or '.join(_WRITERS)}")
    loaded, console = _loaded(model, options), Console()
    with warnings.catch_warnings():
        # They are told in full below.
        warnings.simplefilter("ignore", OutlastWarning)
        made = loaded.predict_new(table, since=since, rows="all" if all_rows else "new",
                                  events=_events(options))
    _write(made.frame, output)
    _warn(caution.sentence for caution in made.cautions)
    times = made.frame[loaded.manifest_.roles.time]
    _say(console, f"{made.frame.height:,} rows predicted, {times[0]} to {times[-1]}: {output}")


def retrain(
    model: Path,
    table: str,
    /,
    *,
    output: Path = Path("model_new"),
    force: bool = False,
    tolerance: float | None = None,
    options: TableOptions = _TABLE,
) -> None:
    """Bring a model up to date with a newer table, if it is time and the new one is no worse.

    The new model is first trained without the newest labelled rows, and both are scored on
    them. Only if it is no worse is it fitted to all rows and written. The old folder stays as
    it is.

    Examples::

        outlast retrain model sales.parquet
        outlast retrain model sales.parquet --force --output models/2024-06

    Parameters
    ----------
    model
        Folder that `outlast refit` or `outlast retrain` has written.
    table
        CSV(.gz) or Parquet file with old and new rows and their labels.
    output
        A folder that does not exist yet.
    force
        Try although the report's time to retrain has not come.
    tolerance
        How much worse the new one may be, in units of the metric.
        [default: a quarter of the standard error]
    """
    from outlast.deployment.artefact import check_new
    from outlast.deployment.retraining import retrain as try_newer

    check_new(output)
    loaded, console = _loaded(model, options), Console()
    with console.status("training without the newest rows, and judging on them"):
        found = try_newer(loaded, table, force=force, tolerance=tolerance,
                          events=_events(options))
    _say(console, found.sentence)
    if found.outcome == "replaced":
        found.model.save(output)
        _say(console, f"Model:   {output}")
    else:
        _say(console, f"Model:   {model} (unchanged)")


def _loaded(folder: Path, options: TableOptions) -> OutlastModel:
    from outlast.deployment.model import OutlastModel

    return OutlastModel.load(folder, _features(options.features))


def _features(path: str | None) -> Any:
    if path is None:
        return None
    from outlast.experiments.leaks import import_features

    return import_features(path)


def _events(options: TableOptions) -> Events | None:
    if options.events is None:
        return None
    from outlast.data import Events, read_table

    return Events.from_frame(read_table(options.events))


def _write(frame: pl.DataFrame, output: Path) -> None:
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        if output.suffix == ".csv":
            frame.write_csv(output)
        else:
            frame.write_parquet(output)
    except OSError as error:
        raise InputError(f"cannot write {str(output)!r}: {error}") from error


def _warn(sentences: Iterable[str]) -> None:
    errors = Console(stderr=True)
    for sentence in sentences:
        errors.print(f"[yellow]warning:[/] {escape(sentence)}", soft_wrap=True, highlight=False)


def _say(console: Console, text: str) -> None:
    console.print(escape(text), soft_wrap=True, highlight=False)
