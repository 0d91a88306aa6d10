"""Leak checks with stable codes, before anything is trained."""

from collections.abc import Mapping

from outlast.audit.base import Check, Facts
from outlast.audit.late_times import LateTimes
from outlast.audit.repeated_rows import RepeatedRows
from outlast.audit.split_overlap import SplitOverlap
from outlast.audit.target_copy import TargetCopy
from outlast.data import Panel
from outlast.features import FeatureTable
from outlast.records import Finding, FoldAudit

__all__ = ["CHECKS", "Check", "Facts", "before_run"]

CHECKS: dict[str, type[Check]] = {
    "LK101": SplitOverlap,
    "LK102": TargetCopy,
    "LK103": LateTimes,
    "LK104": RepeatedRows,
}


def before_run(
    panel: Panel,
    features: FeatureTable,
    audits: Mapping[str, tuple[FoldAudit, ...]],
    leaky: frozenset[str] = frozenset(),
) -> tuple[Finding, ...]:
    """Ask every check that needs no trained model.

    Parameters
    ----------
    panel : Panel
    features : FeatureTable
    audits : mapping of split label to the purge audits of its folds
    leaky : frozenset of str, optional
        Labels of the splits that leak on purpose.

    Returns
    -------
    tuple of Finding
        Exactly one per check.
    """
    facts = Facts(panel, features, audits, leaky)
    return tuple(check().look(facts) for check in CHECKS.values())
