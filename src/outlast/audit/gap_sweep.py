"""If the last labels before the test are worth far more than older ones, they know too much."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from outlast.audit.base import Facts, Floats, Measured, Positions, StatisticalCheck
from outlast.audit.probe import Probe
from outlast.audit.surrogates import dense
from outlast.audit.time_blocks import horizon_steps, p_above, too_little
from outlast.records import Finding
from outlast.splits import ExpandingWindowSplit

_NOTABLE = 0.03
_WINDOWS = {"quick": 12, "full": 24}
_MIN_TRAIN = 12  # horizons
_MAX_TRAIN, _MAX_TEST = 3_000, 1_000
_TREES = 40


class GapSweep(StatisticalCheck):
    """Trains on what ends ever longer before short test windows, beyond the declared purge.

    With honest label ends the score falls slowly and evenly, as the world drifts. If labels
    really run longer than declared, the last train rows share them with the test: the score
    falls off a cliff until the gap covers the rest, and then no more.

    The cliff at a gap g is ``(s(0) - s(g)) - (s(g) - s(2 g))`` in each window, for g of half
    a horizon, one and two; it is found where labels run up to five times as long as
    declared. The score is the share of the target's variance (of the ranks of a numeric
    target) that is explained, which needs no two classes in a short window.
    """

    code = "LK305"
    title = "Gap sweep"
    finds = "labels that run longer than their declared end"

    def measure(self, facts: Facts) -> Measured | Finding:
        """Score every window at every gap and test the cliffs."""
        if reason := too_little(facts):
            return self.not_applicable(reason)
        horizon = horizon_steps(facts)
        if horizon == 0:
            return self.not_applicable("labels end at their own row: nothing can reach too far")
        folds = _folds(facts, horizon, _WINDOWS.get(facts.level, _WINDOWS["quick"]))
        if not folds:
            return self.not_applicable(f"{_WINDOWS['quick']} test windows two horizons apart do "
                                       f"not fit after {_MIN_TRAIN} horizons to train on")
        half = -(-horizon // 2)
        gaps = [0, half, 2 * half, 4 * half, 8 * half]
        scores = np.array([[_score(facts, train, test, gap) for gap in gaps]
                           for train, test in folds])
        by_gap = dict(zip(gaps, scores.T, strict=True))
        cliffs = {g: by_gap[0] - 2 * by_gap[g] + by_gap[2 * g] for g in gaps[1:-1]}
        gap = min(cliffs, key=lambda g: p_above(cliffs[g]))
        cliff = float(cliffs[gap].mean())
        shown = ", ".join(f"{by_gap[g].mean():.3f} ({g})" for g in gaps)
        return Measured(
            min(1.0, p_above(cliffs[gap]) * len(cliffs)), cliff >= _NOTABLE,
            f"Explained variance by gap beyond the purge, in steps: {shown}; mean of {len(folds)} "
            f"test windows. The first {gap} steps cost {cliff:.3f} more than the next {gap}.",
            "Check that horizon or label_end covers all the time that a label looks at; if it "
            "does, the target is remembered for about a horizon: a gap shows what remains.",
            {"scores": {str(g): float(by_gap[g].mean()) for g in gaps}, "windows": len(folds),
             "gap": gap, "cliff": cliff, "horizon": horizon})


def _folds(facts: Facts, horizon: int, wanted: int) -> list[tuple[Positions, Positions]]:
    """Return windows a horizon long, spread over the timeline, each with all the past."""
    panel = facts.panel
    rows = np.flatnonzero(panel.usable & dense(facts))
    time = panel.time.ns[rows]
    n_times = np.unique(time).size
    step = (n_times - max(_MIN_TRAIN * horizon, n_times // 4)) // wanted
    if step < 2 * horizon:
        return _folds(facts, horizon, _WINDOWS["quick"]) if wanted > _WINDOWS["quick"] else []
    splitter = ExpandingWindowSplit(wanted, test_size=horizon, step=step)
    return [(rows[fold.train], rows[fold.test])
            for fold in splitter.folds(time, panel.label_end[rows])]


def _score(facts: Facts, train: Positions, test: Positions, gap: int) -> float:
    """Return the share of variance that the probe explains if train labels end a gap earlier."""
    panel = facts.panel
    distinct = np.unique(panel.time.ns[panel.usable])
    cut = np.searchsorted(distinct, panel.time.ns[test[0]])
    known = panel.label_end[train] <= distinct[cut - gap]
    # The most recent rows: whatever reaches into the test does so from there.
    train, test = train[known][-_MAX_TRAIN:], test[:_MAX_TEST]
    y, task = _bounded(facts), panel.task
    guess = Probe(facts.features, train, test, trees=_TREES, seed=facts.seed).predict(y, task)
    return 1 - _squared_error(y[test], guess) / _variance(y[panel.usable], task)


def _bounded(facts: Facts) -> Floats:
    """Return the target; a numeric one as ranks, so that no single window decides."""
    if facts.panel.task != "regression":
        return facts.panel.y
    y = np.full(facts.panel.n_rows, np.nan)
    values = facts.panel.y[facts.panel.usable]
    y[facts.panel.usable] = np.searchsorted(np.sort(values), values) / values.size
    return y


def _squared_error(y: Floats, guess: Floats) -> float:
    if guess.ndim == 1:
        return float(np.mean((y - guess) ** 2))
    truth: npt.NDArray[np.float64] = np.eye(guess.shape[1])[y.astype(int)]
    return float(np.mean(((truth - guess) ** 2).sum(axis=1)))


def _variance(y: Floats, task: str) -> float:
    if task != "multiclass":
        return float(y.var())
    share = np.bincount(y.astype(int)) / y.size
    return float((share * (1 - share)).sum())
