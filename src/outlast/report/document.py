"""The one source of every report: what `report.json` holds.

HTML and Markdown are rendered from this document alone, so an old report can be rendered
again for ever. Times are ISO texts in UTC, durations seconds, shares fractions of one.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from outlast.errors import InputError
from outlast.judge.board import (
    CalibrationCard,
    CostCard,
    CoverageCard,
    Exam,
    Headline,
    Interval,
    ParameterCard,
    Promise,
    Row,
    RuleCard,
    Strength,
)
from outlast.judge.details import Details
from outlast.records import Finding, FoldAudit, Frozen, Task
from outlast.untrusted import MOST_JSON, file_bytes, json_value

__all__ = ["Document", "Headline", "Interval", "Row"]

# Counted up when an older outlast could not read what is written; a newer one reads all of them.
SCHEMA_VERSION = "1"


class EventCard(Frozen):
    """One event that concerns everyone."""

    name: str
    kind: str
    start: str
    end: str


class DataCard(Frozen):
    """What was learned from."""

    name: str
    fingerprint: str
    n_rows: int
    n_labelled: int
    n_entities: int
    entities: tuple[str, ...] = ()
    n_timestamps: int
    start: str
    end: str
    time_column: str
    entity_column: str | None
    target: str
    task: Task
    horizon: str
    class_shares: dict[str, float] = Field(default_factory=dict)
    n_events: int = 0
    events: tuple[EventCard, ...] = ()
    n_features: int = 0
    attribution: str = ""


class FoldCard(Frozen):
    """One fold of one split, drawn on the timeline."""

    split: str
    fold: int
    leaky: bool
    train_start: str
    train_end: str
    test_start: str
    test_end: str
    test_share: float | None = Field(default=None, description="share of class 1, or mean target")
    moves: tuple[str, ...] = ()
    audit: FoldAudit


class FoldScore(Frozen):
    """The score of one leaderboard row in one fold."""

    row: str
    model: str
    search: str
    split: str
    fold: int
    score: float | None
    test_start: str
    test_end: str
    job: str


class TrialCard(Frozen):
    """One trial of one search."""

    row: str
    model: str
    split: str
    fold: int
    number: int
    score: float | None
    best: float | None
    state: str
    seconds: float
    params: dict[str, Any]


class FeatureCard(Frozen):
    """One feature over all counted fits of the headline split.

    `share` is the mean share of mean |SHAP| on held-out rows (gain where a model has no
    SHAP), with its standard deviation over folds and models. `rank` is the median over fits,
    `rank_low` to `rank_high` their middle half. `code` is that of the verdict, `reason` the
    rule by which it was kept or dropped in most fits.
    """

    feature: str
    family: str
    decision: Literal["kept", "dropped", "mixed"]
    sentence: str
    code: str
    share: float | None
    share_sd: float | None
    gain_share: float | None = None
    rank: float | None = None
    shares: dict[str, float] = Field(default_factory=dict, description="share by model")
    inputs: tuple[str, ...] = ()
    expression: str = ""
    lookback: str = ""
    n_fits: int = 0
    verdict: str = ""
    reliance: Interval | None = Field(default=None, description="score lost by shuffling it")
    replaceability: Interval | None = Field(default=None, description="score lost by refitting "
                                                                      "without it")
    reason: str = ""
    rank_low: float | None = None
    rank_high: float | None = None
    select_freq: float | None = Field(default=None, description="share of the sets that hold it")
    cluster_freq: float | None = Field(default=None, description="it, or a near copy of it")
    n_sets: int = 0
    cluster: str = Field(default="", description="the first of its near copies")
    drift: float | None = Field(default=None, description="from train to the last test window")
    drift_chance: float | None = Field(default=None, description="99 % of chance stays below")
    drift_unit: str = Field(default="", description="sd, or JS: Jensen-Shannon distance")
    leak_points: int | None = Field(default=None, description="signs of leakage")
    cost: float | None = Field(default=None, description="seconds for 100,000 rows")
    roots: tuple[str, ...] = Field(default=(), description="the raw columns at the bottom")


class SelectionCard(Frozen):
    """One selection with its best model under the headline split.

    `change` is what it does to the score against all features, with the same model and search;
    `phi` is the stability of Nogueira et al. of the sets that the folds of `phi_split` have
    chosen, 1 if all are the same, 0 as by chance; `seconds` are those of one fold.
    """

    selection: str
    model: str
    search: str
    score: Interval
    n_kept: int
    n_features: int
    change: Interval | None = None
    tolerance: float | None = None
    p: float | None = None
    verdict: str = ""
    phi: float | None = None
    phi_low: float | None = None
    phi_high: float | None = None
    phi_split: str = ""
    n_sets: int = 0
    seconds: float = 0.0


class ConfigurationCard(Frozen):
    """The best configuration of one model under the headline split."""

    row: str
    model: str
    split: str
    search: str
    score: Interval
    params: dict[str, Any]
    n_iterations: int | None = None
    yaml: str
    command: str
    job: str
    log: str


class Cell(Frozen):
    """One cell of the experiment matrix: model x split x search."""

    model: str
    split: str
    search: str
    planned: int
    done: int
    failed: int
    reason: str = ""


class FailureCard(Frozen):
    """A job that did not finish."""

    job: str
    label: str
    status: str
    kind: str
    message: str
    log: str


class Environment(Frozen):
    """Where the numbers come from."""

    session: str
    command: str
    outlast: str
    python: str
    machine: str
    git: str
    libraries: dict[str, str] = Field(default_factory=dict)
    seed: int = 0
    started: str = ""
    wall_seconds: float = 0.0
    jobs_trained: int = 0
    jobs_reused: int = 0
    manifest: str = ""


class Document(Frozen):
    """A whole report."""

    schema_version: str = SCHEMA_VERSION
    generated_at: str
    title: str
    experiment: str
    metric: str
    metric_description: str
    greater_is_better: bool
    headline_split: str | None
    headline: Headline
    promise: Promise | None = Field(default=None, description="of the recommended row")
    exam: Exam
    rules: tuple[RuleCard, ...] = Field(default=(), description="the chosen one first")
    strength: Strength
    calibration: CalibrationCard | None = Field(default=None, description="two classes only")
    intervals: CoverageCard | None = Field(default=None, description="predicted values only")
    costs: CostCard | None = Field(default=None, description="where costs were stated")
    details: Details = Field(default=Details(), description="what only figures show")
    data: DataCard
    findings: tuple[Finding, ...] = ()
    leaderboard: tuple[Row, ...] = ()
    folds: tuple[FoldCard, ...] = ()
    fold_scores: tuple[FoldScore, ...] = ()
    trials: tuple[TrialCard, ...] = ()
    parameters: tuple[ParameterCard, ...] = Field(default=(), description="of the searches")
    features: tuple[FeatureCard, ...] = ()
    selections: tuple[SelectionCard, ...] = Field(default=(), description="empty for one alone")
    configurations: tuple[ConfigurationCard, ...] = ()
    coverage: tuple[Cell, ...] = ()
    failures: tuple[FailureCard, ...] = ()
    environment: Environment
    root: str = Field(default="../..", description="from the report to the reports folder")
    thresholds: dict[str, float] = Field(default_factory=dict)
    method: tuple[str, ...] = ()


def read_document(path: Path) -> Document:
    """Read what an outlast of this or an earlier version has written.

    Parameters
    ----------
    path : pathlib.Path
        A `report.json`, or the folder that holds one.

    Returns
    -------
    Document

    Raises
    ------
    InputError
        If there is no such file, it is no report, or a newer version has written it.
    """
    file = path / "report.json" if path.is_dir() else path
    try:
        content = json_value(file_bytes(file, MOST_JSON))
    except OSError as error:
        raise InputError(f"{str(file)!r} cannot be read ({error.strerror}): name a report.json, or "
                         "its folder") from error
    except ValueError as error:
        raise InputError(f"{str(file)!r} is not JSON: {error}") from error
    version = content.get("schema_version") if isinstance(content, dict) else None
    if not (isinstance(version, str) and version.isdecimal() and len(version) < 10):
        raise InputError(f"{str(file)!r} is no report of outlast: it has no schema_version")
    if int(version) > int(SCHEMA_VERSION):
        raise InputError(f"{str(file)!r} has schema_version {version}, and this outlast reads up "
                         f"to {SCHEMA_VERSION}: update outlast")
    try:
        return Document.model_validate(content, strict=False)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(f"{str(file)!r} is no whole report: {where}: {first['msg']}") from error


def json_schema() -> str:
    """Return the JSON Schema of `report.json`, as text.

    Examples
    --------
    >>> json.loads(json_schema())["title"]
    'outlast report'
    """
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema",
              **Document.model_json_schema(mode="serialization"), "title": "outlast report"}
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"
