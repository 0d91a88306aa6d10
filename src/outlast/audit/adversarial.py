"""If the test rows can be told from the train rows, the world has moved in between."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import special

from outlast.audit.base import Facts, Floats, Measured, StatisticalCheck
from outlast.audit.time_blocks import Codes, draw, forward_folds, no_split
from outlast.records import Finding

Mask = npt.NDArray[np.bool_]

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
    itself on fifteen windows of the train rows that are as long, rotated along their time.
    Parts of the calendar and what rises or falls with time throughout are left out.
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
        windows = _windows(facts.panel.time.ns[rows], inside)
        distances = {}
        for entry in facts.features.lineage:
            column = facts.features.frame[entry.feature][rows]
            if entry.family != "calendar" and not _counts_time(column, facts.panel.time.ns[rows]):
                distances[entry.feature] = _distances(column, inside, windows)
        if not distances:
            return self.not_applicable("every feature is a part of the calendar or counts time")
        return self._judged(distances, 1 / max(window.mean() for window in windows))

    def _judged(self, distances: dict[str, Floats], independent: float) -> Measured:
        p_values = {name: _p_value(values, independent) for name, values in distances.items()}
        top = sorted(p_values, key=p_values.__getitem__)[:_SHOWN]
        observed, typical = float(distances[top[0]][0]), float(distances[top[0]][1:].mean())
        return Measured(
            min(1.0, p_values[top[0]] * len(p_values)), observed - typical >= _NOTABLE,
            f"`{top[0]}` tells the test window from the train rows best: {observed:.0%} of its "
            f"distribution is elsewhere, {typical:.0%} on average for {_ROTATIONS} windows "
            f"of the train rows; {len(p_values)} features looked at.",
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


def _windows(time: Codes, inside: Mask) -> list[Mask]:
    """Mark windows of the train rows that are as long as the test, at most half of the train.

    A window may begin before the end of the train rows and go on from their start.
    """
    distinct, place = np.unique(time[~inside], return_inverse=True)
    size = distinct.size
    length = int(np.clip(np.unique(time[inside]).size, 1, max(1, size // 2)))
    starts = np.linspace(0, size, _ROTATIONS, endpoint=False).round().astype(int)
    return [(place - start) % size < length for start in starts]


def _distances(column: pl.Series, inside: Mask, windows: list[Mask]) -> Floats:
    """Return the distance of the test from the train rows, then of each window from the rest."""
    ordered = column.dtype != pl.String
    values = column.fill_nan(None) if ordered else column
    # Missing values are one more value, the lowest.
    codes = values.rank("dense").fill_null(0).cast(pl.Int64).to_numpy()
    train = codes[~inside]
    return np.array([_distance(codes, inside, ordered),
                     *(_distance(train, window, ordered) for window in windows)])


def _distance(codes: Codes, window: Mask, ordered: bool) -> float:
    counts = np.bincount(2 * codes + window, minlength=2 * int(codes.max()) + 2).reshape(-1, 2)
    outside, within = (counts / counts.sum(axis=0)).T
    difference = within - outside
    if ordered:
        return float(np.abs(difference.cumsum()).max())
    return float(np.abs(difference).sum() / 2)


def _p_value(distances: Floats, independent: float) -> float:
    """One-sided prediction test of "the first distance is drawn like the others".

    Parameters
    ----------
    distances : ndarray, shape (1 + n_windows,)
    independent : float
        How many of the windows do not overlap. Rotations in between know half as much
        again of the variance.
    """
    # On this scale the spread of a distance depends least on its size.
    observed, *rest = np.arcsin(np.sqrt(np.clip(distances, 0, 1)))
    error = max(float(np.std(rest, ddof=1)), 1e-9) * np.sqrt(1 + 1 / independent)
    freedom = max(2.0, 1.5 * independent - 1)
    return float(special.stdtr(freedom, (np.mean(rest) - observed) / error))
