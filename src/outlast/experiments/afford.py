"""Which fits are worth explaining, and how much of it a share of their fit time pays for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from outlast.metrics import METRICS
from outlast.models import kind_of
from outlast.records import Frozen, Record

# Model and matrix are loaded, and a prediction is scored, in about so many seconds.
_LOADING, _SCORING = 0.04, 2e-4
# Estimates are rough: what is planned fits into this part of what is allowed.
_PLANNED_SHARE = 0.8
# All fits of a run count as so many seconds together at least: a quarter of a moment explains
# nothing.
LEAST_SECONDS = 40.0


class Size(Frozen):
    """How much is measured on one fit.

    Attributes
    ----------
    rows : int
        Held-out rows at most that are permuted.
    repeats : int
    groups : int
        Groups of features at most, the most important first.
    single : bool
        Whether the members of a group are permuted alone, too.
    probed : bool
        Whether the configuration is fitted once more with random probes beside its features.
    refits, refits_due : int
        How many groups are left out of a refit, the most important first; and of how many that
        is asked.
    """

    rows: int = 500
    repeats: int = 3
    groups: int = 0
    single: bool = False
    probed: bool = False
    refits: int = 0
    refits_due: int = 0

    @property
    def richness(self) -> tuple[int, ...]:
        """The greater, the more is measured."""
        return self.refits, self.groups, self.probed, self.rows * self.repeats, self.single


@dataclass(frozen=True)
class Rung:
    """A size for all folds of a configuration; probes in no fold, in one or in every one."""

    rows: int
    repeats: int
    probed: int = 0
    single: bool = False
    refits: int = 0


EVERY_FOLD = EVERY_GROUP = 10**6
# From poor to rich. Probes are worth more than further rows, as they say what noise is worth.
LADDER = (
    Rung(500, 3), Rung(1_000, 5), Rung(2_000, 5), Rung(500, 3, 1), Rung(1_000, 5, 1),
    Rung(2_000, 5, 1), Rung(1_000, 5, EVERY_FOLD), Rung(2_000, 5, EVERY_FOLD),
    Rung(2_000, 5, EVERY_FOLD, single=True),
)
MOST_REFITS = 20
REFITS = tuple(Rung(2_000, 5, EVERY_FOLD, True, n) for n in (5, 10, MOST_REFITS))


@dataclass(frozen=True)
class Best:
    """The best configuration of a model family under one split.

    Attributes
    ----------
    records : tuple of Record
        Its folds.
    seconds : float
        Fit and search of all configurations that it was chosen from, each fit counted once.
    is_winner : bool
        Whether it is the best of the headline split.
    """

    records: tuple[Record, ...]
    seconds: float
    is_winner: bool = False

    @property
    def score(self) -> float:
        """The mean score of its folds; positive is better for every metric."""
        return _goodness(self.records)


def best_configurations(records: Iterable[Record], headline: str | None) -> list[Best]:
    """Choose the configuration with the best mean score per model family and split.

    Baselines learn nothing from features and are left out, and so is a configuration that
    lacks a fold which others of its split have.

    Parameters
    ----------
    records : iterable of Record
    headline : str or None
        Label of the split that stands for deployment.

    Returns
    -------
    list of Best
    """
    families: dict[tuple[str, str], dict[tuple[str, ...], list[Record]]] = {}
    folds: dict[str, set[int]] = {}
    for record in records:
        model, split = record.job.model, record.job.split.label
        if record.status != "ok":
            continue
        folds.setdefault(split, set()).add(record.job.fold)
        if not kind_of(model.name).is_baseline:
            family = families.setdefault((split, model.name), {})
            family.setdefault(record.job.configuration, []).append(record)
    found: dict[str, list[Best]] = {}
    for (split, _), family in sorted(families.items()):
        complete = [sorted(members, key=lambda r: r.job.fold) for members in family.values()
                    if len(members) == len(folds[split])]
        if complete:
            best = max(complete, key=lambda members: (_goodness(members), members[0].job.label))
            seconds = _spent(record for members in family.values() for record in members)
            found.setdefault(split, []).append(Best(tuple(best), seconds))
    winner = max(found.get(headline or "", []), key=lambda best: best.score, default=None)
    return [best if best is not winner else Best(best.records, best.seconds, True)
            for bests in found.values() for best in bests]


def sizes(bests: Sequence[Best], share: float) -> list[tuple[Size, ...]]:
    """Return the most that a share of the fit time pays for.

    Each configuration has its part by the time that it took, and what one leaves of it goes to
    those that cost more, to the winner in the end. Fits that took less than 40 s together
    count as 40 s.

    Parameters
    ----------
    bests : sequence of Best
    share : float
        Of their seconds.

    Returns
    -------
    list of tuple of Size
        For each of them one size per fold, with no groups where nothing can be paid. The same
        records give the same sizes.
    """
    if not bests:
        return []
    least = LEAST_SECONDS / sum(len(best.records) for best in bests)
    weights = [max(best.seconds, least * len(best.records)) for best in bests]
    scale = max(sum(best.seconds for best in bests), LEAST_SECONDS) / sum(weights)
    left, unserved = _PLANNED_SHARE * share * scale * sum(weights), sum(weights)
    found: dict[int, tuple[Size, ...]] = {}
    by_cost = sorted(range(len(bests)), key=lambda i: (
        bests[i].is_winner, _cost(bests[i].records, LADDER[-1])))
    for i in by_cost:
        found[i], paid = _richest(bests[i], left * weights[i] / unserved)
        left, unserved = left - paid, unserved - weights[i]
    return [found[i] for i in range(len(bests))]


def _richest(best: Best, allowed: float) -> tuple[tuple[Size, ...], float]:
    """The richest sizes within some seconds, and how many of these they take."""
    ladder = (*LADDER, *(REFITS if best.is_winner else ()))
    paid = [rung for rung in ladder if _cost(best.records, rung) <= allowed]
    rung, least = (paid[-1] if paid else ladder[0]), ladder[0]
    # Less than the first rung: as many groups as can be paid.
    room = allowed - _LOADING * len(best.records)
    most = int(room / sum(_group_seconds(record, least) for record in best.records))
    groups = EVERY_GROUP if paid else max(0, most)
    sized = tuple(
        Size(rows=rung.rows, repeats=rung.repeats, groups=groups, single=rung.single,
             probed=fold < rung.probed, refits=rung.refits,
             refits_due=MOST_REFITS if best.is_winner else 0)
        for fold in range(len(best.records)))
    return sized, _cost(best.records, rung) if paid else (allowed if groups else 0.0)


def _cost(records: Sequence[Record], rung: Rung) -> float:
    total = 0.0
    for fold, record in enumerate(records):
        fit = record.seconds.get("fit", 0.0) + record.seconds.get("predict", 0.0)
        groups = _width(record) * (2 if rung.single else 1)
        total += _LOADING + groups * _group_seconds(record, rung) + rung.refits * fit
        if fold < rung.probed:
            wider = 1 + 3 / max(1, _width(record))
            total += _LOADING + wider * fit + 3 * _group_seconds(record, rung)
    return total


def _group_seconds(record: Record, rung: Rung) -> float:
    n_test = record.audit.n_test if record.audit else 1
    per_row = record.seconds.get("predict", 0.0) / max(1, n_test)
    return rung.repeats * (min(rung.rows, n_test) * per_row + _SCORING)


def _width(record: Record) -> int:
    return sum(decision.action not in ("drop", "quarantine") for decision in record.decisions)


def _goodness(records: Sequence[Record]) -> float:
    sign = 1 if METRICS[records[0].job.metric].greater_is_better else -1
    scores: list[float] = [record.score for record in records if record.score is not None]
    return sign * float(np.mean(scores)) if scores else float("-inf")


def _spent(records: Iterable[Record]) -> float:
    fits: Mapping[str, Record] = {record.shared_with or record.job.id: record
                                  for record in records}
    return sum(record.seconds.get(stage, 0.0) for record in fits.values()
               for stage in ("fit", "search"))
