"""The best of many tries looks good by chance: a check that only results can answer."""

from __future__ import annotations

from outlast.audit.base import Check, Facts
from outlast.records import Finding


class BestOfMany(Check):
    """Asks after a run whether the best configuration beats the baseline beyond luck."""

    code = "LK307"
    title = "Best of many"
    finds = "a best configuration that is no better than the best of as many without skill"

    def look(self, facts: Facts) -> Finding:  # noqa: ARG002
        """Nothing is scored before the run; see `outlast.judge.luck`."""
        return self.not_applicable("needs the results of a run")
