"""The insight rules, in the order in which the report lists them."""

from outlast.judge.insights.base import Evidence, Range, Rule, Surroundings
from outlast.judge.insights.coverage import JobsMissing
from outlast.judge.insights.evidence import FewIndependentUnits
from outlast.judge.insights.features import (
    DriftingFeature,
    EventFeature,
    NonInferiorSelection,
    RedundantFeatures,
    UnstableSelection,
)
from outlast.judge.insights.fit import CalibrationOff, OverFit
from outlast.judge.insights.leaks import KnownLeaks, LeakSuspect, LooksAhead
from outlast.judge.insights.over_time import FreshnessHelps, OneFoldDiffers, ScoreDecays
from outlast.judge.insights.search import (
    Overtuning,
    SearchGainedNothing,
    SearchLength,
    ValueAtEdge,
)
from outlast.judge.insights.segments import EventCarriesScore, SegmentFails
from outlast.judge.insights.splits import RandomBeatsTemporal, SplitChangesWinner, TrainTestOverlap
from outlast.judge.insights.winner import (
    LinearIsEnough,
    NothingBeatsBaseline,
    WinnerIsClear,
    WinnerWithinNoise,
)
from outlast.judge.thresholds import Thresholds
from outlast.records import Finding

__all__ = ["RULES", "Evidence", "Range", "Rule", "Surroundings", "Thresholds", "find_insights"]

RULES: dict[str, type[Rule]] = {
    "OL101": RandomBeatsTemporal,
    "OL102": SplitChangesWinner,
    "OL103": TrainTestOverlap,
    "OL104": LeakSuspect,
    "OL105": LooksAhead,
    "OL106": KnownLeaks,
    "OL201": WinnerWithinNoise,
    "OL202": WinnerIsClear,
    "OL203": NothingBeatsBaseline,
    "OL204": LinearIsEnough,
    "OL301": ScoreDecays,
    "OL302": FreshnessHelps,
    "OL303": OneFoldDiffers,
    "OL401": FewIndependentUnits,
    "OL402": EventCarriesScore,
    "OL403": SegmentFails,
    "OL501": SearchGainedNothing,
    "OL502": Overtuning,
    "OL503": ValueAtEdge,
    "OL504": SearchLength,
    "OL602": UnstableSelection,
    "OL603": EventFeature,
    "OL604": DriftingFeature,
    "OL605": RedundantFeatures,
    "OL606": NonInferiorSelection,
    "OL701": CalibrationOff,
    "OL702": OverFit,
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
