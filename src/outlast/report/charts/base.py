"""What all figures share: the figure, its colours, and the road from Altair to SVG."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from outlast.report import formatting, view
from outlast.report.document import Document, EventCard, Interval

PALETTE = ("#0072B2", "#D55E00", "#00875F", "#B0609B", "#9A6B00", "#6F66CC", "#C13B5A")
BASELINE_COLOUR = "#5F6B7A"
SHAPES = {
    "circle": "M6,1.5A4.5,4.5,0,1,1,5.99,1.5Z",
    "square": "M2,2H10V10H2Z",
    "triangle-up": "M6,1.5L10.8,10H1.2Z",
    "diamond": "M6,0.8L11,6L6,11.2L1,6Z",
    "cross": "M4.3,1.2H7.7V4.3H10.8V7.7H7.7V10.8H4.3V7.7H1.2V4.3H4.3Z",
    "triangle-down": "M6,10.5L10.8,2H1.2Z",
    "triangle-right": "M10.5,6L2,10.8V1.2Z",
    "triangle-left": "M1.5,6L10,10.8V1.2Z",
}
WIDTH = 960
# What "sans-serif" is measured with by vl-convert, under the names that systems know it by.
FONTS = "Arial, Liberation Sans, Helvetica, sans-serif"
# Colours of the page as custom properties, and what they are where no style sheet exists.
INK, MUTED, GRID = "var(--ink)", "var(--muted)", "var(--grid)"
SOFT, BAND, ALERT, PAPER = "var(--soft)", "var(--band)", "var(--high)", "var(--paper)"
CONCRETE = {INK: "#1a1a1a", MUTED: "#5b6470", GRID: "#e3e6ea", SOFT: "#aab3bf",
            BAND: "#f6e3bd", ALERT: "#b3261e", PAPER: "#ffffff"}
_EVENTS_NAMED = 24
_LONG = re.compile(r'(?<=[" ,(a-zA-Z-])(\d+\.\d{2})\d+(?=[" ,)a-zA-Z-])')
_TOLD = re.compile(r'<(path|line|rect) data-tip="([^"]*)"([^>]*)/>')
# A picture is one thing to a screen reader: its parts have no roles of their own, and its titles
# and axes, whose label follows their role, tell nothing that is not written.
_SPOKEN = re.compile(
    r' (?:aria-hidden|role)="[^"]*"| aria-roledescription="[^"]*"(?: aria-label="[^"]*")?')
# The width below which the style sheet lets no picture shrink: a reader scrolls instead.
_NARROW = 620


@dataclass(frozen=True)
class Figure:
    """One figure of the report.

    Attributes
    ----------
    id : str
        Its id in the page, which begins with ``fig-``.
    title : str
    alt : str
        What kind of picture it is, for a reader who cannot see it.
    caption : str
        What it shows, as a finding in words.
    svg : str
        The picture, coloured by the custom properties of the page.
    columns, rows : tuple
        The numbers behind it, as text.
    """

    id: str
    title: str
    alt: str
    caption: str
    svg: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def name(self) -> str:
        """Its file name without an ending."""
        return self.id.removeprefix("fig-")

    @property
    def is_narrow(self) -> bool:
        """Whether it is narrower than a page: such a picture is never stretched."""
        found = re.search(r'<svg[^>]*\bwidth="([\d.]+)"', self.svg)
        return found is not None and float(found[1]) < _NARROW

    @property
    def standalone(self) -> str:
        """The picture with colours and tooltips of its own, for files outside the page."""
        svg = self.svg
        for variable, colour in CONCRETE.items():
            svg = svg.replace(variable, colour)
        return _TOLD.sub(r"<\1\3><title>\2</title></\1>", svg)


@dataclass(frozen=True)
class ModelStyle:
    """One colour and one shape per model, the same in every figure and table.

    Attributes
    ----------
    models : tuple of str
        Best first, baselines last; baselines share one grey.
    """

    models: tuple[str, ...]
    baselines: frozenset[str]

    @classmethod
    def of(cls, document: Document) -> ModelStyle:
        """Read the models off a document."""
        names = dict.fromkeys(map(formatting.one_line, view.models(document)))
        bars = frozenset(map(formatting.one_line, view.baselines(document)))
        return cls(tuple(names), bars)

    def shown(self, present: Iterable[str]) -> list[str]:
        """Models among those present, in the order of all figures."""
        wanted = set(map(formatting.one_line, present))
        return [model for model in self.models if model in wanted]

    def colour(self, model: str) -> str:
        """Hex colour of a model."""
        if formatting.one_line(model) in self.baselines:
            return BASELINE_COLOUR
        return PALETTE[self._position(model) % len(PALETTE)]

    def shape(self, model: str) -> str:
        """Name of the shape of a model."""
        # Seven colours and eight shapes have no common factor: the first 56 pairs are unique.
        return list(SHAPES)[self._position(model) % len(SHAPES)]

    def _position(self, model: str) -> int:
        return self._positions.get(formatting.one_line(model), len(self.models))

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {model: at for at, model in enumerate(self.models)}

    def outline(self, model: str) -> str:
        """Path of the shape of a model in a box of 12 by 12."""
        return SHAPES[self.shape(model)]

    def colours(self, present: Sequence[str], legend: Any = None) -> Any:
        """Altair colour channel for the field ``model``."""
        import altair as alt

        scale = alt.Scale(domain=list(present), range=[self.colour(m) for m in present])
        return alt.Color("model:N", scale=scale, legend=legend)

    def fills(self, present: Sequence[str]) -> Any:
        """Altair fill channel for the field ``model``, for marks whose opacity is data."""
        import altair as alt

        scale = alt.Scale(domain=list(present), range=[self.colour(m) for m in present])
        return alt.Fill("model:N", scale=scale, legend=None)

    def shapes(self, present: Sequence[str], legend: Any = None) -> Any:
        """Altair shape channel for the field ``model``."""
        import altair as alt

        scale = alt.Scale(domain=list(present), range=[self.shape(m) for m in present])
        return alt.Shape("model:N", scale=scale, legend=legend)


def tip(*lines: str) -> dict[str, str]:
    """What a mark tells when it is pointed at: who it is, then its numbers; empty lines go."""
    return {"tip": "\n".join(formatting.one_line(line, 160) for line in lines if line)}


def inline(rows: Sequence[dict[str, Any]]) -> Any:
    """Return rows as Altair data that travels inside the chart."""
    import altair as alt

    # Altair copies a list element by element for every layer; a text it leaves as it is.
    return alt.Data(values=json.dumps(rows), format=alt.DataFormat(type="json"))


def colour_of_row(document: Document) -> str:
    """Return the colour of the model that the details of a document are about."""
    row = next((row for row in document.leaderboard if row.id == document.details.row), None)
    return PALETTE[0] if row is None else ModelStyle.of(document).colour(row.model)


def ends(estimate: Interval) -> dict[str, float | None]:
    """Return an estimate as data of a chart; without an interval both ends are the estimate."""
    value = estimate.value
    return {"value": value, "low": value if estimate.low is None else estimate.low,
            "high": value if estimate.high is None else estimate.high}


def names_axis() -> Any:
    """Altair axis of names, one line for each."""
    import altair as alt

    return alt.Axis(grid=True, ticks=False, domain=False, labelPadding=8, labelLimit=300)


def time_axis(document: Document, span: tuple[float, float], field: str = "start") -> Any:
    """Altair x axis for positions on the clock of a document."""
    return clock_axis(formatting.is_abstract(document.data.start), span, field)


def clock_axis(abstract: bool, span: tuple[float, float], field: str = "start") -> Any:
    """Altair x axis for positions in time, in UTC whatever the machine's time zone is."""
    import altair as alt

    axis = alt.Axis(title=None, tickCount=10, labelOverlap=True)
    if abstract:
        return alt.X(f"{field}:Q", axis=axis, scale=alt.Scale(domain=span, nice=False))
    return alt.X(f"{field}:T", axis=axis, scale=alt.Scale(type="utc", domain=span, nice=False))


