"""What `--dry_run` shows: the plan in numbers, and what it would take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from outlast.experiments import Estimate, Prepared


def show_estimate(console: Console, prepared: Prepared, found: Estimate) -> None:
    """Print the jobs by model and search, what cannot be scored, and time and memory.

    Parameters
    ----------
    console : rich.console.Console
    prepared : Prepared
    found : Estimate
    """
    from outlast.experiments.estimate import memory_limit, unscorable

    table = Table(title="what would be run", title_justify="left", box=None, pad_edge=False,
                  header_style="bold")
    several = len({cell.selection for cell in found.cells}) > 1
    words = ["model", "search", *["selection"] * several]
    for name in (*words, "jobs", "done", "shared", "fits\nup to", "rows\nup to", "CPU"):
        table.add_column(name, justify="left" if name in words else "right", no_wrap=True)
    for cell in found.cells:
        told = [cell.model, cell.search, *[cell.selection] * several]
        table.add_row(*map(escape, told), *(f"{n:,}" for n in (
            cell.n_jobs, cell.n_done, cell.n_shared, cell.n_fits, cell.rows)),
            duration(cell.seconds))
    console.print(table)
    for left_out in prepared.plan.skipped:
        show_left_out(console, vars(left_out))
    for sentence in unscorable(prepared.plan, prepared.panel):
        console.print(f"[yellow]cannot be scored[/]: {escape(sentence)}", soft_wrap=True)
    how, limit = found.parallelism, memory_limit(prepared.config)
    console.print(f"{how.processes} process(es) of {how.threads} thread(s): about "
                  f"[bold]{duration(found.seconds)}[/] and {found.memory / 1e9:.1f} GB "
                  f"(limit {limit / 1e9:.1f} GB); nothing was trained", soft_wrap=True)


def show_left_out(console: Console, left_out: Mapping[str, Any]) -> None:
    """Print what of the matrix is not run, and why."""
    named = [left_out[key] for key in ("model", "split", "search") if left_out[key] != "all"]
    what = " ".join(named) or "searches"
    console.print(f"[dim]left out: {escape(what)}, {escape(left_out['reason'])}[/]",
                  soft_wrap=True)


def duration(seconds: float) -> str:
    """Return seconds as a person says them.

    Examples
    --------
    >>> duration(3.21), duration(161), duration(7384)
    ('3.2 s', '2 min 41 s', '2 h 3 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
