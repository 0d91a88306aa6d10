"""The score of each model in each test window, along the clock."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from statistics import median
from typing import Any

from outlast.report import formatting, view
from outlast.report.charts import base
from outlast.report.document import Document, FoldScore

ID = "fig-over-time"
_PANELS = 3
_MODELS = 12


def draw(document: Document) -> base.Figure | None:
    """Draw fold scores against their test windows for splits with several windows."""
    panels = _panels(document)
    if not panels:
        return None
    alt = f"Line plot of {document.metric} by test window, one line per model."
    scores = [score for members in panels.values() for score in members]
    decimals = formatting.decimals_for(score.score for score in scores)
    return base.Figure(
        id=ID,
        title=f"{document.metric} by test window",
        alt=alt,
        caption=_caption(document, *next(iter(panels.items())), decimals) + _left_out(document),
        svg=base.to_svg(_chart(document, panels), ID, alt),
        columns=("split", "fold", "test from", "test to", "model", document.metric),
        rows=tuple((s.split, str(s.fold), formatting.day(s.test_start), formatting.day(s.test_end),
                    s.model, formatting.number(s.score, decimals)) for s in scores),
    )


def _panels(document: Document) -> dict[str, list[FoldScore]]:
    """Fold scores of each model's best row, for the honest splits with two windows or more."""
    panels: dict[str, list[FoldScore]] = {}
    leaky = view.leaky_splits(document)
    by_row: dict[str, list[FoldScore]] = defaultdict(list)
    for score in document.fold_scores:
        by_row[score.row].append(score)
    for split in (split for split in view.splits(document) if split not in leaky):
        rows = view.drawn_rows(document, split, _MODELS)
        found = [s for row in rows for s in by_row[row.id] if _drawable(s)]
        if len({s.fold for s in found}) >= 2 and len(panels) < _PANELS:
            panels[split] = sorted(found, key=lambda s: (s.test_start, s.model))
    return panels


def _drawable(score: FoldScore) -> bool:
    return score.score is not None and formatting.position(score.test_start) is not None


def _chart(document: Document, panels: dict[str, list[FoldScore]]) -> Any:
    import altair as alt

    everything = [score for members in panels.values() for score in members]
    points = [_point(document, score) for score in everything]
    span = (min(p["start"] for p in points), max(p["end"] for p in points))
    style = base.ModelStyle.of(document)
    shown = style.shown(score.model for score in everything)
    charts = [
        _panel(document, style, shown, span, split, members) for split, members in panels.items()
    ]
    return alt.vconcat(*charts, spacing=18)


def _panel(
    document: Document, style: base.ModelStyle, shown: Sequence[str],
    span: tuple[float, float], split: str, members: Sequence[FoldScore],
) -> Any:
    import altair as alt

    x = base.time_axis(document, span)
    y = alt.Y("value:Q", title=document.metric, scale=alt.Scale(zero=False),
              axis=alt.Axis(tickCount=5))
    paint = style.colours(shown, base.model_legend(shown))
    chart = alt.Chart(base.inline([_point(document, score) for score in members]))
    middle = base.time_axis(document, span, field="middle")
    # The opacity of a stroke is cheap to draw; that of a whole mark takes a layer for each.
    layers = [
        chart.mark_rule(strokeWidth=3, strokeOpacity=0.45).encode(
            x=x, x2="end", y=y, color=paint, tooltip="tip:N"),
        chart.mark_line(strokeWidth=1, strokeOpacity=0.45).encode(
            x=middle, y=y, color=paint, tooltip="model:N"),
        chart.mark_point(filled=True, size=55, opacity=1).encode(
            x=middle, y=y, color=paint, shape=style.shapes(shown, base.model_legend(shown)),
            tooltip="tip:N"),
    ]
    events = base.event_bands(document.data.events, *span)
    if events:
        layers.insert(0, base.bands(events, x))
    title = formatting.one_line(split, 80)
    return alt.layer(*layers).properties(width=base.WIDTH - 70, height=170, title=title)


def _point(document: Document, score: FoldScore) -> dict[str, Any]:
    start = formatting.position(score.test_start) or 0.0
    end = formatting.position(score.test_end) or start
    name = formatting.one_line(score.model)
    told = base.tip(
        name, f"{document.metric} {formatting.number(score.score, view.score_decimals(document))}",
        f"{formatting.day(score.test_start)} to {formatting.day(score.test_end)}")
    return {"model": name, "value": score.score, "start": start, "end": end,
            "middle": (start + end) / 2, **told}


def _caption(document: Document, split: str, scores: Sequence[FoldScore], decimals: int) -> str:
    windows: dict[int, list[FoldScore]] = defaultdict(list)
    for score in scores:
        windows[score.fold].append(score)
    pick = max if document.greater_is_better else min
    bars = view.baselines(document)
    leader, count = Counter(
        pick(members, key=lambda s: s.score or 0.0).model for members in windows.values()
    ).most_common(1)[0]
    middles = {fold: median(s.score or 0.0 for s in members)
               for fold, members in _contenders(windows, bars).items()}
    worst = min if document.greater_is_better else max
    hardest = worst(middles, key=lambda fold: middles[fold])
    window = windows[hardest][0]
    return (f"Under {split}, {leader} scores best in {count} of {len(windows)} windows. "
            f"The hardest window is {formatting.day(window.test_start)} to "
            f"{formatting.day(window.test_end)}, where the median model reaches "
            f"{formatting.number(middles[hardest], decimals)}.")


def _left_out(document: Document) -> str:
    n_models = len(view.models(document))
    if n_models <= _MODELS:
        return ""
    return f" Drawn are the best {_MODELS} models of each split; fold_scores.csv has all."


def _contenders(
    windows: dict[int, list[FoldScore]], bars: set[str]
) -> dict[int, list[FoldScore]]:
    """Windows without the baselines, unless nothing else was run."""
    kept = {fold: [s for s in members if s.model not in bars] for fold, members in windows.items()}
    return {fold: members or windows[fold] for fold, members in kept.items()}
