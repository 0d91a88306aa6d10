"""A plan on one clock: the folds of every split, and beside each what its rows hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Any

from outlast.records import CutMove
from outlast.report import formatting
from outlast.report.charts import base
from outlast.report.plan import DROPPED, MIXED, TEST, TRAIN, FoldFacts, PlanFacts, SplitFacts

ID = "fig-plan"
FOLDS_DRAWN = 24

_WIDTH = 560
_LINE = 140
# Right edges of the columns of numbers, in pixels right of the clock.
_COLUMNS = {"train": 65, "test": 130, "target": 210}
_DROPPED_AT = 230
_COLOURS = {TRAIN: base.SOFT, DROPPED: base.ALERT, TEST: base.INK, MIXED: base.MUTED}
_MOVED = base.PALETTE[0]
_HEIGHTS = {TRAIN: 6, DROPPED: 14, TEST: 14, MIXED: 6}


def draw(plan: PlanFacts) -> base.Figure:
    """Draw what the folds of every split are going to train and test on.

    Parameters
    ----------
    plan : PlanFacts

    Returns
    -------
    Figure
    """
    alt_text = "Timeline of the planned folds of each split, with the rows in each and the events."
    return base.Figure(
        id=ID,
        title="What each fold is going to train and test on",
        alt=alt_text,
        caption=plan.summary,
        svg=base.to_svg(_chart(plan), ID, alt_text),
        columns=("split", "fold", "train", "test", plan.target, "dropped"),
        rows=tuple((split.label, fold.label, *_numbers(fold).values())
                   for split in plan.splits for fold in split.drawn(FOLDS_DRAWN)),
    )


def _chart(plan: PlanFacts) -> Any:
    import altair as alt

    strip = [_events(plan)] if plan.events else []
    title = alt.Title(wrap(plan.summary, _LINE), subtitle=_legend(plan),
                      subtitleColor=base.MUTED, subtitleFontSize=12, fontSize=13, offset=14)
    panels = [*strip, *(_panel(plan, split) for split in plan.splits)]
    return alt.vconcat(*panels, spacing=24).resolve_scale(color="shared").properties(title=title)


def _legend(plan: PlanFacts) -> list[str]:
    common, own = (any(event.common == common for event in plan.events) for common in (True, False))
    moved = any(_pushed(fold) for split in plan.splits for fold in split.folds)
    signs = {"shaded: an event of everyone": common, "tick: an event of one entity": own,
             "blue line: a boundary that an event moved": moved}
    shown = "; ".join(sign for sign, there in signs.items() if there)
    return [shown[:1].upper() + shown[1:]] if shown else []


def _axis(plan: PlanFacts) -> Any:
    span = _at(plan, plan.clock.start), _at(plan, plan.clock.stop)
    return base.clock_axis(plan.clock.abstract, span)


def _at(plan: PlanFacts, instant: int) -> float:
    """Where an instant lies on the axis: milliseconds since 1970, or the integer it is."""
    return float(instant) if plan.clock.abstract else instant / 10**6


def _panel(plan: PlanFacts, split: SplitFacts) -> Any:
    import altair as alt

    folds = split.drawn(FOLDS_DRAWN)
    axis = alt.Axis(ticks=False, domain=False, labelPadding=8)
    y = alt.Y("fold:N", sort=[_name(fold) for fold in folds], title=None, axis=axis)
    layers = [*_bars(plan, folds), *_moves(plan, folds)]
    rows = [{"fold": _name(fold), **_numbers(fold)} for fold in folds]
    encoded = [layer.encode(y=y) for layer in [*layers, *_columns(rows)]]
    bands = _bands(plan)
    shaded = [base.bands(bands, _axis(plan))] if bands else []
    return alt.layer(*shaded, *encoded, *_headings(plan)).properties(
        width=_WIDTH, height=alt.Step(19), title=_title(split, len(folds)))


def _title(split: SplitFacts, n_drawn: int) -> Any:
    import altair as alt

    n_folds = len(split.folds)
    drawn = "" if n_drawn == n_folds else f", {n_drawn} of them drawn"
    lines = [line for note in split.notes for line in wrap(note, _LINE)]
    return alt.Title(f"{formatting.one_line(split.label, 90)}: "
                     f"{formatting.plural(n_folds, 'fold')}{drawn}",
                     subtitle=lines, subtitleColor=base.MUTED, subtitleFontSize=12, offset=10)


def _name(fold: FoldFacts) -> str:
    return f"#{fold.label}"


def _numbers(fold: FoldFacts) -> dict[str, str]:
    return {
        "train": formatting.number(fold.audit.n_train, 0),
        "test": formatting.number(fold.audit.n_test, 0),
        "target": fold.target,
        "dropped": ", ".join(f"{formatting.number(rows, 0)} {reason}"
                             for reason, rows in fold.dropped.items() if rows),
    }


def _bars(plan: PlanFacts, folds: Sequence[FoldFacts]) -> Iterator[Any]:
    import altair as alt

    rows = [{"fold": _name(fold), "part": stretch.part, "start": _at(plan, stretch.start),
             "end": _at(plan, stretch.stop)} for fold in folds for stretch in fold.stretches]
    parts = plan.parts
    scale = alt.Scale(domain=parts, range=[_COLOURS[part] for part in parts])
    legend = alt.Legend(orient="bottom", title=None, symbolType="square", symbolStrokeWidth=0)
    paint = alt.Color("part:N", legend=legend, scale=scale)
    for part in parts:
        chart = alt.Chart(base.inline([row for row in rows if row["part"] == part]))
        if part == MIXED:
            bar = chart.mark_rule(strokeWidth=_HEIGHTS[part], strokeDash=[6, 3])
        else:
            # The stroke keeps a purge of a few days visible on a clock of many years.
            stroke = {"stroke": base.ALERT} if part == DROPPED else {}
            bar = chart.mark_bar(height=_HEIGHTS[part], **stroke)
        yield bar.encode(x=_axis(plan), x2="end", color=paint)


def _moves(plan: PlanFacts, folds: Sequence[FoldFacts]) -> Iterator[Any]:
    """A thin line from where a boundary was to where an event pushed it."""
    import altair as alt

    rows = [{"fold": _name(fold), "start": _at(plan, move.moved_from),
             "end": _at(plan, move.moved_to)} for fold in folds for move in _pushed(fold)]
    if rows:
        chart = alt.Chart(base.inline(rows))
        line = chart.mark_rule(color=_MOVED, strokeWidth=3, yOffset=-9)
        yield line.encode(x=_axis(plan), x2="end")


def _pushed(fold: FoldFacts) -> list[CutMove]:
    """The moves that changed a boundary; of the others the note tells what they dropped."""
    return [move for move in fold.audit.moves if move.moved_from != move.moved_to]


def _columns(rows: Sequence[dict[str, str]]) -> Iterator[Any]:
    import altair as alt

    chart = alt.Chart(base.inline(rows))
    for name, edge in _COLUMNS.items():
        text = chart.mark_text(align="right", fontSize=12, color=base.INK)
        yield text.encode(x=alt.value(_WIDTH + edge), text=f"{name}:N")
    text = chart.mark_text(align="left", fontSize=12, color=base.INK)
    yield text.encode(x=alt.value(_WIDTH + _DROPPED_AT), text="dropped:N")


def _headings(plan: PlanFacts) -> Iterator[Any]:
    import altair as alt

    places = [(name, edge, "right") for name, edge in _COLUMNS.items()]
    for name, edge, align in [*places, ("dropped", _DROPPED_AT, "left")]:
        shown = plan.target if name == "target" else name
        text = alt.Chart(base.inline([{"name": shown}])).mark_text(
            align=align, fontSize=12, color=base.MUTED)
        yield text.encode(x=alt.value(_WIDTH + edge), y=alt.value(-8), text="name:N")


def _bands(plan: PlanFacts) -> list[dict[str, Any]]:
    return [{"event": event.name, "start": _at(plan, event.start), "end": _at(plan, event.stop)}
            for event in plan.events if event.common]


def _events(plan: PlanFacts) -> Any:
    """The strip above all splits: names of the common events, ticks for those of one entity."""
    import altair as alt

    bands, x = _bands(plan), _axis(plan).axis(None)
    ticks = [{"start": _at(plan, event.start)} for event in plan.events if not event.common]
    apart = (_at(plan, plan.clock.stop) - _at(plan, plan.clock.start)) * 15 / _WIDTH
    layers = [base.bands(bands, x), *base.event_names(bands, x, apart)] if bands else []
    if ticks:
        chart = alt.Chart(base.inline(ticks)).mark_tick(color=base.MUTED, thickness=1, size=6)
        layers.append(chart.encode(x=x, y=alt.value(5)))
    return alt.layer(*layers).properties(width=_WIDTH, height=10)
