"""Which rule of choosing a model would have served best: every rule at every past cut.

At each fold a rule sees the folds before it, chooses a configuration, and is scored by what
that one did in the fold itself, as the audition of model selection in public policy does
(Ye et al., "Using machine learning to help vulnerable tenants", COMPASS 2019; triage).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from outlast.judge.blocks import Scores
from outlast.judge.board import Interval, Row, RuleCard
from outlast.judge.leaderboard import Board, Contestant
from outlast.judge.promise import fold_of_block, gain_matrix

Floats = npt.NDArray[np.float64]

USUAL = "best_mean"


@dataclass(frozen=True)
class Past:
    """What a rule may look at.

    Attributes
    ----------
    scores : ndarray, shape (n_rows, n_folds)
        Fold scores before the cut, more is better.
    se : float
        Standard error of a mean of them; NaN where too few blocks of time tell it.
    cost : ndarray, shape (n_rows,)
        Seconds of fitting and searching.
    """

    scores: Floats
    se: float
    cost: Floats


def _best_mean(past: Past) -> int:
    return int(past.scores.mean(axis=1).argmax())


def _recent(past: Past) -> int:
    weights = 0.5 ** np.arange(past.scores.shape[1])[::-1]
    return int((past.scores @ weights).argmax())


def _last_window(past: Past) -> int:
    return int(past.scores[:, -1].argmax())


def _worst_window(past: Past) -> int:
    return int(past.scores.min(axis=1).argmax())


def _cheapest(past: Past) -> int:
    means = past.scores.mean(axis=1)
    # Where the noise is not known, only the best is within it.
    near = np.flatnonzero(means >= means.max() - np.nan_to_num(past.se))
    return int(near[past.cost[near].argmin()])


RULES: Mapping[str, tuple[str, Callable[[Past], int]]] = {
    USUAL: ("the best mean over all windows so far", _best_mean),
    "recency_weighted": ("a mean in which each window counts half of the next", _recent),
    "last_window": ("the best in the last window", _last_window),
    "worst_window": ("the best worst window", _worst_window),
    "cheapest_within_noise": ("the cheapest within one standard error of the best mean",
                              _cheapest),
}


@dataclass(frozen=True)
class Audition:
    """The configurations of one split, fold by fold.

    Attributes
    ----------
    board : Board
    rows : sequence of Row
    """

    board: Board
    rows: Sequence[Row]

    @cached_property
    def scores(self) -> Floats:
        """Shape (n_rows, n_folds), more is better; NaN where a fold has no score."""
        name, sign = self.board.metric.name, 1.0 if self.board.metric.greater_is_better else -1.0
        return sign * np.array([
            [result.record.scores.get(name) for result in self.board.contestants[row.id].results]
            for row in self.rows], dtype=np.float64)

    def past(self, n_folds: int) -> Past:
        """What is known after so many folds."""
        cost = np.array([row.fit_seconds + row.search_seconds for row in self.rows])
        return Past(self.scores[:, :n_folds], self.board.se(self.rows[0].id), cost)

    def picks(self, rule: Callable[[Past], int]) -> list[int]:
        """The row that a rule takes for each fold but the first."""
        return [rule(self.past(fold)) for fold in range(1, self.scores.shape[1])]

    def card(self, name: str) -> RuleCard:
        """What a rule has chosen, and what that would have cost."""
        description, rule = RULES[name]
        mine, usual = self.picks(rule), self.picks(RULES[USUAL][1])
        folds = np.arange(1, self.scores.shape[1])
        got = self.scores[mine, folds]
        sign = 1.0 if self.board.metric.greater_is_better else -1.0
        return RuleCard(
            rule=name, description=description, score=sign * float(got.mean()),
            regret=float((self.scores[:, folds].max(axis=0) - got).mean()),
            over_usual=self._difference(mine, usual),
            picks=tuple(self.rows[at].label for at in mine),
            n_others=sum(a != b for a, b in zip(mine, usual, strict=True)),
            row=self.rows[rule(self.past(self.scores.shape[1]))].id)

    def _difference(self, mine: Sequence[int], usual: Sequence[int]) -> Interval:
        """What one series of choices gains over another, by the blocks of the folds."""
        gains = gain_matrix(self.board, [row.id for row in self.rows])
        blocks = self.board.contestants[self.rows[0].id].blocks
        fold = fold_of_block(self.board.contestants[self.rows[0].id])
        judged = np.flatnonzero(fold > 0)
        a, b = (np.array(picks)[fold[judged] - 1] for picks in (mine, usual))
        values, weights = np.zeros(blocks.values.size), np.zeros(blocks.values.size)
        values[judged] = gains[a, judged] - gains[b, judged]
        weights[judged] = blocks.weights[judged]
        made = Scores(values, weights / weights.sum(), blocks.blocks)
        return made.interval(made.mean, self.board.thresholds.audition_level)


def compare_rules(board: Board, split: str | None) -> tuple[RuleCard, ...]:
    """Let every rule choose at every past cut of a split, and say what it would have cost.

    Parameters
    ----------
    board : Board
    split : str, optional
        A split whose folds go forward in time.

    Returns
    -------
    tuple of RuleCard
        The chosen rule first; empty where there are too few folds, or where they do not
        follow each other. The rule of the best mean is kept unless another one has
        chosen otherwise at some cuts and served better by an interval that excludes zero.
    """
    rows = [row for row in board.of_split(split)
            if not row.is_baseline and row.score.value is not None and not row.members]
    if not rows or not _goes_forward(board.contestants[rows[0].id]):
        return ()
    audition = Audition(board, rows)
    if not np.isfinite(audition.scores).all():
        return ()
    cards = [audition.card(name) for name in RULES]
    least = board.thresholds.audition_choices
    better = [card for card in cards
              if card.n_others >= least and (card.over_usual.low or 0.0) > 0]
    chosen = min(better, key=lambda card: card.regret).rule if better else USUAL
    marked = [card.model_copy(update={"chosen": card.rule == chosen}) for card in cards]
    return tuple(sorted(marked, key=lambda card: (not card.chosen, card.regret)))


def _goes_forward(contestant: Contestant) -> bool:
    """Whether there are folds enough, one after the other, each trained on what was before."""
    audits = [result.record.audit for result in contestant.results]
    if len(audits) < contestant.thresholds.audition_folds or any(audit is None for audit in audits):
        return False
    starts = [audit.test_start for audit in audits if audit]
    return starts == sorted(set(starts)) and all(
        audit.train_end < audit.test_start for audit in audits if audit)
