"""Whether the matrix was run as planned."""

from __future__ import annotations

from outlast.judge import unfinished
from outlast.judge.insights.base import Evidence, Rule
from outlast.records import Finding


class JobsMissing(Rule):
    """Some jobs did not finish."""

    code = "OL806"
    title = "Some jobs did not finish"
    anchor = "failures"

    def judge(self, evidence: Evidence) -> Finding:
        """Count the jobs without a result."""
        broken = unfinished.broken(evidence.records)
        total = len(evidence.records)
        if not broken:
            return self.passed(f"All {total} jobs finished.", jobs=total)
        told = unfinished.told(broken)
        return self.issue(
            "high" if evidence.lacks_models else "medium",
            f"{told[0].upper()}{told[1:]}; {total} were planned.",
            unfinished.way_on(broken),
            jobs=total, failed=len(broken))
