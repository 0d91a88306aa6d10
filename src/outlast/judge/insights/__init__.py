"""The insight rules, in the order in which the report lists them."""

from outlast.judge.insights.base import Evidence, Rule, Thresholds
from outlast.judge.insights.coverage import JobsMissing
from outlast.judge.insights.evidence import FewIndependentUnits
from outlast.judge.insights.features import NonInferiorSelection, RedundantFeatures
from outlast.judge.insights.leaks import KnownLeaks
from outlast.judge.insights.search import SearchGainedNothing
from outlast.judge.insights.splits import RandomBeatsTemporal, SplitChangesWinner, TrainTestOverlap
from outlast.judge.insights.winner import (
    LinearIsEnough,
    NothingBeatsBaseline,
    WinnerIsClear,
    WinnerWithinNoise,
)
from outlast.records import Finding

__all__ = ["RULES", "Evidence", "Rule", "Thresholds", "find_insights"]

RULES: dict[str, type[Rule]] = {
    "OL101": RandomBeatsTemporal,
    "OL102": SplitChangesWinner,
    "OL103": TrainTestOverlap,
    "OL106": KnownLeaks,
    "OL201": WinnerWithinNoise,
    "OL202": WinnerIsClear,
    "OL203": NothingBeatsBaseline,
    "OL204": LinearIsEnough,
    "OL401": FewIndependentUnits,
    "OL501": SearchGainedNothing,
    "OL605": RedundantFeatures,
    "OL606": NonInferiorSelection,
    "OL806": JobsMissing,
}

_SEVERITIES = ("high", "medium", "low", "info")


def find_insights(evidence: Evidence) -> tuple[Finding, ...]:
    """Ask every rule; issues come first, the most severe on top.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    tuple of Finding
        Exactly one per rule.
    """
    findings = [rule().judge(evidence) for rule in RULES.values()]
    outcomes = ("issue", "tip", "passed", "not_applicable", "skipped", "muted")
    return tuple(sorted(findings, key=lambda f: (outcomes.index(f.outcome),
                                                 _SEVERITIES.index(f.severity))))
