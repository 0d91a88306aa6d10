"""The flags, as dataclasses that several commands share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from cyclopts import Parameter
from rich.console import Console

from outlast.config import QUICK, Config, make_config
from outlast.errors import InputError

# Used by every command that is given neither --config nor --data.
SETTINGS = "outlast.yaml"


@Parameter(name="*", group="Data")
@dataclass(frozen=True, kw_only=True)
class DataOptions:
    """Which table, and what its columns mean."""

    data: str | None = None
    """CSV(.gz), Parquet or Arrow file, folder of Parquet, URL (s3://…), sqlite:///FILE?TABLE or
    duckdb:///FILE?TABLE; or the embedded `stocks`. [default: what outlast.yaml in the working
    folder says, or the stocks]"""
    csv: tuple[str, ...] | None = None
    """How a CSV is written, where that is not found out: "separator=;" "decimal=," "thousands=."
    skip_rows=2 units_row=true "comment=#" encoding=windows-1252."""
    time: tuple[str, ...] | None = None
    """Column with the time of prediction; or year month day in columns of their own."""
    time_format: str | None = None
    """How times are written that are not ISO dates, such as %d.%m.%Y or %m/%d/%Y %H:%M."""
    entity: tuple[str, ...] | None = None
    """Column that says who or what a row is about; or several, such as store item."""
    target: str | None = None
    """Column to predict; for `stocks`: big_move_5 (default), up_5 or fwd_ret_5."""
    task: Literal["binary", "multiclass", "regression"] | None = None
    """Read off the target when not given."""
    horizon: int | str | None = None
    """How far the label looks ahead: rows of the entity (5), clock time (7D), or calendar time
    (1mo, "1 calendar day")."""
    label_end: str | None = None
    """Column with the time at which the label has happened; replaces the horizon."""
    label_delay: int | str | None = None
    """How long after that the label is published: clock or calendar time."""
    available_after: tuple[str, ...] | None = None
    """When columns became known after their row's time, as COLUMN=45D, or as COLUMN=TIME_COLUMN
    where the table has a column with that time."""
    duplicates: Literal["keep", "drop"] | None = None
    """Whether rows that repeat an earlier row's columns and target are left out. [default: keep]"""
    events: str | None = None
    """Table of events with columns start, end, name, kind, entity."""
    leaky: tuple[str, ...] | None = None
    """Columns that know the future: never features."""
    ignore: tuple[str, ...] | None = None
    """Columns to leave out."""
    categorical: tuple[str, ...] | None = None
    """Numeric columns that are categories."""


@Parameter(name="*", group="Matrix")
@dataclass(frozen=True, kw_only=True)
class MatrixOptions:
    """What is tried."""

    models: tuple[str, ...] | None = None
    """Model types: prior, last_value, linear, lightgbm, xgboost, catboost, random_forest (slow)."""
    splits: tuple[str, ...] | None = None
    """Splits: temporal, event_aware, walk_forward, expanding_window, purged_kfold,
    combinatorial_purged, leave_one_event_out, regime, group, random (leaky contrast), or the
    dotted path of any other splitter."""
    # Not a tuple of literals: there the parser takes the word "none" for no value at all.
    optimization: tuple[str, ...] | None = None
    """Hyper-parameter searches: optuna, random, grid, or none for the defaults.
    [default: none optuna]"""
    n_trials: int | None = None
    """Trials of one search, the defaults included. [default: 10]"""
    features: str | None = None
    """Function of the table that returns the features, as module:name. [default: a recipe]"""
    recipe: str | None = None
    """YAML file that declares the features, in place of a function."""
    selection: tuple[str, ...] | None = None
    """Feature selections, fitted in each fold: cluster (default), probe, boruta, shap_rfe,
    null_importance, stability, or none."""
    keep: tuple[str, ...] | None = None
    """Features that models get whatever a selection says."""
    drop: tuple[str, ...] | None = None
    """Features that no model gets."""
    selection_tolerance: float | None = None
    """What a selection may cost, in units of the metric. [default: 0.25 standard errors]"""
    metric: str | None = None
    """Primary metric. [default: roc_auc, log_loss or rmse by task]"""
    headline_split: str | None = None
    """The split most like deployment. [default: the first honest one]"""
    exam: str | None = None
    """The last stretch of time, sealed before anything is tuned: a share, a duration, the date
    it begins at, or "off". [default: 0.15]"""
    keep_sealed: bool = False
    """Do not open the exam for the finalists at the end of the run."""
    costs: tuple[float, float] | None = None
    """Cost of acting where nothing happens, and of not acting where it does."""
    importance: float | None = None
    """Share of the fit time that may go into explaining the best fits; 0 for none.
    [default: 0.25]"""
    seed: int | None = None
    """Seed of everything random. [default: 0]"""
    quick_run: bool = False
    """Minimal matrix: baselines, linear and lightgbm, three splits, no search."""


