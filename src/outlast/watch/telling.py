"""What a page says of experiments, as texts: the same for the page and for its updates."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from outlast.metrics import METRICS
from outlast.report import formatting, view
from outlast.report.formatting import duration, number, one_line, plural
from outlast.watch.reports import ReportFacts
from outlast.watch.state import CellState, ExperimentState, JobFacts, Session, Standing, rest_of

WORDS: dict[Standing, tuple[str, str, str]] = {
    "running": ("▶", "running", "low"),
    "unknown": ("▷", "running elsewhere, as it says", "low"),
    "interrupted": ("■", "interrupted", "medium"),
    "finished": ("✓", "finished", "good"),
    "paused": ("‖", "paused", "medium"),
    "failed": ("✕", "stopped by an error", "high"),
    "empty": ("○", "nothing was run yet", "info"),
}
CELL_ICONS = {"none": "–", "waiting": "○", "running": "▶", "partial": "◐", "failed": "✕",
              "done": "✓"}
SHOWN_DONE, SHOWN_FAILED, SHOWN_SESSIONS = 15, 50, 50
_LONGEST_MESSAGE = 400


@dataclass(frozen=True)
class Place:
    """Where results are, for the commands that a page shows.

    Attributes
    ----------
    reports : str
        The reports folder, as it was given.
    store : str or None
        Where the results are, if elsewhere.
    """

    reports: str
    store: str | None = None

    @property
    def results(self) -> str:
        """Folder or URL of the results."""
        return self.store or self.reports

    @property
    def quoted(self) -> str:
        """The reports folder as a shell takes it."""
        return shlex.quote(self.reports)

    def resume(self, name: str) -> str:
        """Return the command that goes on with an experiment."""
        words = ["outlast", "resume", "--experiment", one_line(name), "--reports", self.reports]
        return shlex.join(words + (["--store", self.store] if self.store else []))


@dataclass(frozen=True)
class MatrixRow:
    """One row of the matrix: a configuration with its cells, split by split."""

    model: str
    search: str
    selection: str
    cells: tuple[tuple[str, CellState], ...]


def matrix(state: ExperimentState) -> list[MatrixRow]:
    """Return the rows of the matrix; each cell with the key that its updates go by."""
    return [MatrixRow(model, view.search_name(search), selection, tuple(
        (f"{at}.{column}", state.cells.get((model, split, search, selection), CellState()))
        for column, split in enumerate(state.splits)))
        for at, (model, search, selection) in enumerate(state.models)]


def counts(cell: CellState) -> str:
    """Say how far a cell or a plan is, such as ``3 of 5, 1 failed``."""
    if not cell.planned:
        return "not planned"
    parts = [f"{number(cell.done, 0)} of {number(cell.planned, 0)}"]
    parts += [f"{number(cell.failed, 0)} failed"] if cell.failed else []
    parts += [f"{number(cell.running, 0)} running"] if cell.running else []
    return ", ".join(parts)


def decimals(state: ExperimentState) -> int:
    """Decimals that the scores of an experiment are written with."""
    return formatting.decimals_for(cell.score for cell in state.cells.values())


def direction(metric: str) -> str:
    """Say which way a metric is better; empty for one that is not known here."""
    known = METRICS.get(metric)
    return "" if known is None else f"{'higher' if known.greater_is_better else 'lower'} is better"


def leak_word(state: ExperimentState, split: str) -> str:
    """Say that the scores of a split promise too much; empty for an honest one."""
    leaks = state.leaks.get(split, ())
    if "contrast" in leaks:
        return "leaks on purpose, for contrast"
    return f"leaks: {one_line(', '.join(leaks), 60)}" if leaks else ""


def roughly(seconds: float) -> str:
    """Write a duration no more exactly than it is known.

    Examples
    --------
    >>> roughly(4), roughly(43), roughly(200), roughly(9000)
    ('a few seconds', '45 s', '3 min', '2.5 h')
    """
    if seconds < 10:
        return "a few seconds"
    if seconds < 90:
        return f"{number(5 * round(seconds / 5), 0)} s"
    if seconds < 5400:
        return f"{number(seconds / 60, 0)} min"
    return f"{number(seconds / 3600, 1)} h"


def progress_sentence(state: ExperimentState) -> str:
    """Say in one sentence how far the current plan is."""
    found = state.progress
    parts = [f"{number(found.done, 0)} of {plural(found.planned, 'job')} done"]
    parts += [f"{number(found.failed, 0)} failed"] if found.failed else []
    parts += [f"{number(found.running, 0)} running"] if found.running else []
    return ", ".join(parts) + "."


def announcement(state: ExperimentState) -> str:
    """Say what a screen reader is told: the same text until a tenth more is done."""
    found = state.progress
    word = WORDS[state.standing][1]
    if not found.planned:
        return f"The experiment is {word}."
    tenths = 10 * (found.done + found.failed) // found.planned
    failed = ", some have failed" if found.failed else ""
    return f"The experiment is {word}: {tenths * 10} % of its jobs have ended{failed}."


def time_sentence(state: ExperimentState, now: float) -> str:
    """Say how long a run has taken, and about how long it will go on."""
    latest = state.open[0] if state.open else state.latest
    if latest is None:
        return ""
    if not state.open:
        return f"The last session took {duration(latest.seconds)}." if latest.seconds else ""
    begun = seconds_of(latest.started)
    since = f"Begun {roughly(max(0.0, now - begun))} ago." if begun is not None else ""
    return f"{since} {_rest_sentence(state, now)}".strip()


def _rest_sentence(state: ExperimentState, now: float) -> str:
    moments = {job: at for job, text in state.begun.items()
               if (at := seconds_of(text)) is not None}
    rest = rest_of(state, now, moments)
    if rest.seconds is None:
        return "How long it will take can be said when the first job is done."
    if rest.seconds == 0:
        return ("Every job has ended; what is left is to explain the best fits, to open the exam "
                "if there is one, and to write the report.")
    if rest.unlike:
        return _lower_limit(state, rest.seconds, rest.unlike)
    about = "" if rest.seconds < 10 else "about "
    return f"Training goes on for {about}{roughly(rest.seconds)}."


def _lower_limit(
    state: ExperimentState, seconds: float, unlike: Sequence[tuple[str, str]]
) -> str:
    """Say how long it takes at least, and what the run itself has measured before it began."""
    names = ", ".join(f"{one_line(model, 40)} with {view.search_name(one_line(search, 40))}"
                      for model, search in unlike[:3])
    more = " and others" if len(unlike) > 3 else ""
    reckoned = next((found for session in state.open
                     if (found := session.estimated.seconds)), None)
    whole = f" The run itself reckoned with about {roughly(reckoned)} in all." if reckoned else ""
    return (f"Training goes on for at least {roughly(seconds)}: nothing of {names}{more} has "
            f"finished yet.{whole}")


def seconds_of(text: str) -> float | None:
    """Return an ISO time as seconds since 1970, None if it is none."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None


