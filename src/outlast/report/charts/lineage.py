"""From raw columns over operations to the top features, as wide as what they carry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from outlast.report import formatting, view
from outlast.report.charts import base
from outlast.report.charts.plane import short_name, text_width
from outlast.report.document import Document, FeatureCard

ID = "fig-lineage"
_DRAWN, _ROOTS, _FAMILIES = 20, 12, 10
_REST = "the rest"
_NAME = 30
_COLOURS = (*base.PALETTE, base.BASELINE_COLOUR)
# In pixels: width of a node, height of all links together, least height of a node, between nodes.
_NODE, _HEIGHT, _LEAST, _GAP, _FONT = 8, 340, 16, 3, 12


class Node(NamedTuple):
    """A rectangle that links begin or end at."""

    top: float
    height: float


class Link(NamedTuple):
    """What flows from one node to the next, in shares of the importance."""

    source: str
    target: str
    family: str
    share: float
    label: str


@dataclass(frozen=True)
class Flow:
    """The features, what they are made of, and how many pixels a share of one is."""

    cards: Sequence[FeatureCard]

    @cached_property
    def scale(self) -> float:
        """Pixels per share of one."""
        return _HEIGHT / max(sum(card.share or 0.0 for card in self.cards), 1e-9)

    @cached_property
    def roots(self) -> list[list[str]]:
        """The raw columns of each feature; those that carry least are told as one."""
        carried = _totals((root, (card.share or 0.0) / len(_made_of(card)))
                          for card in self.cards for root in _made_of(card))
        kept = set(list(carried)[:_ROOTS])
        return [list(dict.fromkeys(root if root in kept else _REST for root in _made_of(card)))
                for card in self.cards]

    @cached_property
    def families(self) -> list[str]:
        """The operation of each feature; the rarest are told as one."""
        carried = _totals((_family(card), card.share or 0.0) for card in self.cards)
        kept = set(list(carried)[:_FAMILIES])
        return [family if (family := _family(card)) in kept else _REST for card in self.cards]

    @cached_property
    def first(self) -> list[Link]:
        """From raw columns to operations."""
        shares: dict[tuple[str, str], float] = {}
        for card, roots, family in zip(self.cards, self.roots, self.families, strict=True):
            for root in roots:
                part = (card.share or 0.0) / len(roots)
                shares[root, family] = shares.get((root, family), 0.0) + part
        return [Link(root, family, family, share, f"{root} → {family}")
                for (root, family), share in shares.items()]

    @cached_property
    def second(self) -> list[Link]:
        """From operations to features, which go by their number."""
        return [Link(family, str(at), family, card.share or 0.0, f"{family} → {card.feature}")
                for at, (card, family) in enumerate(zip(self.cards, self.families, strict=True))]

    @cached_property
    def columns(self) -> list[dict[str, Node]]:
        """The nodes of the three columns, ordered so that few links cross."""
        families = _totals((link.family, link.share) for link in self.second)
        rank = {family: at for at, family in enumerate(families)}
        centre = _totals((link.source, link.share * rank[link.target]) for link in self.first)
        roots = _totals((link.source, link.share) for link in self.first)
        ordered = sorted(roots, key=lambda root: centre[root] / max(roots[root], 1e-9))
        cards = {link.target: link.share
                 for link in sorted(self.second, key=lambda link: rank[link.family])}
        stacks = [_stacked(shares, self.scale)
                  for shares in ({root: roots[root] for root in ordered}, families, cards)]
        highest = max(map(_height, stacks))
        return [{name: node._replace(top=node.top + (highest - _height(stack)) / 2)
                 for name, node in stack.items()} for stack in stacks]

    @cached_property
    def places(self) -> tuple[float, float, float]:
        """Where the columns stand: the outer ones leave just the room that their names take."""
        left = 10 + max(text_width(short_name(root, _NAME), _FONT) for root in self.columns[0])
        right = 14 + max(text_width(_shown(card), _FONT) for card in self.cards)
        last = base.WIDTH - right
        return left, (left + last) / 2, last

    @property
    def height(self) -> float:
        """Of the highest column."""
        return max(map(_height, self.columns))


def draw(document: Document) -> base.Figure | None:
    """Draw what the top features are made of, as far as that is known."""
    cards = [card for card in view.features_by_share(document)[:_DRAWN]
             if card.share and _made_of(card)]
    if not cards:
        return None
    flow = Flow(cards)
    alt = (f"Flow from raw columns over operations to the top {len(cards)} features, as wide as "
           "their share of the importance.")
    return base.Figure(
        id=ID, title="What the top features are made of", alt=alt, caption=_caption(flow),
        svg=base.to_svg(_chart(flow), ID, alt),
        columns=("feature", "share of the importance", "operation", "raw columns", "looks back"),
        rows=tuple((card.feature, formatting.share(card.share), _family(card),
                    ", ".join(_made_of(card)), card.lookback or formatting.MISSING)
                   for card in cards),
    )


def _made_of(card: FeatureCard) -> tuple[str, ...]:
    """Its raw columns; its direct inputs in a report that knows no others."""
    return card.roots or card.inputs


def _family(card: FeatureCard) -> str:
    return card.family or "own function"


def _totals(parts: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Sums by name, the largest first."""
    sums: dict[str, float] = {}
    for name, value in parts:
        sums[name] = sums.get(name, 0.0) + value
    return dict(sorted(sums.items(), key=lambda item: -item[1]))


def _stacked(shares: Mapping[str, float], scale: float) -> dict[str, Node]:
    """Nodes below each other, each high enough for its name."""
    nodes, top = {}, 0.0
    for name, share in shares.items():
        nodes[name] = Node(top, max(_LEAST, scale * share))
        top += nodes[name].height + _GAP
    return nodes


