"""Ranks, promise gaps and coverage over all sittings, and the bars that outlast is held to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan, nan
from statistics import fmean, median

from scipy.stats import rankdata

from benchmarks.foresight.contenders import CONTENDERS
from benchmarks.foresight.results import Result
from benchmarks.foresight.tables import TABLES
from benchmarks.measure import Measure

OURS = "outlast:default"
LOWEST_COVERAGE, HIGHEST_COVERAGE = 0.85, 0.95

HEADER = ["contender", "runs", "failed", "mean rank", "gap, mean", "gap, median",
          "gap, size", "gap, AUC points", "gap, % of sd", "coverage", "seconds"]
PAGE = """# What tools promise, and what the future says

Every tool gets the same past, the same features and {seconds:g} seconds on two cores, ships a
model and promises a score for it. Then it predicts a future that none has seen, up to the next
cut. *Mean rank* is by the score on that future, over all tables and cuts; who had no answer comes
last. A *gap* is promise less future, in points of AUC or in per cent of the standard deviation of
a regression's labels; above zero the promise was too good. Its *size* is the mean without the
sign, in which promises that are too good and too bad do not make up for each other. *Coverage* is
how often the future lay in the stated interval. Made by
`make foresight ARGS="{options}"` in {sittings} sittings; seed {seeds}. *Seconds* are
the mean of what a tool has really taken, from the table to its predictions.

{summary}

## Bars

{bars}

## Score on the future by table

Mean over cuts: ROC AUC (more is better), or RMSE (less is better).

{scores}

## Contenders

{contenders}

## Tables

