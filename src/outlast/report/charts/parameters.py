"""Which parameter the score of the trials follows, and where in its range the best values lie."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from outlast.judge.board import ParameterCard
from outlast.judge.insights import Range, Thresholds
from outlast.report import formatting
from outlast.report.charts import base
from outlast.report.document import Document

ID = "fig-parameters"
_DRAWN, _GAP, _LABELS = 12, 30, 250
_INSIDE, _EDGE = "inside the range", "at its edge"
_COLOURS = {_INSIDE: base.PALETTE[0], _EDGE: base.ALERT}


def draw(document: Document) -> base.Figure | None:
    """Draw the parameters of each model's best search, a panel per model."""
    models: dict[str, list[ParameterCard]] = {}
    for card in document.parameters:
        models.setdefault(card.model, []).append(card)
    if not models:
        return None
    for cards in models.values():
        cards.sort(key=lambda card: -card.share)
    width = _edge_width(document)
    alt = ("Per model, how much of the order of the scores each parameter explains, and where "
           "in its range the best value of each fold lies.")
    return base.Figure(
        id=ID, title="Parameters: importance and best values", alt=alt,
        caption=_caption(models, width), svg=base.to_svg(_chart(models, width), ID, alt),
        columns=("model", "parameter", "range", "explains", "p", "best values", "at an edge"),
        rows=tuple((card.model, card.parameter, _range(card), formatting.share(card.share, 0),
                    formatting.significant(card.p, 2),
                    ", ".join(formatting.significant(best, 3) for best in card.bests),
                    f"{_at_edge(card, width)} of {len(card.bests)}")
                   for cards in models.values() for card in cards),
    )


def _edge_width(document: Document) -> float:
    return document.thresholds.get("edge_width", Thresholds().edge_width)


def _range(card: ParameterCard) -> str:
    return (f"{formatting.significant(card.low, 3)} to {formatting.significant(card.high, 3)}"
            f"{', log' if card.log else ''}")


def _places(card: ParameterCard) -> list[float]:
    free = Range(card.low, card.high, card.log)
    return [free.place(best) for best in card.bests]


def _edges(card: ParameterCard, width: float) -> list[bool]:
    """Whether the best value of each fold lies at an end that could be moved."""
    capped = Range(card.low, card.high, card.log).capped
    return [place <= width or (place >= 1 - width and not capped) for place in _places(card)]


def _at_edge(card: ParameterCard, width: float) -> int:
    return sum(_edges(card, width))


def _chart(models: dict[str, list[ParameterCard]], width: float) -> Any:
    import altair as alt

    panels = [_panel(model, cards[:_DRAWN], width) for model, cards in models.items()]
    return alt.vconcat(*panels, spacing=22).resolve_scale(color="shared", y="independent")


def _panel(model: str, cards: Sequence[ParameterCard], edge: float) -> Any:
    import altair as alt

    labels = {card.parameter: _label(card) for card in cards}
    order = list(labels.values())
    room = base.WIDTH - _LABELS - 40 - _GAP
    height = alt.Step(22)
    # The same room for the labels of every model, so that the panels stand below each other.
    axis = alt.Axis(grid=True, ticks=False, domain=False, labelPadding=8, labelLimit=_LABELS,
                    minExtent=_LABELS, maxExtent=_LABELS)
    y = alt.Y("parameter:N", sort=order, title=None, axis=axis)
    bare = alt.Y("parameter:N", sort=order, title=None, axis=alt.Axis(
        grid=True, ticks=False, domain=False, labels=False))
    importance = [{"parameter": labels[card.parameter], "share": 100 * card.share,
                   "p": formatting.significant(card.p, 2), "trials": card.n_trials}
                  for card in cards]
    tips = [alt.Tooltip("parameter:N", title="parameter"),
            alt.Tooltip("share:Q", title="explains, %", format=".0f"),
            alt.Tooltip("p:N", title="p"), alt.Tooltip("trials:Q", title="trials")]
    bars = alt.Chart(base.inline(importance)).mark_bar(height=11, color=base.SOFT).encode(
        x=alt.X("share:Q", title="explains of the order of the scores, %",
                scale=alt.Scale(domain=[0, 100]), axis=alt.Axis(tickCount=5)),
        y=y, tooltip=tips)
    bests = [row for card in cards for row in _points(card, labels[card.parameter], edge)]
    return alt.hconcat(
        bars.properties(width=round(room * 0.42), height=height, title=alt.Title(
            formatting.one_line(model, 60), offset=6)),
        _placed(bests, bare, edge).properties(width=round(room * 0.58), height=height),
        spacing=_GAP)


def _label(card: ParameterCard) -> str:
    return f"{formatting.one_line(card.parameter, 22)}, {_range(card)}"


def _points(card: ParameterCard, label: str, edge: float) -> Iterator[dict[str, Any]]:
    at_edge = _edges(card, edge)
    for value, place, out in zip(card.bests, _places(card), at_edge, strict=True):
        yield {"parameter": label, "place": place, "value": formatting.significant(value, 3),
               "where": _EDGE if out else _INSIDE}


def _placed(rows: Sequence[dict[str, Any]], y: Any, edge: float) -> Any:
    """The best value of each fold between the ends of its range, the edges shaded."""
    import altair as alt

    ticks = alt.Axis(values=[0, 0.5, 1], grid=False, labelExpr=(
        "datum.value == 0 ? 'low end' : datum.value == 1 ? 'high end' : 'middle'"))
    x = alt.X("place:Q", title="best value of each fold within the range", axis=ticks,
              scale=alt.Scale(domain=[-0.02, 1.02], nice=False))
    paint = alt.Color("where:N", scale=alt.Scale(
        domain=list(_COLOURS), range=list(_COLOURS.values())),
        legend=alt.Legend(orient="top", title=None, symbolType="circle"))
    bands = [{"place": -0.02, "end": edge}, {"place": 1 - edge, "end": 1.02}]
    tips = [alt.Tooltip("parameter:N", title="parameter, range"),
            alt.Tooltip("value:N", title="best value of a fold"),
            alt.Tooltip("where:N", title="it lies")]
    return alt.layer(
        alt.Chart(base.inline(bands)).mark_rect(color=base.BAND).encode(x=x, x2="end:Q"),
        alt.Chart(base.inline(rows)).mark_point(size=70, filled=True, opacity=0.7).encode(
            x=x, y=y, color=paint, tooltip=tips))


def _caption(models: dict[str, list[ParameterCard]], width: float) -> str:
    cards = [card for found in models.values() for card in found]
    top = max(cards, key=lambda card: card.share)
    p = f"p = {formatting.significant(top.p, 2)}" if top.p >= 0.001 else "p below 0.001"
    told = (f"{top.parameter} of {top.model} says most about the score: it explains "
            f"{formatting.share(top.share, 0)} of the order of "
            f"{formatting.plural(top.n_trials, 'trial')} ({p}, the best of "
            f"{formatting.plural(len(cards), 'parameter')}).")
    rising = [card for card in cards if card.edge]
    most = max(cards, key=lambda card: _at_edge(card, width))
    n_most = _at_edge(most, width)
    if rising:
        first = rising[0]
        told += (f" {first.parameter} of {first.model} is best at the {first.edge} end of its "
                 "range and the score still rises towards it: widen it.")
    elif n_most:
        told += (f" No range is clearly too narrow; most best values at an edge has "
                 f"{most.parameter} of {most.model}, {n_most} of {len(most.bests)}.")
    else:
        told += " No best value lies at an edge of its range."
    return f"{told} Shaded: the outer {formatting.share(width, 0)} at each end."
