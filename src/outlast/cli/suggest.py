"""`outlast features suggest`: a recipe for a table that nobody knows yet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from outlast.cli.options import AuditOptions, DataOptions, MatrixOptions, RunOptions, configure
from outlast.errors import InputError

_NO_DATA = DataOptions()


def suggest(
    table: str | None = None,
    /,
    *,
    data: DataOptions = _NO_DATA,
    output: Path = Path("recipe.yaml"),
    max_features: int = 60,
    config: str | None = None,
) -> None:
    """Propose features for a table, with a reason for each group, as a recipe to edit and run.

    It looks at the cadence and at how each column behaves in the first part of time; never at
    the target.

    Examples::

        outlast features suggest sales.csv --time week --entity store --target sold --horizon 4
        outlast run --recipe recipe.yaml   # where outlast.yaml says the rest

    Parameters
    ----------
    table
        File, folder, URL or database, as for --data. [default: as for outlast run]
    output
        Where the recipe is written; a file that is there is left alone. [default: recipe.yaml]
    max_features
        The most basic groups come first. [default: 60]
    config
        YAML file with the same settings as of `outlast run`; flags win over it.
    """
    from outlast.experiments.prepare import load_panel
    from outlast.features import suggest_recipe
    from outlast.features.declared import suggestion_yaml

    if output.exists():
        raise InputError(f"{output} is there already; name another file: --output")
    if max_features < 1:
        raise InputError(f"max_features must be at least 1, got {max_features}")
    given = replace(data, data=table) if table is not None else data
    settings = configure(given, MatrixOptions(), RunOptions(config=config), AuditOptions())
    found = suggest_recipe(load_panel(settings.data), max_features)
    output.write_text(suggestion_yaml(found), encoding="utf-8")
    console = Console()
    for group in found.groups:
        _tell(console, f"{len(group.features):>4}", group.reason, [f.name for f in group.features])
    for group in found.left_out:
        _tell(console, " out", f"no room for: {group.reason}", [f.name for f in group.features])
    for column, reason in found.skipped.items():
        console.print(f"[dim]  no  {escape(column)}: {escape(reason)}[/]", highlight=False)
    console.print(f"{len(found.recipe.exported)} features in [bold]{escape(str(output))}[/]; try "
                  f"them with: outlast run … --recipe {escape(str(output))}", soft_wrap=True,
                  highlight=False)


def _tell(console: Console, count: str, reason: str, names: list[str]) -> None:
    shown = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
    console.print(f"{count}  {escape(reason)}: [dim]{escape(shown)}[/]", highlight=False)
