"""What each tool promises on noise, and what it weighs: the measured tables of the comparison.

    make comparison
    python -m benchmarks.comparison --write docs/comparison.md

Reads what `benchmarks.foresight` has found on its tables of noise, asks what is missing, and
measures every rival's environment. In the page it replaces only what stands between its marks.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from benchmarks.footprint import megabytes, seconds_to_import
from benchmarks.footprint import told as told_by
from benchmarks.foresight.__main__ import examine, told
from benchmarks.foresight.contenders import CONTENDERS
from benchmarks.foresight.contenders.rival import ENVIRONMENTS
from benchmarks.foresight.results import Result, append, read, result_of
from benchmarks.foresight.sitting import Budget, sittings
from benchmarks.foresight.tables.noise import NOISE

RESULTS = Path("reports/noise.jsonl")
# What a person imports to begin with.
IMPORTS = {"outlast": "outlast", "autogluon": "autogluon.tabular", "flaml": "flaml.automl",
           "mljar": "supervised.automl"}


def noise(seconds: float) -> list[Result]:
    """What everybody has promised on every table of noise, and what the future gave."""
    known = {result.key: result for result in read(RESULTS)}
    found = []
    for table in NOISE:
        sitting = sittings(table.name, table.panel(), Budget(seconds))[-1]
        for contender in CONTENDERS.values():
            key = result_of(sitting, contender).key
            if key not in known:
                known[key] = examine(sitting, contender)
                append(RESULTS, known[key])
                print(told(known[key]), flush=True)
            found.append(known[key])
    return found


def promised(results: Sequence[Result]) -> str:
    """A row per contender, a column per table: the promise, and what it was worth."""
    rows = []
    for name, contender in CONTENDERS.items():
        cells = [_cell(next(r for r in results if (r.contender, r.table) == (name, table.name)))
                 for table in NOISE]
        rows.append([name, contender.what, *cells])
    return _table(["contender", "setting", *(f"`{table.name}`" for table in NOISE)], rows)


def _cell(result: Result) -> str:
    if result.answer is None or result.answer.promise is None or result.realised is None:
        return "no answer"
    refused = "; do not deploy" if result.answer.note.endswith(", none") else ""
    return f"{result.answer.promise:.2f} → {result.realised:.2f}{refused}"


def weights() -> str:
    """Size and time to import of every tool, each in an environment of its own."""
    rows = []
    for tool, name in IMPORTS.items():
        python = (ENVIRONMENTS / tool / "bin/python").absolute()
        rows.append([tool, version_of(python, tool), f"{megabytes(ENVIRONMENTS / tool):.0f}",
                     f"`{name}`", f"{median(seconds_to_import(python, name)):.2f}"])
    return _table(["tool", "version", "MB", "import", "seconds"], rows)


def version_of(python: Path, tool: str) -> str:
    """The version of a tool in an environment."""
    package = {"autogluon": "autogluon.tabular", "mljar": "mljar-supervised"}.get(tool, tool)
    code = f"from importlib.metadata import version; print(version({package!r}))"
    return told_by(python, "-c", code).strip()


def put(page: str, name: str, text: str) -> str:
    """Replace what stands between the marks of a measured part of a page."""
    return re.sub(rf"(<!-- measured: {name} -->\n).*?(<!-- end -->)",
                  lambda marks: f"{marks[1]}{text}\n{marks[2]}", page, flags=re.DOTALL)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |"
                     for row in (header, ["---"] * len(header), *rows))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="for each promise")
    parser.add_argument("--write", type=Path, help="page whose measured parts are renewed")
    options = parser.parse_args()
    parts = {"noise": promised(noise(options.seconds)), "weight": weights()}
    print(*parts.values(), sep="\n\n")
    if options.write:
        page = options.write.read_text("utf-8")
        for name, text in parts.items():
            page = put(page, name, text)
        options.write.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