{tables}
"""


@dataclass
class Line:
    """What is counted of one contender."""

    ranks: list[float] = field(default_factory=list)
    gaps: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    covered: list[bool] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    runs: int = 0
    failed: int = 0
    versions: set[str] = field(default_factory=set)

    def add(self, result: Result) -> None:
        """Count one result."""
        self.runs += 1
        self.failed += result.realised is None
        if result.answer is not None:
            self.versions.add(result.answer.version)
            self.seconds.append(result.answer.seconds)
        if result.gap is not None:
            self.gaps[result.metric].append(result.gap)
        if result.covered is not None:
            self.covered.append(result.covered)

    @property
    def all_gaps(self) -> list[float]:
        """Gaps of both kinds, each in hundredths of its unit."""
        return [gap for gaps in self.gaps.values() for gap in gaps]


def ranks(results: Iterable[Result]) -> dict[str, list[float]]:
    """Rank the contenders of each sitting; ties share a rank, and whoever failed is last."""
    exams: dict[tuple[str, str, int], list[Result]] = defaultdict(list)
    for result in results:
        exams[result.table, result.cut, result.seed].append(result)
    found: dict[str, list[float]] = defaultdict(list)
    most = max(map(len, exams.values()), default=0)
    for sat in exams.values():
        # A rank among fewer is another rank.
        if len(sat) == most:
            for result, rank in zip(sat, rankdata([r.loss for r in sat]), strict=True):
                found[result.contender].append(float(rank))
    return found


def count(results: Sequence[Result]) -> dict[str, Line]:
    """Count everything of every contender."""
    found: dict[str, Line] = defaultdict(Line)
    for result in results:
        found[result.contender].add(result)
    for name, ranked in ranks(results).items():
        found[name].ranks = ranked
    return found


def bars(counted: Mapping[str, Line]) -> list[Measure]:
    """What outlast is held to."""
    ours = counted.get(OURS, Line())
    rivals = {name: line for name, line in counted.items() if name != OURS}
    gaps = {timely: min((_size(line.all_gaps) for name, line in rivals.items()
                         if line.all_gaps and name.endswith(":default") is not timely), default=nan)
            for timely in (False, True)}
    best = min((_mean(line.ranks) for line in rivals.values() if line.ranks), default=nan)
    gap, coverage = _size(ours.all_gaps), _mean(ours.covered)
    table, n = "all tables", f"{ours.runs} runs"
    return [
        Measure("mean rank of the score on the future / the best rival's", table,
                _mean(ours.ranks), best, "less", n, unit=""),
        Measure("mean size of the promise gap / half of the best rival's with its defaults",
                table, gap, gaps[False] / 2, "less", n, unit="points"),
        Measure("mean size of the promise gap / that of the best rival that minds time",
                table, gap, gaps[True], "less", n, unit="points"),
        Measure("coverage of the 90 % interval, not too low", table, coverage, LOWEST_COVERAGE,
                "more", n, unit=""),
        Measure("coverage of the 90 % interval, not too high", table, coverage, HIGHEST_COVERAGE,
                "less", n, unit=""),
    ]


def cells(counted: Mapping[str, Line]) -> list[list[str]]:
    """The summary, best mean rank first."""
    ordered = sorted(counted.items(), key=lambda item: _mean(item[1].ranks) if item[1].ranks
                     else float("inf"))
    return [[name, str(line.runs), str(line.failed), _shown(line.ranks),
             _shown(line.all_gaps, sign="+"),
             f"{median(line.all_gaps):+.2f}" if line.all_gaps else "",
             _shown([abs(gap) for gap in line.all_gaps]),
             _shown(line.gaps["roc_auc"], sign="+"), _shown(line.gaps["rmse"], sign="+"),
             f"{fmean(line.covered):.0%} of {len(line.covered)}" if line.covered else "",
             f"{fmean(line.seconds):.0f}" if line.seconds else ""]
            for name, line in ordered]


def lines(results: Sequence[Result]) -> list[str]:
    """The summary and the bars for a terminal."""
    counted = count(results)
    return [*_table(HEADER, cells(counted)), "", *map(_bar, bars(counted))]


def page(results: Sequence[Result], options: str) -> str:
    """The page of the documentation, made by a command with these options."""
    counted = count(results)
    ran = [name for name in CONTENDERS if name in counted]
    versions = [[name, ", ".join(sorted(counted[name].versions)), CONTENDERS[name].what]
                for name in ran]
    asked = dict.fromkeys(result.table for result in results)
    tables = [[t.name, t.question, t.source, t.licence] for t in map(TABLES.__getitem__, asked)]
    scores = [[name, *(_shown([r.realised for r in results if r.realised is not None
                               and (r.table, r.contender) == (name, contender)], digits=3)
                       for contender in ran)] for name in asked]
    return PAGE.format(
        seconds=results[0].budget, options=options,
        sittings=len({(r.table, r.cut, r.seed) for r in results}),
        seeds=", ".join(map(str, sorted({r.seed for r in results}))),
        summary="\n".join(_table(HEADER, cells(counted))),
        bars="\n".join(f"- {_bar(measure)}" for measure in bars(counted)),
        scores="\n".join(_table(["table", *ran], scores)),
        contenders="\n".join(_table(["contender", "version", "setting"], versions)),
        tables="\n".join(_table(["table", "question", "source", "licence"], tables)))


def _bar(measure: Measure) -> str:
    sign = "≤" if measure.better == "less" else "≥"
    verdict = "reached" if measure.reached else "missed"
    if isnan(measure.value) or isnan(measure.bar):
        verdict = "not measured"
    return (f"{measure.what}: {measure.value:.2f} {measure.unit}".rstrip()
            + f" (bar {sign} {measure.bar:.2f}, {measure.detail}): {verdict}")


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return ["| " + " | ".join(row) + " |" for row in (header, ["---"] * len(header), *rows)]


def _mean(values: Sequence[float]) -> float:
    return fmean(values) if values else nan


def _size(gaps: Sequence[float]) -> float:
    """Mean without the sign: promises that are too good and too bad do not make up."""
    return _mean([abs(gap) for gap in gaps])


def _shown(values: Sequence[float], digits: int = 2, sign: str = "") -> str:
    return f"{fmean(values):{sign}.{digits}f}" if values else ""
