"""Whether the score lasts: decay since the training, fresh rows, a fold unlike others."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from outlast.data.times import format_ns
from outlast.judge import contrasts, statistics
from outlast.judge.contrasts import Estimate
from outlast.judge.held_out import HeldOut
from outlast.judge.insights.base import Evidence, Rule
from outlast.judge.leaderboard import Contestant
from outlast.judge.wording import bounds, length_text, number, p_text, per_unit, signed_number
from outlast.metrics import row_losses
from outlast.records import Finding


class ScoreDecays(Rule):
    """The longer ago the training ended, the less a model gains over the baseline."""

    code = "OL301"
    title = "The score decays after training"
    anchor = "time"

    def judge(self, evidence: Evidence) -> Finding:
        """Theil-Sen slope of the gain per block over the time since the training, within folds."""
        held, decay, limits = evidence.held_out, evidence.decay, evidence.thresholds
        if held is None or decay is None:
            return self.not_applicable("no model was tested on rows after its training alone")
        n = decay.age.size
        if n < limits.trend_blocks:
            return self.not_applicable(f"only {n} independent blocks of time, "
                                       f"{limits.trend_blocks} are needed for a trend")
        if decay.slope.value is None:
            return self.not_applicable("each fold tests a single block of time")
        size, unit = per_unit(float(decay.age.max()), evidence.around.calendar)
        scaled = decay.slope.model_copy(update={
            end: None if at is None else at * size for end, at in decay.slope})
        model = evidence.models[0].model
        told = (f"Per {unit} since training, the gain of {model} over {held.baseline} changes by "
                f"{signed_number(scaled.value)}{bounds(scaled)} {held.unit} ({n} blocks of time)")
        numbers = {"slope": scaled.value, "low": scaled.low, "high": scaled.high, "unit": unit,
                   "blocks": n, "start": decay.start}
        after = decay.lasts(limits)
        if after is None:
            return self.passed(f"{told}.", **numbers)
        lasts = length_text(after, evidence.around.calendar)
        return self.issue(
            "medium", f"{told}, from {number(decay.start)} at first: "
            f"{limits.retrain_share:.0%} is lost after {lasts}.",
            f"Retrain every {lasts}; see what it is worth with `splits: [{{expanding_window: "
            f"{{n_splits: null, test_size: {_duration(after, evidence)}}}}}]`.",
            lasts=after, **numbers)


class FreshnessHelps(Rule):
    """Of two ways to train for the same held-out rows, the one with the fresher rows is better."""

    code = "OL302"
    title = "Fresh training rows help"
    anchor = "time"

    def judge(self, evidence: Evidence) -> Finding:
        """Paired block means of the loss, for the best model under each pair of splits."""
        pairs = list(_fresher(evidence))
        if not pairs:
            return self.not_applicable(
                "no two splits train differently for the same held-out rows; run expanding_window "
                "beside walk_forward, or one of them with a gap and without")
        tests = [_saved(fresh, old) for fresh, old in pairs]
        adjusted = statistics.holm([test.p_above() for test in tests])
        at = int(np.argmin(adjusted))
        (fresh, old), test = pairs[at], tests[at]
        task = fresh.record.job.task
        unit = "squared error" if task == "regression" else "log loss"
        shown = test.interval()
        told = (f"{fresh.record.job.model.label} under {fresh.results[0].split} against "
                f"{old.results[0].split} saves {signed_number(test.value)}{bounds(shown)} {unit} "
                f"on the same rows ({test.n_blocks} blocks)")
        numbers = {"saved": test.value, "low": shown.low, "high": shown.high,
                   "p": adjusted[at], "blocks": test.n_blocks}
        # One side of a two-sided test.
        if adjusted[at] > evidence.thresholds.alpha / 2:
            return self.passed(f"{told}.", **numbers)
        return self.tip(f"{told}.", f"Train as {fresh.record.job.split.name} does: --splits "
                        f"{fresh.record.job.split.name}; leave no gap that the label does not "
                        "need.", **numbers)


class OneFoldDiffers(Rule):
    """One fold scores unlike all others."""

    code = "OL303"
    title = "One fold is different"
    anchor = "time"

    def judge(self, evidence: Evidence) -> Finding:
        """Modified z-score of the best model's folds, confirmed by Grubbs' test."""
        if not evidence.models:
            return self.not_applicable("no model under the headline split")
        row, limits = evidence.models[0], evidence.thresholds
        records = [result.record for result in evidence.board.contestants[row.id].results]
        scored = [r for r in records if r.score is not None]
        if len(scored) < limits.min_folds:
            return self.not_applicable(f"it takes {limits.min_folds} folds to tell that one is "
                                       f"different; here: {len(scored)}")
        scores = np.array([r.score for r in scored], dtype=np.float64)
        z = contrasts.modified_z(scores)
        at = int(np.argmax(np.abs(z)))
        p = min(1.0, 2 * scores.size * contrasts.stands_out(scores * np.sign(z[at]), at))
        audit, metric = scored[at].audit, evidence.board.metric.name
        dates = ""
        if audit is not None and evidence.around.calendar:
            dates = f" ({format_ns(audit.test_start)[:10]} to {format_ns(audit.test_end)[:10]})"
        told = (f"Fold {scored[at].job.fold}{dates} scores {metric} {number(scores[at])}, the "
                f"median of {scores.size} folds is {number(float(np.median(scores)))} "
                f"({number(abs(z[at]), 1)} times the usual spread away; "
                f"{p_text(p, scores.size)})")
        numbers = {"fold": scored[at].job.fold, "score": scores[at], "z": z[at], "p": p,
                   "median": float(np.median(scores)), "folds": scores.size}
        if abs(z[at]) <= limits.outlier_z or p > limits.alpha:
            return self.passed(f"{told}.", **numbers)
        without = number(float(np.delete(scores, at).mean()))
        return self.issue("medium", f"{told}.", f"Look at what happened then; report {metric} "
                          f"{number(float(scores.mean()))} with this fold and {without} without "
                          "it, and never drop it silently.", **numbers)


def _duration(length: float, evidence: Evidence) -> str:
    """A length of time as splits read it: whole days, or a count."""
    if not evidence.around.calendar:
        return str(max(1, int(length)))
    days = int(length // 86_400e9)
    return f"{days}D" if days else f"{max(1, int(length // 60e9))}min"


def _fresher(evidence: Evidence) -> Iterator[tuple[Contestant, Contestant]]:
    """Pairs of the best model on the same rows: trained on fresher rows, and on older ones."""
    if not evidence.models:
        return
    best, board = evidence.models[0], evidence.board
    own = [board.contestants[r.id] for r in board.rows if not r.leaky and r.score.value is not None
           and (r.model, r.search, r.selection) == (best.model, best.search, best.selection)]
    for a, b in combinations(own, 2):
        age_a, age_b = _age(a), _age(b)
        if age_a != age_b and _same_rows(a, b):
            yield (a, b) if age_a < age_b else (b, a)


def _age(contestant: Contestant) -> float:
    """How long before its test the middle of the training lies, over all folds."""
    audits = [r.record.audit for r in contestant.results if r.record.audit is not None]
    return float(sum(a.test_start - (a.train_start / 2 + a.train_end / 2) for a in audits))


def _same_rows(a: Contestant, b: Contestant) -> bool:
    return len(a.results) == len(b.results) and all(
        np.array_equal(x.time, y.time) and np.array_equal(x.entity, y.entity)
        for x, y in zip(a.results, b.results, strict=True))


def _saved(fresh: Contestant, old: Contestant) -> Estimate:
    """What the first one loses less, by blocks of time."""
    losses = [np.concatenate([row_losses(r.record.job.task, r.y, r.prediction)
                              for r in contestant.results]) for contestant in (fresh, old)]
    gain = losses[1] - losses[0]
    return contrasts.mean(gain, HeldOut(fresh, gain, old.results[0].split).block)
