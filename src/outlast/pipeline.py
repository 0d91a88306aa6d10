"""The whole road: experiments, then report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from outlast.config import Config, GivenSplit, make_config
from outlast.data import Panel, read_table
from outlast.data.readers import table_name, to_frame
from outlast.errors import BudgetError, InputError
from outlast.feature_tracker import FeatureTracker
from outlast.judge.insights import Thresholds
from outlast.judge.judgement import Judgement
from outlast.models import kind_of
from outlast.records import EXAM, Finding, Record, Strategy, content_hash, source_hash
from outlast.report.build import Case, Material, build_document
from outlast.report.document import Document
from outlast.report.predictions import Columns, document_of
from outlast.report.render import RenderedReport, find_report, render
from outlast.store import Experiment, FeatureStore, Store, last_session, point_latest, read_sessions

if TYPE_CHECKING:
    from outlast.audit import AuditReport, Protocol
    from outlast.experiments import Choice, Listener, Outcome

REPORTS = "consolidated_reports"


@dataclass(frozen=True)
class PipelineResult:
    """What a run leaves in the hand: the report's content and where it lies.

    Attributes
    ----------
    document : Document
        Everything that the report says, see `outlast.report.document`.
    report : RenderedReport
        Paths of the HTML, Markdown and JSON files.
    outcome : Outcome or None
        How many jobs were trained, reused and failed; None if nothing was asked to train.
    """

    document: Document
    report: RenderedReport
    outcome: Outcome | None = None


def run_pipeline(
    config: Config | Mapping[str, Any] | None = None,
    *,
    table: Panel | None = None,
    features: Any = None,
    listener: Listener | None = None,
    runner: str | None = None,
    on_check: Callable[[str], None] | None = None,
) -> PipelineResult:
    """Run the experiment matrix and write the report.

    Parameters
    ----------
    config : Config or mapping, optional
        Settings, see `outlast.config.Config`; default: everything on the embedded stocks.
    table : Panel, optional
        A table in memory, in place of the one that the configuration names.
    features : Recipe, FunctionRecipe or callable, optional
        A function of the table that returns the features, or a recipe; default: the
        recipe for the table.
    listener : callable, optional
        Called with a `Progress` after every change.
    runner : {"local", "inline", "ray"}, optional
        In place of the configured one.
    on_check : callable, optional
        Called with the name of each leak check before it looks.

    Returns
    -------
    PipelineResult

    Raises
    ------
    InputError
        For anything wrong with the configuration or the table, before any training.
    LeakError
        If an exact check finds a leak and `allow_leaks` is not set, before any training.

    Examples
    --------
    >>> import outlast, tempfile
    >>> folder = tempfile.mkdtemp()
    >>> result = outlast.run_pipeline({
    ...     "models": ["prior", "linear"], "splits": ["temporal"], "optimization": ["none"],
    ...     "reports": folder}, runner="inline")
    >>> result.document.leaderboard[0].model
    'linear'
    """
    # A report trains nothing, and need not load what does.
    from outlast.experiments import prepare, refuse_unreachable, run

    config = config if isinstance(config, Config) else make_config(config)
    if (runner or config.runner) != "inline":
        refuse_unreachable(config)
    prepared = prepare(config, table, features, on_check)
    cases: list[Case] = []

    def choose(done: Sequence[Record]) -> Choice | None:
        """Judge before the exam is opened, and say who sits it."""
        if not done:
            return None
        cases.append(_case(prepared.experiment, done, config))
        return _finalists(cases[0].judgement)

    outcome = run(prepared, listener, runner, None if config.keep_sealed else choose)
    records = _read(prepared.experiment, [job.id for job in outcome.plan.jobs])
    if not records:
        raise BudgetError("the run has ended before any job was finished; give it more time")
    # What was judged before the exam is not judged again, unless jobs have failed.
    case = cases[0] if cases and len(cases[0].records) == len(records) else _case(
        prepared.experiment, records, config)
    return write_report(case, config, audit=prepared.report.findings, outcome=outcome)


def _case(experiment: Experiment, records: Sequence[Record], config: Config) -> Case:
    return Case(experiment, records, config.headline_split,
                Thresholds(selection_tolerance=config.selection_tolerance), config.costs)


def _finalists(judgement: Judgement) -> Choice | None:
    """Who sits the exam, with the promise that was made of the recommended one."""
    from outlast.experiments import Choice

    rows, contestants = judgement.finalists, judgement.board.contestants
    if all(row.is_baseline for row in rows):
        return None  # no model has finished: what can be looked at once is kept for one
    promise = judgement.promise(rows[0].id)
    jobs = tuple(contestants[row.id].record.job for row in rows if not row.members)
    return Choice({} if promise is None else promise.model_dump(mode="json"), jobs)


def audit_table(
    config: Config | Mapping[str, Any] | None = None,
    *,
    table: Panel | None = None,
    features: Any = None,
    protocols: Mapping[str, Protocol] | None = None,
    on_check: Callable[[str], None] | None = None,
) -> AuditReport:
    """Ask all leak checks about a table, its features, splits and models; train nothing.

    Parameters
    ----------
    config : Config or mapping, optional
        Settings as for `run_pipeline`; its ``splits`` may hold splitters of other libraries,
        its ``audit`` is the level of work.
    table : Panel, optional
        A table in memory, in place of the one that the configuration names.
    features : Recipe, FunctionRecipe or callable, optional
        A function of the table that returns the features, or a recipe.
    protocols : mapping of name to callable, optional
        Your own ways of learning, see `outlast.audit.Protocol`; default: the models of the
        configuration as a run would fit them.
    on_check : callable, optional
        Called with the name of each check before it looks.

    Returns
    -------
    AuditReport
        One finding per check.

    Raises
    ------
    InputError
        For anything wrong with the configuration or the table.

    Examples
    --------
    >>> import outlast
    >>> from sklearn.model_selection import KFold
    >>> report = outlast.audit_table({"splits": [KFold(5)], "audit": "exact",
    ...                               "models": ["linear"]})
    >>> report["LK101"].outcome, report["LK103"].outcome
    ('issue', 'not_applicable')
    """
    from outlast.experiments import audit_plan

    config = config if isinstance(config, Config) else make_config(config)
    return audit_plan(config, table, features, protocols, on_check)


def train_models(
    config: Config,
    *,
    table: Panel | None = None,
    listener: Listener | None = None,
    runner: str | None = None,
    on_check: Callable[[str], None] | None = None,
) -> tuple[Document, Outcome]:
    """Run the jobs of a configuration and judge them, without writing a report.

    The parameters are those of `run_pipeline`.
    """
    from outlast.experiments import prepare, run

    prepared = prepare(config, table, on_check=on_check)
    outcome = run(prepared, listener, runner)
    records = _read(prepared.experiment, [job.id for job in outcome.plan.jobs])
    sessions = read_sessions(prepared.experiment)
    case = _case(prepared.experiment, records, config)
    return build_document(Material(case, sessions)), outcome


def report_only(config: Config, experiment: str | None = None) -> PipelineResult:
    """Write the report over everything that one experiment has stored, training nothing.

    Parameters
    ----------
    config : Config
        Models, splits, optimization and selection that were set explicitly narrow the report.
    experiment : str, optional
        Name of an experiment; default: the one that was worked on last.

    Returns
    -------
    PipelineResult

    Raises
    ------
    InputError
        If there are no results yet, or none of those asked for.
    """
    case, audit = _stored(config, experiment)
    return write_report(case, config, audit=audit)


def judged(config: Config, experiment: str | None = None) -> Document:
    """Return what `report_only` would write, and write nothing."""
    case, audit = _stored(config, experiment)
    found = find_report(config.folder / REPORTS, _fingerprint(case, config, audit))
    if found is not None:
        return found[0]
    sessions = read_sessions(case.experiment)
    return build_document(Material(case, sessions, audit, examined=_examined(case)))


def _stored(config: Config, experiment: str | None) -> tuple[Case, tuple[Finding, ...]]:
    """Everything that one experiment has stored, as far as it is asked for, and its audit."""
    store = Store.open(config.store_url)
    chosen = store.experiment(experiment) if experiment else store.latest()
    stored = [record for record in chosen.jobs.records() if record.job.split.name != EXAM]
    records = _newest(record for record in stored if _asked_for(record, config))
    if not records:
        known = sorted({f"{r.job.model.name} x {r.job.split.name}" for r in stored})
        raise InputError(f"experiment {chosen.name!r} holds none of the results asked for; "
                         f"it has {', '.join(known) or 'no finished job'}; train first: "
                         "outlast run")
    found = last_session(chosen).get("audit", [])
    audit = tuple(Finding.model_validate(finding) for finding in found)
    return _case(chosen, records, config), audit


def judge_predictions(
    predictions: Any, columns: Columns, *, metric: str | None = None,
    reports: str | Path = "reports",
) -> PipelineResult:
    """Judge held-out predictions that any other tool has made, and write the report.

    Parameters
    ----------
    predictions : path or table
        One row per model, fold, entity and time: CSV or Parquet, polars, pandas or Arrow.
    columns : Columns
        What its columns mean.
    metric : str, optional
        Default: roc_auc or rmse by task.
    reports : str or pathlib.Path, default "reports"

    Returns
    -------
    PipelineResult

    Raises
    ------
    InputError
        For a table that cannot be judged, see `outlast.report.predictions.document_of`.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> from outlast import Columns, Schema, judge_predictions
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.integers(0, 2, 400)
    >>> table = {"time": np.arange(400), "truth": truth,
    ...          "prediction": np.clip(0.3 * truth + 0.5 * rng.random(400), 0, 1)}
    >>> columns = Columns(schema=Schema(time="time", target="truth"))
    >>> judge_predictions(table, columns, reports=tempfile.mkdtemp()).document.headline.verdict
    'clear'
    """
    named = isinstance(predictions, (str, Path))
    table = read_table(predictions) if named else to_frame(predictions)
    name = table_name(str(predictions)) if named else "predictions"
    document = document_of(table, columns, name=name, metric=metric)
    root = Path(reports) / REPORTS
    folder = root / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{name}"
    report = render(document, folder)
    point_latest(root, folder)
    return PipelineResult(document, report)


def write_report(
    case: Case, config: Config, *, audit: Sequence[Finding] = (), outcome: Outcome | None = None
) -> PipelineResult:
    """Build the document from a case and render it into a new folder.

    A report that was made of the very same results by the same code is found instead.
    """
    experiment, root = case.experiment, config.folder / REPORTS
    sessions = read_sessions(experiment)
    fingerprint = _fingerprint(case, config, audit)
    if (found := find_report(root, fingerprint)) is not None:
        point_latest(root, found[1].html.parent)
        return PipelineResult(*found, outcome)
    document = build_document(Material(case, sessions, audit, outcome.reused if outcome else 0,
                                       _examined(case)))
    folder = root / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{experiment.name}"
    report = render(document, folder, fingerprint)
    point_latest(root, folder)
    return PipelineResult(document, report, outcome)


def _fingerprint(case: Case, config: Config, audit: Sequence[Finding]) -> str:
    """A hash of all that decides what a report says."""
    sessions, features = read_sessions(case.experiment), case.experiment.store.features
    skipped = sessions[-1].get("skipped") if sessions else None
    # What of the features is damaged is missing in the report: made again, it is another report.
    told = [*(FeatureStore(features).manifest(r.job.features) is None for r in case.records[-1:]),
            *FeatureTracker(features).files.names("observations", case.experiment.name)]
    return content_hash([
        sorted((record.job.id, record.attempt, record.status) for record in case.records),
        [finding.model_dump(mode="json") for finding in audit], config.headline_split, skipped,
        config.selection_tolerance, config.keep_sealed, config.costs,
        len(case.experiment.openings), told, _report_code()])


def _examined(case: Case) -> list[Record]:
    """The finished results of the finalists in the exam, as far as it was opened for them."""
    contestants = case.judgement.board.contestants
    asked = [contestants[row.id].record.job.in_exam().id
             for row in case.judgement.finalists if not row.members]
    return list(case.experiment.jobs.read_all(asked).values())


@cache
def _report_code() -> str:
    """A hash of all code that decides what a report says."""
    root = Path(__file__).parent
    files = [root / "records.py", root / "metrics.py"]
    for folder in ("judge", "report"):
        files += [path for path in (root / folder).rglob("*") if path.suffix not in ("", ".pyc")]
    return source_hash(files)


def _read(experiment: Experiment, job_ids: Iterable[str]) -> list[Record]:
    return list(experiment.jobs.read_all(job_ids).values())


def _newest(records: Iterable[Record]) -> list[Record]:
    """One record per cell and fold: the newest, where code or seed has changed since."""
    newest: dict[tuple[Any, ...], Record] = {}
    for record in sorted(records, key=lambda r: r.started):
        newest[(*record.job.configuration, record.job.fold)] = record
    return list(newest.values())


def _asked_for(record: Record, config: Config) -> bool:
    """Whether a record matches what the configuration set explicitly."""
    job, asked = record.job, config.model_fields_set
    models = {m.name for m in config.models} if config.models else {job.model.name}
    splits = {_name(s) for s in config.splits} if "splits" in asked else {_name(job.split)}
    searches = {*config.optimization, "none"} if "optimization" in asked else {job.search.name}
    chosen = {s.label for s in config.selections} if "selection" in asked else set()
    # Baselines look at no feature: they set the bar for every selection.
    selected = not chosen or job.selection.label in chosen or kind_of(job.model.name).is_baseline
    return (selected and job.model.name in models and _name(job.split) in splits
            and job.search.name in searches)


def _name(split: Strategy | GivenSplit) -> str:
    """A split's name without its parameters, whoever made it."""
    return split.label.split("(")[0]
