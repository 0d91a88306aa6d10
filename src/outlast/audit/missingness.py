"""Whether a value is missing can tell the label, if it was filled in afterwards."""

from __future__ import annotations

import numpy as np

from outlast.audit.base import Facts, Floats, Measured, StatisticalCheck
from outlast.audit.probe import block_scores
from outlast.audit.time_blocks import (
    horizon_steps,
    own_rows,
    p_above,
    time_blocks,
    too_little,
    whole_entities,
)
from outlast.records import Finding, Task

_NOTABLE = 0.05
_RARE = 0.01
_MAX_ROWS = 100_000


class Missingness(StatisticalCheck):
    """Scores "is missing" of every raw column against the target.

    Rows are compared within a block of time, so that a column that was introduced late does
    not count, and within their entity where it is seen often, so that what one entity never
    reports does not.
    """

    code = "LK302"
    title = "Missing values"
    finds = "a column whose missing values tell the target"

    def measure(self, facts: Facts) -> Measured | Finding:
        """Score each column that is missing in 1 % to 99 % of the rows."""
        if reason := too_little(facts):
            return self.not_applicable(reason)
        lifts = _lifts(facts)
        if not lifts:
            return self.not_applicable("no raw column is missing in 1 % to 99 % of its rows")
        column = max(lifts, key=lambda name: np.abs(_means(lifts[name])).max())
        values = lifts[column][np.abs(_means(lifts[column])).argmax()]
        lift, n_blocks = float(np.nanmean(values)), int(np.isfinite(values).sum())
        tests = sum(len(each) for each in lifts.values())
        return Measured(
            min(1.0, 2 * p_above(np.sign(lift) * values) * tests), abs(lift) >= _NOTABLE,
            f"Whether `{column}` is missing scores {0.5 + lift:.3f} against the target (chance is "
            f"0.5, mean of {n_blocks} time blocks); {len(lifts)} columns looked at.",
            f"Find out when `{column}` is filled in; if that is after the prediction, declare it "
            "as leaky.",
            {"column": column, "score": 0.5 + lift, "blocks": n_blocks, "columns": len(lifts)})


def _lifts(facts: Facts) -> dict[str, Floats]:
    """Return for each column the score beyond chance per target and time block."""
    panel = facts.panel
    rows = whole_entities(facts, _MAX_ROWS)
    y, stratum = panel.y[rows], own_rows(facts)[rows]
    blocks = time_blocks(panel.time.ns[rows], horizon_steps(facts))
    classes = range(panel.n_classes) if panel.task == "multiclass" else ()
    targets = [(y == k).astype(np.float64) for k in classes] or [y]
    task: Task = "regression" if panel.task == "regression" else "binary"
    lifts = {}
    for name in facts.raw_columns:
        missing = panel.frame[name].is_null().to_numpy()[rows].astype(np.float64)
        if _RARE <= missing.mean() <= 1 - _RARE:
            scores = [block_scores(task, t, missing, blocks, stratum) for t in targets]
            lifts[name] = np.stack(scores) - 0.5
    return {name: each for name, each in lifts.items() if np.isfinite(each).any()}


def _means(lifts: Floats) -> Floats:
    known = np.isfinite(lifts)
    return np.asarray(np.where(known, lifts, 0).sum(axis=1) / np.maximum(1, known.sum(axis=1)))
