"""Whether a selection that leaves features out is no worse than all of them, on held-out rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from outlast.judge import statistics
from outlast.judge.board import Interval, Row
from outlast.judge.leaderboard import Board

FULL = "none"


@dataclass(frozen=True)
class Comparison:
    """One selection against all features, same model, split and search.

    Attributes
    ----------
    reduced, full : Row
    n_dropped : int
        Features, as a mean over the folds.
    change : Interval
        What leaving them out does to the score, paired by blocks of time; positive = better.
    tolerance : float
        What it may cost.
    p : float
        Of "it costs more than that", by Holm's correction over all selections.
    verdict : {"no worse", "worse", "undecided"}
    """

    reduced: Row
    full: Row
    n_dropped: int
    change: Interval
    tolerance: float
    p: float
    verdict: Literal["no worse", "worse", "undecided"]


def is_full(row: Row) -> bool:
    """Whether a row was given all features, but for those that the user has dropped."""
    return selection_name(row.selection) == FULL


def selection_name(label: str) -> str:
    """Return the name of a selection, without its parameters and pins.

    Examples
    --------
    >>> selection_name("boruta(n_rounds=9)"), selection_name("none -f3")
    ('boruta', 'none')
    """
    return label.partition("(")[0].partition(" ")[0]


def compare_selections(board: Board, rows: Sequence[Row]) -> tuple[Comparison, ...]:
    """Test for each selection whether it is non-inferior to no selection.

    The selection never saw the rows that score it: it was made inside each outer fold.

    Parameters
    ----------
    board : Board
    rows : sequence of Row
        Of one split, best first, without baselines.

    Returns
    -------
    tuple of Comparison
        The best model of each selection that was also run with all features. It is no worse if
        the one-sided p is at most half of the level `alpha`.
    """
    full = {(row.model, row.search): row for row in rows if is_full(row)}
    best: dict[str, Row] = {}
    for row in rows:
        if not is_full(row) and (row.model, row.search) in full:
            best.setdefault(row.selection, row)
    pairs = [(row, full[row.model, row.search]) for row in best.values()]
    limits = [_tolerance(board, whole) for _, whole in pairs]
    raw = [board.gains(row.id, whole.id).p_above(-limit)
           for (row, whole), limit in zip(pairs, limits, strict=True)]
    adjusted = statistics.holm(raw)
    return tuple(_judged(board, pair, limit, p)
                 for pair, limit, p in zip(pairs, limits, adjusted, strict=True))


def compare_rows(board: Board, new: Row, old: Row) -> Comparison:
    """Test whether one row is non-inferior to another one of the same split.

    Parameters
    ----------
    board : Board
    new, old : Row

    Returns
    -------
    Comparison
        Its `reduced` is the new one, its `full` the old one.
    """
    limit = _tolerance(board, old)
    return _judged(board, (new, old), limit, board.gains(new.id, old.id).p_above(-limit))


def _tolerance(board: Board, full: Row) -> float:
    """What leaving features out may cost."""
    given = board.thresholds.selection_tolerance
    return board.thresholds.tolerance_se * board.se(full.id) if given is None else given


def _judged(board: Board, pair: tuple[Row, Row], tolerance: float, p: float) -> Comparison:
    reduced, full = pair
    limits = board.thresholds
    change = board.gain(reduced.id, full.id)
    verdict: Literal["no worse", "worse", "undecided"] = "undecided"
    if reduced.n_blocks >= limits.interval_blocks and p <= limits.alpha / 2:
        verdict = "no worse"
    elif change.high is not None and change.high < -tolerance:
        verdict = "worse"
    return Comparison(reduced, full, full.n_features - reduced.n_features, change, tolerance, p,
                      verdict)
