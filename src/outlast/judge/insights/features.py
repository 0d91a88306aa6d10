"""What the features say beyond the score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from outlast.judge.board import Interval
from outlast.judge.insights.base import Evidence, Rule
from outlast.judge.insights.ledger import VerdictRule, ledger_rows
from outlast.judge.non_inferiority import FULL, Comparison, selection_name
from outlast.judge.thresholds import Thresholds
from outlast.judge.wording import bounds, number, p_text, signed
from outlast.records import Decision, Finding

# Constant, the same as another, missing, or close to another.
_SAYS_NOTHING = ("F01", "F02", "F03", "F06")


class UnstableSelection(Rule):
    """Each fold chooses other features."""

    code = "OL602"
    title = "Unstable selection"
    anchor = "features"

    def judge(self, evidence: Evidence) -> Finding:
        """Nogueira's stability of the chosen sets, of features and of groups of alike ones."""
        rows, limits = ledger_rows(evidence, "phi"), evidence.thresholds
        sets = rows[0]["select_sets"] if rows else 0
        if sets < limits.min_sets:
            return self.not_applicable(f"it takes {limits.min_sets} sets, some of which leave "
                                       f"features out, to tell their stability; here: {sets}")
        phi, groups = rows[0]["phi"], rows[0]["phi_cluster"]
        known = Interval(value=phi, low=rows[0]["phi_lo95"], high=rows[0]["phi_hi95"])
        told = (f"The {sets} sets that the folds chose agree with stability {number(phi, 2)}"
                f"{bounds(known)} (1 = all the same, 0 = chance)")
        numbers = {"phi": phi, "low": known.low, "high": known.high, "groups": groups,
                   "sets": sets}
        if phi >= limits.stable_phi:
            return self.passed(f"{told}.", **numbers)
        if groups is not None and groups - phi > limits.redundancy_gap:
            return self.tip(f"{told}; groups of alike features with {number(groups, 2)}: only the "
                            "choice among copies varies.",
                            "Read importance by group; fix one of each with --keep.", **numbers)
        return self.issue("medium", f"{told}.", "Do not interpret ranks of features; choose by "
                          "agreement: --selection stability.", **numbers)


class EventFeature(VerdictRule):
    """A feature is worth something in one fold or event only."""

    code = "OL603"
    title = "A feature works in one event only"
    verdict, needs, severity = "event_specific", "event_concentration", "low"
    nothing = "No feature draws most of its worth from one fold or event"
    parts_of_skill = True
    advice = "Take `{first}` for a mark of that event; test without: --drop {names}."


class DriftingFeature(VerdictRule):
    """An important feature moved, or one moves predictions and not the score."""

    code = "OL604"
    title = "Important but drifting, or without worth"
    verdict, needs, severity = "drifting", "shap_share_mean", "medium"
    nothing = "No important feature drifts, none moves predictions without moving the score"
    advice = ("Turn `{first}` into a rank, a difference or a ratio to its own past; or test "
              "without: --drop {names}.")

    def hits(
        self, rows: list[Mapping[str, Any]], limits: Thresholds
    ) -> list[Mapping[str, Any]]:
        """Those that drift farther than one of many features does by chance."""
        return [row for row in super().hits(rows, limits)
                if row["drift_effect"] > limits.drift_ratio * row["drift_null_p99"]]

    def judge(self, evidence: Evidence) -> Finding:
        """Ask for drift first, then for SHAP without score."""
        found = super().judge(evidence)
        rows = ledger_rows(evidence, "perm_mean")
        idle = _idle(rows, evidence)
        if found.outcome != "passed" or not idle:
            return found
        row, names = idle[0], " ".join(row["feature"] for row in idle)
        worth = Interval(value=row["perm_mean"], low=row["perm_lo95"], high=row["perm_hi95"])
        return self.issue(
            "low", f"`{row['feature']}` has {row['shap_share_mean']:.0%} of the importance (mean "
            "absolute SHAP value), but shuffling it costs "
            f"{number(worth.value, 4)}{bounds(worth, 4)} "
            f"{str(row['perm_unit']).removeprefix('delta ')} ({len(idle)} of {len(rows)} "
            "features): over-fit suspect.",
            f"Regularise more, or test without: --drop {names}.",
            features=[row["feature"] for row in idle], of=len(rows))


