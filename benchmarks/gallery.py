"""What outlast says of public tables that packages ship: the pages of the gallery.

Run it from the repository root:

    make gallery

Each table is taken as it is, with the features that outlast makes of any table, the models of
`--quick_run` and three splits; its report is told in short: the headline, promise and exam, what
to know first, and the two figures that say most.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.foresight.tables import TABLES, Table
from outlast.config import QUICK
from outlast.pipeline import PipelineResult, run_pipeline
from outlast.report import view
from outlast.report.formatting import prose

SHOWN = ("delays", "rain", "glucose", "oil", "sea")
FIGURES = ("leaderboard", "over-time")
_INTRODUCTION = """# Gallery

Public tables that Python packages ship, each run with the models of `--quick_run` under
expanding windows, one cut in time and a shuffled contrast: no feature was written by hand, no
setting tuned. Made by `make gallery`; texts and figures are those of the reports.
"""


def run(table: Table, folder: Path) -> PipelineResult:
    """Run the small matrix over one table."""
    settings = {**QUICK, "splits": ["expanding_window", "temporal", "random"],
                "reports": str(folder)}
    return run_pipeline(settings, table=table.panel())


def section(table: Table, result: PipelineResult, pictures: Path) -> str:
    """Tell one report in short, and put its pictures beside the page."""
    document, drawn = result.document, {path.stem: path for path in result.report.figures}
    lines = [f"## {table.name}", f"*{table.question}*, from {table.source} ({table.licence}); "
             f"{document.data.n_rows:,} rows, {document.data.start[:10]} to "
             f"{document.data.end[:10]}, {document.data.n_features} features.",
             f"**{prose(document.headline.sentence)}**"]
    if document.promise:
        lines += [prose(document.promise.sentence), prose(document.exam.sentence)]
    lines += [f"- {item.finding.code}, {item.finding.severity}: {prose(item.finding.sentence)}"
              for item in view.fired(document)[:3]]
    for name in FIGURES:
        if name in drawn:
            picture = pictures / f"{table.name}-{name}.svg"
            picture.parent.mkdir(parents=True, exist_ok=True)
            picture.write_bytes(drawn[name].read_bytes())
            lines.append(f"![{name.replace('-', ' ')} of {table.name}]"
                         f"({pictures.name}/{picture.name})")
    return "\n\n".join(lines)


def main() -> None:
    """Run all tables and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=SHOWN)
    parser.add_argument("--write", type=Path, default=Path("docs/gallery.md"))
    options = parser.parse_args()
    sections = [_INTRODUCTION]
    for name in options.tables:
        with tempfile.TemporaryDirectory() as folder:
            result = run(TABLES[name], Path(folder))
            sections.append(section(TABLES[name], result, options.write.with_suffix("")))
        print(f"{name}: {result.document.headline.sentence}", flush=True)
    options.write.write_text("\n\n".join(part.strip() for part in sections) + "\n")


if __name__ == "__main__":
    main()
