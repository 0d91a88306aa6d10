"""Where the score comes from: by event, and by segment of the held-out rows."""

from __future__ import annotations

from typing import Any

from outlast.judge.details import EventScore, SegmentCard
from outlast.report import formatting
from outlast.report.charts import base
from outlast.report.document import Document, Interval

EVENTS, SEGMENTS = "fig-events", "fig-segments"
_OUTSIDE = "outside of events"
_LABEL = 44


def draw_events(document: Document) -> base.Figure | None:
    """Draw the score of the recommended row and of the baseline in each event."""
    details = document.details
    events = [event for event in details.events if event.score.value is not None]
    if not any(event.name for event in events):
        return None
    alt = f"Dot plot of {document.metric} by event and outside of events, with 95 % intervals."
    decimals = formatting.decimals_for(event.score.value for event in events)

    def texts(estimate: Interval | None) -> tuple[str, str]:
        return (formatting.number(estimate.value if estimate else None, decimals),
                formatting.bounds(estimate, decimals) if estimate else "")

    return base.Figure(
        id=EVENTS, title=f"{document.metric} by event", alt=alt,
        caption=_events_caption(document, events, decimals),
        svg=base.to_svg(_events_chart(document, events), EVENTS, alt),
        columns=("event", "from", "to", "rows", document.metric, "95 % interval",
                 "baseline", "its 95 % interval"),
        rows=tuple((event.name or _OUTSIDE, formatting.day(event.start),
                    formatting.day(event.end), formatting.number(event.n_rows, 0),
                    *texts(event.score), *texts(event.baseline)) for event in details.events),
    )


def _events_chart(document: Document, events: list[EventScore]) -> Any:
    import altair as alt

    details = document.details
    # Two rows may bear the same label; a series needs one of its own.
    first = formatting.one_line(details.label, 40)
    second = f"{formatting.one_line(details.baseline, 40)} (baseline)"
    names = [_event_label(event, at) for at, event in enumerate(events)]
    data = [{"event": name, "who": who, "rows": event.n_rows, **base.ends(score)}
            for name, event in zip(names, events, strict=True)
            for who, score in ((first, event.score), (second, event.baseline))
            if score is not None and score.value is not None]
    series = [first, second] if any(row["who"] == second for row in data) else [first]
    looks = [base.colour_of_row(document), base.BASELINE_COLOUR][:len(series)]
    paint = alt.Color("who:N", scale=alt.Scale(domain=series, range=looks),
                      legend=alt.Legend(orient="top", title=None, symbolSize=80, labelLimit=400))
    shape = alt.Shape("who:N", scale=alt.Scale(domain=series, range=["circle", "square"]),
                      legend=alt.Legend(orient="top", title=None))
    x = alt.X("value:Q", title=document.metric, scale=alt.Scale(zero=False, nice=True),
              axis=alt.Axis(tickCount=8))
    y = alt.Y("event:N", sort=names, title=None, axis=base.names_axis())
    apart = alt.YOffset("who:N", sort=series)
    tips = [alt.Tooltip("event:N", title="event"), alt.Tooltip("who:N", title="row"),
            alt.Tooltip("value:Q", title="score", format=".4~g"),
            alt.Tooltip("low:Q", title="from", format=".4~g"),
            alt.Tooltip("high:Q", title="to", format=".4~g")]
    chart = alt.Chart(base.inline(data))
    return alt.layer(
        chart.mark_rule(strokeWidth=2).encode(
            x=alt.X("low:Q"), x2="high:Q", y=y, yOffset=apart, color=paint),
        chart.mark_point(size=70, filled=True, opacity=1).encode(
            x=x, y=y, yOffset=apart, color=paint, shape=shape, tooltip=tips),
    ).properties(width=base.plot_width(names, 300), height=alt.Step(17))


def _event_label(event: EventScore, at: int) -> str:
    name = formatting.one_line(event.name, 30) if event.name else _OUTSIDE
    # Events of one name come again; a space that nobody sees keeps them apart.
    return f"{name} ({formatting.plural(event.n_rows, 'row')}){' ' * at}"


