"""Whether predictions mean what they say: reliability, coverage of intervals, size of values."""

from __future__ import annotations

import math
from typing import Any

from outlast.data.times import format_ns
from outlast.judge.board import CoverageCard, Interval
from outlast.judge.details import ReliabilityCard, ResidualBin
from outlast.report import formatting
from outlast.report.charts import base
from outlast.report.document import Document

ID = "fig-calibration"
_BEFORE, _AFTER = "as the model says it", "recalibrated by earlier periods"


def draw(document: Document) -> base.Figure | None:
    """Draw what was said against what happened, or how often predicted intervals held."""
    details, intervals = document.details, document.intervals
    if details.reliability is not None:
        return _reliability(document, details.reliability)
    if intervals is not None and intervals.periods:
        return _coverage(document, intervals)
    return _values(document, details.residuals) if len(details.residuals) > 1 else None


def _reliability(document: Document, card: ReliabilityCard) -> base.Figure:
    alt = ("Reliability plot: the share of cases that happened by the probability that was said, "
           "with 95 % intervals, above a histogram of the probabilities.")
    lines = [(when, part) for when, parts in ((_BEFORE, card.before), (_AFTER, card.after))
             for part in parts]
    return base.Figure(
        id=ID, title="Probabilities said and shares that happened", alt=alt,
        caption=_reliability_caption(document.details.label, card),
        svg=base.to_svg(_reliability_chart(document, card), ID, alt),
        columns=("probabilities", "said, mean", "happened", "95 % interval", "rows"),
        rows=tuple((when, formatting.share(part.said), formatting.share(part.happened.value),
                    _share_bounds(part.happened), formatting.number(part.n_rows, 0))
                   for when, part in lines),
    )


def _reliability_chart(document: Document, card: ReliabilityCard) -> Any:
    import altair as alt

    data = [{"when": when, "said": 100 * part.said, "rows": part.n_rows, **_percent(part.happened)}
            for when, parts in ((_BEFORE, card.before), (_AFTER, card.after)) for part in parts]
    # Probabilities of rare cases lie in a corner of the square: only that is drawn.
    top = min(100, 10 * math.ceil(max(max(row["said"], row["high"]) for row in data) / 10))
    series = list(dict.fromkeys(row["when"] for row in data))
    legend = alt.Legend(orient="top", title=None, symbolSize=80, labelLimit=400)
    looks = [base.colour_of_row(document), base.INK][:len(series)]
    paint = alt.Color("when:N", legend=legend, scale=alt.Scale(domain=series, range=looks))
    shape = alt.Shape("when:N", legend=legend, scale=alt.Scale(
        domain=series, range=["circle", "diamond"][:len(series)]))
    scale = alt.Scale(domain=[0, top], nice=False)
    x = alt.X("said:Q", title="probability that was said, %", scale=scale)
    y = alt.Y("value:Q", title="share that happened, %", scale=scale)
    tips = [alt.Tooltip("when:N", title="probabilities"), _tip("said", "said, %"),
            _tip("value", "happened, %"), _tip("low", "from, %"), _tip("high", "to, %"),
            alt.Tooltip("rows:Q", title="rows")]
    chart = alt.Chart(base.inline(data))
    right = alt.Chart(base.inline([{"said": at, "value": at} for at in (0, top)]))
    before = chart.transform_filter(alt.datum.when == _BEFORE)
    plot = alt.layer(
        right.mark_line(strokeDash=[4, 3], strokeWidth=1, color=base.MUTED).encode(x=x, y=y),
        before.mark_rule(strokeWidth=2).encode(
            x=x, y=alt.Y("low:Q"), y2="high:Q", color=paint),
        chart.mark_line(strokeWidth=1, strokeOpacity=0.5).encode(x=x, y=y, color=paint),
        chart.mark_point(filled=True, size=70, opacity=1).encode(
            x=x, y=y, color=paint, shape=shape, tooltip=tips),
    ).properties(width=640, height=320)
    return alt.vconcat(plot, _histogram(card, top), spacing=8)


