"""Dot plot of the scores: one panel per split, one line per model, 95 % intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from outlast.report import formatting, view
from outlast.report.charts import base
from outlast.report.document import Document, Row

ID = "fig-leaderboard"
_BAR = "The dashed line is the best baseline."


def draw(document: Document) -> base.Figure | None:
    """Draw the best configuration of each model under each split."""
    # A hopeless baseline would stretch the axis until the contenders cannot be told apart.
    best = {split: view.drawn_rows(document, split)
            for split in view.splits(document)[: view.SPLITS_DRAWN]}
    rows = [row for members in best.values() for row in members if row.score.value is not None]
    if not rows:
        return None
    alt = f"Dot plot of {document.metric} by model, one panel per split, with 95 % intervals."
    decimals = formatting.decimals_for(row.score.value for row in rows)
    return base.Figure(
        id=ID,
        title=f"{document.metric} by model and split",
        alt=alt,
        caption=_caption(document, best, decimals) + _left_out(document, best),
        svg=base.to_svg(_chart(document, best), ID, alt),
        columns=("split", "model", "search", document.metric, "95 % interval"),
        rows=tuple(_line(row, decimals) for row in rows),
    )


def _line(row: Row, decimals: int) -> tuple[str, ...]:
    return (row.split, row.model, view.search_name(row.search),
            formatting.number(row.score.value, decimals),
            formatting.bounds(row.score, decimals) or formatting.MISSING)


def _chart(document: Document, best: dict[str, list[Row]]) -> Any:
    import altair as alt

    style = base.ModelStyle.of(document)
    decimals = view.score_decimals(document)
    data = [_point(document, row, view.baseline_score(view.rows_of(document, split)), decimals)
            for split, rows in best.items() for row in rows]
    order = style.shown(row.model for rows in best.values() for row in rows)
    columns = view.panel_columns(len(best), 5)
    width = max(110, base.plot_width(order) / columns - 20)
    x = alt.X("value:Q", title=document.metric, scale=alt.Scale(zero=False, nice=True),
              axis=alt.Axis(tickCount=4, labelOverlap=True))
    y = alt.Y("model:N", sort=order, title=None,
              axis=alt.Axis(grid=True, ticks=False, domain=False, labelPadding=8))
    paint, shape = style.colours(order), style.shapes(order)
    # Hollow marks keep the leaky contrast apart from what may be believed.
    hollow = alt.FillOpacity("solid:Q", scale=None)
    chart = alt.Chart()
    layers = alt.layer(
        chart.mark_rule(strokeDash=[4, 3], color=base.MUTED).encode(x="mean(baseline):Q"),
        chart.mark_rule(strokeWidth=2).encode(x=x, x2="high:Q", y=y, color=paint, tooltip="tip:N")
        .transform_calculate(value="datum.low"),
        chart.mark_point(size=80, strokeWidth=1.8, opacity=1).encode(
            x=x, y=y, color=paint, fill=style.fills(order), fillOpacity=hollow, shape=shape,
            tooltip="tip:N"),
        data=base.inline(data),
    ).properties(width=width, height=alt.Step(24))
    headers = list(dict.fromkeys(point["panel"] for point in data))
    # One parameter of a split per line, so that variants of one strategy can be told apart.
    header = alt.Header(labelExpr="split(datum.value, ', ')", labelLimit=width, labelPadding=6)
    facet = alt.Facet("panel:N", sort=headers, title=None, header=header)
    return layers.facet(facet, columns=columns, spacing=22)


def _point(
    document: Document, row: Row, baseline: float | None, decimals: int
) -> dict[str, Any]:
    value = row.score.value
    low = value if row.score.low is None else row.score.low
    high = value if row.score.high is None else row.score.high
    panel = ("leaky: " if row.leaky else "") + formatting.one_line(row.split)
    name = formatting.one_line(row.model)
    told = base.tip(name, f"{document.metric} {formatting.interval(row.score, decimals)}",
                    view.search_name(row.search), row.split)
    return {"panel": panel, "model": name, "value": value, "low": low, "high": high,
            "baseline": baseline, "solid": 0 if row.leaky else 1, **told}


def _caption(document: Document, best: dict[str, list[Row]], decimals: int) -> str:
    split = next(iter(best))
    scored = [row for row in best[split] if row.score.value is not None]
    if not scored:
        return f"No model has a score under {split}."
    leader = scored[0]
    tied = [row for row in scored[1:] if row.tier == 1 and not row.is_baseline]
    sentence = f"{leader.model} leads under {split} with {document.metric} " \
               f"{formatting.interval(leader.score, decimals)}"
    if tied:
        noun = "model" if len(tied) == 1 else "models"
        sentence += f"; {len(tied)} other {noun} cannot be told from it"
    return f"{sentence}. {_contrast(document, leader, decimals)}".rstrip()


def _left_out(document: Document, best: dict[str, list[Row]]) -> str:
    """What is not drawn, in words; empty where everything is."""
    n_splits = len(view.splits(document))
    most = max(len(view.best_per_model(view.rows_of(document, split))) for split in best)
    parts = []
    if most > view.MODELS_DRAWN:
        parts.append(f"the best {view.MODELS_DRAWN} of {most:,} models")
    if n_splits > len(best):
        parts.append(f"{len(best)} of {n_splits:,} splits")
    return f" Drawn are {' and '.join(parts)}; leaderboard.csv has all." if parts else ""


def _contrast(document: Document, leader: Row, decimals: int) -> str:
    twin = (leader.model, leader.search)
    leaky: Sequence[Row] = [row for row in document.leaderboard
                            if row.leaky and (row.model, row.search) == twin]
    if not leaky or leaky[0].score.value is None or leader.score.value is None or leader.leaky:
        return _BAR if leader.over_baseline else ""
    gap = leaky[0].score.value - leader.score.value
    optimism = gap if document.greater_is_better else -gap
    return (f"The leaky {leaky[0].split} split would have shown "
            f"{formatting.number(leaky[0].score.value, decimals)} "
            f"({formatting.number(optimism, decimals, sign=True)} in its favour). "
            f"{_BAR}")
