"""What a model will score on time that nobody has seen yet: a number that is meant to come true.

The score of the forward folds, of which recent ones count more, is corrected for having been
chosen as the best, and for the age that the model will have; its interval counts what is
uncertain about the past and what the next window will bring: its own sampling, and that windows
differ.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from outlast.judge import statistics
from outlast.judge.blocks import Scores
from outlast.judge.board import Ageing, Interval, Promise, Row
from outlast.judge.confidence_set import selection_optimism
from outlast.judge.leaderboard import Board, Contestant
from outlast.judge.thresholds import Thresholds
from outlast.judge.wording import number, signed, signed_number
from outlast.metrics import Metric

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

_DAY = 86_400 * 10**9
_WITHIN_ONE = ("roc_auc", "average_precision", "roc_auc_ovr", "accuracy")


@dataclass(frozen=True)
class Window:
    """The stretch of time that a promise is about.

    Attributes
    ----------
    n_times : int
        Its timestamps.
    mean_age : float, optional
        Nanoseconds between the end of training and the middle of it.
    """

    n_times: int
    mean_age: float | None = None


@dataclass(frozen=True)
class Spread:
    """How much the score of a window varies.

    Attributes
    ----------
    within : float
        Variance of one block of time inside its window.
    between : float
        Variance of the windows beyond what their blocks explain.
    n_blocks, n_windows : int
        A window of the past holds their ratio of blocks.
    n_effective : float
        As how many windows of equal weight those of the past count.
    """

    within: float
    between: float
    n_blocks: int
    n_windows: int
    n_effective: float

    @classmethod
    def of(
        cls, values: Floats, window: Ints, half_life: float = Thresholds.recency_half_life
    ) -> Spread:
        """Estimate both by the analysis of variance with one random factor."""
        labels, at, sizes = np.unique(window, return_inverse=True, return_counts=True)
        means = np.bincount(at, values) / sizes
        freedom = values.size - labels.size
        within = float(((values - means[at]) ** 2).sum() / freedom) if freedom > 0 else 0.0
        between = float(means.var(ddof=1)) if labels.size > 1 else 0.0
        weights = recency(labels.size, half_life)
        return cls(within, max(0.0, between - within * float(np.mean(1 / sizes))), values.size,
                   labels.size, 1 / float(weights @ weights))

    def ahead(self, n_blocks: float) -> tuple[float, float]:
        """Return standard deviation and degrees of freedom of a coming window's score.

        Parameters
        ----------
        n_blocks : float
            Its length in blocks. One that is longer than those of the past is a mean of several.

        References
        ----------
        F. E. Satterthwaite, *Biometrics Bulletin* 2 (1946), for the degrees of freedom.
        """
        n_ahead = max(1.0, n_blocks * self.n_windows / self.n_blocks)
        shift = self.between * (1 / n_ahead + 1 / self.n_effective)
        counted = self.n_blocks * self.n_effective / self.n_windows
        noise = self.within * (1 / counted + 1 / n_blocks)
        if shift + noise == 0:
            return 0.0, float(self.n_blocks - 1)
        parts = ((shift, self.n_windows - 1), (noise, self.n_blocks - self.n_windows))
        lost = sum(part**2 / max(1, free) for part, free in parts)
        return math.sqrt(shift + noise), (shift + noise) ** 2 / lost


def recency(n_windows: int, half_life: float = Thresholds.recency_half_life) -> Floats:
    """Return the weight of each window of the past, oldest first; they sum to one.

    Parameters
    ----------
    n_windows : int
    half_life : float, default 2.0
        Windows after which one counts half.

    Examples
    --------
    >>> recency(3).round(3).tolist()
    [0.227, 0.32, 0.453]
    """
    weights = 0.5 ** (np.arange(n_windows)[::-1] / half_life)
    return np.asarray(weights / weights.sum())


def make_promise(
    board: Board, row_id: str, window: Window | None = None, *, calendar: bool = True
) -> Promise | None:
    """Return what a row of the leaderboard will score on the time that comes.

    Parameters
    ----------
    board : Board
    row_id : str
    window : Window, optional
        Default: one as long as the mean fold of the row's split, as old as its folds.
    calendar : bool, default True
        Whether times are of a real clock: ageing is told in days, of which plain counts have none.

    Returns
    -------
    Promise or None
        None where the row was not scored.
    """
    contestant = board.contestants[row_id]
    if contestant.score is None:
        return None
    blocks, limits = contestant.blocks, contestant.thresholds
    per_block = blocks.blocks.times.size / blocks.blocks.sizes[0]
    n_times = window.n_times if window else blocks.blocks.times.size / len(contestant.results)
    sign = 1.0 if board.metric.greater_is_better else -1.0
    ageing = fit_ageing(contestant) if calendar else None
    older = _age_correction(ageing, window, limits.ageing_alpha)
    optimism = _optimism(board, contestant)
    windows = _windows(contestant)
    recent = _recent(blocks.over_time, windows, limits.recency_half_life)
    expected = contestant.score + recent + older - sign * optimism
    interval = Interval(value=expected)
    spread = Spread.of(blocks.over_time, windows, limits.recency_half_life)
    if blocks.blocks.suffice:
        sd, freedom = spread.ahead(n_times / per_block)
        margin = statistics.t_quantile((1 + limits.promise_level) / 2, freedom) * sd
        interval = interval_of(board.metric, expected, margin)
    row = next(row for row in board.rows if row.id == row_id)
    made = Promise(row=row_id, model=row.model, search=row.search, selection=row.selection,
                   split=row.split, score=interval, level=limits.promise_level,
                   forward=contestant.score, optimism=optimism, recent=recent, older=older,
                   between_windows=math.sqrt(spread.between),
                   within_windows=math.sqrt(spread.within * per_block / n_times),
                   n_windows=spread.n_windows, ageing=ageing,
                   retrain_days=_retrain_days(ageing, row, sign, limits), sentence="")
    return made.model_copy(update={"sentence": _sentence(
        made, board.metric.name, row.n_folds, limits.retrain_share)})


def _retrain_days(
    ageing: Ageing | None, row: Row, sign: float, limits: Thresholds
) -> float | None:
    """The age at which much of the lead over the baseline is lost; None if age does not tell."""
    lead = row.over_baseline.value if row.over_baseline else None
    if ageing is None or ageing.p > limits.ageing_alpha or lead is None or lead <= 0:
        return None
    lost = -sign * (ageing.per_day.value or 0.0)
    return limits.retrain_share * lead / lost if lost > 0 else None


def _sentence(promise: Promise, metric: str, n_folds: int, lost_share: float) -> str:
    score, level = promise.score, f"{100 * promise.level:.0f} %"
    if score.low is None:
        return (f"{promise.label} is expected to score {metric} {number(score.value)} on what "
                "comes next; the held-out time is too short for an interval.")
    corrections = [f"{signed_number(promise.recent)} as recent ones count more",
                   f"{number(promise.optimism)} worse for having been chosen among others"]
    if promise.older:
        corrections.append(f"{signed_number(promise.older)} for its age")
    return (f"{promise.label} is expected to score {metric} {number(score.value)} on what comes "
            f"next ({level} interval {number(score.low)} to {number(score.high)}): "
            f"{number(promise.forward)} over {n_folds} past window{'s' * (n_folds > 1)}, "
            f"{', '.join(corrections)}. {_ageing_text(promise, lost_share)}")


def _ageing_text(promise: Promise, lost_share: float) -> str:
    if promise.ageing is None:
        return "Whether it ages could not be measured."
    month = Interval(**{end: None if value is None else 30 * value
                        for end, value in promise.ageing.per_day.model_dump().items()})
    told = f"{signed(month)} for every 30 days since training"
    if promise.retrain_days is not None:
        return (f"It ages: {told}; {lost_share:.0%} of its lead is lost after "
                f"{promise.retrain_days:.0f} days, so retrain by then.")
    return (f"No ageing can be told within {promise.ageing.oldest_days:.0f} days ({told}): "
            "retrain at your convenience.")


def interval_of(metric: Metric, expected: float, margin: float) -> Interval:
    """Return a score with an interval that stays where scores of a metric can lie.

    Examples
    --------
    >>> from outlast.metrics import METRICS
    >>> interval_of(METRICS["roc_auc"], 0.9, 0.2).high
    1.0
    """
    if not metric.greater_is_better and expected > 0:
        # Losses are skewed: what doubles is as likely as what halves.
        factor = math.exp(margin / expected)
        return Interval(value=expected, low=expected / factor, high=expected * factor)
    most = 1.0 if metric.name in _WITHIN_ONE else math.inf
    least = 0.0 if metric.name in _WITHIN_ONE else -math.inf
    return Interval(value=expected, low=max(least, expected - margin),
                    high=min(most, expected + margin))


def _optimism(board: Board, contestant: Contestant) -> float:
    """What choosing the best of the split's configurations has flattered it by.

    Single models are chosen among themselves; the ensemble may win against all of them.
    """
    split = contestant.results[0].split
    rivals = [row.id for row in board.of_split(split)
              if not row.is_baseline and row.score.value is not None
              and (contestant.members or not row.members)]
    if contestant.id not in rivals:
        return 0.0
    return selection_optimism(gain_matrix(board, rivals))


def gain_matrix(board: Board, rows: Sequence[str]) -> Floats:
    """Return the score per block of time of some rows of one split, more is better.

    Returns
    -------
    ndarray, shape (n_rows, n_blocks)
    """
    sign = 1.0 if board.metric.greater_is_better else -1.0
    return np.stack([sign * board.contestants[row].blocks.over_time for row in rows])


def fold_of_block(contestant: Contestant) -> Ints:
    """Return which fold tests each block of time; the last one where several do.

    Returns
    -------
    ndarray of int, shape (n_blocks,)
    """
    blocks = contestant.blocks.blocks
    owner = np.zeros(blocks.sizes[0], dtype=np.intp)
    for at, result in enumerate(contestant.results):
        owner[np.unique(blocks.block[np.searchsorted(blocks.times, result.time)])] = at
    return owner


def _windows(contestant: Contestant) -> Ints:
    """Which window each block belongs to: the folds, or runs of blocks where there are few."""
    owner = fold_of_block(contestant)
    if np.unique(owner).size >= contestant.thresholds.min_windows:
        return np.unique(owner, return_inverse=True)[1]
    return np.arange(owner.size, dtype=np.intp) // contestant.thresholds.window_blocks


def _recent(values: Floats, window: Ints, half_life: float) -> float:
    """What counting recent windows more does to the mean."""
    means = np.bincount(window, values) / np.bincount(window)
    return float(recency(means.size, half_life) @ means - means.mean())


def fit_ageing(contestant: Contestant) -> Ageing | None:
    """Return how the score changes with the time since training, None where nothing tells.

    A straight line through the blocks, with a level of its own for each fold, so that what
    differs between the folds is not taken for age.

    Parameters
    ----------
    contestant : Contestant

    Returns
    -------
    Ageing or None
        None with few degrees of freedom, or if the split trains on both sides.
    """
    blocks, owner = contestant.blocks, fold_of_block(contestant)
    ends = np.array([result.record.audit.train_end if result.record.audit else 0
                     for result in contestant.results], dtype=np.int64)
    age = (_middles(blocks) - ends[owner]).astype(np.float64)
    freedom = owner.size - np.unique(owner).size - 1
    if freedom < contestant.thresholds.ageing_freedom or (age < 0).any():
        return None
    x, y = (_within(values, owner) for values in (age, blocks.over_time))
    power = float(x @ x)
    if power == 0:
        return None
    slope = float(x @ y) / power
    rest = y - slope * x
    se = math.sqrt(float(rest @ rest) / freedom / power)
    margin = statistics.t_quantile(0.975, freedom) * se
    per_day = Interval(value=slope * _DAY, low=(slope - margin) * _DAY,
                       high=(slope + margin) * _DAY)
    p = 2 * statistics.t_tail(abs(slope) / se, freedom) if se > 0 else float(slope == 0)
    return Ageing(per_day=per_day, p=p, mean_age_days=float(age.mean()) / _DAY,
                  oldest_days=float(age.max()) / _DAY)


def _age_correction(ageing: Ageing | None, window: Window | None, alpha: float) -> float:
    """How the score changes from the age of the folds to that of the window, if it does."""
    if ageing is None or window is None or window.mean_age is None or ageing.p > alpha:
        return 0.0
    assert ageing.per_day.value is not None, "a slope was fitted"
    # A line is not followed beyond the ages that were seen.
    age = min(window.mean_age / _DAY, ageing.oldest_days)
    return ageing.per_day.value * (age - ageing.mean_age_days)


def _middles(blocks: Scores) -> npt.NDArray[np.int64]:
    made = blocks.blocks
    last = made.times[np.searchsorted(made.block, np.arange(made.sizes[0]), "right") - 1]
    return (made.starts + last) // 2


def _within(values: Floats, owner: Ints) -> Floats:
    """Deviations from the mean of each fold."""
    means = np.bincount(owner, values) / np.maximum(np.bincount(owner), 1)
    return values - means[owner]