def ending(state: ExperimentState, place: Place) -> tuple[str, str]:
    """Say what is to be known of how a run stands, and the command that goes on, if one does."""
    latest, resume = state.latest, place.resume(state.name)
    if latest is None:
        return "The table and its features are there; no session was begun yet.", ""
    told = {
        "interrupted": ("The process that ran it is gone. Nothing that was finished is lost; this "
                        "goes on where it was stopped:", resume),
        "paused": (f"It was {one_line(latest.outcome, _LONGEST_MESSAGE)}", resume),
        "failed": (f"It was stopped by an error: "
                   f"{one_line(latest.outcome.removeprefix('failed: '), _LONGEST_MESSAGE)}",
                   resume),
        "unknown": ("Its process is on another machine, or the store has no locks: whether it "
                    "still works cannot be seen from here.", ""),
    }
    text, command = told.get(state.standing, ("", ""))
    if state.unreadable:
        text += (f" {plural(len(state.unreadable), 'record')} cannot be read; the next run puts "
                 "such jobs aside and trains them again.")
    return text.strip(), command


def age_of(report: ReportFacts | None, state: ExperimentState) -> str:
    """Say whether a report was written before the newest session, and so without its results."""
    stamp = len("20260101-000000")
    latest = state.latest
    if report is None or latest is None or report.folder[:stamp] >= latest.id[:stamp]:
        return ""
    return "It was written before the newest session, and holds none of its results."


def done_table(state: ExperimentState) -> list[list[str]]:
    """Rows of the jobs that have finished last: job, score, seconds, when begun."""
    places = decimals(state)
    return [[one_line(facts.label, 160), number(facts.score, places),
             duration(facts.seconds) if facts.seconds else "shared fit", clock(facts.started)]
            for facts in state.latest_done[:SHOWN_DONE]]


def failure_table(state: ExperimentState, place: Place) -> list[list[str]]:
    """Rows of the jobs without a result: job, how it ended, message, how to see more."""
    return [_failure(facts, place) for facts in state.failures[:SHOWN_FAILED]]


def _failure(facts: JobFacts, place: Place) -> list[str]:
    return [one_line(facts.label, 160), facts.status,
            one_line(facts.message, _LONGEST_MESSAGE),
            f"outlast runs show {facts.id[:8]} --reports {shlex.quote(place.results)}"]


