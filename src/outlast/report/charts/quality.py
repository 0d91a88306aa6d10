"""How good the predictions are: ROC and precision-recall, residuals, or confusion of classes."""

from __future__ import annotations

from typing import Any

from outlast.judge.details import OTHER_CLASSES, ConfusionCard, Curve, CurveCard, ResidualBin
from outlast.report import formatting
from outlast.report.charts import base
from outlast.report.document import Document

ID = "fig-quality"


def draw(document: Document) -> base.Figure | None:
    """Draw what suits the task; None where there are no predictions to show."""
    details = document.details
    if details.curves is not None:
        return _curves(document, details.curves)
    if details.confusion is not None:
        return _confusion(document, details.confusion)
    return _residuals(document, details.residuals) if len(details.residuals) > 1 else None


def _curves(document: Document, card: CurveCard) -> base.Figure:
    alt = ("Two line plots: the ROC curve, and precision by recall, of the recommended row and "
           "of the baseline.")
    names = [_curve_name(curve) for curve in card.curves]
    return base.Figure(
        id=ID, title="ROC and precision-recall", alt=alt, caption=_curves_caption(card),
        svg=base.to_svg(_curves_chart(document, card), ID, alt),
        columns=("at", *(f"{what}, {name}" for what in (
            "positives found at that share of false alarms",
            "precision at that share of positives found") for name in names)),
        rows=tuple((formatting.share(place), *(formatting.share(value) for value in values))
                   for place, *values in zip(
                       card.places, *(c.found for c in card.curves),
                       *(c.precise for c in card.curves), strict=True)),
    )


def _curve_name(curve: Curve) -> str:
    name = formatting.one_line(curve.label, 40)
    return f"{name} (baseline)" if curve.is_baseline else name


def _curves_chart(document: Document, card: CurveCard) -> Any:
    import altair as alt

    names = [_curve_name(curve) for curve in card.curves]
    looks = [base.BASELINE_COLOUR if curve.is_baseline else base.colour_of_row(document)
             for curve in card.curves]
    dashes = [[6, 3] if curve.is_baseline else [1, 0] for curve in card.curves]
    legend = alt.Legend(orient="top", title=None, symbolType="stroke", symbolSize=300,
                        labelLimit=400)
    paint = alt.Color("who:N", scale=alt.Scale(domain=names, range=looks), legend=legend)
    dash = alt.StrokeDash("who:N", scale=alt.Scale(domain=names, range=dashes), legend=legend)

    def panel(x_title: str, y_title: str, values: str, chance: tuple[float, float]) -> Any:
        data = [{"who": name, "x": 100 * at, "y": 100 * value}
                for name, curve in zip(names, card.curves, strict=True)
                for at, value in zip(card.places, getattr(curve, values), strict=True)]
        scale = alt.Scale(domain=[0, 100], nice=False)
        x, y = alt.X("x:Q", title=x_title, scale=scale), alt.Y("y:Q", title=y_title, scale=scale)
        lucky = [{"x": 0, "y": 100 * chance[0]}, {"x": 100, "y": 100 * chance[1]}]
        tips = [alt.Tooltip("who:N", title="row"), alt.Tooltip("x:Q", title=x_title, format=".3~g"),
                alt.Tooltip("y:Q", title=y_title, format=".3~g")]
        chart = alt.Chart(base.inline(data)).encode(x=x, y=y, color=paint)
        return alt.layer(
            alt.Chart(base.inline(lucky)).mark_line(
                strokeDash=[2, 3], strokeWidth=1, color=base.MUTED).encode(x=x, y=y),
            chart.mark_line(strokeWidth=2).encode(strokeDash=dash),
            chart.mark_point(filled=True, size=9, opacity=1).encode(tooltip=tips),
        ).properties(width=390, height=330)

    return alt.hconcat(
        panel("negatives taken for positive, %", "positives found, %", "found", (0, 1)),
        panel("positives found (recall), %", "hits among those taken (precision), %", "precise",
              (card.positives, card.positives)), spacing=40)


def _curves_caption(card: CurveCard) -> str:
    told = [f"{_curve_name(curve)} reaches a ROC AUC of {formatting.interval(curve.roc_auc)} and "
            f"an average precision of {formatting.interval(curve.average_precision)}"
            for curve in card.curves]
    return (f"{'; '.join(told)} (95 % intervals). Dotted lines are chance: "
            f"{formatting.share(card.positives)} of the rows are positive. Curves are means over "
            "the folds.")


def _residuals(document: Document, bins: tuple[ResidualBin, ...]) -> base.Figure:
    alt = ("Plot of residuals by predicted value: their mean with a 95 % interval and the range "
           "of 80 % of rows.")
    decimals = formatting.decimals_for(end for part in bins for end in (part.low, part.high))
    worst = max(bins, key=lambda part: abs(part.bias.value or 0.0))
    n_apart = sum(part.bias.leaves_out(0.0) for part in bins)
    widest = max(bins, key=lambda part: part.high - part.low)
    return base.Figure(
        id=ID, title="Residuals by predicted value", alt=alt,
        caption=f"Where {document.details.label} predicts {formatting.significant(worst.said)}, "
                f"the truth is {formatting.interval(worst.bias, decimals, sign=True)} off on the "
                f"mean, the most of {formatting.plural(len(bins), 'bin')}; {n_apart} of them "
                f"{'is' if n_apart == 1 else 'are'} off by more than their own noise (95 % "
                "intervals). Bars hold 80 % of the residuals, at the widest from "
                f"{formatting.number(widest.low, decimals)} to "
                f"{formatting.number(widest.high, decimals, sign=True)}.",
        svg=base.to_svg(_residuals_chart(document, bins), ID, alt),
        columns=("predicted, mean", "residual, mean", "95 % interval", "80 % of rows from", "to",
                 "rows"),
        rows=tuple((formatting.significant(part.said),
                    formatting.number(part.bias.value, decimals, sign=True),
                    formatting.bounds(part.bias, decimals, sign=True) or formatting.MISSING,
                    formatting.number(part.low, decimals, sign=True),
                    formatting.number(part.high, decimals, sign=True),
                    formatting.number(part.n_rows, 0)) for part in bins),
    )


