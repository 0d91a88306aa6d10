"""From records to the report's one source: reads the store, asks the judge, writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from outlast.data.times import format_ns
from outlast.feature_tracker.thresholds import THRESHOLDS as LIMITS
from outlast.judge import verdict
from outlast.judge.board import Row
from outlast.judge.insights import Evidence, Thresholds
from outlast.judge.insights.search import searched_parameters
from outlast.judge.judgement import Judgement
from outlast.judge.leaderboard import Board, BoardSettings, build_board
from outlast.judge.luck import luck_finding
from outlast.judge.promise import Window
from outlast.judge.results import Result
from outlast.metrics import METRICS, Metric
from outlast.models import MODELS, kind_of
from outlast.records import SPLIT_ORDER, Finding, Record
from outlast.report import cards
from outlast.report.document import (
    Cell,
    Document,
    FailureCard,
    FoldCard,
    FoldScore,
    TrialCard,
)
from outlast.report.exam import exam_card
from outlast.report.features import feature_cards, feature_ledger
from outlast.report.selections import selection_cards
from outlast.report.surroundings import surroundings
from outlast.store import Experiment, now

METHOD = (
    "Every split trains only on rows whose label was known at the cut: training labels that reach "
    "into the test window are purged, and the purge audit counts the overlap again from the rows.",
    "Tuning, early stopping, feature selection and category codes see the training rows of a fold "
    "alone; early stopping watches an inner tail, never the scored fold.",
    "A score is the mean over the folds of a split. Held-out time is cut into at most 20 blocks of "
    "three horizons or more; a block's share of the score is its jackknife pseudo-value, and the "
    "95 % interval is Student's t over the blocks. Where entities were held out they are blocks as "
    "well; where models are trained on both sides of the test the variance is that of Nadeau and "
    "Bengio. Differences are paired block by block.",
    "Independent blocks of time: distinct held-out timestamps divided by three horizons.",
    "Tier 1 holds the best configuration and all whose difference to it has an interval that "
    "includes zero. Those at the top share rank 1=; one below a row of the next tier keeps its "
    "place, marked by ~.",
    "Gains over the best baseline are tested one-sided over the blocks with Holm's correction over "
    "all configurations of the headline split.",
    "Feature shares are the mean share of mean |SHAP| on held-out rows, one vote per model.",
)


@dataclass(frozen=True)
class Case:
    """What the judge is asked about.

    Parameters
    ----------
    experiment : Experiment
    records : sequence of Record
        The newest record of each job that the report covers, failed ones included.
    headline_split : str, optional
        The split that is most like deployment.
    thresholds : Thresholds
    costs : (float, float), optional
        Of a false positive and of a false negative.
    """

    experiment: Experiment
    records: Sequence[Record]
    headline_split: str | None = None
    thresholds: Thresholds = field(default_factory=Thresholds)
    costs: tuple[float, float] | None = None

    @cached_property
    def results(self) -> list[Result]:
        """The finished folds."""
        predictions = self.experiment.jobs.predictions
        return [Result(r, predictions(r)) for r in self.records if r.status == "ok"]

    @cached_property
    def board(self) -> Board:
        """The leaderboard."""
        return build_board(self.results, METRICS[self.records[0].job.metric],
                           _settings(self.thresholds))

    @cached_property
    def split(self) -> str | None:
        """The headline split."""
        return verdict.headline_split(self.board, self.headline_split)

    @cached_property
    def told(self) -> list[Record]:
        """Records of the headline's split and selection, with those of its baselines."""
        return list(_headline_records(self.results, self.board, self.split))

    @cached_property
    def ledger(self) -> pl.DataFrame:
        """What the feature tracker knows of them."""
        return feature_ledger(self.experiment, self.told)

    @cached_property
    def judgement(self) -> Judgement:
        """What the judge concludes from all of it."""
        sealed = self.experiment.sealed
        window = None if "start" not in sealed else Window(
            sealed["timestamps"], (sealed["end"] - sealed["start"]) / 2)
        return Judgement(self.board, Evidence(
            self.board, self.split, self.records,
            around=surroundings(self.experiment, self.ledger, self.records)), window)


