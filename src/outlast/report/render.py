"""One document in, a folder of files out: JSON, HTML, Markdown, figures and tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from outlast.report.charts import Figure, draw_figures
from outlast.report.document import Document
from outlast.report.html import render_html
from outlast.report.markdown import render_markdown
from outlast.report.marks import MARK, made_from, mark
from outlast.report.tables import TABLES
from outlast.store.files import write_atomic

_PNG_SCALE = 2.0


@dataclass(frozen=True)
class RenderedReport:
    """Where the files of one report are.

    Attributes
    ----------
    html, markdown, json : pathlib.Path
    figures : tuple of pathlib.Path
        The pictures as SVG.
    """

    html: Path
    markdown: Path
    json: Path
    figures: tuple[Path, ...]


def render(
    document: Document, folder: Path, fingerprint: str = "", *, png: bool = False
) -> RenderedReport:
    """Write a report from its document alone.

    Parameters
    ----------
    document : Document
    folder : pathlib.Path
        Made when it is missing; files of the same names are replaced.
    fingerprint : str, default ""
        Of all that the report was made from, for `find_report`.
    png : bool, default False
        Whether figures are written as PNG as well, at twice their size.

    Returns
    -------
    RenderedReport

    Raises
    ------
    StoreError
        If a file cannot be written.
    """
    _write(folder / "report.json", document.model_dump_json(indent=1) + "\n")
    for name, table in TABLES.items():
        _write(folder / "tables" / name, table(document))
    figures = draw_figures(document)
    pictures = _write_figures(figures, folder / "figures", png)
    _write(folder / "report.md", render_markdown(document, figures))
    _write(folder / "index.html", render_html(document, figures))
    # Last: it says that all the others are there.
    mark(folder, fingerprint)
    return RenderedReport(
        folder / "index.html", folder / "report.md", folder / "report.json", pictures
    )


def find_report(root: Path, fingerprint: str) -> tuple[Document, RenderedReport] | None:
    """Return a report that was made before from the very same, the newest if there are several.

    Parameters
    ----------
    root : pathlib.Path
        The folder of all reports.
    fingerprint : str
        As given to `render`.

    Returns
    -------
    Document and RenderedReport, or None
        None if there is no such report, or its files are not all there and as they were written.
    """
    for folder in sorted((path.parent for path in root.glob(f"*/{MARK}")), reverse=True):
        if folder.is_symlink() or made_from(folder) != fingerprint:
            continue
        figures = tuple(sorted((folder / "figures").glob("*.svg")))
        report = RenderedReport(folder / "index.html", folder / "report.md",
                                folder / "report.json", figures)
        return Document.model_validate_json(report.json.read_bytes()), report
    return None


def _write_figures(
    figures: Mapping[str, Figure], folder: Path, png: bool
) -> tuple[Path, ...]:
    import vl_convert

    pictures = tuple(folder / f"{figure.name}.svg" for figure in figures.values())
    for figure, path in zip(figures.values(), pictures, strict=True):
        _write(path, figure.standalone)
        if png:
            raster = vl_convert.svg_to_png(figure.standalone, scale=_PNG_SCALE)
            write_atomic(path.with_suffix(".png"), raster)
    return pictures


def _write(path: Path, text: str) -> None:
    write_atomic(path, text.encode())