def _residuals_chart(document: Document, bins: tuple[ResidualBin, ...]) -> Any:
    import altair as alt

    data = [{"said": part.said, "first": part.low, "last": part.high, "rows": part.n_rows,
             **base.ends(part.bias)} for part in bins]
    colour = base.colour_of_row(document)
    x = alt.X("said:Q", title="predicted value, mean of the bin", scale=alt.Scale(zero=False))
    y = alt.Y("value:Q", title="true less predicted value")
    chart = alt.Chart(base.inline(data))
    tips = [alt.Tooltip(f"{field}:Q", title=title, format=".3~g") for field, title in (
        ("said", "predicted"), ("value", "residual, mean"), ("first", "80 % from"),
        ("last", "80 % to"), ("rows", "rows"))]
    return alt.layer(
        chart.mark_rule(strokeWidth=8, color=base.SOFT, opacity=0.55).encode(
            x=x, y=alt.Y("first:Q"), y2="last:Q"),
        alt.Chart(base.inline([{"value": 0}])).mark_rule(
            strokeDash=[4, 3], color=base.MUTED).encode(y=y),
        chart.mark_rule(strokeWidth=2, color=colour).encode(
            x=x, y=alt.Y("low:Q"), y2="high:Q"),
        chart.mark_point(filled=True, size=60, opacity=1, color=colour).encode(
            x=x, y=y, tooltip=tips),
    ).properties(width=base.WIDTH - 80, height=280)


def _confusion(document: Document, card: ConfusionCard) -> base.Figure:
    alt = "Heat map: the share of the rows of each class that was taken for each class."
    names = _class_names(document, card)
    totals = [sum(line) for line in card.counts]
    found = [line[at] / total for at, (line, total) in enumerate(
        zip(card.counts, totals, strict=True)) if total]
    missed = [(count / totals[a], names[a], names[b]) for a, line in enumerate(card.counts)
              for b, count in enumerate(line) if a != b and totals[a]]
    most = max(missed)
    bar = f", the baseline of {formatting.interval(card.baseline)}" if card.baseline else ""
    return base.Figure(
        id=ID, title="What each class is taken for", alt=alt,
        caption=f"{document.details.label} is right in {formatting.share(card.accuracy.value)} of "
                f"cases, an accuracy of {formatting.interval(card.accuracy)}{bar}. Of single "
                f"classes it finds {formatting.share(min(found))} to "
                f"{formatting.share(max(found))}; most often {most[1]} is taken for {most[2]}, "
                f"in {formatting.share(most[0])} of its rows.",
        svg=base.to_svg(_confusion_chart(card, names), ID, alt),
        columns=("class", "rows", *(f"taken for {name}" for name in names)),
        rows=tuple((name, formatting.number(total, 0), *(
            formatting.share(count / total if total else None) for count in line))
            for name, total, line in zip(names, totals, card.counts, strict=True)),
    )


def _class_names(document: Document, card: ConfusionCard) -> list[str]:
    labels = list(document.data.class_shares)
    return ["all others" if code == OTHER_CLASSES else
            formatting.one_line(labels[code], 30) if code < len(labels) else f"class {code}"
            for code in card.classes]


def _confusion_chart(card: ConfusionCard, names: list[str]) -> Any:
    import altair as alt

    # Labels that are alike once they are cut must stay apart.
    names = [f"{name}{' ' * at}" for at, name in enumerate(names)]
    data = [{"class": name, "taken": other, "rows": count, "share": count / max(1, sum(line)),
             "text": formatting.share(count / max(1, sum(line)), 0)}
            for name, line in zip(names, card.counts, strict=True)
            for other, count in zip(names, line, strict=True)]
    x = alt.X("taken:N", sort=names, title="taken for", axis=alt.Axis(
        orient="top", labelAngle=0 if len(names) < 8 else -45, ticks=False, domain=False))
    y = alt.Y("class:N", sort=names, title="is", axis=alt.Axis(ticks=False, domain=False))
    tips = [alt.Tooltip("class:N", title="class"), alt.Tooltip("taken:N", title="taken for"),
            alt.Tooltip("share:Q", title="share of the class", format=".1%"),
            alt.Tooltip("rows:Q", title="rows")]
    chart = alt.Chart(base.inline(data)).encode(x=x, y=y)
    return alt.layer(
        chart.mark_rect(fill=base.PALETTE[0], stroke=base.GRID).encode(
            fillOpacity=alt.FillOpacity("share:Q", scale=alt.Scale(
                domain=[0, 1], range=[0, 0.6]), legend=None), tooltip=tips),
        chart.mark_text(fontSize=12, color=base.INK).encode(text="text:N"),
    ).properties(width=alt.Step(84 if len(names) < 8 else 58), height=alt.Step(34))
