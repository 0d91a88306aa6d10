"""Whether the predictions mean what they say: calibration and over-fit."""

from __future__ import annotations

from outlast.judge import contrasts
from outlast.judge.board import Row
from outlast.judge.insights.base import Evidence, Rule
from outlast.judge.wording import bounds, number
from outlast.metrics import improvement
from outlast.records import Finding


class CalibrationOff(Rule):
    """What is said to happen in 30 % of cases happens more or less often."""

    code = "OL701"
    title = "Probabilities are off"
    anchor = "promise"

    def judge(self, evidence: Evidence) -> Finding:
        """Slope and mean of a logistic recalibration, with errors by blocks of time."""
        held = evidence.held_out
        said = held.outcomes() if held is not None else None
        if held is None or said is None:
            return self.not_applicable("no model that predicts probabilities")
        limits = evidence.thresholds
        if held.n_blocks < limits.interval_blocks:
            return self.not_applicable(f"{held.n_blocks} independent blocks of time; "
                                       f"{limits.interval_blocks} are needed")
        y, p = said
        found = contrasts.calibration(y, p, held.block)
        if found is None:
            return self.not_applicable("one probability for all rows, or classes without overlap")
        level = 1 - limits.calibration_alpha
        slope, excess = found.slope.interval(level), found.excess.interval(level)
        tilted = slope.leaves_out(1.0) and abs(found.slope.value - 1) > limits.slope_margin
        shifted = excess.leaves_out(0.0)
        told = (f"{evidence.models[0].model} says {p.mean():.1%} where {y.mean():.1%} happened "
                f"(difference{bounds(excess)}); its calibration slope is "
                f"{number(slope.value, 2)}{bounds(slope)}; {level:.0%} intervals, {y.size:,} rows, "
                f"{held.n_blocks} blocks of time")
        numbers = {"said": float(p.mean()), "happened": float(y.mean()), "slope": slope.value,
                   "slope_low": slope.low, "slope_high": slope.high, "excess": excess.value,
                   "excess_low": excess.low, "excess_high": excess.high}
        if not tilted and not shifted:
            return self.passed(f"{told}.", **numbers)
        how = "" if not tilted else (
            "; probabilities are too extreme" if found.slope.value < 1 else
            "; probabilities are too timid")
        way = "isotonic" if y.sum() >= limits.isotonic_positives else "Platt's sigmoid"
        return self.issue("medium", f"{told}{how}.", f"Recalibrate ({way}) on the last training "
                          "rows, never on these; until then use the order, not the numbers.",
                          **numbers)


class OverFit(Rule):
    """The best model scores much higher on its training rows, another one as good does not."""

    code = "OL702"
    title = "Over-fit"

    def judge(self, evidence: Evidence) -> Finding:
        """Compare the gap between training and test with that of models that are as good."""
        bar = next((row for row in evidence.rows if row.is_baseline), None)
        if bar is None or not evidence.models or evidence.models[0].train_score is None:
            return self.not_applicable("no model with a training score beside a baseline")
        best, limits, metric = evidence.models[0], evidence.thresholds, evidence.board.metric
        gap, se = _gap(best, evidence), evidence.se(best)
        gain = improvement(metric, best.score.value or 0.0, bar.score.value or 0.0)
        told = (f"{best.model} scores {metric.name} {number(best.train_score)} in training and "
                f"{number(best.score.value)} in test ({best.n_test:,} rows, standard error "
                f"{number(se)})")
        numbers = {"gap": gap, "se": se, "gain": gain, "train": best.train_score}
        if gap <= limits.overfit_se * se or gap <= limits.overfit_share * gain:
            return self.passed(f"{told}.", **numbers)
        small = limits.calmer_share * gap
        calmer = next((row for row in evidence.models[1:] if _as_good(evidence, best, row)
                       and row.train_score is not None and _gap(row, evidence) <= small), None)
        if calmer is None:
            return self.passed(f"{told}; no model that fits less closely is as good.", **numbers)
        name = calmer.model.partition("(")[0]
        return self.issue(
            "low", f"{told}; {calmer.model} is as good ({number(calmer.score.value)}) with a gap "
            f"of {number(_gap(calmer, evidence))} instead of {number(gap)}.",
            f"Choose the model that fits less closely: --models {name}.",
            instead=calmer.model, **numbers)


def _gap(row: Row, evidence: Evidence) -> float:
    """How much better a model scores on its training rows."""
    return improvement(evidence.board.metric, row.train_score or 0.0, row.score.value or 0.0)


def _as_good(evidence: Evidence, best: Row, row: Row) -> bool:
    """Worse by less than what matters, or not to be told apart."""
    loss = improvement(evidence.board.metric, best.score.value or 0.0, row.score.value or 0.0)
    return evidence.tied(best, row) or loss <= evidence.tolerance(best)
