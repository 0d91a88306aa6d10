"""If the test rows can be told from the train rows, the world has moved in between."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy import stats

from outlast.audit.base import Facts, Floats, Measured, StatisticalCheck
from outlast.audit.time_blocks import Codes, draw, forward_folds, no_split
from outlast.records import Finding

_NOTABLE = 0.1
_CLOCK = 0.95
_ROTATIONS = 15
_MAX_ROWS = 4_000
_MIN_ROWS = 30
_SHOWN = 3


class AdversarialValidation(StatisticalCheck):
    """Tells the headline's last test window from its train rows, by one feature at a time.

    How well a feature can tell them apart is the largest difference between the two
    distributions: the Kolmogorov-Smirnov distance, or for categories the share of rows that
    would have to change. Slow features tell any two periods apart, so each is compared with
    itself on fifteen other windows of the same length, rotated along the timeline. Parts of
    the calendar and what rises or falls with time throughout are left out.
    """

    code = "LK306"
    title = "Drift between train and test"
    finds = "features whose distribution in the test window is unlike that of any time before"
    only_tip = True

    def measure(self, facts: Facts) -> Measured | Finding:
        """Compare the test window with other windows of its length."""
        if reason := no_split(facts):
            return self.not_applicable(reason)
        train, test = forward_folds(facts)[-1]
        rows = draw(np.union1d(train, test), _MAX_ROWS, facts.seed)
        inside = np.isin(rows, test)
        if min(inside.sum(), (~inside).sum()) < _MIN_ROWS:
            return self.not_applicable(f"fewer than {_MIN_ROWS} rows on one side of the last fold")
        time = facts.panel.time.ns[rows]
        windows = _windows(time, inside.mean())
        columns = {entry.feature: facts.features.frame[entry.feature][rows]
                   for entry in facts.features.lineage if entry.family != "calendar"}
        codes = {name: _codes(column) for name, column in columns.items()
                 if not _counts_time(column, time)}
        if not codes:
            return self.not_applicable("every feature is a part of the calendar or counts time")
        distances = {name: np.array([_distance(each, window, columns[name].dtype == pl.String)
                                     for window in windows]) for name, each in codes.items()}
        return self._judged(distances)

    def _judged(self, distances: dict[str, Floats]) -> Measured:
        p_values = {name: _p_value(values) for name, values in distances.items()}
        top = sorted(p_values, key=p_values.__getitem__)[:_SHOWN]
        observed, typical = float(distances[top[0]][0]), float(distances[top[0]][1:].mean())
        return Measured(
            min(1.0, p_values[top[0]] * len(p_values)), observed - typical >= _NOTABLE,
            f"`{top[0]}` tells the test window from the train rows best: {observed:.0%} of its "
            f"distribution is elsewhere, {typical:.0%} on average for {_ROTATIONS} other windows "
            f"of this length; {len(p_values)} features looked at.",
            "This is drift, not a leak: expect scores to fall with time, use ranks or changes in "
            f"place of levels, and train again often. Look at {', '.join(top)}.",
            {"feature": top[0], "distance": observed, "typical": typical, "top": top,
             "windows": _ROTATIONS, "features": len(p_values)})


def _counts_time(column: pl.Series, time: Codes) -> bool:
    if column.dtype == pl.String:
        return False
    known = pl.DataFrame({"x": column, "t": time}).filter(pl.col("x").is_finite())
    rho = known.select(pl.corr(pl.col("x").rank(), pl.col("t").rank())).item()
    return rho is not None and abs(rho) > _CLOCK


def _windows(time: Codes, share: float) -> list[Codes]:
    """Mark the rows of the last window with its share of time, then of its rotations.

    A rotation may begin before the end of the data and go on from the start.
    """
    distinct, place = np.unique(time, return_inverse=True)
    length = int(np.clip(round(share * distinct.size), 1, distinct.size - 1))
    age = distinct.size - 1 - place
    offsets = np.linspace(0, distinct.size, _ROTATIONS + 1, endpoint=False).round().astype(int)
    return [((age - offset) % distinct.size < length).astype(np.int64) for offset in offsets]


def _codes(column: pl.Series) -> Codes:
    """Number the distinct values in order; missing ones come first."""
    values = column if column.dtype == pl.String else column.fill_nan(None)
    return values.rank("dense").fill_null(0).cast(pl.Int64).to_numpy()


def _distance(codes: Codes, window: Codes, unordered: bool) -> float:
    counts = np.bincount(2 * codes + window, minlength=2 * int(codes.max()) + 2).reshape(-1, 2)
    outside, inside = (counts / counts.sum(axis=0)).T
    difference = inside - outside
    if unordered:
        return float(np.abs(difference).sum() / 2)
    return float(np.abs(difference.cumsum()).max())


def _p_value(distances: Floats) -> float:
    """One-sided prediction test of "the first value is drawn like the others".

    Logarithms, because distances of slow features are skewed towards large ones.
    """
    observed, *rest = np.log(np.maximum(distances, 1e-9))
    others = np.array(rest)
    error = max(float(others.std(ddof=1)), 1e-9) * np.sqrt(1 + 1 / others.size)
    return float(stats.t.sf((observed - others.mean()) / error, others.size - 1))