def _histogram(card: ReliabilityCard, top: float) -> Any:
    import altair as alt

    step = 100 / len(card.counts)
    data = [{"first": at * step, "last": (at + 1) * step, "rows": count}
            for at, count in enumerate(card.counts) if at * step < top]
    x = alt.X("first:Q", title=None, axis=alt.Axis(labels=False, ticks=False),
              scale=alt.Scale(domain=[0, top], nice=False))
    return alt.Chart(base.inline(data)).mark_rect(color=base.SOFT, clip=True).encode(
        x=x, x2="last:Q", y=alt.Y("rows:Q", title="rows", axis=alt.Axis(tickCount=2)),
        y2=alt.datum(0),
        tooltip=[_tip("first", "from, %"), _tip("last", "to, %"),
                 alt.Tooltip("rows:Q", title="rows")],
    ).properties(width=640, height=60)


def _reliability_caption(label: str, card: ReliabilityCard) -> str:
    farthest = max(card.before, key=lambda part: abs(part.said - (part.happened.value or 0.0)))
    n_apart = sum(part.happened.leaves_out(part.said) for part in card.before)
    told = (f"Where {label} says {formatting.share(farthest.said)}, "
            f"{formatting.share(farthest.happened.value)}{_in_brackets(farthest.happened)} "
            f"happened: the farthest of {formatting.plural(len(card.before), 'bin')}; {n_apart} of "
            f"them {'has' if n_apart == 1 else 'have'} a 95 % interval that leaves out what "
            f"was said. Said and happened are {_points(card.error_before)} apart on the mean")
    if card.error_after is not None:
        told += f", {_points(card.error_after)} once recalibrated by earlier periods"
    return f"{told}. On the dashed line both are the same."


def _coverage(document: Document, card: CoverageCard) -> base.Figure:
    alt = "Interval plot: the share of true values inside their predicted interval, by period."
    return base.Figure(
        id=ID, title=f"How often {formatting.share(card.level, 0)} intervals held", alt=alt,
        caption=_coverage_caption(document.details.label, card),
        svg=base.to_svg(_coverage_chart(document, card), ID, alt),
        columns=("from", "to", "rows", "± half-width", "held", "95 % interval"),
        rows=tuple((formatting.day(format_ns(period.start)), formatting.day(format_ns(period.end)),
                    formatting.number(period.n_rows, 0), formatting.significant(period.half_width),
                    formatting.share(period.coverage.value), _share_bounds(period.coverage))
                   for period in card.periods),
    )


def _coverage_chart(document: Document, card: CoverageCard) -> Any:
    import altair as alt

    data = [{"start": formatting.position(format_ns(period.start)),
             "end": formatting.position(format_ns(period.end)),
             "rows": period.n_rows, "width": period.half_width, **_percent(period.coverage)}
            for period in card.periods]
    for row in data:
        row["middle"] = (row["start"] + row["end"]) / 2
    colour = base.colour_of_row(document)
    span = (min(row["start"] for row in data), max(row["end"] for row in data))
    x, middle = (base.time_axis(document, span, field) for field in ("start", "middle"))
    y = alt.Y("value:Q", title="inside their interval, %", scale=alt.Scale(zero=False, nice=True))
    chart = alt.Chart(base.inline(data))
    tips = [_tip("value", "held, %"), _tip("low", "from, %"), _tip("high", "to, %"),
            alt.Tooltip("rows:Q", title="rows"), _tip("width", "± half-width")]
    meant = alt.Chart(base.inline([{"value": 100 * card.level}]))
    return alt.layer(
        meant.mark_rule(strokeDash=[4, 3], color=base.INK).encode(y=y),
        chart.mark_rule(strokeWidth=3, strokeOpacity=0.45, color=colour).encode(
            x=x, x2="end", y=y),
        chart.mark_rule(strokeWidth=2, color=colour).encode(
            x=middle, y=alt.Y("low:Q"), y2="high:Q"),
        chart.mark_point(filled=True, size=70, opacity=1, color=colour).encode(
            x=middle, y=y, tooltip=tips),
    ).properties(width=base.WIDTH - 80, height=200)


