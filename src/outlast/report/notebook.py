"""A report in a notebook's cell: the answer, the numbers behind it, the first rows, the way on."""

from __future__ import annotations

from html import escape
from pathlib import Path

from outlast.report import view
from outlast.report.document import Document, Row
from outlast.report.formatting import bounds, interval, number, plural, printable

_ROWS = 5
_QUIET = "opacity:.75;font-size:.9em"
_CELL = "text-align:left;padding:.15em .9em .15em 0"


def card(document: Document, page: Path) -> str:
    """Return a small piece of HTML without any script, in the colours of the notebook.

    Parameters
    ----------
    document : Document
    page : pathlib.Path
        The whole report.

    Returns
    -------
    str
    """
    head = document.headline
    split = document.headline_split or head.split
    parts = [
        f"<p><strong>{_text(document.title)}</strong><br>{_text(head.sentence)}</p>",
        f'<p style="{_QUIET}">{" · ".join(_strip(document))}</p>',
        _table(document, view.rows_of(document, split)[:_ROWS]),
        f'<p><a href="{escape(page.resolve().as_uri())}">The whole report</a> '
        f'<span style="{_QUIET}">({_text(page)})</span></p>',
    ]
    return f'<div style="max-width:60em">{"".join(parts)}</div>'


def facts(document: Document) -> list[str]:
    """Return the numbers behind the answer, each as a few plain words."""
    head, metric, decimals = document.headline, document.metric, view.score_decimals(document)
    told = [f"Trust: {head.trust} ({head.trust_reason})"]
    if document.promise is not None:
        score = document.promise.score
        told.append(f"expected {metric} {number(score.value, decimals)}"
                    f"{_within(bounds(score, decimals), 90)}")
    elif head.score is not None:
        told.append(f"measured {metric} {number(head.score.value, decimals)}"
                    f"{_within(bounds(head.score, decimals), 95)}")
    if document.exam.grades:
        told.append(f"sealed exam {number(document.exam.grades[0].score.value, decimals)}")
    if head.over_baseline is not None:
        told.append(f"{number(head.over_baseline.value, decimals, sign=True)} over {head.baseline}")
    if document.failures:
        first = document.failures[0]
        told.append(f"{plural(len(document.failures), 'job')} failed, first {first.label}: "
                    f"{first.message}")
    return told


def _strip(document: Document) -> list[str]:
    return [_text(fact) for fact in facts(document)]


def _within(range_: str, level: int) -> str:
    return f" ({level} % interval {range_})" if range_ else ""


def _table(document: Document, rows: list[Row]) -> str:
    if not rows:
        return ""
    decimals = view.score_decimals(document)
    names = ("rank", "model", "search", f"{document.metric} (95 % interval)", "over baseline")
    head = "".join(f'<th scope="col" style="{_CELL}">{_text(name)}</th>' for name in names)
    lines = [f"<tr>{''.join(f'<td style={_CELL!r}>{_text(cell)}</td>' for cell in cells)}</tr>"
             for cells in (_cells(row, decimals) for row in rows)]
    under = f'<caption style="{_CELL};{_QUIET}">Under {_text(rows[0].split)}</caption>'
    return (f"<table>{under}<thead><tr>{head}</tr></thead>"
            f"<tbody>{''.join(lines)}</tbody></table>")


def _cells(row: Row, decimals: int) -> tuple[str, ...]:
    lead = None if row.is_baseline or row.over_baseline is None else row.over_baseline.value
    return (row.rank, row.model, view.search_name(row.search), interval(row.score, decimals),
            number(lead, decimals, sign=True))


def _text(value: object) -> str:
    return escape(printable(str(value).replace("`", "")))
