"""Labels moved along time keep everything but their truth; no split may still predict them."""

from __future__ import annotations

import numpy as np
import polars as pl

from outlast.audit.base import Facts, Floats, Positions
from outlast.audit.surrogates import Scored, Sides, SurrogateCheck
from outlast.audit.time_blocks import holdout, horizon_steps, no_split

# An entity is moved by at least its own share of rows that covers two horizons and the
# features' reach, at most a quarter; beyond that the control stands in.
_MAX_SHARE = 0.25


class CircularShift(SurrogateCheck):
    """Rotates each entity's labels by a common random share of its rows.

    Overlap, serial correlation and shocks common to all entities stay as they are; the tie
    to the features is cut. A split that still predicts such labels lets train rows see test
    labels.

    Seasons, and what differs from entity to entity, survive a rotation honestly. So rows are
    compared within their entity only, and a split must also beat a purged holdout, with a
    gap of two horizons and the features' reach, on the same labels.

    Blind to features that were made of the target before the split: they stay where they
    are when the labels move.
    """

    code = "LK303"
    title = "Labels moved along time"
    finds = "a split that predicts labels rotated along time, as overlapping labels allow"
    repeats = (20, 199)

    def refusal(self, facts: Facts) -> str | None:
        """Each entity must be long enough for a move of two horizons to cut every tie."""
        if reason := no_split(facts):
            return reason
        size = _typical_size(facts)
        if 2 * horizon_steps(facts) > _MAX_SHARE * size or size < 8:
            return f"an entity has {size:.0f} labelled rows, too few to move labels along time"
        return None

    def control(self, facts: Facts) -> list[Sides]:
        """Return a holdout whose train rows end long before its test."""
        gap = min(_reach(facts), np.unique(facts.panel.time.ns).size // 4)
        return [holdout(facts, 0.2, gap)]

    def surrogate(self, facts: Facts, rows: Positions, rng: np.random.Generator) -> Floats:
        """Rotate the labels of every entity."""
        least = min(_MAX_SHARE, _reach(facts) / _typical_size(facts))
        share = rng.uniform(least, 1 - least)
        frame = pl.DataFrame({"entity": facts.panel.entity[rows], "y": facts.panel.y[rows]})
        place, size = pl.int_range(pl.len()), pl.len()
        moved = pl.col("y").gather((place + (size * share).round().cast(pl.Int64)) % size)
        y = facts.panel.y.copy()
        y[rows] = frame.select(moved.over("entity"))["y"].to_numpy()
        return y

    def describe(self, worst: Scored, n_splits: int, scale: str) -> str:
        """Name the worst split, its score and the control's."""
        control = 0.5 if worst.control is None else float(np.nanmean(worst.control))
        return (f"With labels moved along time, which then say nothing about the features, split "
                f"{worst.label} scores {worst.mean:.3f} ({scale}, mean of {worst.scores.size} "
                f"moves; chance is 0.5, a holdout with a wide gap scores {control:.3f}); "
                f"{n_splits} split{'s' * (n_splits > 1)} looked at.")


def _reach(facts: Facts) -> int:
    """Two horizons and the longest finite look-back."""
    finite = [entry.lookback_rows for entry in facts.features.lineage
              if entry.lookback_rows is not None]
    return 2 * horizon_steps(facts) + max(finite, default=0)


def _typical_size(facts: Facts) -> float:
    """Rows of the entity to which the median row belongs."""
    entity = facts.panel.entity[facts.panel.usable]
    return float(np.median(np.bincount(entity)[entity]))
