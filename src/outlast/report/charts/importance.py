"""How much each feature matters, by model and on the mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from outlast.report import formatting, view
from outlast.report.charts import base
from outlast.report.document import Document, FeatureCard

ID = "fig-importance"
_DRAWN = 20


def draw(document: Document) -> base.Figure | None:
    """Draw the share of the importance of the top features, with the spread over fits."""
    cards = [card for card in view.features_by_share(document) if card.share is not None]
    if not cards:
        return None
    alt = f"Dot plot of the importance share of the top {min(_DRAWN, len(cards))} features."
    return base.Figure(
        id=ID,
        title="Share of the importance by feature",
        alt=alt,
        caption=_caption(document, cards),
        svg=base.to_svg(_chart(document, cards[:_DRAWN]), ID, alt),
        columns=("feature", "mean share", "sd over fits", "fits"),
        rows=tuple((card.feature, formatting.share(card.share), formatting.share(card.share_sd),
                    formatting.number(card.n_fits, 0)) for card in cards[:_DRAWN]),
    )


def _chart(document: Document, cards: Sequence[FeatureCard]) -> Any:
    import altair as alt

    style = base.ModelStyle.of(document)
    means = [_mean(card) for card in cards]
    dots = [{"feature": formatting.one_line(card.feature), "model": formatting.one_line(model),
             "value": 100 * value,
             **base.tip(model, f"{formatting.share(value)} of its importance", card.feature)}
            for card in cards for model, value in card.shares.items()]
    shown = style.shown(model for card in cards for model in card.shares)
    order = [row["feature"] for row in means]
    x = alt.X("value:Q", title="share of the importance, %", scale=alt.Scale(zero=True),
              axis=alt.Axis(tickCount=8))
    y = alt.Y("feature:N", sort=order, title=None, axis=alt.Axis(
        grid=True, ticks=False, domain=False, labelPadding=8))
    mean = alt.Chart(base.inline(means))
    layers = [
        mean.mark_bar(height=9, color=base.SOFT, opacity=0.5).encode(
            x=x, x2="high", y=y, tooltip="tip:N")
        .transform_calculate(value="datum.low"),
        mean.mark_tick(thickness=2, size=14, color=base.INK).encode(x=x, y=y),
    ]
    if dots and shown:
        legend = base.model_legend(shown)
        points = alt.Chart(base.inline(dots)).mark_point(filled=True, size=45, opacity=0.9)
        layers.append(points.encode(x=x, y=y, color=style.colours(shown, legend),
                                    shape=style.shapes(shown, legend), tooltip="tip:N"))
    return alt.layer(*layers).properties(width=base.plot_width(order), height=alt.Step(20))


def _mean(card: FeatureCard) -> dict[str, Any]:
    value, spread = card.share or 0.0, card.share_sd or 0.0
    name = formatting.one_line(card.feature)
    told = f"{formatting.share(value)} ± {formatting.share(spread)} of the importance"
    return {"feature": name, "value": 100 * value, "low": 100 * max(0.0, value - spread),
            "high": 100 * (value + spread), **base.tip(name, told)}


def _caption(document: Document, cards: Sequence[FeatureCard]) -> str:
    top = cards[0]
    five = sum(card.share or 0.0 for card in cards[:5])
    dropped = sum(card.decision == "dropped" for card in document.features)
    spread = "" if top.share_sd is None else f" ± {formatting.share(top.share_sd)}"
    count = formatting.plural(len(document.features), "feature")
    return (f"{formatting.one_line(top.feature, 60)} carries {formatting.share(top.share)}{spread} "
            f"of the importance, the first five features {formatting.share(five)}; {dropped} of "
            f"{count} {'was' if dropped == 1 else 'were'} dropped in every fold. "
            "The tick is the mean, the bar one standard deviation over fits.")
