"""What was promised of each finalist before the exam, and what it has scored in it."""

from __future__ import annotations

from typing import Any

from outlast.judge.board import Grade, Interval
from outlast.report import formatting
from outlast.report.charts import base
from outlast.report.document import Document

ID = "fig-promise"
_PROMISED, _KEPT, _MISSED = "promised, 90 %", "exam, 95 %", "exam, outside of the promise"


def draw(document: Document) -> base.Figure | None:
    """Draw a band for each promise and a dot with its interval for each result."""
    grades = [grade for grade in document.exam.grades
              if None not in (grade.promised.value, grade.score.value)]
    if not grades:
        return None
    alt = (f"Interval plot of {document.metric} by finalist: the promised range and the result "
           "of the sealed exam.")
    decimals = formatting.decimals_for(grade.score.value for grade in grades)
    return base.Figure(
        id=ID, title="Promise against exam", alt=alt, caption=_caption(grades),
        svg=base.to_svg(_chart(document, grades, decimals), ID, alt),
        columns=("finalist", "promised", "90 % interval", "exam", "95 % interval", "kept"),
        rows=tuple(_line(grade, decimals) for grade in grades),
    )


def _caption(grades: list[Grade]) -> str:
    asked = [grade for grade in grades if grade.kept is not None]
    if not asked:
        return "The time before the exam was too short for an interval, so none could be kept."
    n_kept = sum(bool(grade.kept) for grade in asked)
    return (f"{n_kept} of {formatting.plural(len(asked), 'finalist')} scored in the sealed exam "
            "within the range that was promised before it was opened.")


def _line(grade: Grade, decimals: int) -> tuple[str, ...]:
    kept = {None: formatting.MISSING, True: "yes", False: "no"}[grade.kept]
    return (grade.label, *(text for score in (grade.promised, grade.score) for text in (
        formatting.number(score.value, decimals),
        formatting.bounds(score, decimals) or formatting.MISSING)), kept)


def _mark(name: str, what: str, score: Interval, decimals: int) -> dict[str, Any]:
    told = base.tip(name, what, formatting.interval(score, decimals))
    return {"name": name, "what": what, **score.model_dump(), **told}


def _chart(document: Document, grades: list[Grade], decimals: int) -> Any:
    import altair as alt

    names = [formatting.one_line(grade.label, 40) for grade in grades]
    promised = [_mark(name, _PROMISED, grade.promised, decimals)
                for name, grade in zip(names, grades, strict=True)]
    scored = [_mark(name, _MISSED if grade.kept is False else _KEPT, grade.score, decimals)
              for name, grade in zip(names, grades, strict=True)]
    kinds = list(dict.fromkeys([_PROMISED, *sorted({row["what"] for row in scored})]))
    colours = {_PROMISED: base.SOFT, _KEPT: base.PALETTE[0], _MISSED: base.ALERT}
    paint = alt.Color("what:N", scale=alt.Scale(domain=kinds, range=[colours[k] for k in kinds]),
                      legend=alt.Legend(orient="top", title=None, symbolType="square"))
    x = alt.X("low:Q", title=document.metric, scale=alt.Scale(zero=False, nice=True))
    y = alt.Y("name:N", sort=list(dict.fromkeys(names)), title=None,
              axis=alt.Axis(grid=True, ticks=False, domain=False, labelPadding=8))
    at = alt.X("value:Q")
    band, dots = alt.Chart(base.inline(promised)), alt.Chart(base.inline(scored))
    return alt.layer(
        band.mark_rule(strokeWidth=12, opacity=0.55).encode(
            x=x, x2="high:Q", y=y, color=paint, tooltip="tip:N"),
        band.mark_tick(thickness=2, size=16, color=base.INK).encode(x=at, y=y),
        dots.mark_rule(strokeWidth=2).encode(
            x=x, x2="high:Q", y=y, color=paint, tooltip="tip:N"),
        dots.mark_point(size=70, filled=True, opacity=1).encode(
            x=at, y=y, color=paint, tooltip="tip:N"),
    ).properties(width=base.plot_width(names), height=alt.Step(30))
