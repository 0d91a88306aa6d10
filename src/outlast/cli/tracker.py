"""`outlast features`: the feature tracker at the command line."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import polars as pl
from cyclopts import App
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from outlast.errors import InputError
from outlast.feature_tracker import FeatureTracker
from outlast.judge.wording import number
from outlast.report.formatting import plural

app = App(name="features", help="What the feature tracker knows, across all runs.")
app.command("outlast.cli.suggest:suggest")

# Clusters more stable than features by this much: copies take each other's place.
_GAP = 0.15
Format = Literal["table", "json", "csv"]


@app.command(name="list")
def list_features(
    *, experiment: str | None = None, split: str | None = None, show_as: Format = "table",
    reports: str = "reports",
) -> None:
    """List the features of the latest experiment with their verdicts, the most important first.

    Parameters
    ----------
    experiment
        Name of an experiment. [default: the one with the newest observations]
    split
        Label of a split. [default: temporal where there is one, else the first]
    show_as
        A table for people, or JSON or CSV with all columns.
    reports
        The reports folder.
    """
    chosen = FeatureTracker.open(reports).features(experiment, split)
    if _written(chosen, show_as):
        return
    console = Console()
    _entries(console, f"{chosen['experiment'][0]}, split {chosen['split'][0]}",
             ("feature", "verdict", "|SHAP|", "reliance", "replaceability", "kept"), [
        ((row["feature"], row["verdict"], _share(row), _interval(row, "perm"),
          _interval(row, "loco"), f"{row['n_decisions'] - row['n_dropped']}/{row['n_decisions']}"),
         _why(row)) for row in chosen.iter_rows(named=True)])
    if chosen["phi"][0] is not None:
        low, high = chosen["phi_lo95"][0], chosen["phi_hi95"][0]
        console.print(f"stability of the chosen sets (Nogueira): {chosen['phi'][0]:.2f} (95 % CI "
                      f"{low:.2f} to {high:.2f}, M={chosen['select_sets'][0]} sets, not "
                      "independent)", highlight=False)
    by_feature, by_cluster = chosen["phi"][0], chosen["phi_cluster"][0]
    if None not in (by_feature, by_cluster) and by_cluster - by_feature > _GAP:
        console.print(f"by cluster it is {by_cluster:.2f}: the instability is only redundancy, fix "
                      "one representative", highlight=False)


@app.command
def show(feature: str, /, *, show_as: Format = "table", reports: str = "reports") -> None:
    """Tell one feature whole: formula, importance and verdict in every experiment and scope.

    Parameters
    ----------
    feature
        Its name.
    show_as
        A table for people, or JSON or CSV with all columns.
    reports
        The reports folder.
    """
    tracker, console = FeatureTracker.open(reports), Console()
    scopes = tracker.show(feature)
    if _written(scopes, show_as):
        return
    for entry in tracker.lineage(feature).iter_rows(named=True):
        cost = entry["cost_s_per_100k_rows"]
        taken = "" if cost is None else f", takes {number(cost)} s of CPU for 100,000 rows"
        console.print(f"[bold]{escape(feature)}[/]  {entry['family']}, looks back "
                      f"{entry['lookback']}{taken}", highlight=False)
        console.print(f"  = {escape(entry['expression'])}", highlight=False)
    # The headline is one of the splits: it would be told twice.
    rows = scopes.filter(pl.col("scope") != "headline")
    for (experiment,), part in rows.group_by("experiment", maintain_order=True):
        _entries(console, str(experiment), ("scope", "verdict", "|SHAP|", "rank", "fits"), [
            ((row["scope"].removeprefix("split:").replace("/model:", ", "), row["verdict"],
              _share(row), "" if row["rank_median"] is None else number(row["rank_median"], 0),
              str(row["n_fits"] or 0)), row["sentence"]) for row in part.iter_rows(named=True)])
    _decisions(console, tracker.why_dropped(feature))


@app.command
def compare(a: str, b: str, /, *, show_as: Format = "table", reports: str = "reports") -> None:
    """Show what changed from one experiment to another, under the headline split of each.

    Parameters
    ----------
    a, b
        Names of experiments.
    show_as
        A table for people, or JSON or CSV.
    reports
        The reports folder.
    """
    changes = FeatureTracker.open(reports).compare(a, b)
    if _written(changes, show_as):
        return
    table = _table(f"from {a} to {b}", "feature", "change", "verdict", "share of |SHAP|", "rank")
    for row in changes.iter_rows(named=True):
        share, rank = ([row[name] for name in (key, f"{key}_b")]
                       for key in ("shap_share_mean", "rank_median"))
        table.add_row(escape(row["feature"]), row["change"],
                      _arrow([row["verdict"], row["verdict_b"]]),
                      _arrow([None if s is None else f"{s:.1%}" for s in share]),
                      _arrow([None if r is None else number(r, 0) for r in rank]))
    Console().print(table)


@app.command
def export(
    *, experiment: str | None = None, output: Path | None = None, reports: str = "reports"
) -> None:
    """Write the lean set, what is core or useful in the headline split, one name per line.

    Parameters
    ----------
    experiment
        Name of an experiment. [default: the one with the newest observations]
    output
        A file. [default: the terminal]
    reports
        The reports folder.
    """
    names = FeatureTracker.open(reports).export(experiment)
    if not names:
        raise InputError("no feature is core or useful there, so there is no lean set; `outlast "
                         "features list` says why")
    text = "".join(f"{name}\n" for name in names)
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, encoding="utf-8")
        Console().print(f"{plural(len(names), 'feature')} written: {output}", markup=False,
                        highlight=False, soft_wrap=True)


@app.command(name="why-dropped")
def why_dropped(
    feature: str | None = None, /, *, show_as: Format = "table", reports: str = "reports"
) -> None:
    """Tell why features were dropped: rule, statistic, threshold and comparator.

    Parameters
    ----------
    feature
        Its name: all its decisions in all experiments. [default: the latest experiment's drops]
    show_as
        A table for people, or JSON or CSV with all columns.
    reports
        The reports folder.
    """
    decisions = FeatureTracker.open(reports).why_dropped(feature)
    if _written(decisions, show_as):
        return
    if decisions.is_empty():
        Console().print("nothing was dropped")
    _decisions(Console(), decisions)


def _decisions(console: Console, decisions: pl.DataFrame) -> None:
    """Print one entry per rule, with the sentence of one of its fits: folds differ in digits."""
    keys = ["split", "feature", "action", "code"]
    for (experiment,), part in decisions.group_by("experiment", maintain_order=True):
        told = part.group_by(keys, maintain_order=True).agg(
            pl.col("n_fits").sum(), pl.col("sentence").sort_by("n_fits", descending=True).first())
        _entries(console, f"decisions in {experiment}", (*keys, "fits"), [
            (tuple(map(str, row[:-1])), row[-1]) for row in told.iter_rows()])


def _entries(
    console: Console, title: str, names: tuple[str, ...],
    rows: Sequence[tuple[tuple[str, ...], str]],
) -> None:
    """Print aligned cells, and below each line its sentence over the whole width."""
    widths = [max(len(cells[i]) for cells in (names, *(cells for cells, _ in rows)))
              for i in range(len(names))]

    def line(cells: tuple[str, ...]) -> str:
        return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))

    console.print(Text(title, style="italic"))
    console.print(Text(line(names).rstrip(), style="bold"))
    for cells, sentence in rows:
        console.print(Text(line(cells).rstrip()))
        console.print(Padding(Text(sentence, style="dim"), (0, 0, 0, 2)))


def _written(frame: pl.DataFrame, show_as: Format) -> bool:
    """Write a frame for a program to read, if asked."""
    if show_as == "json":
        sys.stdout.write(frame.write_json() + "\n")
    elif show_as == "csv":
        sys.stdout.write(frame.write_csv())
    return show_as != "table"


def _why(row: Mapping[str, Any]) -> str:
    return str(row["rationale"] if row["verdict"] == "undecided" and not row["n_fits"]
               else row["sentence"])


def _share(row: Mapping[str, Any]) -> str:
    share, spread = row["shap_share_mean"], row["shap_share_sd"]
    if share is None:
        return ""
    return f"{share:.1%}" if spread is None else f"{share:.1%} ± {spread:.1%}"


def _interval(row: Mapping[str, Any], method: str) -> str:
    mean, low, high = (row[f"{method}_{end}"] for end in ("mean", "lo95", "hi95"))
    if mean is None:
        return ""
    return f"{mean:.3g}" if low is None else f"{mean:.3g} ({low:.3g} to {high:.3g})"


def _arrow(ends: Sequence[str | None]) -> str:
    first, last = (end or "none" for end in ends)
    return first if first == last else f"{first} → {last}"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=escape(title), title_justify="left", box=None, header_style="bold",
                  pad_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold")
    return table
