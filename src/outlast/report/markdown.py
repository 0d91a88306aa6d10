"""The report as Markdown: reads on a code host, in a terminal and in a mail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jinja2

from outlast.report import formatting, view
from outlast.report.charts import Figure
from outlast.report.document import Document
from outlast.report.words import OUTCOMES, SYMBOLS

MAX_BYTES = 40_000
# What is cut first, then further, until a report of many long names fits.
_SIZES = ({"rows": 10, "findings": 30, "checks": 40, "features": 20, "configurations": 12},
          {"rows": 10, "findings": 12, "checks": 15, "features": 20, "configurations": 6},
          {"rows": 10, "findings": 5, "checks": 0, "features": 10, "configurations": 1})
_SUMMARY = {"rows": 5, "findings": 3}


def render_markdown(document: Document, figures: Mapping[str, Figure]) -> str:
    """Return the Markdown twin of the page, at most 40 KB unless single texts are huge.

    Parameters
    ----------
    document : Document
    figures : mapping of str to Figure
        They are referred to as ``figures/<name>.svg``.

    Returns
    -------
    str
    """
    text = ""
    for limits in _SIZES:
        text = _render("report.md.j2", document, figures=figures, limits=limits)
        if len(text.encode()) <= MAX_BYTES:
            break
    return text


def render_summary(document: Document) -> str:
    """Return the answer alone, without links and pictures: for a pull request or a job summary.

    Parameters
    ----------
    document : Document

    Returns
    -------
    str
        Markdown: headline, the first findings, the first rows, and how to use the model.
    """
    return _render("summary.md.j2", document, limits=_SUMMARY)


def _render(template: str, document: Document, **given: Any) -> str:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("outlast.report", "templates"),
        autoescape=False, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True,
        # Not HTML: every value passes the Markdown escape instead.
        finalize=formatting.markdown,
    )
    environment.filters.update(_filters(document))
    quiet = {OUTCOMES[name]: view.quiet(document, name) for name in view.QUIET}
    rows = view.rows_of(document, document.headline_split) or list(document.leaderboard)
    text: str = environment.get_template(template).render(
        document=document, chosen=view.recommended(document),
        fired=view.fired(document), quiet={word: items for word, items in quiet.items() if items},
        rows=rows, rank_note=view.rank_note(rows),
        features=view.features_by_share(document), show_selection=view.several_selections(document),
        configurations=sorted(document.configurations,
                              key=lambda card: card.row != document.headline.row),
        use=view.use_commands(document), **SYMBOLS, **given,
    )
    return text


def _filters(document: Document) -> dict[str, Any]:
    decimals = view.score_decimals(document)
    ready = formatting.Ready
    return {
        "score": lambda value, sign=False: ready(formatting.number(value, decimals, sign)),
        "interval": lambda value, sign=False: ready(formatting.interval(value, decimals, sign)),
        "number": lambda value, digits=3: ready(formatting.number(value, digits)),
        "count": lambda value: ready(formatting.number(value, 0)),
        "share": lambda value: ready(formatting.share(value)),
        "duration": lambda value: ready(formatting.duration(value)),
        "day": formatting.day,
        "search": view.search_name,
        "short": formatting.one_line,
        "code": formatting.code,
        "prose": formatting.prose,
        "moment": formatting.moment,
        "fence": formatting.fence,
        # Only for text whose parts were escaped when it was put together.
        "ready": ready,
        "plural": lambda value, noun: ready(formatting.plural(
            value if isinstance(value, int) else len(value), noun)),
    }
