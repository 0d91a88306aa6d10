"""Whether the hyper-parameter search was worth its time."""

from __future__ import annotations

from outlast.judge.board import Row
from outlast.judge.insights.base import Evidence, Rule
from outlast.judge.wording import signed
from outlast.records import Finding


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


def _tuned_and_default(rows: list[Row]) -> list[tuple[Row, Row]]:
    defaults = {(row.model, row.selection): row for row in rows if row.search == "none"}
    tuned: dict[str, Row] = {}
    for row in rows:
        if row.search != "none" and (row.model, row.selection) in defaults:
            tuned.setdefault(row.model, row)
    return [(row, defaults[model, row.selection]) for model, row in tuned.items()]
