"""The check that only results can answer: whether the best of all tries is more than luck."""

from __future__ import annotations

import numpy as np

from outlast.audit.best_of_many import BestOfMany, best_of_many
from outlast.judge.board import Row
from outlast.judge.leaderboard import Board
from outlast.judge.results import label_steps, losses_over_time
from outlast.records import Finding


def luck_finding(board: Board, split: str | None, seed: int) -> Finding:
    """Ask whether the best configuration of a split beats the baseline beyond luck.

    Parameters
    ----------
    board : Board
    split : str, optional
        The headline split.
    seed : int

    Returns
    -------
    Finding
        "not_applicable" where no baseline or nothing but baselines was scored.
    """
    rows = [row for row in board.of_split(split) if row.score.value is not None]
    bars = [row for row in rows if row.is_baseline]
    tried = [row for row in rows if not row.is_baseline]
    if not (bars and tried):
        return BestOfMany().not_applicable("there is no baseline, or nothing to compare with it")
    results = board.contestants[bars[0].id].results
    times = np.unique(np.concatenate([result.time for result in results]))
    several = len({row.selection for row in tried}) > 1
    losses = [losses_over_time(times, board.contestants[row.id].results) for row in tried]
    return best_of_many(
        np.column_stack(losses), losses_over_time(times, results), seed=seed,
        block=2 * max(1, label_steps(results)),
        names=[_name(row, several) for row in tried])


def _name(row: Row, several: bool) -> str:
    parts = [row.model, *[row.search] * (row.search != "none"), *[row.selection] * several]
    return " ".join(parts)
