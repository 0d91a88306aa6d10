"""What can be said about the best model."""

from __future__ import annotations

from outlast.judge.board import Row
from outlast.judge.insights.base import Evidence, Rule
from outlast.judge.wording import interval_text, number, p_text, signed
from outlast.metrics import improvement
from outlast.records import Finding


def _cost(row: Row) -> float:
    """Seconds of fitting and of predicting the held-out rows."""
    return row.fit_seconds + (row.predict_us_per_row or 0.0) * row.n_test / 1e6


class WinnerWithinNoise(Rule):
    """The winner cannot be told from another model."""

    code = "OL201"
    title = "The best models cannot be told apart"

    def judge(self, evidence: Evidence) -> Finding:
        """Paired differences between the best and every other model, by blocks of time."""
        if len({row.model for row in evidence.models}) < 2:
            return self.not_applicable("fewer than two models under the headline split")
        best = evidence.models[0]
        tolerance = evidence.tolerance(best)
        tied = _one_per_model([r for r in evidence.models if r.model != best.model
                               and _as_good(evidence, best, r, tolerance)])
        if not tied:
            return self.passed(f"No other model is within noise of {best.model}.")
        cheap = min(tied, key=_cost)
        gain = evidence.board.gain(best.id, cheap.id)
        names = ", ".join(row.model for row in tied)
        ratio = _cost(best) / max(_cost(cheap), 1e-9)
        numbers = {"difference": gain.value, "low": gain.low, "high": gain.high, "cheaper": ratio}
        sentence = (f"{best.model} cannot be told from {names}: the difference to {cheap.model} "
                    f"is {signed(gain)} {evidence.board.metric.name}.")
        if ratio >= 1 / evidence.thresholds.cheaper_ratio:
            return self.issue("low", f"{sentence} {cheap.model} costs {ratio:.0f}x less time.",
                              f"Prefer {cheap.model} where cost counts.", **numbers)
        return self.issue("low", sentence, "Choose by cost, speed or taste; collect more held-out "
                          "time before ranking them.", **numbers)


class WinnerIsClear(Rule):
    """The winner beats every other model by more than noise."""

    code = "OL202"
    title = "One model is clearly the best"

    def judge(self, evidence: Evidence) -> Finding:
        """The complement of OL201, with the smallest margin."""
        rivals = [row for row in evidence.models if row.model != evidence.models[0].model]
        if not rivals:
            return self.not_applicable("fewer than two models under the headline split")
        best = evidence.models[0]
        # A model may have several rows, and the one that ties need not be its first.
        rival = min(rivals, key=lambda row: not evidence.tied(best, row))
        gain = evidence.board.gain(best.id, rival.id)
        numbers = {"margin": gain.value, "low": gain.low, "high": gain.high}
        sentence = f"{best.model} leads the next model, {rival.model}, by {signed(gain)}"
        if evidence.tied(best, rival):
            return self.passed(f"{sentence}: not clear.", **numbers)
        return self.tip(f"{sentence}.", f"Adopt {best.model}.", **numbers)


class NothingBeatsBaseline(Rule):
    """No model is better than a rule without learning."""

    code = "OL203"
    title = "No model beats the baseline"

    def judge(self, evidence: Evidence) -> Finding:
        """One-sided p-values against the best baseline, Holm-corrected."""
        bar = next((row for row in evidence.rows if row.is_baseline), None)
        tested = evidence.tested
        if bar is not None and evidence.lacks_models:
            return self.not_applicable("no model has finished: there is nothing to compare with "
                                       "a baseline")
        if bar is None or not tested:
            return self.not_applicable("no baseline was run beside a model")
        smallest = min(evidence.p_over_baseline)
        best = tested[0]
        n, ensemble = len(tested), any(row.members for row in tested)
        who = "the one configuration" if n == 1 else (
            f"the best of {n} configurations{' (the ensemble is one of them)' * ensemble}")
        told = (f"{who}, {best.model}, gains {signed(best.over_baseline)} "
                f"{evidence.board.metric.name} over {bar.model} {interval_text(bar.score)}; "
                f"{p_text(smallest, n)}")
        numbers = {"p": smallest, "gain": best.over_baseline.value if best.over_baseline else None}
        if smallest > evidence.thresholds.alpha:
            return self.issue("high", f"No model beats the baseline: {told}.",
                              "Do not deploy: find better features or another target.",
                              **numbers)
        return self.passed(f"{told[0].upper()}{told[1:]}.", **numbers)


class LinearIsEnough(Rule):
    """A linear model does as well as the best."""

    code = "OL204"
    title = "A linear model is enough"

    def judge(self, evidence: Evidence) -> Finding:
        """The best gains less than the tolerance over linear, its upper bound less than two."""
        linear = next((row for row in evidence.models if row.model == "linear"), None)
        if linear is None or len(evidence.models) < 2:
            return self.not_applicable("no linear model beside another one")
        best = evidence.models[0]
        if best.model == linear.model:
            return self.tip(f"linear is the best itself: {evidence.board.metric.name} "
                            f"{interval_text(best.score)} ({best.n_test:,} rows).",
                            "Ship linear and gain transparency.", gain=0.0)
        tolerance = evidence.tolerance(best)
        gain = evidence.board.gain(best.id, linear.id)
        told = f"{best.model} gains {signed(gain)} {evidence.board.metric.name} over linear"
        numbers = {"gain": gain.value, "high": gain.high, "tolerance": tolerance}
        reach = evidence.thresholds.linear_reach * tolerance
        enough = gain.value is not None and gain.high is not None
        if enough and gain.value < tolerance and gain.high < reach:  # type: ignore[operator]
            return self.tip(f"{told}: less than the tolerance of {number(tolerance)}.",
                            "Ship linear and gain transparency.", **numbers)
        return self.passed(f"{told} (tolerance {number(tolerance)}).", **numbers)


def _as_good(evidence: Evidence, best: Row, row: Row, tolerance: float) -> bool:
    """Not distinguishable, or worse by less than what matters."""
    if evidence.tied(best, row):
        return True
    metric, scores = evidence.board.metric, (best.score.value, row.score.value)
    return None not in scores and improvement(metric, *scores) <= tolerance  # type: ignore[arg-type]


def _one_per_model(rows: list[Row]) -> list[Row]:
    best: dict[str, Row] = {}
    for row in rows:
        best.setdefault(row.model, row)
    return list(best.values())
