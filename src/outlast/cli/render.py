"""`outlast render`: a stored report once more, as this version of outlast writes it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from outlast.errors import InputError


def render(
    document: Path | None = None, /, *, folder: Path | None = None, png: bool = False,
    summary: bool = False, schema: bool = False,
) -> None:
    """Render a report again from its report.json alone.

    HTML, Markdown, tables and figures are made anew; what was measured stays as it is. Reports
    of all earlier versions can be rendered.

    Examples::

        outlast render reports/consolidated_reports/latest
        outlast render old/report.json --folder new
        outlast render reports/consolidated_reports/latest --png
        outlast render reports/consolidated_reports/latest --summary >> "$GITHUB_STEP_SUMMARY"
        outlast render --schema > report.schema.json

    Parameters
    ----------
    document
        A report.json, or the folder that holds one.
    folder
        Where to write. [default: the folder of the document]
    png
        Write the figures as PNG too, for slides and for programs that do not read SVG.
    summary
        Print the answer as Markdown instead, in a screenful: for a pull request or a job summary.
    schema
        Print the JSON Schema of report.json instead.
    """
    from outlast.report.document import json_schema, read_document
    from outlast.report.render import render as render_document

    if schema:
        sys.stdout.write(json_schema())
        return
    if document is None:
        raise InputError("name the report to render: outlast render FOLDER")
    found = read_document(document)
    if summary:
        from outlast.report.markdown import render_summary

        sys.stdout.write(render_summary(found))
        return
    home = document if document.is_dir() else document.parent
    if folder is not None:
        # The links to logs and models go on to lead where they led.
        root = os.path.relpath(home.resolve() / found.root, folder.resolve())
        found = found.model_copy(update={"root": root})
    report = render_document(found, folder or home, png=png)
    Console().print(f"Report: {escape(str(report.html))}\nMarkdown: {escape(str(report.markdown))}",
                    soft_wrap=True)
