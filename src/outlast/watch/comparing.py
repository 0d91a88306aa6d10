"""Two experiments side by side: settings that differ, jobs, winner, promise, exam."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from outlast.config import HOW
from outlast.report import formatting
from outlast.report.difference import Difference, ScoreChange, compare
from outlast.report.formatting import MISSING, interval, number, one_line
from outlast.watch import telling
from outlast.watch.reports import ReportFacts, Reports
from outlast.watch.state import ExperimentState

Line = tuple[str, str, str]
_NOT_SETTINGS = HOW | {"time_budget"}
_LONGEST = 300


@dataclass(frozen=True)
class Side:
    """One of the two: its state, and what its newest report says, if it has one."""

    state: ExperimentState
    report: ReportFacts | None


@dataclass(frozen=True)
class Comparison:
    """Two experiments side by side, as texts.

    Attributes
    ----------
    summary, settings : list of (name, one, other)
        What both have come to; the settings that differ.
    reports : list of (title, list of (name, one, other))
        What else differs between their reports.
    scores : list of (configuration, one, other, change, noise)
    cause : str
        What can have changed a score on the same windows.
    same_metric : bool
        Whether their scores can be set beside each other at all.
    """

    summary: list[Line]
    settings: list[Line]
    reports: list[tuple[str, list[Line]]]
    scores: list[tuple[str, str, str, str, str]]
    cause: str
    same_metric: bool


def side_by_side(one: Side, other: Side, reports: Reports) -> Comparison:
    """Compare two experiments.

    Parameters
    ----------
    one, other : Side
    reports : Reports
        Where their reports are.

    Returns
    -------
    Comparison
    """
    found = _difference(one, other, reports)
    settings = list(_differing(_settings(one.state), _settings(other.state)))
    parts: list[tuple[str, list[Line]]] = []
    scores: list[tuple[str, str, str, str, str]] = []
    if found is not None:
        parts = [(title, [(name, *values) for name, values in part.items()])
                 for title, part in (("Data", found.data), ("Settings of the report",
                                     found.settings), ("Code", found.code)) if part]
        scores = [_score(change) for change in found.scores]
    return Comparison(
        _summary(one, other), settings, parts, scores, found.cause if found else "",
        one.state.metric == other.state.metric)


def _difference(one: Side, other: Side, reports: Reports) -> Difference | None:
    if one.report is None or other.report is None:
        return None
    before = reports.document(one.report.folder)
    after = reports.document(other.report.folder)
    if before is None or after is None or before.metric != after.metric:
        return None
    return compare(before, after)


def _summary(one: Side, other: Side) -> list[Line]:
    sides = (_facts(one), _facts(other))
    return [(name, sides[0][name], sides[1][name]) for name in sides[0]]


def _facts(side: Side) -> dict[str, str]:
    state, report = side.state, side.report
    told = telling.listed(state, report)
    none = "no report yet"
    return {
        "How it stands": f"{told['icon']} {told['word']}",
        "Data": told["data"], "Target": told["target"], "Metric": told["metric"],
        "Begun": told["started"], "Jobs done": told["counts"],
        "Best configuration": (report.winner or "none") if report else none,
        "Score, with its 95 % interval": report.score if report else none,
        "Under the split": report.split if report else none,
        "Verdict": report.verdict if report else none,
        "Promised score": report.promise if report else none,
        "Sealed exam": report.exam if report else none,
    }


def _settings(state: ExperimentState) -> dict[str, str]:
    planned = [session for session in state.sessions if session.config]
    return dict(_flat(planned[-1].config)) if planned else {}


def _flat(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in sorted(config.items()):
        if not prefix and name in _NOT_SETTINGS:
            continue
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield one_line(f"{prefix}{name}", 80), _shown(value)


def _shown(value: Any) -> str:
    """Write a setting; a strategy by its name and what differs from its defaults."""
    if isinstance(value, (list, tuple)):
        return one_line(", ".join(map(_shown, value)) or MISSING, _LONGEST)
    if isinstance(value, Mapping) and "name" in value:
        params = value.get("params")
        return f"{one_line(value['name'], 60)}({formatting.plain(params)})" if params else (
            one_line(value["name"], 60))
    return formatting.plain(value, _LONGEST)


def _differing(one: dict[str, str], other: dict[str, str]) -> Iterator[Line]:
    for name in dict.fromkeys([*one, *other]):
        values = one.get(name, MISSING), other.get(name, MISSING)
        if values[0] != values[1]:
            yield name, *values


def _score(change: ScoreChange) -> tuple[str, str, str, str, str]:
    sides = (change.before, change.after)
    places = formatting.decimals_for(side.value for side in sides)
    margin = MISSING if change.noise is None else f"± {number(change.noise, places)}"
    return (change.label, interval(change.before, places), interval(change.after, places),
            number(change.change, places, sign=True), margin)
