"""If a model can tell the test rows from the train rows, the world has moved in between."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
from scipy import stats

from outlast.audit.base import Facts, Floats, Measured, Positions, StatisticalCheck
from outlast.audit.probe import Probe
from outlast.audit.time_blocks import draw, forward_folds, no_split
from outlast.features import FeatureTable
from outlast.records import Finding

_NOTABLE = 0.1
_CLOCK = 0.95
_ROTATIONS = 15
_PIECES = 3
_MAX_ROWS = 4_000
_TREES = 30
_SHOWN = 3


class AdversarialValidation(StatisticalCheck):
    """Learns to tell the headline's last test window from its train rows.

    Both sides are cut into three stretches of time; each third is scored by a model of the
    other two, so that being neighbours in time is no help. Any two periods differ, so the
    score is compared with that of fifteen other windows of the same length, rotated along
    the timeline. Features that only count time are left out.
    """

    code = "LK306"
    title = "Drift between train and test"
    finds = "features whose distribution in the test window is unlike any time before"
    only_tip = True

    def measure(self, facts: Facts) -> Measured | Finding:
        """Compare the test window with other windows of its length."""
        if reason := no_split(facts):
            return self.not_applicable(reason)
        train, test = forward_folds(facts)[-1]
        rows = draw(np.union1d(train, test), _MAX_ROWS, facts.seed)
        table = _without_clocks(facts, rows)
        if not table.lineage:
            return self.not_applicable("every feature is a part of the calendar or counts time")
        share = np.isin(rows, test).mean()
        if min(share, 1 - share) * rows.size < 10 * _PIECES:
            return self.not_applicable(f"the test window holds {share:.0%} of the rows, too few "
                                       "or too many to compare it with other windows")
        windows = _windows(facts.panel.time.ns[rows], share)
        observed, *others = (_told_apart(table, rows, window, facts.seed) for window in windows)
        p, typical = _p_value(observed, np.array(others)), float(np.mean(others))
        top = _drivers(table, rows, windows[0], facts.seed)
        return Measured(
            p, observed - typical >= _NOTABLE,
            f"A model tells the test window from the train rows with ROC AUC {observed:.3f}; for "
            f"{len(others)} other windows of its length it is {typical:.3f} on average. "
            f"{', '.join(f'`{name}`' for name in top)} differ most.",
            "This is drift, not a leak: expect scores to fall with time, compare features as "
            "ranks or changes instead of levels, and train again often.",
            {"auc": observed, "others": typical, "windows": len(others), "features": top})


def _without_clocks(facts: Facts, rows: Positions) -> FeatureTable:
    """Drop the parts of the calendar and what rises or falls with time throughout."""
    table, clock = facts.features, pl.Series(facts.panel.time.ns[rows])
    kept = [entry for entry in table.lineage if entry.family != "calendar"
            and not _counts_time(table.frame[entry.feature][rows], clock)]
    return replace(table, frame=table.frame.select(entry.feature for entry in kept),
                   lineage=tuple(kept))


def _counts_time(column: pl.Series, clock: pl.Series) -> bool:
    if column.dtype == pl.String:
        return False
    known = pl.DataFrame({"x": column, "t": clock}).filter(pl.col("x").is_finite())
    rho = known.select(pl.corr(pl.col("x").rank(), pl.col("t").rank())).item()
    return rho is not None and abs(rho) > _CLOCK


def _windows(time: Positions, share: float) -> list[Positions]:
    """Return windows of rows: the last one of its share of time, then others, evenly spread.

    Each is a rotation of the last, so that one may begin before the end and go on from the
    start of the data.
    """
    distinct, place = np.unique(time, return_inverse=True)
    size = distinct.size
    length = int(np.clip(round(share * size), 1, size - 1))
    offsets = np.linspace(0, size, _ROTATIONS + 1, endpoint=False).round().astype(int)
    age = (size - 1 - place)
    return [np.flatnonzero((age - offset) % size < length) for offset in offsets]


def _told_apart(table: FeatureTable, rows: Positions, window: Positions, seed: int) -> float:
    """Return the out-of-fold AUC of "is in the window", in thirds of time of either side."""
    inside = np.zeros(table.frame.height)
    inside[rows[window]] = 1
    outside = np.setdiff1d(np.arange(rows.size), window)
    pieces = [np.concatenate(pair) for pair in zip(
        np.array_split(rows[window], _PIECES), np.array_split(rows[outside], _PIECES), strict=True)]
    scores = []
    for held_out in pieces:
        rest = np.setdiff1d(rows, held_out)
        probe = Probe(table, rest, np.sort(held_out), trees=_TREES, seed=seed)
        scores.append(probe.score(inside, "binary"))
    return float(np.mean(scores))


def _p_value(observed: float, others: Floats) -> float:
    """One-sided prediction test of "the observed value is drawn like the others"."""
    error = max(float(others.std(ddof=1)), 1e-9) * np.sqrt(1 + 1 / others.size)
    return float(stats.t.sf((observed - others.mean()) / error, others.size - 1))


def _drivers(table: FeatureTable, rows: Positions, window: Positions, seed: int) -> list[str]:
    inside = np.zeros(table.frame.height)
    inside[rows[window]] = 1
    gain = Probe(table, rows, rows, trees=_TREES, seed=seed).gain(inside, "binary")
    return [table.names[place] for place in np.argsort(-gain, kind="stable")[:_SHOWN]]
