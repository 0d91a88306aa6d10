"""The numbers of a report as CSV files that no spreadsheet runs as formulas."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from outlast.records import canonical_json
from outlast.report import view
from outlast.report.document import Document
from outlast.report.formatting import csv_cell, printable

Lines = Iterable[Sequence[Any]]


def to_csv(columns: Sequence[str], lines: Lines) -> str:
    """Return a table as CSV text.

    Parameters
    ----------
    columns : sequence of str
    lines : iterable of sequences
        Numbers stay numbers, None becomes an empty cell.

    Returns
    -------
    str

    Examples
    --------
    >>> to_csv(["name", "score"], [["=cmd()", -0.5]]).splitlines()
    ['name,score', "'=cmd(),-0.5"]
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    for line in [columns, *lines]:
        writer.writerow([csv_cell(printable(c) if isinstance(c, str) else c) for c in line])
    return buffer.getvalue()


def _leaderboard(document: Document) -> str:
    others = sorted({name for row in document.leaderboard for name in row.other_scores})
    columns = [
        "id", "rank", "tier", "model", "search", "selection", "split", "leaky", "is_baseline",
        document.metric, "low", "high", "over_best", "over_best_low", "over_best_high",
        "over_baseline", "over_baseline_low", "over_baseline_high", "worst_fold",
        f"train_{document.metric}", "n_folds", "n_test", "n_blocks", "fit_seconds",
        "search_seconds", "predict_us_per_row", "n_features", *others, "jobs",
    ]
    lines = [
        [row.id, row.rank, row.tier, row.model, row.search, row.selection, row.split, row.leaky,
         row.is_baseline, *_triple(row.score), *_triple(row.over_best), *_triple(row.over_baseline),
         row.worst_fold, row.train_score, row.n_folds, row.n_test, row.n_blocks, row.fit_seconds,
         row.search_seconds, row.predict_us_per_row, row.n_features,
         *(row.other_scores.get(name) for name in others), " ".join(row.jobs)]
        for row in document.leaderboard
    ]
    return to_csv(columns, lines)


def _triple(estimate: Any) -> tuple[float | None, float | None, float | None]:
    return (None, None, None) if estimate is None else (estimate.value, estimate.low, estimate.high)


def _folds(document: Document) -> str:
    counts = ("n_train", "n_test", "n_purged", "n_gap", "n_embargoed", "n_event_dropped",
              "n_overlap", "n_shared_times")
    lines = [
        [fold.split, fold.fold, fold.leaky, fold.train_start, fold.train_end, fold.test_start,
         fold.test_end, *(getattr(fold.audit, name) for name in counts), fold.test_share,
         "; ".join(fold.moves)]
        for fold in document.folds
    ]
    return to_csv(["split", "fold", "leaky", "train_start", "train_end", "test_start", "test_end",
                   *counts, "test_share", "moves"], lines)


def _fold_scores(document: Document) -> str:
    lines = [[s.row, s.model, s.search, s.split, s.fold, s.score, s.test_start, s.test_end, s.job]
             for s in document.fold_scores]
    return to_csv(["row", "model", "search", "split", "fold", document.metric, "test_start",
                   "test_end", "job"], lines)


def _features(document: Document) -> str:
    models = sorted({model for card in document.features for model in card.shares})
    lines = [
        [card.feature, card.family, card.decision, card.code, card.sentence, card.share,
         card.share_sd, card.gain_share, card.rank, card.n_fits, " ".join(card.inputs),
         card.expression, card.lookback, card.verdict, *_triple(card.reliance),
         *_triple(card.replaceability),
         *(card.shares.get(model) for model in models), card.reason, card.rank_low,
         card.rank_high, card.select_freq, card.cluster_freq, card.n_sets, card.cluster, card.drift,
         card.drift_chance, card.drift_unit, card.leak_points, card.cost, " ".join(card.roots)]
        for card in view.features_by_share(document)
    ]
    return to_csv(["feature", "family", "decision", "code", "sentence", "share", "share_sd",
                   "gain_share", "rank", "n_fits", "inputs", "expression", "lookback", "verdict",
                   "reliance", "reliance_low", "reliance_high", "replaceability",
                   "replaceability_low", "replaceability_high",
                   *(f"share_{model}" for model in models), "reason", "rank_low", "rank_high",
                   "select_freq", "cluster_freq", "n_sets", "cluster", "drift", "drift_chance",
                   "drift_unit", "leak_points", "cost", "roots"], lines)


def _selections(document: Document) -> str:
    lines = [[c.selection, c.model, c.search, *_triple(c.score), c.n_kept, c.n_features,
              *_triple(c.change), c.tolerance, c.p, c.verdict, c.phi, c.phi_low, c.phi_high,
              c.phi_split, c.n_sets, c.seconds] for c in document.selections]
    return to_csv(["selection", "model", "search", document.metric, "low", "high", "n_kept",
                   "n_features", "change", "change_low", "change_high", "tolerance", "p",
                   "verdict", "phi", "phi_low", "phi_high", "phi_split", "n_sets", "seconds"],
                  lines)


def _trials(document: Document) -> str:
    lines = [[t.row, t.model, t.split, t.fold, t.number, t.score, t.best, t.state, t.seconds,
              canonical_json(t.params)] for t in document.trials]
    return to_csv(["row", "model", "split", "fold", "number", "score", "best", "state", "seconds",
                   "params"], lines)


def _findings(document: Document) -> str:
    lines = [[f.code, f.outcome, f.severity, f.title, f.sentence, f.action,
              canonical_json(f.evidence)] for f in document.findings]
    return to_csv(["code", "outcome", "severity", "title", "sentence", "action", "evidence"], lines)


TABLES: dict[str, Callable[[Document], str]] = {
    "leaderboard.csv": _leaderboard,
    "folds.csv": _folds,
    "fold_scores.csv": _fold_scores,
    "features.csv": _features,
    "selections.csv": _selections,
    "trials.csv": _trials,
    "findings.csv": _findings,
}
