"""Bringing a model up to date: whether it is time, and whether the new one is no worse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast.data import Events, Panel
from outlast.data.times import LAST, format_ns
from outlast.deployment.cautions import DAY
from outlast.deployment.manifest import Trial
from outlast.deployment.model import OutlastModel
from outlast.deployment.refitting import learning_panel, refitted_until
from outlast.deployment.tables import Given
from outlast.deployment.trained import Trained
from outlast.errors import InputError
from outlast.judge import statistics
from outlast.judge.leaderboard import Board, BoardSettings, build_board
from outlast.judge.non_inferiority import Comparison, compare_rows
from outlast.judge.results import Result
from outlast.judge.thresholds import Thresholds
from outlast.judge.wording import number, signed
from outlast.metrics import METRICS, score_all
from outlast.records import EXAM, Record, Strategy
from outlast.store import now

CHAMPION, CHALLENGER = "champion", "challenger"

Outcome = Literal["not_due", "kept", "replaced"]
Ints = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Retrained:
    """What came of an attempt to bring a model up to date.

    Attributes
    ----------
    outcome : {"not_due", "kept", "replaced"}
    sentence : str
        The reason, with its numbers.
    model : OutlastModel
        The one to use from now on: the old one unless it was replaced.
    trial : Trial or None
        How both did, where they were compared.
    """

    outcome: Outcome
    sentence: str
    model: OutlastModel
    trial: Trial | None = None


def retrain(
    model: OutlastModel, table: Any, *, force: bool = False, tolerance: float | None = None,
    events: Events | None = None,
) -> Retrained:
    """Fit the configuration of a model to a newer table, and keep it only if it is no worse.

    The challenger is first trained without the newest labelled rows, which the champion does
    not know either; both are scored on them, block of time by block of time.

    Parameters
    ----------
    model : OutlastModel
    table : path, polars, pandas or Arrow table
        With old and new rows and their labels.
    force : bool, default False
        Whether to try although the report's time to retrain has not come.
    tolerance : float, optional
        By how much the challenger may be worse, in units of the metric; default: a quarter of
        the standard error of the champion's score.
    events : Events, optional
        Up to the new end of the table; default: those that the model knows.

    Returns
    -------
    Retrained

    Raises
    ------
    InputError
        If the table does not fit the model.
    """
    known = model.trained_
    panel = learning_panel(known, Given(table, events))
    is_due, reason = _due(known, panel)
    if not (is_due or force):
        return Retrained("not_due", f"{reason} --force retrains all the same.", model)
    limits = Thresholds(selection_tolerance=tolerance)
    cut, why_not = _cut(known, panel, limits)
    if cut is None:
        return Retrained("kept", f"{reason} {why_not}", model)
    test = np.flatnonzero(panel.labelled & (panel.time.ns >= cut))
    challenger = refitted_until(known, panel, cut)
    board = _board(known, challenger, panel, test, limits)
    rows = {row.model: row for row in board.rows}
    found = compare_rows(board, rows[CHALLENGER], rows[CHAMPION])
    trial = _trial(found, panel, test)
    told = f"{reason} {_told(found, trial, known.manifest.metric)}"
    if found.verdict != "no worse":
        return Retrained("kept", told, model, trial)
    newer = refitted_until(known, panel, LAST, trial=trial)
    return Retrained("replaced", told, OutlastModel(model.folder, model.features).adopt(newer),
                     trial)


def _due(known: Trained, panel: Panel) -> tuple[bool, str]:
    """Whether the time to retrain has come, by the report that recommended the model."""
    manifest = known.manifest
    days = manifest.told.retrain_days
    newest, last = int(panel.time.ns[-1]), manifest.learned.last
    if newest <= last:
        raise InputError(f"the newest row of the table is of {format_ns(newest)}, and the model "
                         f"has learned from rows up to {format_ns(last)}; give a newer table")
    if days is None or not manifest.calendar:
        return False, ("The report found no time after which the model has to be retrained, so it "
                       "is never due.")
    age = (newest - last) / DAY
    if age < days:
        return False, (f"The newest row is {age:,.0f} days later than what the model has learned "
                       f"from, and it is to be retrained after {days:,.0f}: it is not due.")
    return True, (f"The newest row is {age:,.0f} days later than what the model has learned "
                  f"from, and it is to be retrained after {days:,.0f}: it is due.")


def _cut(known: Trained, panel: Panel, limits: Thresholds) -> tuple[int | None, str]:
    """The moment from which on both are judged: the later half of what is new, or more.

    Rows whose time is before the last label that the champion knew overlap its training.
    """
    learned = known.manifest.learned
    new = panel.labelled & (panel.time.ns > learned.last) & (panel.time.ns >= learned.known)
    times = np.unique(panel.time.ns[new])
    steps = statistics.horizon_in_steps(panel.time.ns[new], panel.label_end[new])
    least = next((n for n in range(1, times.size) if statistics.independent_blocks(
        n, steps, limits.block_horizons) >= limits.interval_blocks), None)
    if least is None:
        return None, (f"There are {times.size} new labelled times, which make fewer than the "
                      f"{limits.interval_blocks} independent blocks that a comparison needs, so "
                      "the model is kept: wait for more labels.")
    cut = int(times[times.size - max(least, times.size // 2)])
    if not (panel.labelled & (panel.label_known < cut) & (panel.time.ns > learned.last)).any():
        return None, ("No label of a new row was known before the rows that both would be judged "
                      "on, so that the new model could learn nothing more; the model is kept: "
                      "wait for more labels.")
    return cut, ""


def _board(
    champion: Trained, challenger: Trained, panel: Panel, rows: Ints, limits: Thresholds
) -> Board:
    results = [_result(CHAMPION, champion, panel, rows),
               _result(CHALLENGER, challenger, panel, rows)]
    settings = BoardSettings(frozenset(), ensembles=False, thresholds=limits)
    return build_board(results, METRICS[champion.manifest.metric], settings)


def _result(name: str, trained: Trained, panel: Panel, rows: Ints) -> Result:
    predicted = trained.predict(trained.matrix_of(panel, trained.features(panel), rows))
    named = {"p": predicted} if predicted.ndim == 1 else {
        f"p_{at}": predicted[:, at] for at in range(predicted.shape[1])}
    table = pl.DataFrame({"time": panel.time.ns[rows], "label_end": panel.label_end[rows],
                          "code": panel.entity[rows], "y": panel.y[rows], "row": rows, **named})
    job = trained.manifest.members[0].job.in_exam().model_copy(
        update={"model": Strategy(name=name)})
    record = Record(job=job, status="ok", session=EXAM, started=now(),
                    scores=score_all(job.task, panel.y[rows], predicted))
    return Result(record, table)


def _trial(found: Comparison, panel: Panel, rows: Ints) -> Trial:
    champion, challenger = found.full.score.value, found.reduced.score.value
    if champion is None or challenger is None:
        raise InputError("the newest labelled rows have one class only, so that nobody can be "
                         "scored on them; wait for more labels")
    return Trial(judged_at=now(), start=int(panel.time.ns[rows].min()),
                 end=int(panel.time.ns[rows].max()), n_rows=rows.size,
                 n_blocks=found.full.n_blocks, champion=champion, challenger=challenger,
                 change=found.change, tolerance=found.tolerance)


def _told(found: Comparison, trial: Trial, metric: str) -> str:
    place = (f"On the {trial.n_rows:,} newest labelled rows ({format_ns(trial.start)} to "
             f"{format_ns(trial.end)}, {trial.n_blocks} independent blocks of time) the new model "
             f"scores {metric} {number(trial.challenger)} and the old one "
             f"{number(trial.champion)}: {signed(trial.change)} (positive is better).")
    if found.verdict == "no worse":
        return (f"{place} It is no worse than the old one by more than "
                f"{number(trial.tolerance, 4)}, and replaces it.")
    if found.verdict == "worse":
        return (f"{place} It is worse by more than {number(trial.tolerance, 4)}: the old one is "
                "kept.")
    return (f"{place} That cannot rule out that it is worse by more than "
            f"{number(trial.tolerance, 4)}: the old one is kept. Wait for more labels, or say with "
            "--tolerance how much worse it may be.")