def session_table(sessions: Iterable[Session]) -> list[list[str]]:
    """Rows of the sessions, newest first: id, begun, how it stands, jobs, time, command."""
    newest = sorted(sessions, key=lambda session: session.id, reverse=True)[:SHOWN_SESSIONS]
    return [[one_line(session.id, 40), formatting.moment(session.started), standing(session),
             number(len(session.jobs), 0), duration(session.seconds),
             one_line(session.command, 300)] for session in newest]


def standing(session: Session) -> str:
    """Say how a session stands, with its sign."""
    icon, word, _ = WORDS[session.standing]
    return f"{icon} {word}"


def clock(text: str) -> str:
    """Write the time of day of an ISO time, with the date."""
    known = seconds_of(text) is not None
    return one_line(text)[:19].replace("T", " ") if known else one_line(text, 40)


def shape(state: ExperimentState, report: ReportFacts | None) -> list[Any]:
    """Return what a page is built on: where it changes, the page is to be loaded anew."""
    return [[list(row) for row in state.models], state.splits, bool(state.sessions),
            report.folder if report else ""]


def updates(
    state: ExperimentState, report: ReportFacts | None, place: Place, now: float
) -> dict[str, Any]:
    """Return everything of an experiment's page that can change while it is open.

    Parameters
    ----------
    state : ExperimentState
    report : ReportFacts or None
        Its newest report.
    place : Place
    now : float
        Seconds since 1970.

    Returns
    -------
    dict
        ``shape`` (if it changes the page is to be loaded anew), ``active``, and by key
        ``texts``, ``classes``, ``bars`` (done, failed, running, planned) and ``tables``.
    """
    icon, word, colour = WORDS[state.standing]
    told, command = ending(state, place)
    texts = {"standing": f"{icon} {word}", "progress": progress_sentence(state),
             "time": time_sentence(state, now), "announce": announcement(state), "ending": told,
             "command": command, "report-age": age_of(report, state)}
    classes = {"standing": f"badge {colour}"}
    bars = {"progress": _bar(state.progress)}
    for at, split in enumerate(state.splits):
        texts[f"leaks {at}"] = leak_word(state, split)
    for key, cell in _cells(state):
        texts |= {f"icon {key}": CELL_ICONS[cell.word], f"counts {key}": counts(cell),
                  f"score {key}": _score(cell, decimals(state))}
        classes[f"cell {key}"] = f"cell cell-{cell.word}"
        bars[f"bar {key}"] = _bar(cell)
    return {
        "shape": shape(state, report), "active": bool(state.open),
        "texts": texts, "classes": classes, "bars": bars,
        "tables": {"done": done_table(state), "failures": failure_table(state, place),
                   "sessions": session_table(state.sessions)},
    }


def _cells(state: ExperimentState) -> Iterator[tuple[str, CellState]]:
    for row in matrix(state):
        yield from row.cells


def _bar(cell: CellState) -> list[int]:
    return [cell.done, cell.failed, cell.running, cell.planned]


def _score(cell: CellState, places: int) -> str:
    return f"{number(cell.score, places)}" if cell.score is not None else ""


def listed(state: ExperimentState, report: ReportFacts | None) -> dict[str, Any]:
    """Return what the index tells of one experiment."""
    icon, word, colour = WORDS[state.standing]
    schema = state.description.get("schema")
    target = schema.get("target", "") if isinstance(schema, dict) else ""
    first = state.sessions[0].started if state.sessions else state.description.get("created", "")
    return {
        "name": state.name, "data": one_line(state.description.get("table", ""), 60),
        "target": one_line(target, 60), "metric": one_line(state.metric, 40),
        "started": formatting.moment(str(first)), "icon": icon, "word": word, "colour": colour,
        "active": bool(state.open), "progress": state.progress,
        "counts": counts(state.progress), "report": report,
    }


def index_updates(entries: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return everything of the index that can change while it is open, see `updates`."""
    texts: dict[str, str] = {}
    classes: dict[str, str] = {}
    bars: dict[str, list[int]] = {}
    built_on, active = [], False
    for at, entry in enumerate(entries):
        report, active = entry["report"], active or entry["active"]
        built_on.append([entry["name"], report.folder if report else ""])
        texts |= {f"standing {at}": f"{entry['icon']} {entry['word']}",
                  f"counts {at}": entry["counts"]}
        classes[f"standing {at}"] = f"badge {entry['colour']}"
        bars[f"bar {at}"] = _bar(entry["progress"])
    return {"shape": built_on, "active": active, "texts": texts, "classes": classes, "bars": bars,
            "tables": {}}
