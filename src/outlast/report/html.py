"""The report as one HTML page that needs no network, no server and no JavaScript."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any

import jinja2
from markupsafe import Markup, escape

from outlast.data.times import format_ns
from outlast.report import formatting, view
from outlast.report.charts import Figure, ModelStyle
from outlast.report.document import Document, Row
from outlast.report.tables import TABLES
from outlast.report.words import GLOSSARY, MEANINGS, SECTIONS, SYMBOLS

# Before the parameters of a strategy, and after the words of its name.
_BREAK = re.compile(r"(?=\()|(?<=[_,])")


def render_html(document: Document, figures: Mapping[str, Figure]) -> str:
    """Return the whole page.

    Every text of the document is escaped; the page's content policy forbids all loading and
    every script but its own.

    Parameters
    ----------
    document : Document
    figures : mapping of str to Figure
        As drawn by `outlast.report.charts.draw_figures`.

    Returns
    -------
    str
    """
    environment = _environment(document)
    script = environment.loader.get_source(environment, "page.js")[0]  # type: ignore[union-attr]
    css = environment.loader.get_source(environment, "style.css")[0]  # type: ignore[union-attr]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page = environment.get_template("report.html.j2")
    return page.render(
        document=document, figures=figures, script=script, css=css, sections=SECTIONS,
        script_hash=f"sha256-{digest}", anchors=_anchors(document, figures), tables=list(TABLES),
        glossary=GLOSSARY, meanings=MEANINGS, **SYMBOLS, **_selected(document),
    )


def row_anchor(row: Row) -> str:
    """Return the id of a leaderboard row in the page."""
    return formatting.anchor("row", row.id)


def _selected(document: Document) -> dict[str, Any]:
    planned = {cell.model for cell in document.coverage}
    quiet = {outcome: view.quiet(document, outcome) for outcome in view.QUIET}
    return {
        "chosen": view.recommended(document),
        "use": view.use_commands(document),
        "rank_note": view.rank_note(document.leaderboard),
        "fired": view.fired(document),
        "quiet": {outcome: items for outcome, items in quiet.items() if items},
        "models": [name for name in view.models(document) if name in planned],
        "splits": view.splits(document),
        "folds": view.folds(document),
        "features": view.features_by_share(document),
        "feature_columns": view.feature_columns(document),
        "coverage": view.grid(document),
        "coverage_splits": view.coverage_splits(document),
        "EVERY": view.EVERY,
        "severities": view.SEVERITIES,
        "style": ModelStyle.of(document),
        "show_selection": view.several_selections(document),
        "show_share": any(fold.test_share is not None for fold in document.folds),
        "row_anchor": row_anchor,
        "rows_of": lambda split: view.rows_of(document, split),
        "shown_rows": lambda split: view.shown_rows(document, split),
        "train_gap": lambda row: view.train_gap(row, document.greater_is_better),
    }


def _anchors(document: Document, figures: Mapping[str, Figure]) -> set[str]:
    """Return every id that a finding may point at."""
    sections = {name for name, _ in SECTIONS}
    rows = {row_anchor(row) for split in view.splits(document)
            for row in view.shown_rows(document, split)}
    features = {formatting.anchor("f", card.feature) for card in document.features[:200]}
    return sections | rows | features | {figure.id for figure in figures.values()}


def _environment(document: Document) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("outlast.report", "templates"),
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        finalize=_visible,
    )
    environment.filters.update(_filters(document))
    return environment


def _prose(text: str) -> Markup:
    """Escape a sentence and set what it has in backticks as code."""
    return Markup(formatting.CODE.sub(r"<code>\1</code>", str(escape(_visible(text)))))


def _label(text: str) -> Markup:
    """Escape the label of a strategy, and let lines break where its parts begin."""
    return Markup(_BREAK.sub("<wbr>", str(escape(_visible(text)))))


def _visible(value: Any) -> Any:
    if isinstance(value, Markup):
        return value
    return formatting.printable(value).replace("95 % CI", "95\u00a0%\u00a0CI")


def _filters(document: Document) -> dict[str, Any]:
    decimals = view.score_decimals(document)
    return {
        "score": lambda value, sign=False: formatting.number(value, decimals, sign),
        "bounds": lambda value, sign=False: formatting.bounds(value, decimals, sign),
        "interval": lambda value: formatting.interval(value, decimals),
        "number": formatting.number,
        "count": lambda value: formatting.number(value, 0),
        "share": formatting.share,
        "duration": formatting.duration,
        "plain": formatting.plain,
        "day": formatting.day,
        "instant": lambda ns: formatting.day(format_ns(ns)),
        "moment": formatting.moment,
        "prose": _prose,
        "search": view.search_name,
        "label": _label,
        "plural": lambda value, noun: formatting.plural(
            value if isinstance(value, int) else len(value), noun),
        "anchor": lambda text, prefix: formatting.anchor(prefix, text),
        "safe_link": formatting.safe_link,
        # What a column is sorted by; empty sorts last.
        "raw": lambda value: "" if value is None else repr(float(value)),
        # Only for pictures, styles and scripts that outlast made itself.
        "trusted": Markup,
    }
