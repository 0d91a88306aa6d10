"""`outlast init`: the first hour with a table that nobody knows yet."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cyclopts import Parameter
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from outlast.cli.options import SETTINGS
from outlast.errors import InputError
from outlast.first_look import Choice, Given, Proposal, look, proposal_yaml
from outlast.first_look.written import one_line


@Parameter(name="*", group="What you know already")
@dataclass(frozen=True, kw_only=True)
class RoleOptions:
    """Choices that are not to be guessed."""

    time: tuple[str, ...] | None = None
    """Column with the time of each row; or year month day in columns of their own."""
    entity: tuple[str, ...] | None = None
    """Column that says who or what a row is about, or several; none for a single series."""
    target: str | None = None
    """Column to predict."""
    horizon: int | str | None = None
    """How far the target looks ahead: rows (4), or time (30D, 1mo)."""


_NOTHING = RoleOptions()


def init(
    table: str | None = None,
    /,
    *,
    known: RoleOptions = _NOTHING,
    csv: tuple[str, ...] | None = None,
    wide: tuple[str, ...] | None = None,
    output: Path = Path(SETTINGS),
    force: bool = False,
) -> None:
    """Look at a table, propose what its columns mean, and write that down to be edited.

    Tells the reasons, what else was possible, and the traps it sees. Commands in the folder of
    the file then need no flags.

    Examples::

        outlast init sales.csv
        outlast init "sqlite:///shop.db?weekly" --target sold --horizon 4
        outlast run --quick_run

    Parameters
    ----------
    table
        File, folder of Parquet files, URL, or sqlite:///FILE?TABLE, as for --data.
    csv
        How a CSV is written, where that is not found out: "separator=;" "decimal=,"
        "thousands=." skip_rows=2 units_row=true "comment=#" encoding=windows-1252.
    wide
        For a table with one column for each store or each month: what its headings and its
        cells are called, such as --wide store sold.
    output
        Where the settings are written.
    force
        Write over a file that is there.
    """
    from outlast.config import make_config
    if table is None:
        raise InputError("name the table, before flags that take several names: outlast init TABLE "
                         "--time COLUMN")
    if output.exists() and not force:
        raise InputError(f"{output} is there already and is left as it is; write over it with "
                         "--force, or name another file: --output")
    if not output.parent.is_dir():
        raise InputError(f"--output: there is no folder {str(output.parent)!r}")
    console = Console()
    with console.status("looking"):
        said = Given(**{role: _single(value) for role, value in vars(known).items()})
        read = make_config({"data": {"csv": list(csv or ())}}).data.csv
        found = look(table, said, read, wide or ())
    text = proposal_yaml(found)
    show(console, found)
    output.write_text(text, encoding="utf-8")
    make_config(path=output)
    _next_steps(console, found, output)


def _single(value: Any) -> Any:
    """One column that was given as a list of one."""
    return value[0] if isinstance(value, tuple) and len(value) == 1 else value


def show(console: Console, found: Proposal) -> None:
    """Print a proposal with its reasons and traps.

    Parameters
    ----------
    console : rich.console.Console
    found : Proposal
    """
    console.print(f"[bold]{_plain(found.source)}[/]: {found.rows:,} rows, {found.columns:,} "
                  "columns\n", highlight=False)
    roles = Table.grid(padding=(0, 2, 0, 0))
    roles.add_column(style="bold", no_wrap=True)
    roles.add_column()
    for role, told in _roles(found):
        roles.add_row(role, told)
    console.print(roles, highlight=False)
    if not found.traps:
        return
    console.print("\n[bold]Worth a look[/]")
    traps = Table.grid(padding=(0, 1, 0, 0))
    for trap in found.traps:
        traps.add_row("[red bold]✗[/]" if trap.stops else "[yellow bold]![/]",
                      f"[bold]{trap.title}[/]: {_plain(trap.sentence)}.\n→ {_plain(trap.action)}")
    console.print(traps, highlight=False)


def _roles(found: Proposal) -> Iterator[tuple[str, str]]:
    for key, told in (("csv", found.csv), ("wide", found.unpivot)):
        if told is not None:
            yield key, _plain(told[1])
    yield "time", _told(found.time)
    if found.time_format.value is not None:
        yield "time format", _told(found.time_format)
    yield "entity", _told(found.entity)
    yield "target", _told(found.target)
    if found.task is not None:
        yield "task", f"{found.task[0]} ({found.task[1]})"
    if found.label_end is not None:
        yield "label end", f"[cyan]{_plain(found.label_end[0])}[/] ({_plain(found.label_end[1])})"
    elif found.target.value is not None:
        yield "horizon", _told(found.horizon, " rows ahead" if found.horizon.value != 1
                               else " row ahead")
    if found.events is not None:
        yield "events", f"[cyan]{_plain(found.events[0])}[/] ({_plain(found.events[1])})"
    for role, names in (("leaky", found.leaky), ("ignore", found.ignore),
                        ("categorical", found.categorical)):
        if names:
            yield role, "\n".join(f"[cyan]{_plain(name)}[/] ({_plain(why)})"
                                  for name, why in names.items())


def _told(choice: Choice, unit: str = "") -> str:
    """One choice: what, whether it is a guess, why, and what else."""
    named = choice.value if isinstance(choice.value, tuple) else (choice.value,)
    value = "none" if choice.value is None else ", ".join(map(str, named))
    unit = unit if isinstance(choice.value, int) else ""
    guess = "" if choice.is_sure or choice.value is None else "[yellow]a guess:[/] "
    lines = [f"[cyan]{_plain(value)}[/]{unit} ({guess}{_plain(choice.reason)})"]
    if choice.others:
        lines.append("[dim]also possible: " + "; ".join(
            f"{_plain(other.name)} ({_plain(other.told)})" for other in choice.others) + "[/]")
    return "\n".join(lines)


def _next_steps(console: Console, found: Proposal, output: Path) -> None:
    config = "" if output == Path(SETTINGS) else f" --config {shlex.quote(str(output))}"
    console.print(f"\nWritten to [bold]{escape(str(output))}[/]"
                  + ("." if config else ", which commands in this folder use from now on."),
                  highlight=False, soft_wrap=True)
    *most, last = found.guesses or [""]
    if last and found.time.value is not None:
        told = f"{', '.join(most)} and {last}" if most else last
        console.print(f"Look at {told} first: guessed, and marked GUESS in the file.",
                      highlight=False)
    if not found.can_run:
        console.print("[red]No run is possible before what is marked ✗ is settled.[/]",
                      highlight=False)
        return
    console.print(f"Next:\n  outlast audit{config}             # looks for leaks\n"
                  f"  outlast run --quick_run{config}   # a first answer in a minute or so",
                  highlight=False, soft_wrap=True)


def _plain(text: str) -> str:
    return escape(one_line(text)) or "''"
