"""The check that only results can answer: whether the best of all tries is more than luck."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Gains:
    """What each named configuration gains over the baseline, shape (n_timestamps, n)."""

    table: Floats
    names: Sequence[str]


@dataclass(frozen=True)
class Draws:
    """How the block bootstrap draws; `block` is in timestamps."""

    block: int
    seed: int = 0
    repeats: int = _REPEATS


@dataclass(frozen=True)
class Wording:
    """Which loss is told of, and whether one of the configurations is the ensemble of others."""

    loss: str
    ensemble: bool = False

    def sentence(self, n: int, best: str, lead: float, p: float) -> str:
        """By how much the best beats the baseline, and how often luck alone does."""
        among = f"{n} configurations{' (the ensemble is one of them)' * self.ensemble}"
        size = f"{abs(lead):,.0f}" if abs(lead) >= 100 else f"{abs(lead):.2g}"
        if lead <= 0:
            who = f"The one configuration, {best}, does not beat the baseline; it" if n == 1 else (
                  f"None of {among} beats the baseline; the best, {best},")
            return f"{who} has {size} more {self.loss}."
        who, luck = ("The one configuration", "one") if n == 1 else (
            f"The best of {among}", f"the best of {n}")
        return (f"{who}, {best}, beats the baseline by {size} in {self.loss}; {luck} without skill "
                f"would do so in {p:.1%} of cases.")


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
    gains = _gains(np.column_stack(losses), losses_over_time(times, results),
                   [_name(row, several) for row in tried])
    task = results[0].record.job.task
    return _judged(gains, Draws(2 * max(1, label_steps(results)), seed), Wording(
        "mean squared error" if task == "regression" else "mean log loss (nats)",
        any(row.members for row in tried)))


def _name(row: Row, several: bool) -> str:
    parts = [row.model, *[row.search] * (row.search != "none" and not row.members),
             *[row.selection] * several]
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
    return _judged(gains, Draws(block, seed, repeats), Wording("loss"))


def _judged(gains: Gains, draws: Draws, wording: Wording) -> Finding:
    n_times, n = gains.table.shape
    if n_times < _MIN_BLOCKS * draws.block:
        return _finding("not_applicable", f"{n_times} tested timestamps are fewer than "
                                          f"{_MIN_BLOCKS} blocks of {draws.block}")
    leads = gains.table.mean(axis=0)
    best, lead = gains.names[int(leads.argmax())], float(leads.max())
    p = _p_value(gains.table, draws)
    numbers = {"best": best, "lead": lead, "configurations": n, "p_value": p,
               "block": draws.block}
    sentence = wording.sentence(n, best, lead, p)
    if p < _ALPHA:
        return _finding("passed", sentence, evidence=numbers)
    action = ("Do not trust the lead: try fewer configurations, or test the best one on data that "
              "no configuration has seen.") if n > 1 else (
              "Do not trust the lead: test it on data that it has not seen.")
    return _finding("issue", sentence, action, numbers)


def _finding(
    outcome: Outcome, sentence: str, action: str = "", evidence: Mapping[str, Any] | None = None
) -> Finding:
    return Finding(code=CODE, outcome=outcome, severity="medium" if outcome == "issue" else "info",
                   title=TITLE, sentence=sentence, action=action, evidence=dict(evidence or {}),
                   anchor="validation")


def _gains(losses: npt.ArrayLike, baseline: npt.ArrayLike, names: Sequence[str]) -> Gains:
    table, base = np.asarray(losses, dtype=np.float64), np.asarray(baseline, dtype=np.float64)
    if table.ndim != 2 or base.shape != table.shape[:1] or len(names) != table.shape[1]:
        raise InputError(f"losses of shape {table.shape} need a baseline of as many rows and a "
                         f"name per column, got {base.shape} and {len(names)} names")
    gains = base[:, None] - table
    if not (gains.size and np.isfinite(gains).all()):
        raise InputError("every loss must be a finite number and there must be one: leave out "
                         "what was not scored")
    return Gains(gains, names)


def _p_value(gains: Floats, how: Draws) -> float:
    """Return Hansen's consistent p-value, by a circular block bootstrap of whole timestamps.

    Each mean gain is divided by its bootstrap standard error, or one wild configuration
    would hide the lead of a steady one.
    """
    means = gains.mean(axis=0)
    draws = _drawn_means(gains, how)
    # A configuration that differs from the baseline by a constant has no spread.
    error = np.maximum(draws.std(axis=0, ddof=1), 1e-9 * (np.abs(gains).max() or 1.0))
    hopeless = means < -error * np.sqrt(2 * np.log(np.log(max(len(gains), 3))))
    centre = np.where(hopeless, 0.0, means)
    observed = max(0.0, float((means / error).max()))
    luck = np.maximum(0.0, ((draws - centre) / error).max(axis=1))
    # The observed lead is one of the draws, so that no p-value is zero.
    return float((1 + np.sum(luck >= observed)) / (1 + how.repeats))


def _drawn_means(gains: Floats, how: Draws) -> Floats:
    """Return bootstrap means, shape (repeats, n): blocks wrap around the end of time."""
    n_times, block, repeats = len(gains), how.block, how.repeats
    wrapped = np.vstack([np.zeros((1, gains.shape[1])), gains, gains[: block - 1]]).cumsum(axis=0)
    sums = wrapped[block:] - wrapped[:-block]
    starts = np.random.default_rng(how.seed).integers(0, n_times, (repeats, -(-n_times // block)))
    cells = starts + n_times * np.arange(repeats)[:, None]
    counts = np.bincount(cells.ravel(), minlength=repeats * n_times).reshape(repeats, n_times)
    return np.asarray(counts @ sums / (block * starts.shape[1]))