def event_bands(events: Iterable[EventCard], first: float, last: float) -> list[dict[str, Any]]:
    """Rows of the shaded event windows that touch a stretch of time."""
    rows = []
    for event in events:
        start, end = formatting.position(event.start), formatting.position(event.end)
        if start is not None and start <= last and (end is None or end >= first):
            rows.append({"event": formatting.one_line(event.name, 30),
                         "start": max(start, first),
                         "end": min(last if end is None else end, last)})
    return rows


def plot_width(labels: Iterable[str], limit: int = 240) -> int:
    """Width that is left for the marks beside the longest label of the y axis."""
    return WIDTH - min(limit, round(6.5 * max(map(len, labels), default=0))) - 40


def bands(rows: Sequence[dict[str, Any]], x: Any) -> Any:
    """Altair layer of shaded event windows over the whole height."""
    import altair as alt

    return alt.Chart(inline(rows)).mark_rect(color=BAND).encode(x=x, x2="end")


def event_names(rows: Sequence[dict[str, Any]], x: Any, apart: float) -> list[Any]:
    """Altair layer of event names above a plot, at least so far apart on the axis.

    Empty where there are too many to be read.
    """
    import altair as alt

    if len(rows) > _EVENTS_NAMED:
        return []
    placed: list[dict[str, Any]] = []
    for row in rows:
        centre = (row["start"] + row["end"]) / 2
        least = placed[-1]["start"] + apart if placed else centre
        placed.append({"event": row["event"], "start": max(centre, least)})
    text = alt.Chart(inline(placed)).mark_text(
        angle=315, align="left", baseline="middle", fontSize=11, color=MUTED)
    return [text.encode(x=x, y=alt.value(-8), text="event:N")]


