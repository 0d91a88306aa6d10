"""No feature may be the target under another name."""

from __future__ import annotations

import numpy as np

from outlast.audit.base import Check, Facts
from outlast.records import Finding


class TargetCopy(Check):
    """Compares every numeric feature with the target, value by value."""

    code = "LK102"
    title = "Copies of the target"

    def look(self, facts: Facts) -> Finding:
        """A copy, a shifted or a scaled copy correlates with the target at |r| = 1."""
        usable = facts.panel.usable
        y = facts.panel.y[usable]
        frame = facts.features.frame
        numeric = [name for name in frame.columns if name not in facts.features.categorical]
        copies = [n for n in numeric if _is_copy(frame[n].to_numpy()[usable].astype(float), y)]
        if copies:
            return self.issue(
                f"{', '.join(f'`{name}`' for name in copies)} follow the target exactly.",
                "Declare the columns they come from as leaky.", features=copies)
        return self.passed(f"None of {len(numeric)} numeric features is a copy of the target.",
                           features=len(numeric))


def _is_copy(values: np.ndarray, y: np.ndarray) -> bool:
    known = np.isfinite(values)
    if known.sum() < max(10, 0.5 * y.size) or np.ptp(values[known]) == 0 or np.ptp(y[known]) == 0:
        return False
    return abs(float(np.corrcoef(values[known], y[known])[0, 1])) > 1 - 1e-9
