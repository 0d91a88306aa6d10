"""From held-out predictions to a leaderboard with intervals, ties and tiers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from outlast import metrics
from outlast.judge import ensemble
from outlast.judge.blocks import Blocks, Scores
from outlast.judge.board import Interval, Row
from outlast.judge.results import Result
from outlast.judge.thresholds import DEFAULTS, Thresholds
from outlast.metrics import Metric
from outlast.records import Record, content_hash

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class Contestant:
    """One configuration under one split: all its folds, its score as a whole and by blocks."""

    results: tuple[Result, ...]
    score: float | None
    blocks: Scores
    members: tuple[str, ...] = ()

    @property
    def record(self) -> Record:
        """The first fold's record, for what all folds share."""
        return self.results[0].record

    @cached_property
    def id(self) -> str:
        """Short content hash of the configuration."""
        return content_hash(list(self.results[0].configuration), 8)

    @property
    def thresholds(self) -> Thresholds:
        """The thresholds by which it is judged."""
        return self.blocks.blocks.thresholds

    @property
    def is_scored(self) -> bool:
        """Whether the metric is defined in any of its folds."""
        return self.score is not None


@dataclass(frozen=True)
class Board:
    """The leaderboard and what it was made from.

    Attributes
    ----------
    rows : tuple of Row
        Split by split, best first.
    contestants : mapping of row id to Contestant
    metric : Metric
    splits : tuple of str
        In the order in which they are listed.
    thresholds : Thresholds, optional
        By which all of it is judged.
    """

    rows: tuple[Row, ...]
    contestants: Mapping[str, Contestant]
    metric: Metric
    splits: tuple[str, ...] = ()
    thresholds: Thresholds = DEFAULTS

    def of_split(self, split: str | None) -> list[Row]:
        """The rows of one split, best first."""
        return [row for row in self.rows if row.split == split]

    def gain(self, a: str, b: str) -> Interval:
        """How much better row `a` scores than row `b` of the same split, with an interval."""
        first, second = self.contestants[a], self.contestants[b]
        return _gain(self.metric, first, second)

    def se(self, row: str) -> float:
        """Standard error of a row's score."""
        return self.contestants[row].blocks.se

    def gains(self, a: str, b: str) -> Scores:
        """How much better row `a` scores than row `b` in each block."""
        return _gains(self.metric, self.contestants[a], self.contestants[b])


@dataclass(frozen=True)
class BoardSettings:
    """How the leaderboard is made.

    Parameters
    ----------
    baselines : frozenset of str
        Names of the models that only set the bar.
    split_order : tuple of str
        Names of the splits in the order in which they are listed; the first honest one is
        the headline when none is asked for.
    ensembles : bool, default True
        Whether the mean of the best models that cannot be told apart is one more row of each
        honest split.
    thresholds : Thresholds, optional
        Of the board, and of all that is said of it.
    """

    baselines: frozenset[str]
    split_order: tuple[str, ...] = ()
    ensembles: bool = True
    thresholds: Thresholds = DEFAULTS


def build_board(results: Sequence[Result], metric: Metric, settings: BoardSettings) -> Board:
    """Score every configuration under every split.

    A configuration counts only when all folds that its split has are there, so that all
    rows of a split are means over the same folds and their differences are paired.

    Parameters
    ----------
    results : sequence of Result
        Finished folds of one experiment.
    metric : Metric
        The primary metric.
    settings : BoardSettings

    Returns
    -------
    Board
    """
    rows: list[Row] = []
    contestants: dict[str, Contestant] = {}
    ordered = sorted(results, key=lambda r: _split_order(r, settings))
    by_split = _group(ordered, lambda r: r.split)
    for split, members in by_split.items():
        found = list(_contestants(members, metric, settings))
        if settings.ensembles:
            found += _ensemble(found, metric, settings)
        ranked = sorted(found, key=lambda c: _sort_key(c, metric))
        rows += _rows(ranked, split, metric, settings)
        contestants |= {c.id: c for c in ranked}
    return Board(tuple(rows), contestants, metric, tuple(by_split), settings.thresholds)


def _contestants(
    members: Sequence[Result], metric: Metric, settings: BoardSettings
) -> Iterator[Contestant]:
    by_configuration = _group(members, lambda r: r.configuration)
    n_folds = len({member.record.job.fold for member in members})
    complete = [sorted(found, key=lambda r: r.record.job.fold)
                for found in by_configuration.values() if len(found) == n_folds]
    if not complete:
        return
    blocks = Blocks.of(complete[0], settings.thresholds)
    # The products are so small that a second thread only waits for the first.
    with threadpool_limits(1, user_api="blas"):
        found = blocks.scores_of_many(metric, [_defined(folds, metric) for folds in complete])
    yield from (_contestant(folds, metric, scores)
                for folds, scores in zip(complete, found, strict=True))


def score_folds(
    folds: Sequence[Result], metric: Metric, blocks: Blocks, members: tuple[str, ...] = ()
) -> Contestant:
    """Score one configuration, as a whole and by blocks.

    Parameters
    ----------
    folds : sequence of Result
    metric : Metric
    blocks : Blocks
        Of the same split.
    members : tuple of str
        Ids of the rows that an ensemble is made of.

    Returns
    -------
    Contestant
    """
    scores = blocks.scores(metric, _defined(folds, metric))
    return _contestant(folds, metric, scores, members)


def _contestant(
    folds: Sequence[Result], metric: Metric, scores: Scores, members: tuple[str, ...] = ()
) -> Contestant:
    score = _mean([r.record.scores.get(metric.name) for r in folds])
    return Contestant(tuple(folds), score, scores, members)


