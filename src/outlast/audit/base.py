"""What a leak check is: facts in, one finding out, always."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from outlast.data import Panel
from outlast.features import FeatureTable
from outlast.records import Finding, FoldAudit


@dataclass(frozen=True)
class Facts:
    """What is known before anything is trained.

    Parameters
    ----------
    panel : Panel
    features : FeatureTable
    audits : mapping of split label to the purge audits of its folds
    leaky : frozenset of str
        Labels of the splits that are run as a leaky contrast on purpose.
    """

    panel: Panel
    features: FeatureTable
    audits: Mapping[str, tuple[FoldAudit, ...]] = field(default_factory=dict)
    leaky: frozenset[str] = frozenset()


class Check(ABC):
    """One exact check with a stable code; a check that fires is never a false alarm."""

    code: ClassVar[str]
    title: ClassVar[str]

    @abstractmethod
    def look(self, facts: Facts) -> Finding:
        """Look at the facts and answer."""

    def issue(self, sentence: str, action: str, **numbers: Any) -> Finding:
        """The check found a leak."""
        return Finding(code=self.code, outcome="issue", severity="high", title=self.title,
                       sentence=sentence, action=action, evidence=numbers,
                       anchor="validation")

    def passed(self, sentence: str, **numbers: Any) -> Finding:
        """The check looked and found nothing."""
        return Finding(code=self.code, outcome="passed", severity="info", title=self.title,
                       sentence=sentence, evidence=numbers, anchor="validation")

    def not_applicable(self, reason: str) -> Finding:
        """The check had nothing to look at."""
        return Finding(code=self.code, outcome="not_applicable", severity="info",
                       title=self.title, sentence=reason, anchor="validation")
