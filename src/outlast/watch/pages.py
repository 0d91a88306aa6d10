"""The pages: the index of all experiments, one experiment, two side by side."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any
from urllib.parse import quote

import jinja2
from markupsafe import Markup, escape

from outlast import __version__
from outlast.report import formatting
from outlast.watch import telling
from outlast.watch.comparing import Comparison
from outlast.watch.reports import ReportFacts
from outlast.watch.state import ExperimentState
from outlast.watch.telling import Place


class Pages:
    """Renders what is told of a store; every text is escaped.

    Parameters
    ----------
    place : Place
    """

    def __init__(self, place: Place) -> None:
        self.place = place

    def index(self, entries: list[dict[str, Any]]) -> str:
        """Return the page of all experiments, in the order given."""
        return self._page("index.html.j2", entries=entries,
                          updates=telling.index_updates(entries), source="/state")

    def experiment(
        self, state: ExperimentState, report: ReportFacts | None, now: float
    ) -> str:
        """Return the page of one experiment."""
        return self._page(
            "experiment.html.j2", state=state, report=report, matrix=telling.matrix(state),
            updates=telling.updates(state, report, self.place, now), direction=telling.direction(
                state.metric), listed=telling.listed(state, report),
            source=f"/state/{quote(state.name, safe='')}")

    def comparison(self, names: tuple[str, str], found: Comparison) -> str:
        """Return the page of two experiments side by side."""
        return self._page("compare.html.j2", names=names, found=found)

    def message(self, title: str, text: str) -> str:
        """Return a page that says why there is no other."""
        return self._page("message.html.j2", title=title, text=text)

    @cached_property
    def assets(self) -> dict[str, tuple[str, bytes]]:
        """Content type and content of the style and the script, by their path."""
        style = self._source("report/style.css") + self._source("watch.css")
        return {"/static/watch.css": ("text/css; charset=utf-8", style.encode()),
                "/static/watch.js": ("text/javascript; charset=utf-8",
                                     self._source("watch.js").encode())}

    def _page(self, name: str, **values: Any) -> str:
        return self._environment.get_template(name).render(
            version=__version__, place=self.place, **values)

    def _source(self, name: str) -> str:
        loader = self._environment.loader
        assert loader is not None, "set below"
        return loader.get_source(self._environment, name)[0]

    @cached_property
    def _environment(self) -> jinja2.Environment:
        own = jinja2.PackageLoader("outlast.watch", "templates")
        report = jinja2.PackageLoader("outlast.report", "templates")
        environment = jinja2.Environment(
            loader=jinja2.ChoiceLoader([own, jinja2.PrefixLoader({"report": report})]),
            autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True,
            lstrip_blocks=True, finalize=_visible)
        environment.filters.update(
            part=lambda text: quote(str(text), safe=""), embedded=_embedded, code=_code)
        return environment


def _visible(value: Any) -> Any:
    return value if isinstance(value, Markup) else formatting.printable(value)


def _embedded(value: Any) -> Markup:
    """Write a value as the JSON of an attribute."""
    return Markup(escape(json.dumps(value)))


def _code(text: str) -> Markup:
    """Escape a sentence and set what it has in backticks as code."""
    return Markup(formatting.CODE.sub(r"<code>\1</code>", str(escape(_visible(text)))))
