"""Where the score comes from, and where it is missing: events and segments of the held-out rows."""

from __future__ import annotations

import math

import numpy as np

from outlast.judge import contrasts, statistics
from outlast.judge.contrasts import Bools, Estimate
from outlast.judge.held_out import HeldOut
from outlast.judge.insights.base import Evidence, Rule
from outlast.judge.slices import Segment, event_rows, segments_of
from outlast.judge.thresholds import Thresholds
from outlast.judge.wording import MINUS, bounds, number, p_text, signed_number
from outlast.metrics import improvement
from outlast.records import Finding


class EventCarriesScore(Rule):
    """Much of the score is won during one event."""

    code = "OL402"
    title = "One event carries the score"
    anchor = "time"

    def judge(self, evidence: Evidence) -> Finding:
        """Leave out the event with the most gain; compare it with stretches as long as it."""
        held, events = evidence.held_out, evidence.around.events
        if held is None or events is None:
            return self.not_applicable("no model or no event that concerns everyone")
        found = list(event_rows(events, held.time))
        if not found:
            return self.not_applicable("no event that concerns everyone lies in the held-out time")
        name, rows = max(found, key=lambda event: float(held.gain[event[1]].sum()))
        best, limits, metric = evidence.models[0], evidence.thresholds, evidence.board.metric
        p = min(1.0, len(found) * _unlike_others(held, rows, limits.event_stretches))
        without, total = held.score_without(rows), float(held.gain.sum())
        share = float(held.gain[rows].sum()) / total if total > 0 else math.nan
        if without is None or best.score.value is None:
            return self.not_applicable(f"the score is not defined without {name}")
        se = evidence.se(best)
        drop = improvement(metric, best.score.value, without)
        told = (f"Without {name} (1 of {len(found)} events), {best.model} scores {metric.name} "
                f"{number(without)} instead of {number(best.score.value)} (standard error "
                f"{number(se)}); it holds {f'{share:.0%}'.replace('-', MINUS)} of the "
                f"gain over {held.baseline} ({p_text(p, len(found))})")
        numbers = {"event": name, "without": without, "drop": drop, "se": se, "share": share,
                   "p": p, "events": len(found)}
        # Of few events one must hold much of the gain.
        concentrated = len(found) >= limits.min_events and share >= limits.influence_share
        if p <= limits.alpha and (drop > limits.influence_se * se or concentrated):
            return self.issue("medium", f"{told}.", f"Expect {number(without)} where no such event "
                              "comes; test on whole events: --splits leave_one_event_out.",
                              **numbers)
        return self.passed(f"{told}.", **numbers)


class SegmentFails(Rule):
    """The model gains much less in one part of the rows."""

    code = "OL403"
    title = "A segment fails"
    anchor = "time"

    def judge(self, evidence: Evidence) -> Finding:
        """Name the worst segments on the first half of time, test them on the second."""
        held, limits = evidence.held_out, evidence.thresholds
        if held is None or held.gain.mean() <= 0:
            return self.not_applicable("no model that loses less than the baseline")
        early = held.block < (held.block.max() + 1) // 2
        late = ~early
        segments = [s for s in segments_of(held, evidence.around)
                    if _large(s.rows, (early, late), evidence)]
        if held.n_blocks < 2 * limits.interval_blocks or not segments:
            return self.not_applicable("too little held-out time for halves, or a single segment")
        suspects = _suspects(held, segments, early, limits)
        of = f"{len(segments)} segments"
        if not suspects:
            return self.passed(f"None of {of} gains less than the others by "
                               f"{limits.segment_loss:.0%} of the gain.")
        tests = [_against_others(held, s.rows, late) for s in suspects]
        adjusted = statistics.holm([test.p_below() for test in tests])
        at = int(np.argmin(adjusted))
        segment, test = suspects[at], tests[at]
        overall = float(held.gain[late].mean())
        inside = float(held.gain[late & segment.rows].mean())
        told = (f"Where {segment.name}, {evidence.models[0].model} gains {number(inside)} "
                f"{held.unit} per row over {held.baseline}, {signed_number(test.value)}"
                f"{bounds(test.interval())} compared with the other rows "
                f"({int((late & segment.rows).sum()):,} rows, later half; worst of {of})")
        numbers = {"segment": segment.name, "inside": inside, "difference": test.value,
                   "p": adjusted[at], "overall": overall, "segments": len(segments)}
        large = test.value < -limits.segment_loss * overall
        # One side of a two-sided test.
        if large and adjusted[at] <= limits.alpha / 2:
            return self.issue("medium", f"{told}.", f"Do not trust the score where {segment.name}; "
                              "add features that tell these rows apart, or a model of their own.",
                              **numbers)
        return self.passed(f"{told}: not confirmed.", **numbers)


def _unlike_others(held: HeldOut, rows: Bools, least: int) -> float:
    """One-sided p-value of the event's mean gain among stretches of the same length."""
    length = np.unique(held.time[rows]).size
    rest = held.time[~rows]
    stretch = contrasts.stretches_of(rest, length)
    means = np.bincount(stretch, held.gain[~rows]) / np.bincount(stretch)
    if means.size < least:
        return 1.0
    return contrasts.stands_out(np.append(means, held.gain[rows].mean()), means.size)


def _large(rows: Bools, halves: tuple[Bools, Bools], evidence: Evidence) -> bool:
    limits = evidence.thresholds
    least = max(limits.segment_rows, limits.segment_share * rows.size)
    return bool(least <= rows.sum() < rows.size) and all(
        2 * (rows & half).sum() >= least and (~rows & half).any() for half in halves)


def _against_others(held: HeldOut, rows: Bools, half: Bools) -> Estimate:
    return contrasts.difference(held.gain[half], rows[half], held.block[half])


def _suspects(
    held: HeldOut, segments: list[Segment], early: Bools, limits: Thresholds
) -> list[Segment]:
    """The segments that look worst in the first half of time."""
    bar = -limits.segment_loss * float(held.gain[early].mean())
    tests = [_against_others(held, s.rows, early) for s in segments]
    bad = [(test.p_below(), at) for at, test in enumerate(tests) if test.value < bar]
    return [segments[at] for p, at in sorted(bad)[:limits.segment_suspects]
            if p < limits.segment_alpha]
