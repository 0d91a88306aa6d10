"""No training label may overlap a test label; no timestamp may be on both sides."""

from __future__ import annotations

from outlast.audit.base import Check, Facts
from outlast.records import Finding


class SplitOverlap(Check):
    """Reads the purge audits, which count the yielded rows again."""

    code = "LK101"
    title = "Split audit"

    def look(self, facts: Facts) -> Finding:
        """Every fold of every honest split must be clean."""
        honest = {label: folds for label, folds in facts.audits.items() if label not in facts.leaky}
        folds = [(label, k, audit) for label, audits in honest.items()
                 for k, audit in enumerate(audits)]
        if not folds:
            return self.not_applicable("no honest split is planned")
        for label, k, audit in folds:
            if not audit.clean:
                return self.issue(
                    f"{label} fold {k}: {audit.n_overlap:,} training labels overlap the test "
                    f"window, {audit.n_shared_times:,} timestamps are on both sides.",
                    "Use a split that purges by label end.", overlap=audit.n_overlap)
        purged = sum(audit.n_purged for _, _, audit in folds)
        return self.passed(f"0 overlapping labels and 0 shared timestamps in {len(folds)} folds; "
                           f"{purged:,} training rows were purged.", folds=len(folds),
                           purged=purged)