def _coverage_caption(label: str, card: CoverageCard) -> str:
    worst = min(card.periods, key=lambda period: period.coverage.value or 0.0)
    n_apart = sum(period.coverage.leaves_out(card.level) for period in card.periods)
    return (f"Intervals around what {label} predicts, meant to hold the truth in "
            f"{formatting.share(card.level, 0)} of cases (dashed line), held it in "
            f"{formatting.share(card.coverage.value)}{_in_brackets(card.coverage)}; least from "
            f"{formatting.day(format_ns(worst.start))} to {formatting.day(format_ns(worst.end))}, "
            f"in {formatting.share(worst.coverage.value)}{_in_brackets(worst.coverage)}. "
            f"{n_apart} of {formatting.plural(len(card.periods), 'period')} "
            f"{'is' if n_apart == 1 else 'are'} off by more than their own noise.")


def _values(document: Document, bins: tuple[ResidualBin, ...]) -> base.Figure:
    alt = "Scatter plot of mean true values by predicted value, with the range of 80 % of rows."
    farthest = max(bins, key=lambda part: abs(part.bias.value or 0.0))
    said, true = farthest.said, farthest.said + (farthest.bias.value or 0.0)
    decimals = formatting.decimals_for(part.said for part in bins)
    return base.Figure(
        id=ID, title="Predicted and true values", alt=alt,
        caption=f"Where {document.details.label} says {formatting.number(said, decimals)}, the "
                f"truth is {formatting.number(true, decimals)} on the mean"
                f"{_moved(farthest.bias, said, decimals)}: the farthest of "
                f"{formatting.plural(len(bins), 'bin')}. Bars hold 80 % of the rows; on the dashed "
                "line both are the same.",
        svg=base.to_svg(_values_chart(document, bins), ID, alt),
        columns=("said, mean", "true, mean", "80 % of rows from", "to", "rows"),
        rows=tuple((formatting.number(part.said, decimals),
                    formatting.number(part.said + (part.bias.value or 0.0), decimals),
                    formatting.number(part.said + part.low, decimals),
                    formatting.number(part.said + part.high, decimals),
                    formatting.number(part.n_rows, 0)) for part in bins),
    )


def _values_chart(document: Document, bins: tuple[ResidualBin, ...]) -> Any:
    import altair as alt

    data = [{"said": part.said, "value": part.said + (part.bias.value or 0.0),
             "low": part.said + part.low, "high": part.said + part.high, "rows": part.n_rows}
            for part in bins]
    colour = base.colour_of_row(document)
    x = alt.X("said:Q", title="predicted value", scale=alt.Scale(zero=False))
    y = alt.Y("value:Q", title="true value, mean", scale=alt.Scale(zero=False))
    chart = alt.Chart(base.inline(data))
    tips = [_tip("said", "predicted"), _tip("value", "true, mean"),
            alt.Tooltip("rows:Q", title="rows")]
    right = alt.Chart(base.inline([{"said": part.said, "value": part.said} for part in bins]))
    return alt.layer(
        chart.mark_rule(strokeWidth=6, color=base.SOFT, opacity=0.6).encode(
            x=x, y=alt.Y("low:Q"), y2="high:Q"),
        right.mark_line(strokeDash=[4, 3], strokeWidth=1, color=base.MUTED).encode(x=x, y=y),
        chart.mark_point(filled=True, size=70, opacity=1, color=colour).encode(
            x=x, y=y, tooltip=tips),
    ).properties(width=640, height=320)


def _moved(bias: Interval, said: float, decimals: int) -> str:
    """The interval of a mean true value in brackets, "" where there is none."""
    if bias.low is None or bias.high is None:
        return ""
    low, high = (formatting.number(said + end, decimals) for end in (bias.low, bias.high))
    return f" ({low} to {high})"


def _percent(share: Interval) -> dict[str, Any]:
    return {end: None if at is None else 100 * at for end, at in base.ends(share).items()}


def _share_bounds(share: Interval) -> str:
    if share.low is None or share.high is None:
        return formatting.MISSING
    return f"{formatting.share(share.low)} to {formatting.share(share.high)}"


def _in_brackets(share: Interval) -> str:
    return "" if share.low is None else f" ({_share_bounds(share)})"


def _points(share: float) -> str:
    return f"{formatting.number(100 * share, 1)} points"


def _tip(field: str, title: str) -> Any:
    import altair as alt

    return alt.Tooltip(f"{field}:Q", title=title, format=".3~g")
