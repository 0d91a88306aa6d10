"""Whether anything was trained on what was known to leak."""

from __future__ import annotations

from outlast.judge.insights.base import Evidence, Rule
from outlast.records import Finding

_CONTRAST = "contrast"


class KnownLeaks(Rule):
    """Results that were trained although an exact check had found a leak."""

    code = "OL106"
    title = "Trained on known leaks"
    anchor = "validation"

    def judge(self, evidence: Evidence) -> Finding:
        """Count the results whose record says so; no later run takes it away."""
        leaking = [r for r in evidence.records if set(r.leaks) - {_CONTRAST}]
        codes = sorted({code for r in leaking for code in r.leaks} - {_CONTRAST})
        if not leaking:
            return self.passed("No result was trained over a leak that an exact check had found.")
        splits = sorted({r.job.split.label for r in leaking})
        return self.issue(
            "high", f"{len(leaking)} of {len(evidence.records)} results under "
            f"{', '.join(splits)} were trained with leaks allowed although {', '.join(codes)} had "
            "found one: their scores are no promise.",
            "Mend what the checks found and run again without --allow-leaks.",
            results=len(leaking), codes=codes, splits=splits)
