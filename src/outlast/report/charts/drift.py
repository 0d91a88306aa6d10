"""How far a feature has moved since training, against how much it matters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from outlast.feature_tracker.thresholds import THRESHOLDS
from outlast.report import formatting, view
from outlast.report.charts import base
from outlast.report.charts.plane import Plane, Span, short_name, signposts
from outlast.report.document import Document, FeatureCard

ID = "fig-drift"
RISKY, MOVED, STILL = "moved and matters", "moved, matters little", "within chance"
_MARKS = {RISKY: base.ALERT, MOVED: base.PALETTE[0], STILL: base.PAPER}
_SHAPES = {"sd": "circle", "JS": "square"}
_WIDTH, _HEIGHT, _NAMED, _DRAWN = 880, 340, 12, 150
_UNITS = {"sd": "sd", "JS": "Jensen-Shannon"}


def draw(document: Document) -> base.Figure | None:
    """Draw every feature whose drift and share of the importance are known."""
    cards = [card for card in view.features_by_share(document)
             if None not in (card.drift, card.share)]
    if not cards:
        return None
    limits = _limits(document)
    cards.sort(key=lambda card: list(_MARKS).index(_kind(card, limits)))
    alt = ("Scatter of features: drift from training to the last test window across, share of the "
           "importance upwards.")
    return base.Figure(
        id=ID, title="Drift against importance", alt=alt, caption=_caption(cards, limits),
        svg=base.to_svg(_chart(cards[:_DRAWN], limits), ID, alt),
        columns=("feature", "drift", "chance reaches", "share of the importance", "so it"),
        rows=tuple((card.feature, _amount(card), formatting.number(card.drift_chance, 2),
                    formatting.share(card.share), _kind(card, limits)) for card in cards),
    )


def _limits(document: Document) -> tuple[float, float]:
    """From which drift and share on the tracker calls a feature drifting."""
    told = document.thresholds
    return (told.get("drift_effect", THRESHOLDS.drift_effect),
            told.get("drift_share", THRESHOLDS.drift_share))


def _kind(card: FeatureCard, limits: tuple[float, float]) -> str:
    drift, share = card.drift or 0.0, card.share or 0.0
    if drift <= (card.drift_chance or 0.0):
        return STILL
    return RISKY if drift >= limits[0] and share >= limits[1] else MOVED


def _amount(card: FeatureCard) -> str:
    return f"{formatting.number(card.drift, 2)} {_UNITS.get(card.drift_unit, '')}".rstrip()


def _chart(cards: Sequence[FeatureCard], limits: tuple[float, float]) -> Any:
    import altair as alt

    rows = [_point(card, limits, at < _NAMED) for at, card in enumerate(cards)]
    furthest = max([limits[0] * 2, *(max(row["x"], row["chance"]) for row in rows)])
    highest = max([100 * limits[1] * 2, *(row["y"] for row in rows)])
    plane = Plane(Span(0.0, 1.08 * furthest), Span(0.0, 1.15 * highest, "sqrt"), _WIDTH, _HEIGHT)
    x = alt.X("x:Q", scale=plane.x.altair(), axis=alt.Axis(tickCount=8, grid=False),
              title="drift, from training to the last test window")
    y = alt.Y("y:Q", scale=plane.y.altair(), axis=alt.Axis(tickCount=6, grid=False),
              title="share of the importance, %")
    kinds = [kind for kind in _MARKS if any(row["kind"] == kind for row in rows)]
    units = [unit for unit in _SHAPES if any(row["unit"] == unit for row in rows)]
    paint = alt.Fill("kind:N", scale=alt.Scale(domain=kinds, range=[_MARKS[k] for k in kinds]),
                     legend=alt.Legend(orient="top", title=None, symbolStrokeColor=base.MUTED))
    shape = alt.Shape("unit:N", legend=None, scale=alt.Scale(
        domain=units, range=[_SHAPES[unit] for unit in units]))
    chart, corner = alt.Chart(base.inline(rows)), _corner(plane, limits)
    words, taken = signposts([(RISKY, plane.width - 6, 10)])
    tips = [alt.Tooltip("feature:N", title="feature"), alt.Tooltip("amount:N", title="drift"),
            alt.Tooltip("chance:Q", title="chance reaches", format=".2f"),
            alt.Tooltip("share:N", title="share of the importance")]
    # Of many that stayed within chance, the limits would be one grey carpet.
    limited = alt.Chart(base.inline([row for row in rows if row["name"] or row["kind"] != STILL]))
    return alt.layer(
        corner.encode(x=x, y=y, x2="right:Q", y2="top:Q"), *words,
        limited.mark_rule(strokeWidth=1, color=base.SOFT).encode(
            x=alt.X("chance:Q"), x2="x:Q", y=y),
        limited.mark_tick(orient="vertical", thickness=2, size=10, color=base.MUTED).encode(
            x=alt.X("chance:Q"), y=y),
        chart.mark_point(size=70, strokeWidth=1.5, stroke=base.MUTED, opacity=1).encode(
            x=x, y=y, fill=paint, shape=shape, tooltip=tips),
        *plane.names(rows, x, y, taken),
    ).properties(width=_WIDTH, height=_HEIGHT)


def _point(card: FeatureCard, limits: tuple[float, float], named: bool) -> dict[str, Any]:
    name, unit = short_name(card.feature), card.drift_unit
    return {"x": card.drift, "y": 100 * (card.share or 0.0), "chance": card.drift_chance or 0.0,
            "kind": _kind(card, limits), "unit": unit if unit in _SHAPES else "sd",
            "name": name if named else "", "feature": name, "amount": _amount(card),
            "share": formatting.share(card.share)}


def _corner(plane: Plane, limits: tuple[float, float]) -> Any:
    import altair as alt

    row = {"x": limits[0], "y": 100 * limits[1], "right": plane.x.high, "top": plane.y.high}
    return alt.Chart(base.inline([row])).mark_rect(color=base.BAND, opacity=0.6)


def _caption(cards: Sequence[FeatureCard], limits: tuple[float, float]) -> str:
    kinds = [_kind(card, limits) for card in cards]
    risky = [card for card, kind in zip(cards, kinds, strict=True) if kind == RISKY]
    moved = len(cards) - kinds.count(STILL)
    rule = (f"moved by {limits[0]:g} or more, beyond chance, and carr{{}} "
            f"{formatting.share(limits[1], 0)} of the importance or more")
    if risky:
        top = max(risky, key=lambda card: card.share or 0.0)
        told = (f"{len(risky)} of {formatting.plural(len(cards), 'feature')} "
                f"{rule.format('ies' if len(risky) == 1 else 'y')}; first "
                f"{short_name(top.feature, 60)}: {_amount(top)} where chance reaches "
                f"{formatting.number(top.drift_chance, 2)}, {formatting.share(top.share)} of the "
                "importance.")
    else:
        told = f"None of {formatting.plural(len(cards), 'feature')} {rule.format('ies')}."
    squares = " Squares are categories, by Jensen-Shannon distance." if any(
        card.drift_unit == "JS" for card in cards) else ""
    return (f"{told} {moved} moved farther than their own tick, which 99 of 100 draws by chance "
            f"stay below; hollow marks did not.{squares}")
