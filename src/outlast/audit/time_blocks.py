"""How much independent evidence a panel holds, and p-values that do not count more than that."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

from outlast.audit.base import Facts, Floats, Positions
from outlast.splits import TemporalSplit

Codes = npt.NDArray[np.int64]

MIN_BLOCKS = 4
_MAX_BLOCKS = 20
_HORIZONS_PER_BLOCK = 3
_MIN_ROWS = 200
# Entities seen less often than this are too short to be compared with themselves.
_ROWS_PER_ENTITY = 20


def no_split(facts: Facts) -> str | None:
    """Return why a statistical check cannot say anything about the splits, if so."""
    return too_little(facts) if facts.honest else "no honest split is planned"


def too_little(facts: Facts) -> str | None:
    """Return why a statistical check cannot say anything about the panel, if so."""
    usable = facts.panel.usable
    if usable.sum() < _MIN_ROWS:
        return f"{usable.sum()} labelled rows are too few; statistical checks need {_MIN_ROWS}"
    if np.ptp(facts.panel.y[usable]) == 0:
        return "every label is the same"
    n_blocks = _n_blocks(facts.panel.time.ns[usable], horizon_steps(facts))
    if n_blocks < 2 * MIN_BLOCKS:
        return (f"the data are {n_blocks} blocks of three horizons long; statistical checks need "
                f"{2 * MIN_BLOCKS}")
    return None


def horizon_steps(facts: Facts) -> int:
    """Return how many distinct timestamps a label reaches ahead, in the median."""
    usable = facts.panel.usable
    time, end = facts.panel.time.ns[usable], facts.panel.label_end[usable]
    distinct = np.unique(time)
    reach = np.searchsorted(distinct, end, "right") - np.searchsorted(distinct, time, "right")
    return int(np.median(reach)) if reach.size else 0


def time_blocks(time: npt.NDArray[np.int64], horizon: int) -> Codes:
    """Cut timestamps into contiguous blocks that are nearly independent of each other.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
    horizon : int
        Timestamps that a label reaches ahead; a block is at least three times as long.

    Returns
    -------
    ndarray of int64, shape (n,)
        Number of each row's block; all 0 when there is too little time for more than three.

    Examples
    --------
    >>> time_blocks(np.arange(12), 1).tolist()
    [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
    """
    distinct, place = np.unique(time, return_inverse=True)
    n_blocks = min(_n_blocks(time, horizon), _MAX_BLOCKS)
    if n_blocks < MIN_BLOCKS:
        return np.zeros(time.size, dtype=np.int64)
    return (place * n_blocks // distinct.size).astype(np.int64)


def _n_blocks(time: npt.NDArray[np.int64], horizon: int) -> int:
    return np.unique(time).size // max(1, _HORIZONS_PER_BLOCK * horizon)


def p_above(values: Floats, null: float = 0.0) -> float:
    """Return the one-sided p-value of Student's t-test that the mean is not above `null`.

    Parameters
    ----------
    values : ndarray, shape (k,)
        Nearly independent; NaN is left out.
    null : float, default 0.0

    Returns
    -------
    float
        1 where fewer than `MIN_BLOCKS` values are known.

    Examples
    --------
    >>> round(p_above(np.array([0.6, 0.5, 0.7, 0.6]), null=0.5), 3)
    0.046
    """
    known = values[np.isfinite(values)]
    if known.size < MIN_BLOCKS:
        return 1.0
    excess = float(known.mean()) - null
    # Equal values would divide by zero: 1e-9 keeps the sign and nothing else.
    error = max(float(known.std(ddof=1)), 1e-9) / np.sqrt(known.size)
    return float(special.stdtr(known.size - 1, -excess / error))


def usable_rows(facts: Facts, rows: Positions) -> Positions:
    """Return the labelled ones of some rows of the panel, in order of time."""
    return np.sort(rows[facts.panel.usable[rows]])


def forward_folds(facts: Facts) -> list[tuple[Positions, Positions]]:
    """Return labelled train and test rows of the headline, the first honest split.

    Where that split also trains on what comes after its test, which flatters anything slow,
    the last fifth of time is the test instead.
    """
    headline = next(iter(facts.honest.values())).folds
    folds = [(usable_rows(facts, fold.train), usable_rows(facts, fold.test)) for fold in headline]
    time = facts.panel.time.ns
    if folds and all(a.size and b.size and time[a[-1]] < time[b[0]] for a, b in folds):
        return folds
    return [holdout(facts, 0.2)]


def holdout(facts: Facts, test_size: float, gap: int = 0) -> tuple[Positions, Positions]:
    """Return the labelled rows of a purged holdout at the end of time."""
    rows = np.flatnonzero(facts.panel.usable)
    fold = TemporalSplit(test_size, gap=gap).folds(
        facts.panel.time.ns[rows], facts.panel.label_end[rows])[0]
    return rows[fold.train], rows[fold.test]


def own_rows(facts: Facts) -> Codes:
    """Return the stratum in which rows are compared: their entity, where it is seen often."""
    entity = facts.panel.entity
    often = facts.panel.usable.sum() >= _ROWS_PER_ENTITY * np.unique(entity).size
    return entity if often else np.zeros_like(entity)


def whole_entities(facts: Facts, limit: float) -> Positions:
    """Return all labelled rows of some entities, drawn so that there are about `limit` rows.

    There is always one entity, however long it is.
    """
    entity, usable = facts.panel.entity, facts.panel.usable
    chance = np.random.default_rng(facts.seed).random(int(entity.max()) + 1)
    share = max(limit / max(1, usable.sum()), chance[entity[usable]].min(initial=1.0))
    return np.flatnonzero(usable & (chance <= share)[entity])


def draw(rows: Positions, limit: int, seed: int) -> Positions:
    """Return at most `limit` rows, spread evenly over time, the same for the same seed."""
    if rows.size <= limit:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, limit, replace=False))