@Parameter(name="*", group="Leak checks")
@dataclass(frozen=True, kw_only=True)
class AuditOptions:
    """How leaks are looked for."""

    audit: Literal["exact", "quick", "full"] | None = None
    """Exact checks only, or statistical ones too, with tens or hundreds of repetitions.
    [default: quick]"""
    mute: tuple[str, ...] | None = None
    """Codes of checks that are not asked, such as LK306."""


@Parameter(name="*", group="Leak checks")
@dataclass(frozen=True, kw_only=True)
class LeakOptions(AuditOptions):
    """How leaks are looked for, and what happens when there are some."""

    allow_leaks: bool = False
    """Train although an exact check found a leak; the results carry it for ever."""


@Parameter(name="*", group="Run")
@dataclass(frozen=True, kw_only=True)
class FileOptions:
    """Which file the settings are read from, and what it may do."""

    config: str | None = None
    """YAML file with the same settings; flags win over it. [default: outlast.yaml in the working
    folder, if there is one and no --data]"""
    allow_import: tuple[str, ...] | None = None
    """Packages whose code the YAML file may name, as in features: my_project.features:build."""


@Parameter(name="*", group="Run")
@dataclass(frozen=True, kw_only=True)
class RunOptions(FileOptions):
    """How it is run and where results go."""

    device: Literal["cpu", "cuda"] | None = None
    """Where boosters are fitted. [default: cpu]"""
    n_jobs: int | None = None
    """Worker processes. [default: one per core, fewer where the table is large]"""
    time_budget: str | None = None
    """Seconds, or such as 30min or 2h: searches are cut to end in time, nothing starts later."""
    job_timeout: str | None = None
    """What one job may take before it is ended: seconds, or such as 10min."""
    memory_limit: str | None = None
    """For all workers together, such as 8GB. [default: nine tenths of the free memory]"""
    reports: str | None = None
    """Folder for everything that is written. [default: reports]"""
    store: str | None = None
    """Folder or URL (s3://bucket/prefix) for features and results. [default: the reports folder]"""
    new_data: bool = False
    """Begin anew where a stopped run had been begun on another content of the same table."""
    runner: Literal["local", "inline", "ray"] | None = None
    """Processes of this machine (the default), this very process, or a Ray cluster."""
    address: str | None = None
    """Of a Ray cluster. [default: one is started on this machine]"""
    mlflow: str | None = None
    """URI of an MLflow server, or sqlite:///mlflow.db, to which the finished run is logged."""
    strict: bool = False
    """Exit with 1 if any job failed, not only if all did."""


def configure(
    data: DataOptions, matrix: MatrixOptions, run: FileOptions, audit: AuditOptions | None = None
) -> Config:
    """Merge defaults, the YAML file and the flags into one configuration.

    Raises
    ------
    InputError
        For an unknown key, a value that breaks its rule, or a table among the columns.
    """
    table = given(data)
    if "data" not in table:
        _refuse_swallowed(table)
    for role in ("time", "entity"):
        if len(table.get(role, ())) == 1:
            (table[role],) = table[role]
    if "data" in table:
        table["source"] = table.pop("data")
    values = given(matrix, run, *([audit] if audit else []))
    path = values.pop("config", None) or _lying_here(table)
    allowed = values.pop("allow_import", ())
    if values.pop("quick_run", False):
        values = {**QUICK, **values}
    return make_config({**values, **({"data": table} if table else {})}, path, allowed)


def _refuse_swallowed(table: Mapping[str, Any]) -> None:
    """Raise if a flag that takes several names has taken the table for one of them."""
    for role, names in table.items():
        for name in names if isinstance(names, tuple) else ():
            if "://" in name or Path(name).is_file():
                raise InputError(f"--{role}: {name!r} is a table and no column; name the table "
                                 "before flags that take several names")


def _lying_here(table: Mapping[str, Any]) -> str | None:
    """The settings in the working folder, which count unless another table is named."""
    if "source" in table or not Path(SETTINGS).is_file():
        return None
    # Not to standard output, which another program may read.
    Console(stderr=True).print(f"[dim]settings from {SETTINGS} in this folder; flags win over it, "
                               "--config or --data leaves it aside[/]", soft_wrap=True,
                               highlight=False)
    return SETTINGS


def given(*options: Any) -> dict[str, Any]:
    """Return the flags that were given, by name."""
    found = {field.name: getattr(group, field.name) for group in options for field in fields(group)}
    # By identity: a seed of 0 was given, although 0 == False.
    return {name: value for name, value in found.items()
            if value is not None and value is not False}
