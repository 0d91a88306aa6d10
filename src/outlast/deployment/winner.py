"""From an experiment to a model: the recommended configuration, fitted to all labelled rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from outlast.config import Config, make_config
from outlast.data import Panel
from outlast.data.reading import Reading
from outlast.data.times import format_ns
from outlast.deployment.fitting import Material, train
from outlast.deployment.manifest import Calibrator, FeatureNote, Range, Told
from outlast.deployment.model import OutlastModel
from outlast.errors import InputError
from outlast.experiments.leaks import find_recipe
from outlast.experiments.prepare import load_panel
from outlast.features import AnyRecipe
from outlast.judge.board import Row
from outlast.pipeline import judged
from outlast.records import Job, Record
from outlast.report.document import Document
from outlast.store import Experiment, Store, last_session

RECOMMENDED = "recommended"
# What of a session's settings decides what its report recommends.
_JUDGED_BY = ("headline_split", "selection_tolerance", "costs", "keep_sealed")
_FEATURES_TOLD = 12


@dataclass(frozen=True)
class Winner:
    """Which configuration is fitted, and what the report says of it.

    Attributes
    ----------
    records : sequence of Record
        One of each member.
    row : Row or None
        Its line of the leaderboard.
    is_recommended : bool
    """

    records: Sequence[Record]
    row: Row | None
    is_recommended: bool

    @property
    def jobs(self) -> list[Job]:
        """A job of each member."""
        return [record.job for record in self.records]

    @property
    def label(self) -> str:
        """The configuration in words."""
        members = " + ".join(job.model.label for job in self.jobs)
        if len(self.records) > 1:
            return f"mean of {members}"
        return self.row.label if self.row else members


def refit(
    config: Config | Mapping[str, Any] | None = None, *, experiment: str | None = None,
    config_of: str = RECOMMENDED, use_sealed: bool = False, table: Any = None,
    features: Any = None,
) -> OutlastModel:
    """Fit the recommended configuration of an experiment to all its labelled rows.

    Parameters
    ----------
    config : Config or mapping, optional
        Says where the results are (``reports`` or ``store``).
    experiment : str, optional
        Name of an experiment; default: the one that was worked on last.
    config_of : str, default "recommended"
        The id of a job, or how it starts, whose configuration is fitted instead.
    use_sealed : bool, default False
        Learn from the rows of the sealed exam although it was never opened. No exam can be
        held on them any more.
    table : table or Panel, optional
        The table, where the experiment was run on one in memory; a panel, where it had events or
        further tables.
    features : Recipe, FunctionRecipe or callable, optional
        What made the features, where it was given in memory.

    Returns
    -------
    OutlastModel
        Call its `save` to keep it.

    Raises
    ------
    InputError
        If nothing is recommended, the table is not the one that the experiment was run on, or
        there is no such experiment or job.

    Examples
    --------
    >>> import outlast, tempfile
    >>> reports = tempfile.mkdtemp()
    >>> _ = outlast.run_pipeline({"models": ["prior", "linear"], "splits": ["temporal"],
    ...     "optimization": ["none"], "importance": 0, "reports": reports}, runner="inline")
    >>> model = outlast.refit({"reports": reports})
    >>> model.manifest_.configuration, model.manifest_.learned.n_rows
    ('linear', 12129)
    """
    config = config if isinstance(config, Config) else make_config(config or {})
    store = Store.open(config.store_url)
    chosen = store.experiment(experiment) if experiment else store.latest()
    session = _session(chosen)
    panel = _panel(chosen, session, table)
    recipe = find_recipe(_features_of(session), panel, features)
    document = judged(_judged_by(config, session), chosen.name)
    winner = _winner(chosen, document, config_of)
    opened, said = _opened(chosen, panel, use_sealed)
    made = recipe.transform(opened)
    _same_features(recipe, made.fingerprint, winner.jobs[0])
    material = Material(opened, recipe, np.flatnonzero(opened.usable), made,
                        _joins(opened, session), Reading.of(session["data"]))
    known = {"experiment": chosen.name, "configuration": winner.label, "exam": said,
             "told": _told(document, winner), **_corrections(document, winner)}
    return OutlastModel(None, features).adopt(train(winner.jobs, material, known))


def _session(experiment: Experiment) -> dict[str, Any]:
    """The settings of the last session."""
    return dict(last_session(experiment)["config"])


def _panel(experiment: Experiment, session: Mapping[str, Any], given: Any) -> Panel:
    known = experiment.description
    panel = (load_panel(_config({"data": session["data"]}).data) if given is None else
             given if isinstance(given, Panel) else
             Panel.build(given, experiment.schema, name=known["table"]))
    if known["table"] != panel.name and given is None:
        raise InputError(f"{experiment.name!r} was run on a table in memory; give it in "
                         "Python: outlast.refit(table=...)")
    if known["fingerprint"] != panel.fingerprint:
        raise InputError(f"the table {panel.name!r} is not the one that {experiment.name!r} was "
                         "run on; bring that back, or refit and then bring the model up to date "
                         "with outlast retrain")
    return panel


def _joins(panel: Panel, session: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
    """How a table to predict is joined with further ones."""
    declared: Sequence[dict[str, Any]] = session["data"].get("joins", ())
    if panel.joined and not declared:
        raise InputError(f"{panel.name!r} was joined with further tables in memory, which a saved "
                         "model could not find again; declare them in the configuration "
                         "(data: joins:) and run it once more")
    return declared


def _config(values: Mapping[str, Any]) -> Config:
    return make_config({key: value for key, value in values.items() if value is not None})


def _features_of(session: Mapping[str, Any]) -> Config:
    return _config({key: session.get(key) for key in ("features", "recipe")})


def _judged_by(config: Config, session: Mapping[str, Any]) -> Config:
    """The settings of the session that its report depends on, and where its results are now."""
    return _config({**{key: session.get(key) for key in _JUDGED_BY},
                    "reports": config.reports, "store": config.store})


def _winner(experiment: Experiment, document: Document, config_of: str) -> Winner:
    rows = {row.id: row for row in document.leaderboard}
    if config_of != RECOMMENDED:
        record = experiment.jobs.find(config_of)
        row = next((row for row in rows.values() if record.job.id in row.jobs), None)
        return Winner([record], row, row is not None and row.id == _recommended(document))
    row_id = _recommended(document)
    if row_id is None:
        raise InputError(f"the report of {experiment.name!r} recommends nothing: "
                         f"{document.headline.sentence} Name a job of the configuration that you "
                         "want all the same with --config_of JOB; the report tells one of each")
    row = rows[row_id]
    members = [rows[member] for member in row.members] or [row]
    return Winner([_record(experiment, member.jobs[-1]) for member in members], row, True)


def _recommended(document: Document) -> str | None:
    return document.headline.row if document.headline.verdict in ("clear", "tie") else None


def _record(experiment: Experiment, job_id: str) -> Record:
    record = experiment.jobs.read(job_id)
    if record is None:
        raise InputError(f"job {job_id} is no longer in the store; run the experiment again")
    return record


def _opened(experiment: Experiment, panel: Panel, use_sealed: bool) -> tuple[Panel, str]:
    """The panel with the rows that may be learned from, and what became of the exam."""
    sealed = experiment.sealed
    if "start" not in sealed:
        return panel, "there was no sealed exam, and all labelled rows were learned from"
    place = f"the exam from {format_ns(sealed['start'])} on ({sealed['rows']:,} rows)"
    if experiment.openings:
        return panel, f"{place} had been opened, and its rows were learned from, too"
    if use_sealed:
        return panel, (f"{place} was never opened, and its rows were learned from all the same: it "
                       "cannot be held any more")
    return panel.seal(sealed["start"]), (
        f"{place} is still sealed, and its rows were left out; run the experiment to its end to "
        "open it, or refit with --use_sealed")


def _same_features(recipe: AnyRecipe, fingerprint: str, job: Job) -> None:
    if fingerprint != job.features:
        raise InputError(f"features {recipe.name!r} are not those of the experiment: they were "
                         "given in memory, or their code has changed; give them "
                         "(features=...), or run the experiment again")


def _told(document: Document, winner: Winner) -> Told:
    """What the report says, as far as it is about this configuration."""
    score = winner.row.score if winner.row else None
    caveats = [f"{found.code}: {found.sentence}" for found in document.findings
               if found.outcome == "issue" and found.severity in ("high", "medium")]
    if leaks := sorted({leak for record in winner.records for leak in record.leaks}):
        caveats.insert(0, f"trained although these leaks were known: {', '.join(leaks)}")
    told = Told(report=f"{document.title}, {document.generated_at}", score=score,
                caveats=tuple(caveats))
    if not winner.is_recommended:
        return told
    details = document.details if document.details.row == document.headline.row else None
    features = sorted((card for card in document.features if card.share is not None),
                      key=lambda card: -(card.share or 0.0))[:_FEATURES_TOLD]
    return told.model_copy(update={
        "verdict": document.headline.sentence,
        "trust": f"{document.headline.trust}: {document.headline.trust_reason}",
        "promise": document.promise, "exam": document.exam.sentence,
        "retrain_days": document.promise.retrain_days if document.promise else None,
        "events": details.events if details else (),
        "segments": details.segments if details else None,
        "features": tuple(FeatureNote(feature=card.feature, expression=card.expression,
                                      share=card.share, verdict=card.verdict)
                          for card in features)})


def _corrections(document: Document, winner: Winner) -> dict[str, Any]:
    """The recalibration, where the report has found that it helps, and the range of values."""
    card, intervals = document.calibration, document.intervals
    found: dict[str, Any] = {}
    if winner.is_recommended and card is not None and card.helps:
        found["calibrator"] = Calibrator(slope=card.slope, intercept=card.intercept, gain=card.gain)
    if winner.is_recommended and intervals is not None:
        found["range"] = Range(level=intervals.level, half_width=intervals.half_width)
    return found
