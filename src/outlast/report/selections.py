"""The selections of a run side by side: score, features kept, stability, cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from outlast.feature_tracker.stability import Stability, nogueira
from outlast.judge.board import Row
from outlast.judge.insights import Evidence
from outlast.judge.results import Result
from outlast.records import Record
from outlast.report.document import SelectionCard


def selection_cards(evidence: Evidence, results: Sequence[Result]) -> tuple[SelectionCard, ...]:
    """Return a card per selection of the headline split, the best score first.

    Parameters
    ----------
    evidence : Evidence
    results : sequence of Result
        Finished folds of every split.

    Returns
    -------
    tuple of SelectionCard
        None where a single selection was run: there is nothing to compare.
    """
    best: dict[str, Row] = {}
    for row in evidence.models:
        best.setdefault(row.selection, row)
    if len(best) < 2:
        return ()
    split = _most_folds(evidence, results)
    compared = {c.reduced.selection: c for c in evidence.selections}
    cards = []
    for name, row in best.items():
        chosen = [r.record for r in results if r.record.job.selection.label == name]
        stable = _stability(r for r in chosen if r.job.split.label == split)
        test = compared.get(name)
        cards.append(SelectionCard(
            selection=name, model=row.model, search=row.search, score=row.score,
            n_kept=row.n_features, n_features=len(chosen[0].decisions),
            change=test.change if test else None, tolerance=test.tolerance if test else None,
            p=test.p if test else None, verdict=test.verdict if test else "",
            phi=_finite(stable.phi), phi_low=_finite(stable.low), phi_high=_finite(stable.high),
            phi_split=split or "", n_sets=stable.n_sets,
            seconds=_seconds(r for r in chosen if r.job.split.label == evidence.split)))
    return tuple(cards)


def _most_folds(evidence: Evidence, results: Sequence[Result]) -> str | None:
    """The honest split with the most folds: stability needs several sets, and of one split."""
    folds: dict[str, set[int]] = {}
    for result in results:
        if not result.record.leaks:
            folds.setdefault(result.split, set()).add(result.record.job.fold)
    return max(folds, key=lambda split: (len(folds[split]), split == evidence.split), default=None)


def _stability(records: Iterable[Record]) -> Stability:
    """Of the sets that the folds of one split have chosen, whichever models they went to."""
    by_fold = {record.job.fold: [not decision.removes for decision in record.decisions]
               for record in records}
    if not by_fold:
        return Stability(np.nan, np.nan, np.nan, np.nan, 0)
    return nogueira(np.array(list(by_fold.values()), dtype=bool))


def _seconds(records: Iterable[Record]) -> float:
    """Mean over the folds."""
    by_fold = {record.job.fold: record.selection_seconds for record in records}
    return float(np.mean(list(by_fold.values()))) if by_fold else 0.0


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
