"""Whether anything was trained on what leaks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from outlast.judge.insights.base import Evidence, Rule
from outlast.judge.insights.ledger import VerdictRule
from outlast.judge.thresholds import Thresholds
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


class LeakSuspect(VerdictRule):
    """A feature knows too much: two signs of leakage or more."""

    code = "OL104"
    title = "A feature is suspected of leaking"
    verdict, needs, severity = "leak_suspect", "single_share", "high"
    nothing = "No feature shows two signs of leakage"
    parts_of_skill = True
    advice = ("Find out when `{first}` is known; run again without it and compare: "
              "--drop {names}.")


class LooksAhead(VerdictRule):
    """A feature's values change when later rows are taken away."""

    code = "OL105"
    title = "A feature sees the future"
    verdict, needs, severity = "look_ahead", "feature", "high"
    nothing = "No feature is known to change when later rows are taken away"
    advice = "Mend the expression of `{first}` so that it looks back only, or leave out: " \
             "--drop {names}."

    def hits(
        self, rows: list[Mapping[str, Any]], limits: Thresholds  # noqa: ARG002
    ) -> list[Mapping[str, Any]]:
        """Also those that the ledger calls worse first."""
        return [row for row in rows if row.get("pit_status") == "violated"]

    def tell(self, row: Mapping[str, Any]) -> str:
        """By how much it changes."""
        by = row.get("pit_max_diff")
        amount = "" if by is None else f" by up to {by:.3g}"
        return f"its values change{amount} when later rows are taken away"
