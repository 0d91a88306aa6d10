"""What every rule on a verdict of the feature ledger shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import polars as pl

from outlast.judge.insights.base import Evidence, Rule
from outlast.judge.thresholds import Thresholds
from outlast.records import Finding, Severity


class VerdictRule(Rule):
    """Features of the headline split of which the ledger says one thing.

    A subclass names the verdict, what the ledger must know for it, and what to do.
    """

    anchor = "features"
    verdict: ClassVar[str]
    needs: ClassVar[str]
    severity: ClassVar[Severity]
    nothing: ClassVar[str]
    advice: ClassVar[str]
    # Whether it is about parts of a skill, of which there must be some.
    parts_of_skill: ClassVar[bool] = False

    def judge(self, evidence: Evidence) -> Finding:
        """Count the features with the verdict; tell the most important one in full."""
        known = ledger_rows(evidence, self.needs)
        if not known:
            return self.not_applicable("no feature was tracked with what this needs "
                                       f"(`{self.needs}` of the ledger)")
        if self.parts_of_skill and evidence.lacks_skill:
            return self.not_applicable("no model beats the baseline: there is no skill to be "
                                       "traced to a feature")
        hits = self.hits(known, evidence.thresholds)
        numbers = {"features": [row["feature"] for row in hits], "of": len(known)}
        if not hits:
            return self.passed(f"{self.nothing} ({len(known)} features).", **numbers)
        first = hits[0]["feature"]
        more = f"; {len(hits) - 1} more of {len(known)} features" * (len(hits) > 1)
        names = " ".join(row["feature"] for row in hits)
        return self.issue(self.severity, f"`{first}`: {self.tell(hits[0])}{more}.",
                          self.advice.format(first=first, names=names), **numbers)

    def hits(
        self, rows: list[Mapping[str, Any]], limits: Thresholds  # noqa: ARG002
    ) -> list[Mapping[str, Any]]:
        """The features of which it is true, the most important first."""
        return [row for row in rows if row["verdict"] == self.verdict]

    def tell(self, row: Mapping[str, Any]) -> str:
        """What the ledger says of a feature."""
        return str(row["sentence"])


def ledger_rows(evidence: Evidence, needed: str) -> list[Mapping[str, Any]]:
    """The ledger's rows, if any of them knows what is needed."""
    table = evidence.around.features
    if table is None or needed not in table.columns or table[needed].null_count() == table.height:
        return []
    order = pl.col("shap_share_mean") if "shap_share_mean" in table.columns else pl.col("feature")
    return list(table.sort(order, descending=True, nulls_last=True).iter_rows(named=True))
