"""`outlast features`: the feature tracker at the command line."""

from __future__ import annotations

import polars as pl
from cyclopts import App
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from outlast.errors import InputError
from outlast.feature_tracker import FeatureTracker
from outlast.judge.wording import number

app = App(name="features", help="What the feature tracker knows, across all runs.")


@app.command(name="list")
def list_features(
    *, experiment: str | None = None, split: str | None = None, reports: str = "reports"
) -> None:
    """List the features of the latest experiment, the most important first.

    Parameters
    ----------
    experiment
        Name of an experiment. [default: the one with the newest observations]
    split
        Label of a split. [default: temporal where there is one, else the first]
    reports
        The reports folder.
    """
    tracker = _tracker(reports)
    ledger = tracker.ledger().filter(pl.col("model").is_null())
    ledger = _only(ledger, "experiment", experiment or tracker.latest_experiment())
    splits = sorted(ledger["split"].unique(), key=lambda s: (not s.startswith("temporal"), s))
    chosen = _only(ledger, "split", split or splits[0])
    console = Console()
    table = _table(f"{chosen['experiment'][0]}, split {chosen['split'][0]}",
                   "feature", "share of |SHAP|", "rank", "kept", "why")
    for row in chosen.iter_rows(named=True):
        share = row["shap_share_mean"]
        table.add_row(
            escape(row["feature"]),
            "" if share is None else f"{share:.1%} ± {row['shap_share_sd'] or 0:.1%}",
            "" if row["rank_median"] is None else number(row["rank_median"], 0),
            f"{row['kept_share']:.0%} of {row['n_decisions']}", escape(row["rationale"] or ""),
        )
    console.print(table)


@app.command
def show(feature: str, /, *, reports: str = "reports") -> None:
    """Tell one feature whole: formula, importance in every split, and why it was kept.

    Parameters
    ----------
    feature
        Its name.
    reports
        The reports folder.
    """
    tracker, console = _tracker(reports), Console()
    reasons = tracker.why(feature)
    for entry in tracker.lineage(feature):
        console.print(f"[bold]{escape(feature)}[/]  {entry['family']}, looks back "
                      f"{entry['lookback']}", highlight=False)
        console.print(f"  = {escape(str(entry['expression']))}", highlight=False)
    scopes = tracker.ledger().filter(pl.col("feature") == feature).drop_nulls("shap_share_mean")
    table = _table("importance", "experiment", "scope", "share of |SHAP|", "rank", "fits")
    for row in scopes.iter_rows(named=True):
        spread = row["shap_share_sd"] or 0
        table.add_row(escape(row["experiment"]), escape(row["scope"]),
                      f"{row['shap_share_mean']:.1%} ± {spread:.1%}",
                      number(row["rank_median"], 0), str(row["n_fits"]))
    console.print(table)
    table = _table("decisions", "experiment", "split", "action", "code", "fits", "why")
    for row in reasons.iter_rows(named=True):
        names = ("experiment", "split", "action", "code", "n_fits", "sentence")
        table.add_row(*(escape(str(row[name])) for name in names))
    console.print(table)


def _tracker(reports: str) -> FeatureTracker:
    tracker = FeatureTracker.open(reports)
    if tracker.decisions().is_empty():
        raise InputError(f"no feature has been tracked in {reports!r} yet; train first: "
                         "python scripts/run_model_pipeline.py")
    return tracker


def _only(frame: pl.DataFrame, column: str, value: str) -> pl.DataFrame:
    from outlast.errors import unknown_name

    chosen = frame.filter(pl.col(column) == value)
    if chosen.is_empty():
        raise unknown_name(column, value, frame[column].unique().to_list())
    return chosen


def _table(title: str, *columns: str) -> Table:
    table = Table(title=escape(title), title_justify="left", box=None, header_style="bold",
                  pad_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold")
    return table
