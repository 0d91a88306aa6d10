"""The check that only results can answer: whether the best of all tries is more than luck."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from outlast.errors import InputError
from outlast.judge.board import Row
from outlast.judge.leaderboard import Board
from outlast.judge.results import label_steps, losses_over_time
from outlast.records import Finding, Outcome

Floats = npt.NDArray[np.float64]

# Of the check that asks for this before a run, when nothing is scored yet.
CODE, TITLE = "LK307", "Best of many"
_ALPHA = 0.05
_REPEATS = 499
_MIN_BLOCKS = 4


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
        return _finding("not_applicable", "there is no baseline, or nothing to compare with it")
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


def best_of_many(
    losses: npt.ArrayLike, baseline: npt.ArrayLike, *, block: int, names: Sequence[str],
    seed: int = 0, repeats: int = _REPEATS,
) -> Finding:
    """Judge the lead of the best of many configurations over the baseline.

    Parameters
    ----------
    losses : array-like, shape (n_timestamps, n_configurations)
        Mean loss per timestamp of every configuration that was scored on these test rows,
        in order of time.
    baseline : array-like, shape (n_timestamps,)
    block : int
        Block length of the bootstrap in timestamps, at least two horizons.
    names : sequence of str
        Of the configurations.
    seed : int, default 0
    repeats : int, default 499
        Bootstrap repetitions.

    Returns
    -------
    Finding
        An issue where the p-value is above 0.05: as many configurations without skill would
        have led by as much. It never stops a run.

    Raises
    ------
    InputError
        If the shapes do not fit, or a loss is not finite.

    References
    ----------
    P. R. Hansen, "A Test for Superior Predictive Ability", *Journal of Business & Economic
    Statistics* 23 (2005), with the consistent p-value.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> baseline = rng.normal(1.0, 0.1, 200)
    >>> luck = baseline[:, None] + rng.normal(0.0, 0.1, (200, 30))
    >>> best_of_many(luck, baseline, block=2, names=[f"m{i}" for i in range(30)]).outcome
    'issue'
    """
    gains = _gains(losses, baseline, names)
    n_times, n = gains.shape
    if n_times < _MIN_BLOCKS * block:
        return _finding("not_applicable", f"{n_times} tested timestamps are fewer than "
                                          f"{_MIN_BLOCKS} blocks of {block}")
    leads = gains.mean(axis=0)
    best, lead = names[int(leads.argmax())], float(leads.max())
    p = _p_value(gains, block, seed, repeats)
    numbers = {"best": best, "lead": lead, "configurations": n, "p_value": p, "block": block}
    if lead <= 0:
        sentence = (f"None of {n} configurations beats the baseline; the best, {best}, has "
                    f"{-lead:.4g} more loss.")
    else:
        sentence = (f"The best of {n} configurations, {best}, beats the baseline by {lead:.4g} of "
                    f"loss; the best of {n} without skill would do so in {p:.1%} of cases.")
    if p < _ALPHA:
        return _finding("passed", sentence, evidence=numbers)
    action = ("Do not trust the lead: try fewer configurations, or test the best one on data that "
              "no configuration has seen.")
    return _finding("issue", sentence, action, numbers)


def _finding(
    outcome: Outcome, sentence: str, action: str = "", evidence: Mapping[str, Any] | None = None
) -> Finding:
    return Finding(code=CODE, outcome=outcome, severity="medium" if outcome == "issue" else "info",
                   title=TITLE, sentence=sentence, action=action, evidence=dict(evidence or {}),
                   anchor="validation")


def _gains(losses: npt.ArrayLike, baseline: npt.ArrayLike, names: Sequence[str]) -> Floats:
    table, base = np.asarray(losses, dtype=np.float64), np.asarray(baseline, dtype=np.float64)
    if table.ndim != 2 or base.shape != table.shape[:1] or len(names) != table.shape[1]:
        raise InputError(f"losses of shape {table.shape} need a baseline of as many rows and a "
                         f"name per column, got {base.shape} and {len(names)} names")
    gains = base[:, None] - table
    if not (gains.size and np.isfinite(gains).all()):
        raise InputError("every loss must be a finite number and there must be one: leave out "
                         "what was not scored")
    return gains


def _p_value(gains: Floats, block: int, seed: int, repeats: int) -> float:
    """Return Hansen's consistent p-value, by a circular block bootstrap of whole timestamps.

    Each mean gain is divided by its bootstrap standard error, or one wild configuration
    would hide the lead of a steady one.
    """
    means = gains.mean(axis=0)
    draws = _drawn_means(gains, block, seed, repeats)
    # A configuration that differs from the baseline by a constant has no spread.
    error = np.maximum(draws.std(axis=0, ddof=1), 1e-9 * (np.abs(gains).max() or 1.0))
    hopeless = means < -error * np.sqrt(2 * np.log(np.log(max(len(gains), 3))))
    centre = np.where(hopeless, 0.0, means)
    observed = max(0.0, float((means / error).max()))
    luck = np.maximum(0.0, ((draws - centre) / error).max(axis=1))
    # The observed lead is one of the draws, so that no p-value is zero.
    return float((1 + np.sum(luck >= observed)) / (1 + repeats))


def _drawn_means(gains: Floats, block: int, seed: int, repeats: int) -> Floats:
    """Return bootstrap means, shape (repeats, n): blocks wrap around the end of time."""
    n_times = len(gains)
    wrapped = np.vstack([np.zeros((1, gains.shape[1])), gains, gains[: block - 1]]).cumsum(axis=0)
    sums = wrapped[block:] - wrapped[:-block]
    starts = np.random.default_rng(seed).integers(0, n_times, (repeats, -(-n_times // block)))
    cells = starts + n_times * np.arange(repeats)[:, None]
    counts = np.bincount(cells.ravel(), minlength=repeats * n_times).reshape(repeats, n_times)
    return np.asarray(counts @ sums / (block * starts.shape[1]))