def _defined(folds: Sequence[Result], metric: Metric) -> list[Result]:
    return [r for r in folds if r.record.scores.get(metric.name) is not None]


def _ensemble(
    found: Sequence[Contestant], metric: Metric, settings: BoardSettings
) -> Iterator[Contestant]:
    """The mean of the best models: of each the best configuration, if it is near the best one.

    Near is within one standard error of the difference: an interval that includes zero would
    let in what is far behind where little can be told.
    """
    ranked = sorted((c for c in found if c.is_scored and not any(r.record.leaks for r in c.results)
                     and c.record.job.model.name not in settings.baselines),
                    key=lambda c: _sort_key(c, metric))
    best: dict[str, Contestant] = {}
    for one in ranked:
        behind = _gains(metric, ranked[0], one)
        if behind.mean <= settings.thresholds.ensemble_se * behind.se:
            best.setdefault(one.record.job.model.name, one)
    if len(best) > 1:
        results = ensemble.mean_of([one.results for one in best.values()])
        yield score_folds(results, metric, ranked[0].blocks.blocks,
                         tuple(one.id for one in best.values()))


def _rows(
    ranked: Sequence[Contestant], split: str, metric: Metric, settings: BoardSettings
) -> Iterator[Row]:
    best = next((c for c in ranked if c.is_scored), None)
    bars = [c for c in ranked if c.record.job.model.name in settings.baselines]
    bar = next((c for c in bars if c.is_scored), None)
    over_best = [_gain(metric, contestant, best) if best else None for contestant in ranked]
    tiers = [_tier(contestant, gain, best)
             for contestant, gain in zip(ranked, over_best, strict=True)]
    ranks = _ranks(tiers)
    for at, contestant in enumerate(ranked):
        yield _row(contestant, metric, settings).model_copy(update={
            "rank": ranks[at],
            "tier": tiers[at],
            "split": split,
            "over_best": over_best[at],
            "over_baseline": _gain(metric, contestant, bar) if bar else None,
            "p_over_baseline": _p_value(metric, contestant, bar),
        })


def _ranks(tiers: Sequence[int]) -> list[str]:
    """Rank of each row, best mean first, so that ranks never fall further down.

    The rows at the top that cannot be told from the best share rank 1. One that cannot either,
    below a row that can, has a wider interval and no better mean: it keeps its place, marked.
    """
    n_tied = next((at for at, tier in enumerate(tiers) if tier != 1), len(tiers))
    top = ["1=" if n_tied > 1 else "1"] * n_tied
    return top + [f"{at}~" if tier == 1 else str(at)
                  for at, tier in enumerate(tiers[n_tied:], start=n_tied + 1)]


def _row(contestant: Contestant, metric: Metric, settings: BoardSettings) -> Row:
    job = contestant.record.job
    records = [result.record for result in contestant.results]
    n_test = sum(result.predictions.height for result in contestant.results)
    return Row(
        id=contestant.id, rank="", tier=2, model=job.model.label, search=job.search.label,
        selection=job.selection.label, split="",
        leaky=any(record.leaks for record in records),
        is_baseline=job.model.name in settings.baselines,
        score=contestant.blocks.interval(contestant.score),
        n_folds=len(records), n_test=n_test, n_blocks=contestant.blocks.blocks.n_independent,
        worst_fold=_worst(records, metric),
        train_score=_mean([record.train_scores.get(metric.name) for record in records]),
        other_scores={name: _mean([record.scores.get(name) for record in records])
                      for name in records[0].scores if name != metric.name},
        fit_seconds=sum(record.seconds.get("fit", 0.0) for record in records),
        search_seconds=sum(record.seconds.get("search", 0.0) for record in records),
        predict_us_per_row=1e6 * sum(r.seconds.get("predict", 0.0) for r in records) / n_test,
        n_features=round(np.mean([sum(not d.removes for d in r.decisions) for r in records])),
        jobs=tuple(record.job.id for record in records), members=contestant.members,
    )


def _tier(contestant: Contestant, over_best: Interval | None, best: Contestant | None) -> int:
    """1 for all that cannot be told from the best, 2 for the rest."""
    if over_best is None or not contestant.is_scored:
        return 2
    if contestant is best:
        return 1
    return 2 if over_best.high is not None and over_best.high < 0 else 1


def _gain(metric: Metric, a: Contestant, b: Contestant) -> Interval:
    if a.score is None or b.score is None:
        return Interval(value=None)
    if a is b:
        return Interval(value=0.0, low=0.0, high=0.0)
    return _gains(metric, a, b).interval(metrics.improvement(metric, a.score, b.score))


def _gains(metric: Metric, a: Contestant, b: Contestant) -> Scores:
    return a.blocks - b.blocks if metric.greater_is_better else b.blocks - a.blocks


def _p_value(metric: Metric, contestant: Contestant, bar: Contestant | None) -> float | None:
    if bar is None or not contestant.is_scored or contestant is bar:
        return None
    return _gains(metric, contestant, bar).p_above()


def _sort_key(contestant: Contestant, metric: Metric) -> tuple[bool, float, str]:
    if contestant.score is None:
        return True, 0.0, contestant.record.job.label
    signed = -contestant.score if metric.greater_is_better else contestant.score
    return False, signed, contestant.record.job.label


def _split_order(result: Result, settings: BoardSettings) -> tuple[int, str]:
    name, order = result.record.job.split.name, settings.split_order
    return order.index(name) if name in order else len(order), result.split


def _worst(records: Sequence[Record], metric: Metric) -> float | None:
    scores = [record.scores.get(metric.name) for record in records]
    known = [score for score in scores if score is not None]
    if not known:
        return None
    return min(known) if metric.greater_is_better else max(known)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _group(items: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    groups: defaultdict[K, list[T]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return dict(groups)
