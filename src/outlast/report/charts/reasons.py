"""From all features to those that every fold kept: how many each reason took away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from outlast.report import formatting, view
from outlast.report.charts import base
from outlast.report.document import Document, FeatureCard
from outlast.report.words import REASONS

ID = "fig-reasons"
_SHOWN = 8


class Step(NamedTuple):
    """A bar of the waterfall: from how many features to how many, and which they are."""

    label: str
    code: str
    kind: str
    start: int
    end: int
    features: list[str]


_ALL, _DROPPED, _MIXED, _KEPT = "all", "dropped in every fold", "dropped in some folds", "kept"
_COLOURS = {_ALL: base.SOFT, _DROPPED: base.PALETTE[1], _MIXED: base.PALETTE[4],
            _KEPT: base.PALETTE[0]}


def draw(document: Document) -> base.Figure | None:
    """Draw the way from all features to those kept; nothing where none was dropped."""
    cards = view.features_by_share(document)
    if all(card.decision == "kept" for card in cards):
        return None
    steps = _steps(cards)
    alt = "Waterfall from all features over those that each reason dropped to those kept."
    return base.Figure(
        id=ID, title="Kept and dropped, by reason", alt=alt, caption=_caption(steps),
        svg=base.to_svg(_chart(steps), ID, alt),
        columns=("step", "rule", "features", "which"),
        rows=tuple((step.label, step.code or formatting.MISSING, str(step.end - step.start),
                    _which(step.features)) for step in steps),
    )


def _which(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _steps(cards: Sequence[FeatureCard]) -> list[Step]:
    """All, then each reason to drop from the most frequent on, then each reason to keep."""
    left, steps = len(cards), [Step("all features", "", _ALL, 0, len(cards), [])]
    for code, names in _grouped(cards, "dropped"):
        steps.append(Step(_words(code), code, _DROPPED, left - len(names), left, names))
        left -= len(names)
    mixed = [card.feature for card in cards if card.decision == "mixed"]
    if mixed:
        steps.append(Step("dropped in some folds only", "", _MIXED, left - len(mixed), left, mixed))
    start = 0
    for code, names in _grouped(cards, "kept"):
        steps.append(Step(f"kept: {_words(code)}", code, _KEPT, start, start + len(names), names))
        start += len(names)
    return steps


def _grouped(cards: Sequence[FeatureCard], decision: str) -> list[tuple[str, list[str]]]:
    groups: dict[str, list[str]] = {}
    for card in cards:
        if card.decision == decision:
            # Earlier reports tell of one code alone.
            groups.setdefault(card.reason or card.code, []).append(card.feature)
    return sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))


def _words(code: str) -> str:
    return REASONS.get(code, f"by rule {formatting.one_line(code, 12)}" if code else "other")


def _chart(steps: Sequence[Step]) -> Any:
    import altair as alt

    rows = [{"step": step.label, "kind": step.kind, "start": step.start, "end": step.end,
             "count": str(step.end - step.start), "rule": step.code,
             "which": formatting.one_line(_which(step.features), 200)} for step in steps]
    order = [step.label for step in steps]
    kinds = [kind for kind in _COLOURS if any(row["kind"] == kind for row in rows)]
    paint = alt.Color("kind:N", legend=None, scale=alt.Scale(
        domain=kinds, range=[_COLOURS[kind] for kind in kinds]))
    domain = [0, 1.04 * steps[0].end]
    x = alt.X("start:Q", title="features", scale=alt.Scale(domain=domain, nice=False),
              axis=alt.Axis(tickCount=8, tickMinStep=1, format="d"))
    y = alt.Y("step:N", sort=order, title=None, axis=alt.Axis(
        ticks=False, domain=False, labelPadding=8, labelLimit=300))
    tips = [alt.Tooltip("step:N", title="step"), alt.Tooltip("count:N", title="features"),
            alt.Tooltip("rule:N", title="rule"), alt.Tooltip("which:N", title="which")]
    chart = alt.Chart(base.inline(rows))
    return alt.layer(
        chart.mark_bar(height=16).encode(x=x, x2="end:Q", y=y, color=paint, tooltip=tips),
        chart.mark_text(align="left", dx=5, fontSize=12, color=base.INK).encode(
            x=alt.X("end:Q"), y=y, text="count:N"),
    ).properties(width=base.plot_width(order, 300), height=alt.Step(24))


def _caption(steps: Sequence[Step]) -> str:
    total = steps[0].end
    dropped = [step for step in steps if step.kind == _DROPPED]
    n_dropped = sum(len(step.features) for step in dropped)
    n_kept = sum(len(step.features) for step in steps if step.kind == _KEPT)
    mixed = sum(len(step.features) for step in steps if step.kind == _MIXED)
    most = f", most often as {dropped[0].label} ({len(dropped[0].features)})" if dropped else ""
    some = "" if not mixed else (
        f", and {mixed} {'is' if mixed == 1 else 'are'} kept in some folds only")
    return (f"{n_kept} of {formatting.plural(total, 'feature')} are kept in every fold; "
            f"{n_dropped} {'was' if n_dropped == 1 else 'were'} dropped in all of them{most}"
            f"{some}. Each fold decides on its own training rows.")
