"""Train and test windows of every fold on one clock, with the events behind them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from typing import Any

from outlast.data.times import format_ns
from outlast.records import BlockAudit, FoldAudit
from outlast.report import formatting, view
from outlast.report.charts import base
from outlast.report.document import Document, FoldCard

ID = "fig-timeline"
MIXED = "train and test mixed"
PARTS = ("train", "purged", "test", MIXED)
Segment = tuple[str, int, int]

_FOLDS_DRAWN = 12
_BLOCKS_DRAWN = 40
_WIDTH = base.WIDTH - 180
_SEPARATOR = "\u001f"


def draw(document: Document) -> base.Figure | None:
    """Draw which stretch of time each fold trains and tests on."""
    folds = _drawn(document)
    if not folds:
        return None
    alt = "Timeline of the train and test windows of each fold, with events as shaded bands."
    return base.Figure(
        id=ID,
        title="What each fold trains and tests on",
        alt=alt,
        caption=_caption(document),
        svg=base.to_svg(_chart(document, _rows(document, folds)), ID, alt),
        columns=("split", "fold", "train from", "train to", "test from", "test to"),
        rows=tuple((fold.split, str(fold.fold), *map(formatting.day, (
            fold.train_start, fold.train_end, fold.test_start, fold.test_end)))
            for fold in folds),
    )


def _drawn(document: Document) -> list[FoldCard]:
    """At most so many folds of each split, spread evenly over them."""
    chosen: list[FoldCard] = []
    groups = groupby(view.folds(document), key=lambda fold: fold.split)
    for _, members in islice(groups, view.SPLITS_DRAWN):
        folds = list(members)
        # Folds of a leaky split all cover the same time: one stands for them.
        drawn = 1 if folds[0].leaky else _FOLDS_DRAWN
        chosen += folds[:: -(-len(folds) // drawn)]
    return chosen


def _rows(document: Document, folds: Sequence[FoldCard]) -> list[dict[str, Any]]:
    unit = 1 if formatting.is_abstract(document.data.start) else 10**6
    rows = []
    for fold in folds:
        # The axis shows the first two parts; the third keeps long names apart.
        key = _SEPARATOR.join((formatting.one_line(fold.split, 34), str(fold.fold), fold.split))
        rows += [{"fold": key, "part": part, "start": start / unit, "end": end / unit,
                  **_told(fold, part, start, end)} for part, start, end in _segments(fold)]
    return rows


def _told(fold: FoldCard, part: str, start: int, end: int) -> dict[str, str]:
    n_rows = {"train": fold.audit.n_train, "test": fold.audit.n_test,
              "purged": fold.audit.n_purged + fold.audit.n_gap + fold.audit.n_embargoed}
    size = f", {formatting.plural(n_rows[part], 'row')} in all" if part in n_rows else ""
    first, last = (formatting.day(format_ns(ns)) for ns in (start, end))
    return base.tip(f"{fold.split} #{fold.fold}", f"{part}{size}", f"{first} to {last}")


def _segments(fold: FoldCard) -> Iterator[Segment]:
    """The stretches of one fold from left to right, in nanoseconds."""
    audit = fold.audit
    if fold.leaky:
        yield MIXED, min(audit.train_start, audit.test_start), max(audit.train_end, audit.test_end)
        return
    cursor: int | None = audit.train_start
    for block in _blocks(audit):
        if cursor is not None and cursor < block.start:
            known = block.last_label_end_before
            stop = min(audit.train_end, block.start if known is None else known)
            yield "train", cursor, stop
            yield "purged", stop, block.start
        yield "test", block.start, block.end
        cursor = block.first_time_after
        if cursor is not None:
            yield "purged", block.end, cursor
    if cursor is not None and cursor < audit.train_end:
        yield "train", cursor, audit.train_end


def _blocks(audit: FoldAudit) -> Sequence[BlockAudit]:
    whole = BlockAudit(start=audit.test_start, end=audit.test_end, label_end=audit.test_end)
    return audit.blocks[:_BLOCKS_DRAWN] or [whole]


def _chart(document: Document, segments: Sequence[dict[str, Any]]) -> Any:
    import altair as alt

    first = min(row["start"] for row in segments)
    last = max(row["end"] for row in segments)
    x = base.time_axis(document, (first, last))
    parts = "split(datum.value, '\\u001f')"
    axis = alt.Axis(labelExpr=f"{parts}[0] + '  #' + {parts}[1]", labelLimit=240, ticks=False,
                    domain=False, labelPadding=8)
    y = alt.Y("fold:N", sort=list(dict.fromkeys(row["fold"] for row in segments)), title=None,
              axis=axis)
    present = [part for part in PARTS if any(row["part"] == part for row in segments)]
    colours = {"train": base.SOFT, "purged": base.ALERT, "test": base.INK, MIXED: base.MUTED}
    scale = alt.Scale(domain=present, range=[colours[part] for part in present])
    legend = alt.Legend(orient="bottom", title=None, symbolType="square", symbolStrokeWidth=0)
    paint = alt.Color("part:N", legend=legend, scale=scale)
    layers = [_bar(segments, part).encode(x=x, x2="end", y=y, color=paint, tooltip="tip:N")
              for part in present]
    breaks = alt.Chart(base.inline(_breaks(segments)))
    layers.append(breaks.mark_tick(color=base.PAPER, thickness=3, size=8).encode(x=x, y=y))
    events = base.event_bands(document.data.events, first, last)
    if events:
        names = base.event_names(events, x, apart=(last - first) * 15 / _WIDTH)
        layers = [base.bands(events, x), *names, *layers]
    return alt.layer(*layers).properties(width=_WIDTH, height=alt.Step(19))


def _bar(segments: Sequence[dict[str, Any]], part: str) -> Any:
    import altair as alt

    chart = alt.Chart(base.inline([row for row in segments if row["part"] == part]))
    if part == "purged":
        # The stroke keeps a purge of a few days visible on a clock of many years.
        return chart.mark_bar(height=14, stroke=base.ALERT)
    return chart.mark_bar(height=14 if part == "test" else 6)


def _breaks(segments: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Breaks in the bar of a shuffled fold, whose true mix is row by row."""
    return [{"fold": row["fold"], "start": row["start"] + (row["end"] - row["start"]) * k / 90}
            for row in segments if row["part"] == MIXED for k in range(1, 90)]


def _caption(document: Document) -> str:
    honest = [fold for fold in document.folds if not fold.leaky]
    overlap = sum(fold.audit.n_overlap + fold.audit.n_shared_times for fold in honest)
    purged = sum(fold.audit.n_purged + fold.audit.n_gap + fold.audit.n_embargoed for fold in honest)
    moved = sum(len(fold.moves) for fold in honest)
    sentence = (f"{formatting.plural(len(honest), 'honest fold')} with "
                f"{formatting.plural(overlap, 'overlapping label')}; "
                f"{formatting.plural(purged, 'training row')} left out at the borders")
    if moved:
        verb = "was" if moved == 1 else "were"
        sentence += f", {formatting.plural(moved, 'border')} {verb} moved out of events"
    mixed = sorted({fold.split for fold in document.folds if fold.leaky})
    if mixed:
        sentence += f". {', '.join(mixed)} mixes past and future and is only a contrast"
    return sentence + "."
