"""The documentation site: all pages of this folder, and the reference from code and docstrings."""

from io import StringIO
from pathlib import Path

from rich.console import Console

import outlast
from outlast.cli import app as command_line

project = "outlast"
author = "the founders of outlast"
release = version = outlast.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc"]
exclude_patterns = ["_reference/commands.md"]
myst_heading_anchors = 3
autosummary_generate = True
autodoc_typehints = "none"  # numpydoc's sections say it in words
numpydoc_show_class_members = False
html_theme = "furo"
html_title = f"outlast {release}"
html_extra_path = ["report.schema.json"]
html_copy_source = False


def _write_commands() -> None:
    """What each command says of itself, as a page."""
    parts = []
    for name in sorted(name for name in command_line if not name.startswith("-")):
        console = Console(record=True, width=96, file=StringIO())
        command_line.help_print([name], console=console)
        parts.append(f"### outlast {name}\n\n```text\n{console.export_text().strip()}\n```\n")
    page = Path(__file__).parent / "_reference" / "commands.md"
    page.parent.mkdir(exist_ok=True)
    page.write_text("\n".join(parts))


_write_commands()
