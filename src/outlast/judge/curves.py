"""How well classes are told apart: ROC, precision-recall, confusion; and which row is better."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from outlast.judge.board import Interval, Row
from outlast.judge.details import (
    OTHER_CLASSES,
    ConfusionCard,
    Curve,
    CurveCard,
    SuperiorityCard,
    short,
    short_interval,
)
from outlast.judge.leaderboard import Board, Contestant, score_folds
from outlast.judge.results import Result
from outlast.metrics import METRICS

Floats = npt.NDArray[np.float64]

_PLACES = np.linspace(0, 1, 41)
_CLASSES, _RIVALS = 12, 10


def curve_card(board: Board, rows: Sequence[Row]) -> CurveCard | None:
    """Return ROC and precision-recall curves of some rows of one split.

    A curve is the mean of those of the folds, place by place, so that the area below it is the
    mean of the areas.

    Parameters
    ----------
    board : Board
    rows : sequence of Row

    Returns
    -------
    CurveCard or None
        None unless they predict the probability of one of two classes, and a fold holds both.
    """
    contestants = [board.contestants[row.id] for row in rows]
    if not contestants or contestants[0].record.job.task != "binary":
        return None
    curves = [_curve(row, one) for row, one in zip(rows, contestants, strict=True)
              if _with_both(one)]
    y = np.concatenate([result.y for result in contestants[0].results])
    return CurveCard(places=tuple(short(x) for x in _PLACES), curves=tuple(curves),
                     positives=short(y.mean())) if curves else None


def _with_both(contestant: Contestant) -> list[Result]:
    """The folds that hold both classes."""
    return [result for result in contestant.results if np.ptp(result.y) > 0]


def _curve(row: Row, contestant: Contestant) -> Curve:
    lines = np.array([_lines(r.y, r.prediction) for r in _with_both(contestant)]).mean(axis=0)
    found, precise = (tuple(short(value) for value in line) for line in lines)
    return Curve(label=row.label, is_baseline=row.is_baseline, found=found, precise=precise,
                 roc_auc=_scored(contestant, "roc_auc"),
                 average_precision=_scored(contestant, "average_precision"))


def _lines(y: Floats, p: Floats) -> tuple[Floats, Floats]:
    """Share of positives found, and precision, at the places of one fold."""
    order = np.argsort(-p, kind="stable")
    # Rows with equal predictions come in together.
    last = np.append(np.flatnonzero(np.diff(p[order])), y.size - 1)
    hits = np.cumsum(y[order])[last]
    taken = last + 1.0
    false = np.append(0, (taken - hits) / (y.size - hits[-1]))
    found = np.append(0, hits / hits[-1])
    at = np.searchsorted(found[1:], _PLACES - 1e-12)
    return np.interp(_PLACES, false, found), (hits / taken)[np.maximum(at, np.argmax(hits > 0))]


def _scored(contestant: Contestant, metric: str) -> Interval:
    """A score of another metric than the board's, with its interval by the same blocks."""
    results, blocks = list(contestant.results), contestant.blocks.blocks
    found = score_folds(results, METRICS[metric], blocks)
    return short_interval(found.blocks.interval(found.score))


def confusion_card(contestant: Contestant, bar: Contestant | None) -> ConfusionCard | None:
    """Return which classes are taken for which.

    Parameters
    ----------
    contestant : Contestant
    bar : Contestant, optional
        The baseline of the same split.

    Returns
    -------
    ConfusionCard or None
        None unless there are three classes or more. Of more than twelve, the eleven with the
        most rows have a line of their own.
    """
    if contestant.record.job.task != "multiclass":
        return None
    y = np.concatenate([r.y for r in contestant.results]).astype(np.intp)
    p = np.concatenate([r.prediction for r in contestant.results])
    n = p.shape[1]
    table = np.bincount(y * n + p.argmax(axis=1), minlength=n * n).reshape(n, n)
    kept = np.arange(n)
    if n > _CLASSES:
        kept = np.sort(np.argsort(-table.sum(axis=1), kind="stable")[:_CLASSES - 1])
        place = np.full(n, kept.size)
        place[kept] = np.arange(kept.size)
        groups = np.eye(kept.size + 1, dtype=np.intp)[place]
        table, kept = groups.T @ table @ groups, np.append(kept, OTHER_CLASSES)
    return ConfusionCard(classes=tuple(kept.tolist()), counts=tuple(map(tuple, table.tolist())),
                         accuracy=_scored(contestant, "accuracy"),
                         baseline=_scored(bar, "accuracy") if bar else None)


def superiority_card(board: Board, rows: Sequence[Row]) -> SuperiorityCard | None:
    """Return with what chance each of the best rows of a split is better than each other.

    The chance is that of a mean difference above zero, by Student's t over the blocks of time.

    Parameters
    ----------
    board : Board
    rows : sequence of Row
        Scored rows of one split, best first.

    Returns
    -------
    SuperiorityCard or None
        None with fewer than two rows, or too few blocks for an interval.

    References
    ----------
    A. Benavoli et al., "Time for a change: a tutorial for comparing multiple classifiers
    through Bayesian analysis", *JMLR* 18 (2017).
    """
    shown = [row.id for row in rows[:_RIVALS]]
    if len(shown) < 2 or not board.contestants[shown[0]].blocks.blocks.suffice:
        return None
    chances = tuple(tuple(_chance(board, a, b) for b in shown[at + 1:])
                    for at, a in enumerate(shown[:-1]))
    return SuperiorityCard(rows=tuple(shown), chances=chances, n_rows=len(rows))


def _chance(board: Board, a: str, b: str) -> float:
    gains = board.gains(a, b)
    if gains.se == 0 and gains.mean == 0:
        return 0.5
    return short(1 - gains.p_above(), 3)
