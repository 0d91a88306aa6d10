"""What all selectors share that judge by small fits: the rules on copies first, never nothing."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from outlast.records import Decision
from outlast.selection.base import Selection, Selector, TrainingRows, require
from outlast.selection.cluster import Cluster


@dataclass(frozen=True)
class Finding:
    """What small fits say of one feature.

    Attributes
    ----------
    passed : bool
    told : str
        The finding in words, every number of it in `measured`.
    importance : float
        By which features are ranked where none passes.
    measured : dict of str to Any
        Fields of the decision: statistic, value, threshold, comparator value, evidence.
    """

    passed: bool
    told: str
    importance: float
    measured: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Judged(Selector):
    """A selector that asks small fits about what the rules on copies have left.

    Parameters
    ----------
    min_features : int, default 3
        Where no feature passes, so many of the highest importance are kept.
    """

    min_features: int = 3

    # A subclass names the rule of its drops.
    code = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self, ("min_features",), 1)

    def choose(self, rows: TrainingRows) -> Selection:
        """Drop constants and copies, then what `judge` finds wanting."""
        first = Cluster().choose(rows)
        decisions = {decision.feature: decision for decision in first.decisions}
        for reason in self._excuses(rows, first.kept):
            unasked = (_kept(name, reason) for name in first.kept)
            return Selection.of(rows.frame.columns, [*decisions.values(), *unasked])
        left = rows.select(first.kept)
        findings = dict(zip(first.kept, self.judge(left), strict=True))
        judged = [self._decision(name, finding) for name, finding in findings.items()]
        if not any(finding.passed for finding in findings.values()):
            judged = self._best(findings)
        return Selection.of(rows.frame.columns, [*decisions.values(), *judged])

    @abstractmethod
    def judge(self, rows: TrainingRows) -> Sequence[Finding]:
        """Return a finding for every column of rows that have inner folds, in their order."""

    def _excuses(self, rows: TrainingRows, kept: Sequence[str]) -> list[str]:
        """Why there is nothing to judge, if so."""
        if len(kept) == 1:
            return ["the only feature that is left"]
        return [] if rows.inner else ["too few training rows to judge it"]

    def _decision(self, name: str, finding: Finding) -> Decision:
        if finding.passed:
            return _kept(name, finding.told, **finding.measured)
        return Decision(feature=name, action="drop", code=self.code,
                        sentence=f"dropped: {finding.told}", **finding.measured)

    def _best(self, findings: dict[str, Finding]) -> list[Decision]:
        """Keep some although none has passed, and say so."""
        ranked = sorted(findings, key=lambda name: (-findings[name].importance, name))
        saved = set(ranked[: self.min_features])
        reason = f"no feature passed, one of the {len(saved)} of highest importance; "
        decisions = []
        for name, finding in findings.items():
            if name not in saved:
                decisions.append(self._decision(name, finding))
                continue
            evidence = {**finding.measured.get("evidence", {}), "saved": float(len(saved))}
            decisions.append(_kept(name, reason + finding.told,
                                   **{**finding.measured, "evidence": evidence}))
        return decisions


def _kept(name: str, reason: str, **measured: Any) -> Decision:
    return Decision(feature=name, action="keep", code="F13", sentence=f"kept: {reason}", **measured)
