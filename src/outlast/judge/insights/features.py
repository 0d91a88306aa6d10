"""What the features say beyond the score."""

from __future__ import annotations

from outlast.judge.insights.base import Evidence, Rule
from outlast.records import Decision, Finding


class RedundantFeatures(Rule):
    """Some features repeat others."""

    code = "OL605"
    title = "Redundant features"
    anchor = "features"

    def judge(self, evidence: Evidence) -> Finding:
        """Count the features that every fold of the headline split dropped as repeats."""
        records = [r for r in evidence.records if r.status == "ok"
                   and r.job.split.label == evidence.split and r.decisions]
        if not records or all(r.job.selection.name == "none" for r in records):
            return self.not_applicable("no feature selection was run")
        always = _dropped_everywhere([r.decisions for r in records])
        total = len(records[0].decisions)
        numbers = {"dropped": len(always), "total": total, "features": sorted(always)}
        if not always:
            return self.passed(f"None of {total} features repeats another.", **numbers)
        example = always[sorted(always)[0]]
        sentence = (f"{len(always)} of {total} features carry nothing new in any fold, such as "
                    f"`{example.feature}` ({example.sentence}).")
        if len(always) < evidence.thresholds.redundant_share * total:
            return self.tip(sentence, "Leave them out of the recipe to extract less.", **numbers)
        return self.issue("low", sentence, "Leave them out of the recipe to extract less; do not "
                          "read their importance one by one.", **numbers)


def _dropped_everywhere(folds: list[tuple[Decision, ...]]) -> dict[str, Decision]:
    dropped = [{d.feature: d for d in decisions if d.action == "drop"} for decisions in folds]
    common = set.intersection(*(set(fold) for fold in dropped))
    return {name: dropped[0][name] for name in sorted(common)}
