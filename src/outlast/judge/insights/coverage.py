"""Whether the matrix was run as planned."""

from __future__ import annotations

from collections import Counter

from outlast.judge.insights.base import Evidence, Rule
from outlast.records import Finding


class JobsMissing(Rule):
    """Some jobs did not finish."""

    code = "OL806"
    title = "Some jobs did not finish"
    anchor = "failures"

    def judge(self, evidence: Evidence) -> Finding:
        """Count the jobs without a result."""
        broken = [record for record in evidence.records if record.status != "ok"]
        total = len(evidence.records)
        if not broken:
            return self.passed(f"All {total} jobs finished.", jobs=total)
        models = Counter(record.job.model.name for record in broken).most_common(3)
        told = ", ".join(f"{name} {count}" for name, count in models)
        kind = broken[0].failure.kind if broken[0].failure else broken[0].status
        return self.issue(
            "medium", f"{len(broken)} of {total} jobs did not finish ({told}; first: {kind}).",
            f"Read the log with `outlast runs show {broken[0].job.id}`, mend the cause and run "
            "the same command again: only these jobs are run.",
            jobs=total, failed=len(broken))