class RedundantFeatures(Rule):
    """Some features repeat others."""

    code = "OL605"
    title = "Redundant features"
    anchor = "features"

    def judge(self, evidence: Evidence) -> Finding:
        """Count the features that every fold of the headline split dropped as repeats."""
        records = [r for r in evidence.records if r.status == "ok" and r.decisions
                   and r.job.split.label == evidence.split and r.job.selection.name != "none"]
        if not records:
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


class NonInferiorSelection(Rule):
    """A selection leaves features out: the model that lacks them is no worse, or it is."""

    code = "OL606"
    title = "Fewer features"
    anchor = "features"

    def judge(self, evidence: Evidence) -> Finding:
        """Test each selection against none on the outer folds, which it never saw (F12)."""
        found = [c for c in evidence.selections if c.n_dropped > 0]
        if not found:
            return self._nothing_to_compare(evidence)
        first = sorted(found, key=lambda c: c.verdict == "undecided")[:_TOLD]
        told = "; ".join(_told(c, evidence.board.metric.name, len(evidence.selections))
                         for c in first)
        told += f"; {len(found) - _TOLD} more in the table" * (len(found) > _TOLD)
        numbers = {c.reduced.selection: _numbers(c) for c in found}
        worse = [c for c in found if c.verdict == "worse"]
        good = [c for c in found if c.verdict == "no worse"]
        sentence = f"{told[0].upper()}{told[1:]}."
        if good:
            least = max(good, key=lambda c: (c.n_dropped, c.reduced.score.value or 0.0))
            name = selection_name(least.reduced.selection)
            return self.tip(sentence, f"Keep the reduced set: --selection {name}.", **numbers)
        if worse:
            return self.issue("medium", sentence, f"Keep all features: --selection {FULL}; or "
                              "allow a selection to cost more with --selection_tolerance.",
                              **numbers)
        return self.issue("low", sentence, f"Keep all features (--selection {FULL}), hold out "
                          "more time, or allow more with --selection_tolerance.", **numbers)

    def _nothing_to_compare(self, evidence: Evidence) -> Finding:
        names = [row.selection for row in evidence.models]
        if evidence.selections:
            return self.not_applicable("no selection has left a feature out")
        chosen = [name for name in dict.fromkeys(names) if selection_name(name) != FULL]
        if not chosen:
            return self.not_applicable("no selection that leaves features out was run")
        asked = " ".join([FULL, *map(selection_name, chosen)])
        return self.not_applicable(
            f"only reduced sets were run ({', '.join(chosen)}), so whether they are no worse than "
            f"all features is not known; run {evidence.command} --selection {asked}")


# Selections that are told in full.
_TOLD = 2


def _told(c: Comparison, metric: str, n: int) -> str:
    limit = f"the tolerance of {number(c.tolerance, 4)}"
    ends = {"no worse": f"inside {limit}: no worse", "worse": f"beyond {limit}: worse",
            "undecided": f"not shown to be inside {limit}"}
    return (f"`{c.reduced.selection}` dropped {c.n_dropped} of {c.full.n_features} features "
            f"together: with {c.reduced.model}, {metric} changes by {signed(c.change)}, "
            f"{ends[c.verdict]} ({p_text(c.p, n)})")


def _numbers(c: Comparison) -> dict[str, float | int | str | None]:
    return {"dropped": c.n_dropped, "of": c.full.n_features, "change": c.change.value,
            "low": c.change.low, "high": c.change.high, "tolerance": c.tolerance, "p": c.p,
            "model": c.reduced.model, "verdict": c.verdict}


def _dropped_everywhere(folds: list[tuple[Decision, ...]]) -> dict[str, Decision]:
    dropped = [{d.feature: d for d in decisions if d.code in _SAYS_NOTHING and d.removes}
               for decisions in folds]
    common = set.intersection(*(set(fold) for fold in dropped))
    return {name: dropped[0][name] for name in sorted(common)}


def _idle(rows: list[Mapping[str, Any]], evidence: Evidence) -> list[Mapping[str, Any]]:
    """Features with much SHAP and so little worth that it may be none."""
    limits = evidence.thresholds
    total = sum(max(row["perm_mean"] or 0.0, 0.0) for row in rows)
    return [row for row in rows if row["perm_lo95"] is not None and total > 0
            and (row["shap_share_mean"] or 0.0) >= limits.shap_share
            and row["perm_lo95"] <= 0
            and row["shap_share_mean"] >= limits.shap_ratio * row["perm_hi95"] / total]
