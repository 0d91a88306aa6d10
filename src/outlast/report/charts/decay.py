"""How the gain over the baseline changes with the time since training."""

from __future__ import annotations

from typing import Any

from outlast.judge.details import DecayCard
from outlast.report import formatting
from outlast.report.charts import base
from outlast.report.document import Document, Interval

ID = "fig-decay"


def draw(document: Document) -> base.Figure | None:
    """Draw blocks of held-out time by their age, with the trend and the time to retrain."""
    card = document.details.decay
    if card is None:
        return None
    alt = f"Scatter plot of the gain over {formatting.one_line(card.baseline, 40)} by time since " \
          "training, with means, a trend line and its band."
    decimals = formatting.decimals_for(group.gain.value for group in card.groups)
    return base.Figure(
        id=ID, title=f"Gain over {formatting.one_line(card.baseline, 40)} by time since training",
        alt=alt, caption=_caption(card), svg=base.to_svg(_chart(document, card), ID, alt),
        columns=(f"{card.unit}s since training", "blocks of time", f"gain, {card.loss} per row",
                 "95 % interval"),
        rows=tuple((f"{formatting.significant(group.first)} to "
                    f"{formatting.significant(group.last)}", str(group.n_blocks),
                    formatting.number(group.gain.value, decimals, sign=True),
                    formatting.bounds(group.gain, decimals, sign=True) or formatting.MISSING)
                   for group in card.groups),
    )


def _chart(document: Document, card: DecayCard) -> Any:
    import altair as alt

    blocks = [{"fold": fold, "age": age, "gain": gain} for fold, age, gain in card.points]
    groups = [{"age": (g.first + g.last) / 2, "gain": g.gain.value, "blocks": g.n_blocks,
               "low": g.gain.low, "high": g.gain.high} for g in card.groups]
    unit, loss = formatting.one_line(card.unit), formatting.one_line(card.loss)
    age = alt.X("age:Q", title=f"{unit}s since the end of training", scale=alt.Scale(
        domainMin=0, nice=True), axis=alt.Axis(tickCount=8))
    gain = alt.Y("gain:Q", title=f"{loss} saved per row", axis=alt.Axis(tickCount=6))
    colour = base.ModelStyle.of(document).colour(card.model)
    low, high = alt.Y("low:Q"), alt.Y2("high:Q")
    chart, means = alt.Chart(base.inline(_line(card))), alt.Chart(base.inline(groups))
    # Vega makes program text of these titles: they are never taken from a document.
    tips = [alt.Tooltip("age:Q", title="time since training", format=".3~g"),
            alt.Tooltip("gain:Q", title="gain per row", format="+.3~g")]
    layers = [
        alt.Chart(base.inline([{"gain": 0}])).mark_rule(
            strokeDash=[4, 3], color=base.MUTED).encode(y=gain),
        alt.Chart(base.inline(blocks)).mark_point(
            filled=True, size=28, color=base.SOFT, opacity=1).encode(
            x=age, y=gain, tooltip=[*tips, alt.Tooltip("fold:Q", title="fold")]),
        chart.mark_line(strokeWidth=2, color=base.INK).encode(x=age, y=gain),
        means.mark_rule(strokeWidth=2, color=colour).encode(x=age, y=low, y2=high),
        means.mark_point(filled=True, size=80, color=colour, opacity=1).encode(
            x=age, y=gain, tooltip=[*tips, alt.Tooltip("blocks:Q", title="blocks of time")]),
        *_retrain(card, age),
    ]
    if card.slope.low is not None:
        layers.insert(0, chart.mark_area(color=base.SOFT, opacity=0.25).encode(
            x=age, y=low, y2=high))
    return alt.layer(*layers).properties(width=base.WIDTH - 80, height=240)


def _line(card: DecayCard) -> list[dict[str, float]]:
    """The trend, and its band: the line turned about its middle to both ends of the slope."""
    slope, last = card.slope, max(age for _, age, _ in card.points)
    level = card.start + (slope.value or 0.0) * card.middle
    # The band is narrowest at the middle, where a straight line needs no other place.
    return [{"age": age, "gain": level + (slope.value or 0.0) * (age - card.middle),
             "low": min(ends), "high": max(ends)}
            for age in (0.0, card.middle, last)
            for ends in [[level + (end or 0.0) * (age - card.middle)
                          for end in (slope.low, slope.high)]]]


def _retrain(card: DecayCard, age: Any) -> list[Any]:
    """A mark where it is time to retrain; none beyond the ages that were seen."""
    import altair as alt

    if card.lasts is None or card.lasts > max(age for _, age, _ in card.points):
        return []
    mark = alt.Chart(base.inline([{"age": card.lasts, "text": f"retrain by {_lasts(card)}"}]))
    return [mark.mark_rule(strokeDash=[6, 3], color=base.ALERT, strokeWidth=1.5).encode(x=age),
            mark.mark_text(align="left", baseline="top", dx=5, fontSize=12, color=base.ALERT)
            .encode(x=age, y=alt.value(2), text="text:N")]


def _lasts(card: DecayCard) -> str:
    return f"{formatting.significant(card.lasts, 2)} {card.unit}s"


def _caption(card: DecayCard) -> str:
    ends = (card.slope.value, card.slope.low, card.slope.high)
    slope = formatting.interval(card.slope, formatting.decimals_for(ends), sign=True)
    told = (f"Per {card.unit} since training, the gain of {card.model} over {card.baseline} "
            f"changes by {slope} {card.loss} per row, over "
            f"{formatting.plural(sum(g.n_blocks for g in card.groups), 'block')} of time")
    if card.lasts is not None:
        told += f": it falls, and {_lasts(card)} after training it is time to retrain"
    elif _below_zero(card.slope):
        told += ": it falls, from nothing gained at first"
    else:
        told += ": no decay can be told"
    return (f"{told}. Small dots are blocks of time, large ones their means by age with a 95 % "
            "interval; the band holds the line at both ends of its slope's interval.")


def _below_zero(interval: Interval) -> bool:
    return interval.high is not None and interval.high < 0