def _events_caption(document: Document, events: list[EventScore], decimals: int) -> str:
    inside = [event for event in events if event.name]
    outside = next((event for event in events if not event.name), None)
    sign = 1 if document.greater_is_better else -1
    worst = min(inside, key=lambda event: sign * (event.score.value or 0.0))
    most = "worst " if len(inside) > 1 else ""
    told = (f"{document.details.label} scores {most}in {worst.name}: {document.metric} "
            f"{formatting.interval(worst.score, decimals)} on "
            f"{formatting.plural(worst.n_rows, 'row')}")
    if outside is not None and outside.score.value is not None:
        apart = sum(event.score.leaves_out(outside.score.value) for event in inside)
        told += (f", against {formatting.interval(outside.score, decimals)} outside of events, "
                 f"which the intervals of {apart} of {formatting.plural(len(inside), 'event')} "
                 "leave out")
    return (f"{told}. Each interval is that of a stretch of time as long as the event: short ones "
            "tell little.")


def draw_segments(document: Document) -> base.Figure | None:
    """Draw the gain over the baseline in the worst and the best segments."""
    card = document.details.segments
    if card is None:
        return None
    alt = (f"Dot plot of the gain over {formatting.one_line(card.baseline, 40)} by segment, "
           "the worst on top, with 95 % intervals.")
    decimals = formatting.decimals_for(segment.gain.value for segment in card.segments)
    lines = [*((s.name, s.n_rows, s.gain) for s in card.segments), ("all rows", None, card.overall)]
    return base.Figure(
        id=SEGMENTS, title=f"Gain over {formatting.one_line(card.baseline, 40)} by segment",
        alt=alt, caption=_segments_caption(card, decimals),
        svg=base.to_svg(_segments_chart(document, card), SEGMENTS, alt),
        columns=("segment", "rows", f"gain, {card.loss} per row", "95 % interval"),
        rows=tuple((name, formatting.number(n_rows, 0),
                    formatting.number(gain.value, decimals, sign=True),
                    formatting.bounds(gain, decimals, sign=True) or formatting.MISSING)
                   for name, n_rows, gain in lines),
    )


def _segments_chart(document: Document, card: SegmentCard) -> Any:
    import altair as alt

    names = [f"{formatting.one_line(segment.name, _LABEL)}{' ' * at}"
             for at, segment in enumerate(card.segments)]
    data = [{"segment": name, "rows": segment.n_rows, **base.ends(segment.gain)}
            for name, segment in zip(names, card.segments, strict=True)]
    colour = base.ModelStyle.of(document).colour(card.model)
    loss = formatting.one_line(card.loss)
    x = alt.X("value:Q", title=f"{loss} saved per row", axis=alt.Axis(tickCount=7))
    y = alt.Y("segment:N", sort=names, title=None, axis=base.names_axis())
    tips = [alt.Tooltip("segment:N", title="segment"), alt.Tooltip("rows:Q", title="rows"),
            alt.Tooltip("value:Q", title="gain", format="+.3~g")]
    chart, marks = alt.Chart(base.inline(data)), alt.Chart(base.inline([base.ends(card.overall)]))
    return alt.layer(
        marks.mark_rule(color=base.MUTED).encode(x=x),
        alt.Chart(base.inline([{"value": 0}])).mark_rule(
            strokeDash=[4, 3], color=base.MUTED).encode(x=x),
        chart.mark_rule(strokeWidth=2, color=colour).encode(
            x=alt.X("low:Q"), x2="high:Q", y=y),
        chart.mark_point(size=70, filled=True, opacity=1, color=colour).encode(
            x=x, y=y, tooltip=tips),
    ).properties(width=base.plot_width(names, 300), height=alt.Step(22))


def _segments_caption(card: SegmentCard, decimals: int) -> str:
    worst = card.segments[0]
    apart = sum(segment.gain.leaves_out(card.overall.value or 0.0) for segment in card.segments)
    drawn = (f" Drawn are the worst and the best {len(card.segments)} of {card.n_segments:,}."
             if card.n_segments > len(card.segments) else "")
    if any(segment.gain.low is None for segment in card.segments):
        drawn += " A dot without an interval has too few blocks of time for one."
    return (f"{card.model} gains least where {worst.name}: "
            f"{formatting.interval(worst.gain, decimals, sign=True)} {card.loss} per row over "
            f"{card.baseline}, against {formatting.interval(card.overall, decimals, sign=True)} on "
            f"all rows (solid line). {apart} of {formatting.plural(len(card.segments), 'segment')} "
            f"{'has' if apart == 1 else 'have'} an interval that leaves out the solid line; by "
            f"luck alone one in twenty would.{drawn}")
