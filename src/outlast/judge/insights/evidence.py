"""Whether there is enough evidence at all."""

from __future__ import annotations

import numpy as np

from outlast.judge.insights.base import Evidence, Rule
from outlast.judge.wording import number
from outlast.records import Finding


class FewIndependentUnits(Rule):
    """The held-out time holds too few independent stretches, or too few positives."""

    code = "OL401"
    title = "Few independent units"
    anchor = "validation"

    def judge(self, evidence: Evidence) -> Finding:
        """Count blocks of three horizons and labels of the rarer class."""
        if not evidence.rows:
            return self.not_applicable("no scored row under the headline split")
        row = evidence.rows[0]
        rare = _rarest(evidence)
        width = None
        if row.score.low is not None and row.score.high is not None:
            width = row.score.high - row.score.low
        rarest = f", {rare:,} labels of the rarest class" if rare is not None else ""
        told = (f"{evidence.split}: {row.n_blocks} independent blocks of time{rarest} in "
                f"{row.n_test:,} held-out rows; the interval is {number(width)} wide")
        numbers = {"blocks": row.n_blocks, "rarest": rare, "width": width}
        limits = evidence.thresholds
        scarce = rare is not None and rare < limits.min_positives
        if row.n_blocks < limits.min_blocks or scarce:
            action = ("Hold out more time or pool more entities; do not rank models closer than "
                      f"{number(width)}.")
            return self.issue("medium", f"{told}.", action, **numbers)
        return self.passed(f"{told}.", **numbers)


def _rarest(evidence: Evidence) -> int | None:
    contestant = evidence.board.contestants[evidence.rows[0].id]
    if contestant.record.job.task == "regression":
        return None
    labels = np.concatenate([result.y for result in contestant.results]).astype(int)
    return int(np.bincount(labels).min())
