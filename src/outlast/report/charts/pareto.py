"""What a better score costs: time to fit and to predict, with the frontier of both."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from outlast.report import formatting, view
from outlast.report.charts import base
from outlast.report.charts.plane import Plane, Span, short_name
from outlast.report.document import Document, Row

ID = "fig-pareto"
_COSTS: dict[str, tuple[str, Callable[[Row], float | None], float]] = {
    "fit": ("fit, s", lambda row: row.fit_seconds, 0.001),
    "predict": ("predict, µs per row", lambda row: row.predict_us_per_row, 0.01),
}
_DRAWN, _INTERVALS, _NAMED, _HEIGHT, _GAP = 200, 40, 12, 300, 70


def draw(document: Document) -> base.Figure | None:
    """Draw the rows of the headline split, from two of them on."""
    rows = _rows(document)
    if len(rows) < 2:
        return None
    decimals = formatting.decimals_for(row.score.value for row in rows)
    fronts = {name: _frontier(document, rows, name) for name in _COSTS}
    on = {name: {row.id for row in front} for name, front in fronts.items()}
    alt = (f"Scatter of configurations: {document.metric} by seconds to fit and by microseconds "
           "to predict a row, with the frontier of the cheapest best ones.")
    return base.Figure(
        id=ID, title=f"{document.metric} against cost", alt=alt,
        caption=_caption(document, rows, fronts["fit"], decimals),
        svg=base.to_svg(_chart(document, rows, fronts), ID, alt),
        columns=("configuration", document.metric, "95 % interval", "fit", "predict, µs per row",
                 "on the frontier of"),
        rows=tuple((row.label, formatting.number(row.score.value, decimals),
                    formatting.bounds(row.score, decimals) or formatting.MISSING,
                    _seconds(row),
                    formatting.number(row.predict_us_per_row, 1),
                    " and ".join(name for name in _COSTS if row.id in on[name])
                    or formatting.MISSING) for row in rows),
    )


def _rows(document: Document) -> list[Row]:
    rows = view.rows_of(document, document.headline_split)
    return view.without_weak_baselines([row for row in rows if row.score.value is not None])


def _frontier(document: Document, rows: Sequence[Row], name: str) -> list[Row]:
    """The rows that no cheaper one equals, the cheapest first."""
    _, cost, _ = _COSTS[name]
    sign = 1 if document.greater_is_better else -1
    known = [row for row in rows if cost(row) is not None]
    known.sort(key=lambda row: (cost(row), -sign * (row.score.value or 0.0)))
    front: list[Row] = []
    for row in known:
        if not front or sign * (row.score.value or 0.0) > sign * (front[-1].score.value or 0.0):
            front.append(row)
    return front


def _chart(document: Document, rows: Sequence[Row], fronts: dict[str, list[Row]]) -> Any:
    import altair as alt

    known = {name for name in _COSTS if len(fronts[name]) and any(
        (_COSTS[name][1](row) or 0.0) > 0 for row in rows)}
    panels = [name for name in _COSTS if name in known] or ["fit"]
    width = (base.WIDTH - 70 - _GAP * (len(panels) - 1)) // len(panels)
    scores = _scores(rows)
    drawn = [_panel(document, rows, name, fronts[name], (width, scores)) for name in panels]
    return alt.hconcat(*drawn, spacing=_GAP - 40).resolve_scale(
        color="shared", shape="shared")


def _scores(rows: Sequence[Row]) -> Span:
    """An axis on which a hopeless row with a wide interval does not press the others together."""
    values = [row.score.value or 0.0 for row in rows]
    ends = [end for row in rows[:_INTERVALS] for end in (row.score.low, row.score.high)
            if end is not None]
    reach = (max(values) - min(values)) or abs(values[0]) * 0.1 or 1.0
    low, high = (min([min(values), *(e for e in ends if e > min(values) - reach)]),
                 max([max(values), *(e for e in ends if e < max(values) + reach)]))
    margin = 0.06 * (high - low) or 0.01
    return Span(low - margin, high + margin)


def _panel(
    document: Document, rows: Sequence[Row], name: str, front: Sequence[Row],
    size: tuple[int, Span],
) -> Any:
    import altair as alt

    title, cost, least = _COSTS[name]
    ahead = {row.id for row in front}
    rest = [row for row in rows if cost(row) is not None and row.id not in ahead]
    rest.sort(key=lambda row: row.id != document.headline.row)
    drawn = [*front, *rest][:_DRAWN]
    costs = [max(cost(row) or 0.0, least) for row in drawn]
    plane = Plane(Span(min(costs) / 1.6, 1.6 * max(costs), "log"), size[1], size[0], _HEIGHT)
    style = base.ModelStyle.of(document)
    points = [{**_point(plane, row, at, row.id in ahead),
               "cost": formatting.significant(cost(row), 3)}
              for row, at in zip(drawn, costs, strict=True)]
    shown = style.shown(row.model for row in drawn)
    x = alt.X("x:Q", scale=plane.x.altair(), title=title, axis=alt.Axis(
        grid=False, values=_ticks(plane.x), format="~g", labelOverlap=True))
    y = alt.Y("y:Q", scale=plane.y.altair(), title=document.metric, axis=alt.Axis(tickCount=6))
    tips = [alt.Tooltip("label:N", title="configuration"), alt.Tooltip("cost:N", title=title),
            alt.Tooltip("score:N", title=f"{document.metric} (95 % interval)")]
    chart, chosen = alt.Chart(base.inline(points)), document.headline.row
    ring = alt.Chart(base.inline([p for p in points if p["id"] == chosen])).mark_point(
        size=260, strokeWidth=2, color=base.INK, opacity=1)
    edge = alt.Chart(base.inline([p for p in points if p["front"]])).mark_line(
        interpolate="step-after", strokeDash=[4, 3], strokeWidth=1.5, color=base.MUTED)
    line = alt.Chart(base.inline(points[:_INTERVALS])).mark_rule(strokeWidth=1.5, opacity=0.6)
    legend = base.model_legend(shown) if len(shown) <= _NAMED else None
    paint, shape = style.colours(shown, legend), style.shapes(shown, legend)
    return alt.layer(
        edge.encode(x=x, y=y), line.encode(x=x, y=alt.Y("low:Q"), y2="high:Q", color=paint),
        chart.mark_point(size=80, filled=True, opacity=0.95).encode(
            x=x, y=y, color=paint, shape=shape, tooltip=tips),
        ring.encode(x=x, y=y), *plane.names(points, x, y),
    ).properties(width=size[0], height=_HEIGHT)


def _ticks(axis: Span) -> list[float]:
    """1, 2 and 5 of every power of ten, only 1 where there are many."""
    first, last = math.floor(math.log10(axis.low)), math.ceil(math.log10(axis.high))
    steps = (1, 2, 5) if last - first <= 3 else (1,)
    return [step * 10.0**power for power in range(first, last + 1) for step in steps
            if axis.low <= step * 10.0**power <= axis.high]


def _point(plane: Plane, row: Row, at: float, front: bool) -> dict[str, Any]:
    value = row.score.value or 0.0
    low, high = (value if end is None else plane.y.within(end)
                 for end in (row.score.low, row.score.high))
    label = formatting.one_line(row.label, 60)
    return {"x": at, "y": value, "low": low, "high": high, "id": row.id, "label": label,
            "model": formatting.one_line(row.model), "front": front,
            "name": short_name(_short(row), 36) if front else "",
            "score": formatting.interval(row.score, 4)}


def _short(row: Row) -> str:
    """Model and search: selections are told apart by the tooltip and the table."""
    return row.model if row.search == view.NO_SEARCH else (
        f"{row.model}, {view.search_name(row.search)}")


def _seconds(row: Row) -> str:
    return "less than 0.01 s" if row.fit_seconds < 0.01 else formatting.duration(row.fit_seconds)


def _caption(
    document: Document, rows: Sequence[Row], front: Sequence[Row], decimals: int
) -> str:
    count = formatting.plural(len(rows), "configuration")
    best, cheap = front[-1], front[0]
    told = (f"{len(front)} of {count} {'has' if len(front) == 1 else 'have'} no equal that is "
            f"faster to fit (dashed line), from {cheap.label} with {document.metric} "
            f"{formatting.number(cheap.score.value, decimals)} in "
            f"{_seconds(cheap)} to {best.label} with {formatting.interval(best.score, decimals)} "
            f"in {_seconds(best)}.")
    chosen = next((row for row in rows if row.id == document.headline.row), None)
    ringed = "" if chosen is None else f" The ring marks the recommended {chosen.label}."
    if chosen is not None:
        tied = [row for row in rows if row.tier == 1 and not row.is_baseline
                and 0 < row.fit_seconds < chosen.fit_seconds]
        cheapest = min(tied, key=lambda row: row.fit_seconds, default=None)
        if cheapest is not None:
            ringed += (f" {cheapest.label} cannot be told from the best and is "
                       f"{chosen.fit_seconds / cheapest.fit_seconds:.1f} times faster to fit.")
    some = "" if len(rows) <= _DRAWN else f" The first {_DRAWN} are drawn."
    return f"{told}{ringed} Lines are 95 % intervals, cut at the frame.{some}"