@dataclass(frozen=True)
class Material:
    """What a report is made from.

    Parameters
    ----------
    case : Case
    sessions : sequence of dict
        Manifests of the sessions, oldest first; the last one names environment and skips.
    audit : sequence of Finding
        Findings of the leak checks.
    reused : int
        Jobs that the last session found done.
    examined : sequence of Record
        Of the finalists, on the sealed rows.
    """

    case: Case
    sessions: Sequence[Mapping[str, Any]]
    audit: Sequence[Finding] = ()
    reused: int = 0
    examined: Sequence[Record] = ()


def build_document(material: Material) -> Document:
    """Judge the records and lay out everything that a report says.

    Parameters
    ----------
    material : Material
        With at least one record.

    Returns
    -------
    Document

    Raises
    ------
    StoreError
        If predictions or observations of a finished job are missing or were changed.
    """
    case, judgement = material.case, material.case.judgement
    experiment, records, results = case.experiment, case.records, case.results
    board, split, headline = judgement.board, judgement.split, judgement.headline
    metric, chosen = board.metric, judgement.chosen
    luck = luck_finding(board, split, records[0].job.seed)
    features = feature_cards(experiment, case.told, case.ledger)
    return Document(
        generated_at=now(),
        title=f"{experiment.schema.target} on {experiment.description['table']}",
        experiment=experiment.name,
        metric=metric.name,
        metric_description=metric.description,
        greater_is_better=metric.greater_is_better,
        headline_split=split,
        headline=headline,
        data=cards.data_card(experiment, len(features)),
        promise=judgement.promise(chosen.id) if chosen else None,
        exam=exam_card(experiment, judgement, material.examined),
        rules=judgement.rules,
        strength=judgement.strength,
        calibration=judgement.calibration,
        intervals=judgement.coverage,
        costs=judgement.costs(case.costs),
        details=judgement.details,
        findings=(*judgement.findings, *_audited(material, luck)),
        leaderboard=board.rows,
        folds=fold_cards(records, results),
        fold_scores=fold_scores(board),
        trials=_trials(board, split),
        parameters=searched_parameters(judgement.evidence),
        features=features,
        selections=selection_cards(judgement.evidence, results),
        configurations=cards.configuration_cards(board, split, experiment, material.sessions),
        coverage=coverage_cells(records, material.sessions),
        failures=_failures(experiment, records),
        environment=cards.environment_card(material.sessions, material.reused),
        thresholds={**case.thresholds.as_numbers(), "drift_effect": LIMITS.drift_effect,
                    "drift_share": LIMITS.drift_share},
        method=METHOD,
    )


def _headline_records(
    results: Sequence[Result], board: Board, split: str | None
) -> Iterator[Record]:
    """Records of the headline's split and selection, with those of its baselines."""
    # Where nothing honest was run, the best row of any split is told of.
    best = verdict.recommended(board, split) or next(
        (row for row in board.rows if row.score.value is not None), None)
    chosen = {best.selection} if best else set()
    for record in (r.record for r in results if best is not None and r.split == best.split):
        is_baseline = kind_of(record.job.model.name).is_baseline
        if is_baseline or record.job.selection.label in chosen:
            yield record


def _audited(material: Material, luck: Finding) -> tuple[Finding, ...]:
    """The findings before the run, and the one that only its results could give."""
    return (*(f for f in material.audit if f.code != luck.code), luck)


def _settings(thresholds: Thresholds) -> BoardSettings:
    return BoardSettings(
        baselines=frozenset(name for name, kind in MODELS.items() if kind.is_baseline),
        split_order=SPLIT_ORDER,
        thresholds=thresholds,
    )