def model_legend(present: Sequence[str]) -> Any:
    """Altair legend that names the models above a figure."""
    import altair as alt

    columns = max(1, min(len(present), WIDTH // (40 + 8 * max(map(len, present)))))
    return alt.Legend(orient="top", title=None, columns=columns, labelLimit=260, symbolSize=80,
                      symbolOpacity=1)


def to_svg(chart: Any, name: str, alt_text: str) -> str:
    """Turn an Altair chart into one inline SVG without a browser or a network.

    Parameters
    ----------
    chart : altair.TopLevelMixin
    name : str
        Makes the ids inside the picture unique in the page.
    alt_text : str
        Short description for screen readers.

    Returns
    -------
    str
    """
    import vl_convert

    # Checking a chart against the schema takes longer than drawing it; the tests do it.
    specification = chart.configure(**_config()).to_dict(validate=False)
    _tell(specification)
    svg: str = vl_convert.vegalite_to_svg(specification, allowed_base_urls=[])
    # Vega numbers its clip paths from one in every picture.
    svg = re.sub(r'id="(clip|gradient_)', rf'id="{name}-\1', svg)
    svg = re.sub(r"url\(#(clip|gradient_)", rf"url(#{name}-\1", svg)
    # Two decimals of a pixel are enough, but what is written and told stays as it is.
    pieces = re.split(r'(aria-label="[^"]*"|>[^<]+<)', svg)
    pieces[::2] = [_LONG.sub(r"\1", piece) for piece in pieces[::2]]
    svg = _SPOKEN.sub("", "".join(pieces)).replace(" aria-label=", " data-tip=")
    svg = svg.replace(' font-family="sans-serif"', "")
    label = html.escape(alt_text, quote=True)
    opening = f'<svg role="img" aria-label="{label}" overflow="visible" font-family="{FONTS}"'
    return svg.replace("<svg", opening, 1)


def _tell(node: Any) -> None:
    """Turn tooltips, which need Vega in the page, into descriptions, which a picture carries."""
    if isinstance(node, list):
        for child in node:
            _tell(child)
    elif isinstance(node, dict):
        told = node.get("encoding", {}).pop("tooltip", None)
        if told is not None:
            mark = node["mark"] if isinstance(node["mark"], dict) else {"type": node["mark"]}
            fields = told if isinstance(told, list) else [told]
            expression = " + '\\n' + ".join(_titled(each, each is fields[0]) for each in fields)
            node["mark"] = {**mark, "aria": True, "description": {"expr": expression}}
        for key, child in node.items():
            if key not in ("data", "datasets", "encoding"):
                _tell(child)


def _titled(field: dict[str, Any], is_first: bool) -> str:
    """A Vega expression for title and value of one field; a name that comes first has no title."""
    if is_first and field.get("type") == "nominal":
        return _value(field)
    return f"{json.dumps(field.get('title', field['field']) + ' ')} + {_value(field)}"


def _value(field: dict[str, Any]) -> str:
    """A Vega expression for the value of one field as it is written."""
    value = f"datum[{json.dumps(field['field'])}]"
    if field.get("type") == "temporal":
        return f"utcFormat({value}, {json.dumps(field.get('format', '%Y-%m-%d'))})"
    return f"format({value}, {json.dumps(field['format'])})" if "format" in field else value


def _config() -> dict[str, Any]:
    axis = {"labelColor": MUTED, "titleColor": MUTED, "gridColor": GRID, "domainColor": GRID,
            "tickColor": GRID, "labelFontSize": 12, "titleFontSize": 12, "labelLimit": 240,
            "titleFontWeight": "normal", "titlePadding": 8}
    header = {"labelColor": INK, "labelFontSize": 12, "labelFontWeight": "bold", "title": None}
    legend = {"labelColor": INK, "labelFontSize": 12, "titleColor": MUTED, "titleFontSize": 12}
    title = {"color": INK, "fontSize": 12, "anchor": "start", "fontWeight": "bold"}
    return {"aria": False, "font": "sans-serif", "background": PAPER, "padding": 10,
            "view": {"stroke": None}, "axis": axis, "header": header, "legend": legend,
            "title": title}
