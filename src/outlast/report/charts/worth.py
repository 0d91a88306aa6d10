"""How much a model relies on a feature, against how badly it is missed when left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from outlast.judge.board import Interval
from outlast.report import formatting, view
from outlast.report.charts import base
from outlast.report.charts.plane import Box, Plane, short_name, signposts, span
from outlast.report.document import Document, FeatureCard

ID = "fig-worth"
NEEDED, SPARE, UNUSED = "irreplaceable", "relied on, but replaceable", "not shown to be used"
_MARKS = {NEEDED: ("circle", base.PALETTE[0]), SPARE: ("diamond", base.PALETTE[1]),
          UNUSED: ("square", base.BASELINE_COLOUR)}
_WIDTH, _HEIGHT, _NAMED, _DRAWN = 880, 380, 12, 150


class Worth(NamedTuple):
    """A feature with its near copies, which are shuffled and left out together."""

    cards: list[FeatureCard]
    reliance: Interval
    replaceability: Interval
    kind: str

    @property
    def name(self) -> str:
        """The most important of them, and how many more there are."""
        more = len(self.cards) - 1
        return short_name(self.cards[0].feature) + (f" + {more} near copies" if more > 1 else
                                                    " + 1 near copy" if more else "")


def draw(document: Document) -> base.Figure | None:
    """Draw every feature of which both are known."""
    groups = _groups(document)
    if not groups:
        return None
    alt = ("Scatter of features: score lost by shuffling one across, score lost by fitting again "
           "without it upwards.")
    decimals = formatting.decimals_for(
        value.value for group in groups for value in (group.reliance, group.replaceability))
    return base.Figure(
        id=ID, title="Reliance against replaceability", alt=alt,
        caption=_caption(document, groups, decimals),
        svg=base.to_svg(_chart(document, groups[:_DRAWN]), ID, alt),
        columns=("feature", "near copies", "reliance (95 % interval)",
                 "replaceability (95 % interval)", "so it is"),
        rows=tuple((group.cards[0].feature,
                    ", ".join(card.feature for card in group.cards[1:]) or formatting.MISSING,
                    formatting.interval(group.reliance, decimals),
                    formatting.interval(group.replaceability, decimals), group.kind)
                   for group in groups),
    )


def _groups(document: Document) -> list[Worth]:
    """The most relied on first, of those that are shown to be used at all."""
    found: dict[tuple[str, float, float], Worth] = {}
    # Where there is one window alone, the signs must do.
    bare = all(card.reliance is None or card.reliance.low is None for card in document.features)
    for card in view.features_by_share(document):
        reliance, missed = card.reliance, card.replaceability
        if reliance is None or missed is None or None in (reliance.value, missed.value):
            continue
        # Near copies are shuffled and left out together: they have the same numbers.
        key = (card.cluster or card.feature, reliance.value or 0.0, missed.value or 0.0)
        fresh = Worth([], reliance, missed, _kind(reliance, missed, bare))
        found.setdefault(key, fresh).cards.append(card)
    return sorted(found.values(), key=lambda g: (g.kind == UNUSED, -(g.reliance.value or 0.0)))


def _kind(reliance: Interval, replaceability: Interval, bare: bool) -> str:
    if not _above_zero(reliance, bare):
        return UNUSED
    return NEEDED if _above_zero(replaceability, bare) else SPARE


def _above_zero(estimate: Interval, bare: bool) -> bool:
    """With its whole interval, or bare of any."""
    return ((estimate.value if bare else estimate.low) or 0.0) > 0


def _chart(document: Document, groups: Sequence[Worth]) -> Any:
    import altair as alt

    plane = Plane(span(g.reliance.value or 0.0 for g in groups),
                  span(g.replaceability.value or 0.0 for g in groups), _WIDTH, _HEIGHT)
    rows = [_point(plane, group, at < _NAMED) for at, group in enumerate(groups)]
    kinds = [kind for kind in _MARKS if any(row["kind"] == kind for row in rows)]
    legend = alt.Legend(orient="top", title=None, symbolSize=80, symbolOpacity=1, labelLimit=260)
    paint = alt.Color("kind:N", legend=legend, title="so it is", scale=alt.Scale(
        domain=kinds, range=[_MARKS[kind][1] for kind in kinds]))
    shape = alt.Shape("kind:N", legend=legend, scale=alt.Scale(
        domain=kinds, range=[_MARKS[kind][0] for kind in kinds]))
    x = alt.X("x:Q", scale=plane.x.altair(), axis=alt.Axis(tickCount=7, grid=False),
              title=f"reliance: {document.metric} lost by shuffling it")
    y = alt.Y("y:Q", scale=plane.y.altair(), axis=alt.Axis(tickCount=6, grid=False),
              title=f"replaceability: {document.metric} lost without it")
    chart = alt.Chart(base.inline(rows))
    # Those of all others, most of them about zero, would be one grey carpet.
    named = alt.Chart(base.inline([row for row in rows if row["name"]]))
    line = named.mark_rule(strokeWidth=1.5, opacity=0.6)
    zero = alt.Chart(base.inline([{"x": 0.0, "y": 0.0}])).mark_rule(
        color=base.MUTED, strokeDash=[4, 3])
    tips = [alt.Tooltip("feature:N", title="feature"),
            alt.Tooltip("reliance:N", title="reliance (95 % interval)"),
            alt.Tooltip("missed:N", title="replaceability (95 % interval)"),
            alt.Tooltip("kind:N", title="so it is")]
    words, taken = _quadrants(plane)
    return alt.layer(
        *words, zero.encode(x=x), zero.encode(y=y),
        line.encode(x=alt.X("left:Q"), x2="right:Q", y=y, color=paint),
        line.encode(x=x, y=alt.Y("bottom:Q"), y2="top:Q", color=paint),
        chart.mark_point(size=70, filled=True, opacity=0.95).encode(
            x=x, y=y, color=paint, shape=shape, tooltip=tips),
        *plane.names(rows, x, y, taken),
    ).properties(width=_WIDTH, height=_HEIGHT)


def _point(plane: Plane, group: Worth, named: bool) -> dict[str, Any]:
    x, y = group.reliance.value or 0.0, group.replaceability.value or 0.0
    ends = [(x if end is None else plane.x.within(end))
            for end in (group.reliance.low, group.reliance.high)]
    tips = [(y if end is None else plane.y.within(end))
            for end in (group.replaceability.low, group.replaceability.high)]
    return {"x": x, "y": y, "left": ends[0], "right": ends[1], "bottom": tips[0], "top": tips[1],
            "kind": group.kind, "name": group.name if named else "", "feature": group.name,
            "reliance": formatting.interval(group.reliance, 4),
            "missed": formatting.interval(group.replaceability, 4)}


def _quadrants(plane: Plane) -> tuple[list[Any], list[Box]]:
    """What it means to lie there, in the corners, and the room that the words take."""
    zero, right, low = plane.pixels(0.0, 0.0)[0] - 6, plane.width - 6, plane.height - 9
    return signposts([(NEEDED, right, 9), (SPARE, right, low), ("not used", zero, low)])


def _caption(document: Document, groups: Sequence[Worth], decimals: int) -> str:
    names = {kind: [g.name for g in groups if g.kind == kind] for kind in _MARKS}
    known = sum(len(g.cards) for g in groups)
    count = formatting.plural(known, "feature") + ("" if known == len(groups) else (
        f" in {formatting.plural(len(groups), 'group')} of near copies"))
    top = max(groups, key=lambda g: g.reliance.value or 0.0)
    each = [f"{len(found)} {'is' if len(found) == 1 else 'are'} {kind}"
            + (f" ({', '.join(found[:3])}{' …' if len(found) > 3 else ''})"
               if kind != UNUSED else "")
            for kind, found in names.items() if found]
    told = f"Of {count} {'; '.join(each)}." if len(names[UNUSED]) < len(groups) else (
        f"None of {count} is shown to be used: what shuffling costs may be nothing.")
    shown = "" if any(g.reliance.low is not None for g in groups) else (
        " One window gives no interval: the signs alone decide.")
    unknown = len(document.features) - known
    rest = f" No model was fitted without the other {unknown}." if unknown else ""
    return (f"{told} The model relies most on {top.name}: shuffling it costs "
            f"{formatting.interval(top.reliance, decimals)} {document.metric}, fitting without it "
            f"costs {formatting.interval(top.replaceability, decimals)}. Lines are 95 % intervals "
            f"of the first {_NAMED} groups, cut at the frame.{shown}{rest}")
