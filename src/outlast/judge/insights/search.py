"""Whether the hyper-parameter search was worth its time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from outlast.judge import contrasts
from outlast.judge.board import ParameterCard, Row
from outlast.judge.insights.base import Evidence, Range, Rule
from outlast.judge.wording import number, p_text, signed, signed_number
from outlast.metrics import Metric, improvement
from outlast.records import Finding, Record, TrialRecord

# A page has room for the ranges of so many models.
_MODELS_TOLD = 4


class SearchGainedNothing(Rule):
    """Tuned parameters are no better than the defaults on later rows."""

    code = "OL501"
    title = "Tuning gained nothing"
    anchor = "search"

    def judge(self, evidence: Evidence) -> Finding:
        """Compare tuned and default configurations of each model on the held-out rows."""
        pairs = _tuned_and_default(evidence.models)
        if not pairs:
            return self.not_applicable("no model was run both tuned and with its defaults")
        gains = [(t, d, evidence.board.gain(t.id, d.id)) for t, d in pairs]
        told = ", ".join(f"{t.model} {signed(gain)}" for t, _, gain in gains)
        seconds = sum(t.search_seconds for t, _, _ in gains)
        numbers = {t.model: {"gain": g.value, "low": g.low, "high": g.high} for t, _, g in gains}
        helped = [t.model for t, _, gain in gains if gain.low is not None and gain.low > 0]
        if helped:
            return self.passed(f"Tuned against default, {evidence.board.metric.name}: {told}; "
                               f"tuning helps {', '.join(helped)}.", **numbers)
        return self.issue("low", f"{seconds:,.0f} s of search gained nothing that can be told from "
                          f"noise under {evidence.split}: {told}.",
                          "Keep the defaults; spend the time on features or more history.",
                          **numbers)


class Overtuning(Rule):
    """Tuning promises more in the search than it keeps on later rows."""

    code = "OL502"
    title = "Over-tuned"
    anchor = "search"

    def judge(self, evidence: Evidence) -> Finding:
        """Compare the gain over the defaults on the inner folds with that on the outer ones."""
        pairs = _tuned_and_default(evidence.models)
        if not pairs:
            return self.not_applicable("no model was run both tuned and with its defaults")
        tuned, default = pairs[0]
        records = _records(evidence, tuned)
        promises = [p for r in records if (p := _promise(r, evidence.board.metric)) is not None]
        if not promises:
            return self.not_applicable("no search compared its best trial with the defaults")
        promised, kept = float(np.mean(promises)), evidence.board.gain(tuned.id, default.id)
        se = evidence.board.gains(tuned.id, default.id).se
        excess = promised - (kept.value or 0.0)
        n_trials = sum(len(r.trials) for r in records)
        told = (f"The search of {tuned.model} promises {signed_number(promised)} "
                f"{evidence.board.metric.name} over the defaults ({n_trials} trials), later rows "
                f"keep {signed(kept)}")
        numbers = {"promised": promised, "kept": kept.value, "low": kept.low, "high": kept.high,
                   "se": se, "trials": n_trials}
        if excess <= max(evidence.thresholds.optimism_se * se, evidence.tolerance(tuned)):
            return self.passed(f"{told}.", **numbers)
        worse = kept.high is not None and kept.high < 0
        return self.issue("medium" if worse else "low", f"{told}.",
                          "Try fewer points on more inner folds, with `n_trials: "
                          f"{max(1, n_trials // len(records) // 2)}` and `inner_splits: 5`"
                          + ("; keep the defaults until then." if worse else "."), **numbers)


class ValueAtEdge(Rule):
    """The best value of a parameter lies at the end of its range."""

    code = "OL503"
    title = "A best value lies at the edge of its range"
    anchor = "search"

    def judge(self, evidence: Evidence) -> Finding:
        """Look at the best trials of all folds, and whether the score rises towards the edge."""
        tuned = _first_tuned(evidence)
        space = evidence.around.spaces.get(tuned.model, {}) if tuned else {}
        records = _searches(evidence, tuned) if tuned else []
        if tuned is None or not space or not records:
            return self.not_applicable("no search over ranges of parameters")
        at = [edge for edge in _edges(space, records, evidence) if edge.tells]
        n_trials = sum(len(r.trials) for r in records)
        if not at:
            return self.passed(f"No parameter of {tuned.model} has its best value at an end of its "
                               f"range, with a score that rises towards it ({len(space)} "
                               f"parameters, {n_trials} trials).", parameters=len(space))
        edge = max(at, key=lambda e: e.share)
        free = space[edge.name]
        end, beyond = (free.high, free.low)[not edge.upper], free.beyond(edge.upper)
        model = tuned.model.partition("(")[0]
        return self.issue(
            "low", f"`{edge.name}` of {tuned.model} is best near {end:g}, the end of its range, in "
            f"{edge.n_bests} of {len(records)} searches; it accounts for {edge.share:.0%} of the "
            f"score's spread over {n_trials} trials ({p_text(edge.p)}).",
            f"Try a value beyond it: `models: [{{{model}: {{{edge.name}: {beyond:.3g}}}}}]`.",
            parameter=edge.name, end=end, searches=edge.n_bests, share=edge.share, p=edge.p)


class SearchLength(Rule):
    """The search still improved when it ended, or has not for long."""

    code = "OL504"
    title = "Length of the search"
    anchor = "search"

    def judge(self, evidence: Evidence) -> Finding:
        """Compare the best score so far at half, at three quarters and at the end."""
        tuned = _first_tuned(evidence)
        records = _records(evidence, tuned) if tuned else []
        courses = [c for r in records if (c := _course(r, evidence)) is not None]
        if tuned is None or not courses:
            return self.not_applicable(
                f"no search of {evidence.thresholds.min_trials} trials or more")
        late, second = (float(np.mean([c[at] for c in courses])) for at in (0, 1))
        tolerance, metric = evidence.tolerance(tuned), evidence.board.metric.name
        n = round(float(np.mean([len(r.trials) for r in records])))
        told = (f"The best of {n} trials of {tuned.model} improved by {number(late, 4)} {metric} "
                f"in the last quarter and {number(second, 4)} in the second half of {len(courses)} "
                f"searches (tolerance {number(tolerance, 4)})")
        numbers = {"late": late, "second": second, "tolerance": tolerance, "trials": n}
        if late > tolerance:
            return self.issue("low", f"{told}: unfinished.",
                              f"Go on searching: --n_trials {2 * n}.", **numbers)
        if second <= tolerance:
            return self.tip(f"{told}: half of them would have done.",
                            f"Search half as long next time: --n_trials {max(1, n // 2)}.",
                            **numbers)
        return self.passed(f"{told}.", **numbers)


def searched_parameters(evidence: Evidence) -> tuple[ParameterCard, ...]:
    """Return what the searches of the first tuned models say of each parameter's range.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    tuple of ParameterCard
        Model by model, each with its best tuned configuration, its first parameter first.
    """
    tuned: dict[str, Row] = {}
    for row in evidence.models:
        if row.search != "none":
            tuned.setdefault(row.model, row)
    return tuple(card for row in list(tuned.values())[:_MODELS_TOLD]
                 for card in _parameters(row, evidence))


def _parameters(row: Row, evidence: Evidence) -> Iterator[ParameterCard]:
    records = _searches(evidence, row)
    space = evidence.around.spaces.get(row.model, {}) if records else {}
    edges = _edges(space, records, evidence)
    best = [_best(r.trials, evidence.board.metric) for r in records]
    for name, free in space.items():
        own = [edge for edge in edges if edge.name == name]
        if own:
            # The lower end speaks for both: a rank correlation only changes its sign.
            p = min(own[0].p, 1 - own[0].p) * 2 if own[0].share else 1.0
            yield ParameterCard(
                row=row.id, model=row.model, parameter=name, low=free.low, high=free.high,
                log=free.log, share=own[0].share, p=p, n_trials=sum(len(r.trials) for r in records),
                bests=tuple(float(t.params[name]) for t in best if t and name in t.params),
                edge=next(("high" if e.upper else "low" for e in own if e.tells), ""))


class _Edge(NamedTuple):
    name: str
    upper: bool
    n_bests: int
    share: float
    p: float
    tells: bool


def _edges(
    space: Mapping[str, Range], records: Sequence[Record], evidence: Evidence
) -> list[_Edge]:
    """Both ends of every range, and at which the best values lie for a reason."""
    limits = evidence.thresholds
    found = [edge for name, free in space.items() for upper in (False, True)
             if (edge := _edge(name, free, upper, records, evidence)) is not None]
    return [edge._replace(tells=edge.p <= limits.alpha / len(space)
                          and edge.share >= limits.edge_share
                          and edge.n_bests >= limits.edge_folds * len(records)) for edge in found]


def _edge(
    name: str, free: Range, upper: bool, records: Sequence[Record], evidence: Evidence
) -> _Edge | None:
    """How often the best value lies at one end, and how the score rises towards it."""
    if (upper and free.capped) or not free.high > free.low:
        return None
    width, metric = evidence.thresholds.edge_width, evidence.board.metric
    sign = 1 if upper == metric.greater_is_better else -1
    n_bests, places, scores = 0, [], []
    for record in records:
        trials = [(free.place(t.params[name]), t) for t in record.trials if name in t.params]
        best = _best([t for _, t in trials], metric)
        n_bests += any(t is best and (place >= 1 - width if upper else place <= width)
                       for place, t in trials)
        # All trials have seen the first inner fold, later ones only the better trials.
        seen = [(place, t.fold_scores[0]) for place, t in trials
                if t.fold_scores and t.fold_scores[0] is not None]
        # Folds differ in their level, so that only the order within each says anything.
        level = float(np.mean([score for _, score in seen] or [0.0]))
        places += [place for place, _ in seen]
        scores += [sign * (score - level) for _, score in seen]
    rho, p = contrasts.rank_correlation(places, scores)
    return _Edge(name, upper, n_bests, rho**2, p, tells=False)


def _course(record: Record, evidence: Evidence) -> tuple[float, float] | None:
    """How much the best score so far improved in the last quarter and in the second half."""
    n, metric = len(record.trials), evidence.board.metric
    if n < evidence.thresholds.min_trials:
        return None
    ends = [_best(record.trials[:upto], metric) for upto in (n, n - n // 4, n // 2)]
    scores = [trial.score for trial in ends if trial is not None and trial.score is not None]
    if len(scores) < 3:
        return None
    return improvement(metric, scores[0], scores[1]), improvement(metric, scores[0], scores[2])


def _promise(record: Record, metric: Metric) -> float | None:
    """The gain of the best trial over the first, which is that of the defaults."""
    best = _best(record.trials, metric)
    if best is None or best.score is None or record.trials[0].score is None:
        return None
    return improvement(metric, best.score, record.trials[0].score)


def _best(trials: Sequence[TrialRecord], metric: Metric) -> TrialRecord | None:
    done = [t for t in trials if t.state == "complete" and t.score is not None]
    sign = 1 if metric.greater_is_better else -1
    return max(done, key=lambda t: sign * (t.score or 0.0), default=None)


def _first_tuned(evidence: Evidence) -> Row | None:
    return next((row for row in evidence.models if row.search != "none"), None)


def _records(evidence: Evidence, row: Row) -> list[Record]:
    return [r.record for r in evidence.board.contestants[row.id].results if r.record.trials]


def _searches(evidence: Evidence, row: Row) -> list[Record]:
    return [record for record in _records(evidence, row) if len(record.trials) >= 2]


def _tuned_and_default(rows: list[Row]) -> list[tuple[Row, Row]]:
    defaults = {(row.model, row.selection): row for row in rows if row.search == "none"}
    tuned: dict[str, Row] = {}
    for row in rows:
        if row.search != "none" and (row.model, row.selection) in defaults:
            tuned.setdefault(row.model, row)
    return [(row, defaults[model, row.selection]) for model, row in tuned.items()]
