"""What the comparison of split strategies says about the data."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from outlast.judge import statistics
from outlast.judge.board import Row
from outlast.judge.insights.base import Evidence, Rule
from outlast.judge.wording import interval_text, number
from outlast.metrics import improvement
from outlast.records import Finding


class RandomBeatsTemporal(Rule):
    """A shuffled split promises more than time allows."""

    code = "OL101"
    title = "A random split is too optimistic"

    def judge(self, evidence: Evidence) -> Finding:
        """Compare what the random split would have chosen under both splits (unpaired z)."""
        pair = _leaky_twin(evidence)
        if pair is None:
            return self.not_applicable("no random split was run beside an honest one")
        honest, leaky = pair
        metric = evidence.board.metric
        gap = improvement(metric, leaky.score.value or 0.0, honest.score.value or 0.0)
        se = math.hypot(evidence.se(honest), evidence.se(leaky))
        z = gap / se if se > 0 else 0.0
        numbers = {"gap": gap, "z": z, "random": leaky.score.value, "honest": honest.score.value}
        told = (f"{honest.model}: {leaky.split} says {metric.name} {interval_text(leaky.score)}, "
                f"{honest.split} says {interval_text(honest.score)}")
        if z < evidence.thresholds.leak_gap_se or gap <= evidence.tolerance(honest):
            return self.passed(f"{told}; the gap of {number(gap)} is {number(z, 1)} times "
                               "its standard error.", **numbers)
        high = z >= evidence.thresholds.leak_gap_high_se
        return self.issue(
            "high" if high else "medium",
            f"{told}: a gap of {number(gap)}, {number(z, 1)} times its standard error, that "
            "deployment will not keep.",
            f"Expect the {honest.split} number; never choose a model on a shuffled split of this "
            "table.",
            **numbers,
        )


class SplitChangesWinner(Rule):
    """Another split would have crowned another model."""

    code = "OL102"
    title = "The split changes the winner"

    def judge(self, evidence: Evidence) -> Finding:
        """Kendall's tau of the model ranks under the random and the headline split."""
        pair = _leaky_twin(evidence)
        if pair is None:
            return self.not_applicable("no random split was run beside an honest one")
        honest, leaky = _best_by_model(evidence.rows), _best_by_model(
            evidence.board.of_split(pair[1].split)
        )
        common = sorted(honest.keys() & leaky.keys())
        limits = evidence.thresholds
        if len(common) < limits.rank_models:
            return self.not_applicable(f"fewer than {limits.rank_models} models under both splits")
        tau = statistics.kendall_tau(*(
            np.array([rows[m].score.value for m in common], dtype=np.float64)
            for rows in (honest, leaky)))
        first, other = next(iter(honest)), next(iter(leaky))
        numbers = {"tau": tau, "honest_winner": first, "random_winner": other}
        told = (f"{other} wins under {pair[1].split}, {first} under {pair[0].split} "
                f"(the orders of {len(common)} models agree by {number(tau, 2)}, where 1 is the "
                "same order and 0 is chance)")
        if first != other and tau < limits.rank_tau:
            return self.issue("medium", f"{told}.",
                              f"Select on {pair[0].split} only.", **numbers)
        return self.passed(f"{told}.", **numbers)


class TrainTestOverlap(Rule):
    """A label of a training row reaches into the test window."""

    code = "OL103"
    title = "Training labels overlap the test window"
    anchor = "validation"

    def judge(self, evidence: Evidence) -> Finding:
        """Count overlapping rows in the purge audits of the honest folds."""
        leaky = {row.split for row in evidence.board.rows if row.leaky}
        audits = {(r.job.split.label, r.job.fold): r.audit for r in evidence.records
                  if r.audit is not None and r.job.split.label not in leaky}
        if not audits:
            return self.not_applicable("no fold of an honest split was run")
        bad = {key: audit for key, audit in audits.items() if not audit.clean}
        purged = sum(audit.n_purged for audit in audits.values())
        if not bad:
            return self.passed(
                f"0 overlapping labels and 0 shared timestamps in {len(audits)} folds "
                f"({purged:,} rows purged).", folds=len(audits), purged=purged)
        (split, fold), audit = next(iter(bad.items()))
        return self.issue(
            "high", f"{split} fold {fold}: labels of {audit.n_overlap:,} training rows overlap the "
            f"test window and {audit.n_shared_times:,} timestamps are on both sides.",
            "Use a split that purges by label end, or state the horizon of the label.",
            overlap=audit.n_overlap, shared=audit.n_shared_times)


def _leaky_twin(evidence: Evidence) -> tuple[Row, Row] | None:
    """The configuration that a leaky split likes best: its honest row and its leaky one."""
    honest = {(row.model, row.search, row.selection): row for row in evidence.models}
    for row in evidence.board.rows:
        twin = honest.get((row.model, row.search, row.selection))
        if row.leaky and row.score.value is not None and twin is not None:
            return twin, row
    return None


def _best_by_model(rows: Sequence[Row]) -> dict[str, Row]:
    best: dict[str, Row] = {}
    for row in rows:
        if row.score.value is not None:
            best.setdefault(row.model, row)
    return best
