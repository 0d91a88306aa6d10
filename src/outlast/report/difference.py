"""What has changed between two reports, and what explains the change of a score."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from outlast.judge.board import Interval, Row
from outlast.records import Frozen
from outlast.report import view
from outlast.report.document import Document
from outlast.report.formatting import code, day, interval, number

_Windows = dict[tuple[str, str], float]


class ScoreChange(Frozen):
    """How the score of one configuration has changed.

    Attributes
    ----------
    row : str
        Id of the leaderboard row.
    label, split : str
    before, after : Interval
    same_windows : float or None
        Mean change over the test windows that both reports have: what other data before them,
        other code or another seed has done. None where they share none.
    other_windows : float or None
        The rest of the change of the mean: windows that only one of them has. None where there
        are none.
    n_same : int
        Windows that both have.
    noise : float or None
        Margin at 95 % of the difference of two such scores, had nothing changed but the time
        they were measured on.
    """

    row: str
    label: str
    split: str
    before: Interval
    after: Interval
    same_windows: float | None
    other_windows: float | None
    n_same: int
    noise: float | None

    @property
    def change(self) -> float | None:
        """After less before."""
        if self.before.value is None or self.after.value is None:
            return None
        return self.after.value - self.before.value


class Difference(Frozen):
    """Two reports side by side.

    Attributes
    ----------
    data, settings, code : dict of str to (str, str)
        What differs, before and after.
    features_added, features_removed : tuple of str
    decisions : dict of feature to (str, str)
        Of features whose decision is another one.
    winner, verdict : (str, str)
    scores : tuple of ScoreChange
        Of the configurations that both have under the new headline split, the winner first.
    """

    data: dict[str, tuple[str, str]]
    settings: dict[str, tuple[str, str]]
    code: dict[str, tuple[str, str]]
    features_added: tuple[str, ...]
    features_removed: tuple[str, ...]
    decisions: dict[str, tuple[str, str]]
    winner: tuple[str, str]
    verdict: tuple[str, str]
    scores: tuple[ScoreChange, ...]

    @property
    def cause(self) -> str:
        """What can have changed a score on the very same windows."""
        kinds = {"data": self.data, "settings": self.settings, "code": self.code,
                 "features": self.features_added or self.features_removed or self.decisions}
        changed = [name for name, found in kinds.items() if found]
        if not changed:
            return "nothing that was recorded"
        text = " and ".join(changed)
        return text if len(changed) == 1 else f"{text}, which cannot be told apart"


def compare(before: Document, after: Document) -> Difference:
    """Compare two reports.

    Parameters
    ----------
    before, after : Document

    Returns
    -------
    Difference

    Examples
    --------
    >>> from pathlib import Path
    >>> from outlast.report.document import read_document
    >>> document = read_document(Path("tests/report/written/schema-1.json"))
    >>> compare(document, document).cause
    'nothing that was recorded'
    """
    was = {card.feature: card.decision for card in before.features}
    now = {card.feature: card.decision for card in after.features}
    winners = view.recommended(before), view.recommended(after)
    return Difference(
        data=_differing(_data(before), _data(after)),
        settings=_differing(_settings(before), _settings(after)),
        code=_differing(_code(before), _code(after)),
        features_added=tuple(name for name in now if name not in was),
        features_removed=tuple(name for name in was if name not in now),
        decisions=_differing({name: was[name] for name in was if name in now},
                             {name: now[name] for name in was if name in now}),
        winner=(_label(winners[0]), _label(winners[1])),
        verdict=(before.headline.verdict, after.headline.verdict),
        scores=tuple(_scores(before, after, winners[1])),
    )


def _label(row: Row | None) -> str:
    return row.label if row else "none"


def _data(document: Document) -> dict[str, str]:
    data = document.data
    return {"fingerprint": data.fingerprint, "rows": number(data.n_rows, 0),
            "with a label": number(data.n_labelled, 0), "entities": number(data.n_entities, 0),
            "from": day(data.start), "to": day(data.end), "target": data.target,
            "horizon": data.horizon, "events": number(data.n_events, 0)}


def _settings(document: Document) -> dict[str, str]:
    limits = {f"threshold {name}": f"{value:g}" for name, value in document.thresholds.items()}
    return {"metric": document.metric, "headline split": str(document.headline_split),
            "seed": str(document.environment.seed), **limits}


def _code(document: Document) -> dict[str, str]:
    known = document.environment
    return {"outlast": known.outlast, "git": known.git, "python": known.python, **known.libraries}


def _differing(was: Mapping[str, str], now: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    names = dict.fromkeys([*was, *now])
    return {name: (was.get(name, "–"), now.get(name, "–")) for name in names
            if was.get(name) != now.get(name)}


def _scores(before: Document, after: Document, winner: Row | None) -> Iterator[ScoreChange]:
    was = {row.id: row for row in before.leaderboard}
    rows = [row for row in after.leaderboard
            if row.split == after.headline_split and row.id in was]
    for row in sorted(rows, key=lambda row: winner is None or row.id != winner.id):
        same, other, n_same = _split_up(_windows(before, row.id), _windows(after, row.id))
        yield ScoreChange(row=row.id, label=row.label, split=row.split,
                          before=was[row.id].score, after=row.score, same_windows=same,
                          other_windows=other, n_same=n_same,
                          noise=_noise(was[row.id].score, row.score))


def _windows(document: Document, row: str) -> _Windows:
    return {(score.test_start, score.test_end): score.score for score in document.fold_scores
            if score.row == row and score.score is not None}


def _split_up(was: _Windows, now: _Windows) -> tuple[float | None, float | None, int]:
    """The change of the mean of the windows: over those in both, and by those in one alone."""
    shared = was.keys() & now.keys()
    if not shared:
        return None, None, 0
    same = _mean([now[window] - was[window] for window in sorted(shared)])
    whole = _mean(list(now.values())) - _mean(list(was.values()))
    alone = was.keys() ^ now.keys()
    return same, whole - same if alone else None, len(shared)


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)


def _noise(one: Interval, other: Interval) -> float | None:
    """Margins of independent estimates add by their squares."""
    margins = [(each.high - each.low) / 2 for each in (one, other)
               if each.low is not None and each.high is not None]
    return math.hypot(*margins) if len(margins) == 2 else None


def as_markdown(found: Difference, decimals: int = 3) -> str:
    """Write a difference as Markdown that reads well in a terminal, too.

    Parameters
    ----------
    found : Difference
    decimals : int, default 3
        Of scores.

    Returns
    -------
    str
    """
    lines = ["# What has changed", "", *_headline(found, decimals)]
    for title, part in (("Data", found.data), ("Settings", found.settings), ("Code", found.code)):
        if part:
            lines += ["", f"## {title}", "", *(f"- {code(name)}: {code(was)} → {code(now)}"
                                               for name, (was, now) in part.items())]
    lines += _features(found)
    if found.scores:
        lines += ["", "## Scores", "", f"Same windows: the change where both were tested, by "
                  f"{found.cause}. Other windows: the change by time that only one was tested on. "
                  "Noise: what other time alone would change, at 95 %.", "",
                  "| configuration | before | after | same windows | other windows | noise |",
                  "| --- | --- | --- | --- | --- | --- |",
                  *(_line(change, decimals) for change in found.scores)]
    else:
        lines += ["", "No configuration is in both reports, so no scores can be compared."]
    return "\n".join(lines) + "\n"


def _headline(found: Difference, decimals: int) -> Iterator[str]:
    (was, now), (verdict, verdict_now) = found.winner, found.verdict
    yield f"- Recommended: {code(was)}{f' → {code(now)}' * (was != now)}"
    yield f"- Verdict: {verdict}{f' → {verdict_now}' * (verdict != verdict_now)}"
    first = next((change for change in found.scores if change.label == now), None)
    if first is not None and first.change is not None:
        yield f"- Score of {code(now)}: {_told(first, found.cause, decimals)}"


def _told(change: ScoreChange, cause: str, decimals: int) -> str:
    assert change.change is not None, "asked of scores that are there"
    if change.before == change.after:
        return "unchanged"
    text = number(change.change, decimals, sign=True)
    if change.n_same and change.other_windows is None:
        return f"{text}, all on the same windows: by {cause}"
    parts = "" if change.same_windows is None else (
        f", of which {number(change.same_windows, decimals, sign=True)} on the same windows (by "
        f"{cause})")
    if change.noise is None:
        return f"{text}{parts}"
    beyond = "within" if abs(change.change) <= change.noise else "beyond"
    return (f"{text}{parts}; {beyond} the ± {number(change.noise, decimals)} that other time alone "
            "would change")


def _features(found: Difference) -> list[str]:
    told = [*(f"- {what}: {', '.join(map(code, names))}" for what, names in (
                ("new", found.features_added), ("gone", found.features_removed)) if names),
            *(f"- {code(name)}: {was} → {now}" for name, (was, now) in found.decisions.items())]
    return ["", "## Features", "", *told] if told else []


def _line(change: ScoreChange, decimals: int) -> str:
    def signed(value: float | None) -> str:
        return number(value, decimals, sign=True)

    windows = f" ({change.n_same})" if change.n_same else ""
    margin = "–" if change.noise is None else f"± {number(change.noise, decimals)}"
    return (f"| {code(change.label, in_table=True)} | {interval(change.before, decimals)} | "
            f"{interval(change.after, decimals)} | {signed(change.same_windows)}{windows} | "
            f"{signed(change.other_windows)} | {margin} |")
