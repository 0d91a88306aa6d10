"""The command that looks for leaks without training the matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from outlast.audit import AuditReport
from outlast.cli.options import AuditOptions, DataOptions, FileOptions, MatrixOptions, configure
from outlast.errors import LeakError
from outlast.records import Finding

_NO_DATA, _NO_MATRIX, _NO_AUDIT = DataOptions(), MatrixOptions(), AuditOptions()
_NO_FILE = FileOptions()
_MARKS = {"issue": ("✗", "red"), "tip": ("!", "yellow"), "passed": ("✓", "green"),
          "not_applicable": ("·", "dim"), "skipped": ("–", "dim"), "muted": ("–", "dim")}
_WORDS = {"not_applicable": "not applicable", "issue": "issue", "tip": "tip", "passed": "passed",
          "skipped": "skipped", "muted": "muted"}


def audit(
    table: str | None = None,
    /,
    *,
    data: DataOptions = _NO_DATA,
    matrix: MatrixOptions = _NO_MATRIX,
    options: AuditOptions = _NO_AUDIT,
    file: FileOptions = _NO_FILE,
    json: Path | None = None,
) -> None:
    """Look for leaks in a table, its features, splits and models, without training the matrix.

    Exits with 3 if an exact check finds a leak.

    Examples::

        outlast audit sales.parquet --time week --entity store --target sold --horizon 4
        outlast audit sales.parquet --time week --target sold --features my_project.features:build
        outlast audit --splits sklearn.model_selection.TimeSeriesSplit --audit full

    Parameters
    ----------
    table
        File, folder, URL or database, as for --data. [default: as for outlast run]
    json
        Also write the findings to this file.
    """
    from outlast.pipeline import audit_table
    from outlast.store import write_json

    console = Console()
    given = replace(data, data=table) if table is not None else data
    settings = configure(given, matrix, file, options)
    if settings.data.source == "stocks":
        # Not to standard output, which another program may read.
        Console(stderr=True).print("[dim]no table named here: checking the embedded stocks[/]",
                                   highlight=False)
    with console.status("checking") as status:
        report = audit_table(settings, on_check=lambda name: status.update(escape(name)))
    show_audit(console, report)
    if json is not None:
        write_json(json, [finding.model_dump(mode="json") for finding in report])
    if report.blocking:
        raise LeakError(f"{len(report.blocking)} exact leak(s): "
                        f"{', '.join(finding.code for finding in report.blocking)}")


def show_audit(console: Console, report: AuditReport) -> None:
    """Print all findings, the ones that ask for something first and in full."""
    fired = [f for f in report if f.outcome in ("issue", "tip")]
    for finding in sorted(fired, key=lambda f: (f.outcome != "issue", not f.blocking, f.code)):
        _show_fired(console, finding)
    quiet = [f for f in report if f not in fired]
    if quiet:
        console.print(_quiet_table(quiet))
    console.print(_count(report))


def _show_fired(console: Console, finding: Finding) -> None:
    mark, colour = _MARKS[finding.outcome]
    kind = "LEAK" if finding.blocking else finding.outcome.upper()
    console.print(f"[{colour} bold]{mark} {kind} {finding.code} {escape(finding.title)}[/]")
    console.print(f"  {escape(finding.sentence)}", highlight=False)
    console.print(f"  [bold]→[/] {escape(finding.action)}\n", highlight=False)


def _quiet_table(findings: Sequence[Finding]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    for column in ("mark", "code", "told"):
        table.add_column(column, no_wrap=column != "told")
    for finding in findings:
        mark, colour = _MARKS[finding.outcome]
        word = "" if finding.outcome == "passed" else f"{_WORDS[finding.outcome]}: "
        table.add_row(f"[{colour}]{mark}[/]", finding.code,
                      f"{escape(finding.title)}: [dim]{word}{escape(finding.sentence)}[/]")
    return table


def _count(report: AuditReport) -> str:
    counts = {word: sum(f.outcome == outcome for f in report) for outcome, word in _WORDS.items()}
    told = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return f"{len(report.findings)} checks: {told}"
