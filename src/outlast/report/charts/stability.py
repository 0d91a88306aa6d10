"""Which of the top features hold: their ranks over the fits, and how often they are chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from outlast.feature_tracker.thresholds import THRESHOLDS
from outlast.report import formatting, view
from outlast.report.charts import base
from outlast.report.charts.plane import short_name
from outlast.report.document import Document, FeatureCard

ID = "fig-stability"
_DRAWN = 20
_GAP = 30
_ENOUGH = THRESHOLDS.min_sets


def draw(document: Document) -> base.Figure | None:
    """Draw rank and selection of the top features."""
    cards = [card for card in view.features_by_share(document)[:_DRAWN]
             if None not in (card.rank, card.rank_low, card.rank_high)]
    if not cards:
        return None
    alt = (f"Interval plot of the top {len(cards)} features: their rank over the fits, and the "
           "share of the folds' sets that hold them.")
    return base.Figure(
        id=ID, title="Stability of the top features", alt=alt, caption=_caption(cards),
        svg=base.to_svg(_chart(cards), ID, alt),
        columns=("feature", "median rank", "middle half of the ranks", "in the sets", "sets",
                 "it or a near copy"),
        rows=tuple((card.feature, formatting.number(card.rank, 1), _range(card),
                    _often(card.select_freq), str(card.n_sets), _often(card.cluster_freq))
                   for card in cards),
    )


def _range(card: FeatureCard) -> str:
    return (f"{formatting.significant(card.rank_low, 3)} to "
            f"{formatting.significant(card.rank_high, 3)}")


def _often(value: float | None) -> str:
    return formatting.share(value, 0)


def _several(cards: Sequence[FeatureCard]) -> bool:
    """Whether there are sets to compare: one set alone holds all that it holds."""
    return any(card.n_sets > 1 and card.select_freq is not None for card in cards)


def _chart(cards: Sequence[FeatureCard]) -> Any:
    import altair as alt

    rows = [{"feature": formatting.one_line(card.feature), "rank": card.rank, "low": card.rank_low,
             "high": card.rank_high, "ranks": _range(card), "often": _often(card.select_freq)}
            for card in cards]
    order = [formatting.one_line(card.feature) for card in cards]
    room = base.plot_width(order)
    width = round((room - _GAP) * 0.6) if _several(cards) else room
    y = alt.Y("feature:N", sort=order, title=None, axis=alt.Axis(
        grid=True, ticks=False, domain=False, labelPadding=8))
    x = alt.X("low:Q", title="rank by importance: middle half of the fits, and median",
              scale=alt.Scale(domain=[0.5, max(card.rank_high or 0.0 for card in cards) + 0.5],
                              nice=False), axis=alt.Axis(tickCount=8, tickMinStep=1))
    tips = [alt.Tooltip("feature:N", title="feature"),
            alt.Tooltip("rank:Q", title="median rank", format=".1f"),
            alt.Tooltip("ranks:N", title="middle half of the ranks"),
            alt.Tooltip("often:N", title="in the sets of the folds")]
    chart = alt.Chart(base.inline(rows))
    ranks = alt.layer(
        chart.mark_rule(strokeWidth=4, opacity=0.5, color=base.PALETTE[0]).encode(
            x=x, x2="high:Q", y=y),
        chart.mark_point(size=60, filled=True, opacity=1, color=base.PALETTE[0]).encode(
            x=alt.X("rank:Q"), y=y, tooltip=tips),
    ).properties(width=width, height=alt.Step(20))
    if not _several(cards):
        return ranks
    chosen = _chosen(cards, alt.Y("feature:N", sort=order, title=None, axis=alt.Axis(
        grid=True, ticks=False, domain=False, labels=False)))
    return alt.hconcat(ranks, chosen.properties(width=room - _GAP - width, height=alt.Step(20)),
                       spacing=_GAP)


def _chosen(cards: Sequence[FeatureCard], y: Any) -> Any:
    """A dot for the feature itself, a ring for it or one of its near copies."""
    import altair as alt

    rows = [{"feature": formatting.one_line(card.feature), "sets": card.n_sets,
             "itself": 100 * (card.select_freq or 0.0),
             "copies": 100 * (card.cluster_freq or card.select_freq or 0.0)}
            for card in cards if card.select_freq is not None]
    tips = [alt.Tooltip("feature:N", title="feature"),
            alt.Tooltip("itself:Q", title="in the sets, %", format=".0f"),
            alt.Tooltip("copies:Q", title="it or a near copy, %", format=".0f"),
            alt.Tooltip("sets:Q", title="sets")]
    x = alt.X("itself:Q", title="in the sets of the folds, %", axis=alt.Axis(tickCount=5),
              scale=alt.Scale(domain=[-4, 104], nice=False))
    chart, colour = alt.Chart(base.inline(rows)), base.PALETTE[1]
    ring = chart.mark_point(size=130, strokeWidth=1.5, color=colour, opacity=1)
    dot = chart.mark_point(size=40, filled=True, color=colour, opacity=1)
    return alt.layer(ring.encode(x=alt.X("copies:Q"), y=y), dot.encode(x=x, y=y, tooltip=tips))


def _caption(cards: Sequence[FeatureCard]) -> str:
    widest = max(cards, key=lambda card: (card.rank_high or 0.0) - (card.rank_low or 0.0))
    ranks = (f"The rank of {short_name(widest.feature, 60)} is the least certain: half of its "
             f"{formatting.plural(widest.n_fits, 'fit')} put it at {_range(widest)}.")
    if not _several(cards):
        return f"{ranks} One set of features alone says nothing of how stable a choice is."
    sets = max(card.n_sets for card in cards)
    held = sum(card.select_freq == 1 for card in cards)
    all_or_some = "All" if held == len(cards) else f"{held} of the"
    swapped = sum((card.select_freq or 0.0) < 1 == card.cluster_freq for card in cards)
    more = "" if not swapped else (
        f"; {swapped} more only {'changes' if swapped == 1 else 'change'} places with near copies")
    few = "; so few sets are a hint, no proof" if sets < _ENOUGH else ""
    return (f"{all_or_some} {formatting.plural(len(cards), 'top feature')} "
            f"{'is' if held == 1 else 'are'} in all {formatting.plural(sets, 'set')} that the "
            f"folds have chosen{more}{few}. {ranks} Dots are the feature itself, rings it or a "
            "near copy of it.")