def _height(stack: Mapping[str, Node]) -> float:
    return max(node.top + node.height for node in stack.values())


def _chart(flow: Flow) -> Any:
    import altair as alt

    left, middle, right = flow.columns
    families = list(middle)
    paint = alt.Color("family:N", legend=None, scale=alt.Scale(
        domain=families, range=[_COLOURS[at % len(_COLOURS)]
                                for at in range(len(families))]))
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, base.WIDTH], nice=False))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[flow.height, -24], nice=False))
    curves = [*_curves(flow, flow.first, (left, middle), 0),
              *_curves(flow, flow.second, (middle, right), 1)]
    tips = [alt.Tooltip("link:N", title="from, to"),
            alt.Tooltip("share:N", title="share of the importance")]
    layers = [alt.Chart(base.inline(curves)).mark_line(
        interpolate="basis", opacity=0.4, strokeCap="butt").encode(
        x=x, y=y, detail="id:N", color=paint, tooltip=tips,
        strokeWidth=alt.StrokeWidth("width:Q", scale=None))]
    nodes = alt.Chart(base.inline(list(_nodes(flow)))).mark_rect(color=base.MUTED)
    layers.append(nodes.encode(x=x, x2="right:Q", y=y, y2="bottom:Q"))
    labels = list(_labels(flow))
    for align in ("left", "right"):
        text = alt.Chart(base.inline([row for row in labels if row["align"] == align])).mark_text(
            align=align, baseline="middle", fontSize=12, color=base.INK)
        layers.append(text.encode(x=x, y=y, text="name:N"))
    heads = alt.Chart(base.inline([
        {"x": at, "y": -14, "name": name} for at, name in
        zip(flow.places, ("raw columns", "operations", "features"), strict=True)])).mark_text(
        align="left", fontSize=12, color=base.MUTED)
    layers.append(heads.encode(x=x, y=y, text="name:N"))
    return alt.layer(*layers).properties(width=base.WIDTH, height=round(flow.height) + 24)


def _curves(
    flow: Flow, links: Sequence[Link], ends: tuple[dict[str, Node], dict[str, Node]], column: int
) -> Iterator[dict[str, Any]]:
    """Four points of each link, which a spline joins: it leaves and arrives level."""
    order = [list(side) for side in ends]
    outgoing = _ports(flow, links, ends[0], lambda link: (link.source, order[1].index(link.target)))
    incoming = _ports(flow, links, ends[1], lambda link: (link.target, order[0].index(link.source)))
    start, stop = flow.places[column] + _NODE, flow.places[column + 1]
    reach = 0.4 * (stop - start)
    for at, link in enumerate(links):
        told = {"id": f"{column}-{at}", "link": formatting.one_line(link.label, 90),
                "family": link.family, "share": formatting.share(link.share),
                "width": max(0.8, flow.scale * link.share)}
        for x, y in ((start, outgoing[at]), (start + reach, outgoing[at]),
                     (stop - reach, incoming[at]), (stop, incoming[at])):
            yield {**told, "x": x, "y": y}


def _ports(flow: Flow, links: Sequence[Link], nodes: Mapping[str, Node], key: Any) -> list[float]:
    """Where each link meets its node: one below the other, in the middle of it."""
    used = _totals((key(link)[0], link.share) for link in links)
    at = {name: node.top + (node.height - flow.scale * used.get(name, 0.0)) / 2
          for name, node in nodes.items()}
    ports = [0.0] * len(links)
    for index in sorted(range(len(links)), key=lambda index: key(links[index])):
        name, width = key(links[index])[0], flow.scale * links[index].share
        ports[index] = at[name] + width / 2
        at[name] += width
    return ports


def _nodes(flow: Flow) -> Iterator[dict[str, Any]]:
    for place, column in zip(flow.places, flow.columns, strict=True):
        for node in column.values():
            yield {"x": place, "right": place + _NODE, "y": node.top,
                   "bottom": node.top + node.height}


def _labels(flow: Flow) -> Iterator[dict[str, Any]]:
    for at, column in enumerate(flow.columns):
        for key, node in column.items():
            name = _shown(flow.cards[int(key)]) if at == 2 else short_name(key, _NAME)
            yield {"x": flow.places[at] + (_NODE + 5 if at else -6), "name": name,
                   "y": node.top + node.height / 2, "align": "left" if at else "right"}


def _shown(card: FeatureCard) -> str:
    return f"{short_name(card.feature, _NAME)}, {formatting.share(card.share)}"


def _caption(flow: Flow) -> str:
    roots = _totals((link.source, link.share) for link in flow.first)
    families = _totals((link.family, link.share) for link in flow.second)
    total, top = sum(families.values()), flow.cards[0]
    raw = len({root for card in flow.cards for root in _made_of(card)})
    root, family = next(iter(roots)), next(iter(families))
    spread = "" if top.share_sd is None else (
        f"; the first, {short_name(top.feature, 60)}, varies by ± {formatting.share(top.share_sd)} "
        "over fits")
    return (f"The top {formatting.plural(len(flow.cards), 'feature')} carry "
            f"{formatting.share(total)} of the importance and come from "
            f"{formatting.plural(raw, 'raw column')}: most rests on {short_name(root, 60)} "
            f"({formatting.share(roots[root])}) and on {short_name(family, 60)} "
            f"({formatting.share(families[family])}){spread}. Links are as wide as the share; a "
            "feature's share is spread evenly over its raw columns.")