def fold_cards(records: Sequence[Record], results: Sequence[Result]) -> tuple[FoldCard, ...]:
    """Return one card for each fold of each split, whoever was trained on it."""
    tested = {(r.split, r.record.job.fold): r for r in results}
    shares = {key: float(np.mean(result.y)) for key, result in tested.items()}
    first = {(r.job.split.label, r.job.fold): r for r in records if r.audit is not None}
    return tuple(_fold_card(record, shares.get(key)) for key, record in sorted(first.items()))


def _fold_card(record: Record, share: float | None) -> FoldCard:
    audit = record.audit
    assert audit is not None, "only audited folds get a card"
    return FoldCard(
        split=record.job.split.label, fold=record.job.fold,
        leaky=bool(record.leaks),
        train_start=format_ns(audit.train_start), train_end=format_ns(audit.train_end),
        test_start=format_ns(audit.test_start), test_end=format_ns(audit.test_end),
        test_share=share if record.job.task != "multiclass" else None,
        moves=tuple(f"cut moved from {format_ns(m.moved_from)} to {format_ns(m.moved_to)}, past "
                    f"{m.event} ({m.rows:,} rows)" for m in audit.moves),
        audit=audit,
    )


def fold_scores(board: Board) -> tuple[FoldScore, ...]:
    """Return the score of every row of the leaderboard in each of its folds."""
    return tuple(_fold_score(row, result.record, job) for row in board.rows
                 for result, job in zip(board.contestants[row.id].results, row.jobs, strict=True))


def _fold_score(row: Row, record: Record, job: str) -> FoldScore:
    audit = record.audit
    assert audit is not None, "a finished job has a purge audit"
    return FoldScore(
        row=row.id, model=row.model, search=row.search, split=row.split, fold=record.job.fold,
        score=record.score, test_start=format_ns(audit.test_start),
        test_end=format_ns(audit.test_end), job=job,
    )


def _trials(board: Board, split: str | None) -> tuple[TrialCard, ...]:
    """The searches of the headline split, with the best score so far."""
    return tuple(card for row in board.of_split(split)
                 for result in board.contestants[row.id].results
                 for card in _search(row, result.record, board.metric))


def _search(row: Row, record: Record, metric: Metric) -> Iterator[TrialCard]:
    best: float | None = None
    pick = max if metric.greater_is_better else min
    for trial in record.trials:
        if trial.score is not None and trial.state == "complete":
            best = trial.score if best is None else pick(best, trial.score)
        yield TrialCard(
            row=row.id, model=row.model, split=row.split, fold=record.job.fold,
            number=trial.number, score=trial.score, best=best, state=trial.state,
            seconds=trial.seconds, params=trial.params,
        )


def coverage_cells(
    records: Sequence[Record], sessions: Sequence[Mapping[str, Any]]
) -> tuple[Cell, ...]:
    """Return how much of each cell of the matrix was run, and why some were not."""
    jobs = [{"model": r.job.model.label, "split": r.job.split.label,
             "search": r.job.search.label, "ok": r.status == "ok"} for r in records]
    counts = pl.DataFrame(jobs).group_by("model", "split", "search", maintain_order=True).agg(
        planned=pl.len(), done=pl.col("ok").sum(), failed=(~pl.col("ok")).sum()
    )
    cells = [Cell(**row) for row in counts.iter_rows(named=True)]
    skipped = sessions[-1].get("skipped", []) if sessions else []
    return (*cells, *(Cell(planned=0, done=0, failed=0, **entry) for entry in skipped))


def _failures(experiment: Experiment, records: Sequence[Record]) -> tuple[FailureCard, ...]:
    return tuple(
        FailureCard(
            job=r.job.id, label=r.job.label, status=r.status,
            kind=r.failure.kind if r.failure else r.status,
            message=r.failure.message if r.failure else "the score is undefined on these rows",
            log=cards.log_path(experiment, r),
        )
        for r in records if r.status != "ok"
    )
