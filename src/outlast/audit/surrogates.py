"""Labels that say nothing about the features must be predicted at chance by any sound split."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from outlast.audit.base import AuditedSplit, Facts, Floats, Measured, Positions, StatisticalCheck
from outlast.audit.probe import SCALE, Probe
from outlast.audit.time_blocks import (
    horizon_steps,
    no_split,
    own_rows,
    p_above,
    usable_rows,
    whole_entities,
)
from outlast.records import Finding

Sides = tuple[Positions, Positions]

_NOTABLE = 0.03
_MAX_FOLDS = 5
_MAX_ROWS = 12_000
_MAX_TRAIN = 8_000
_HORIZONS = 20


@dataclass(frozen=True, eq=False)
class Scored:
    """The scores of one split on surrogate labels, one per repetition, and its control's."""

    label: str
    scores: Floats
    control: Floats | None

    @property
    def mean(self) -> float:
        """Mean score."""
        return float(np.nanmean(self.scores))

    @property
    def excess(self) -> float:
        """How far the mean lies above chance, and above the control if there is one."""
        if self.control is None:
            return self.mean - 0.5
        return min(self.mean - 0.5, float(np.nanmean(self.scores - self.control)))

    @property
    def p_value(self) -> float:
        """Of "no better than chance, or than the control": both must be refuted."""
        p = p_above(self.scores, 0.5)
        return p if self.control is None else max(p, p_above(self.scores - self.control))


class SurrogateCheck(StatisticalCheck):
    """Base of the checks that replace the labels and expect chance.

    The headline and every split of another library learn the surrogate labels with a quick
    probe. Repetition b uses fold b modulo the folds, so that all of them are looked at. What
    is tested is the mean over the repetitions, which are drawn independently.
    """

    repeats: ClassVar[tuple[int, int]]
    """How many sets of labels are drawn at the levels quick and full."""
    action: ClassVar[str] = (
        "Purge by label end and keep whole timestamps on one side: use a split of outlast such as "
        "--splits walk_forward, or purged_kfold in place of shuffled folds.")

    @abstractmethod
    def surrogate(self, facts: Facts, rows: Positions, rng: np.random.Generator) -> Floats:
        """Draw one set of labels, a value for each row of the panel; only `rows` matter.

        They are all labelled rows of some entities.
        """

    @abstractmethod
    def describe(self, worst: Scored, n_splits: int, scale: str) -> str:
        """Say what was measured."""

    def control(self, facts: Facts) -> list[Sides]:  # noqa: ARG002
        """Return folds that are sound beyond doubt, where 0.5 alone is no fair comparison."""
        return []

    def measure(self, facts: Facts) -> Measured | Finding:
        """Score every split on the same surrogate labels and report the worst."""
        if reason := self.refusal(facts):
            return self.not_applicable(reason)
        found = self._scored(facts)
        if not found:
            return self.not_applicable("no fold has two classes on both sides")
        worst = min(found, key=lambda split: (split.p_value, -split.excess))
        numbers = {"split": worst.label, "score": worst.mean, "repeats": worst.scores.size,
                   "scores": {split.label: split.mean for split in found}}
        if worst.control is not None:
            numbers["control"] = float(np.nanmean(worst.control))
        return Measured(min(1.0, worst.p_value * len(found)), worst.excess >= _NOTABLE,
                        self.describe(worst, len(found), SCALE[facts.panel.task]), self.action,
                        numbers)

    def refusal(self, facts: Facts) -> str | None:
        """Return why the check does not apply, if so."""
        return no_split(facts)

    def _scored(self, facts: Facts) -> list[Scored]:
        stratum, task, rows = own_rows(facts), facts.panel.task, dense(facts)
        folds: dict[str | None, list[Sides]] = {None: self.control(facts), **_examined(facts)}
        probes = {label: made for label, sides in folds.items()
                  if (made := _probes(facts, rows, sides))}
        # Never the stream of a table that was itself simulated with this seed.
        rng = np.random.default_rng([facts.seed, *self.code.encode()])
        scores: dict[str | None, list[float]] = {label: [] for label in probes}
        for b in range(self.repeats[facts.level == "full"]):
            y = self.surrogate(facts, rows, rng)
            for label, of in probes.items():
                scores[label].append(of[b % len(of)].score(y, task, stratum))
        control = scores.pop(None, None)
        guard = None if control is None else np.array(control)
        return [Scored(label, np.array(values), guard) for label, values in scores.items()
                if label is not None and np.isfinite(values).any()]


def _examined(facts: Facts) -> dict[str | None, list[Sides]]:
    """Return the folds of the headline and of all splits whose rules are not known."""
    splits = list(facts.honest.items())
    chosen = splits[:1] + [(label, split) for label, split in splits[1:] if split.splitter is None]
    return {label: _some_folds(facts, split) for label, split in chosen}


def _some_folds(facts: Facts, split: AuditedSplit) -> list[Sides]:
    places = np.unique(np.linspace(0, len(split.folds) - 1, _MAX_FOLDS).astype(int))
    folds = [split.folds[place] for place in places]
    return [(usable_rows(facts, fold.train), usable_rows(facts, fold.test)) for fold in folds]


def _probes(facts: Facts, rows: Positions, folds: Sequence[Sides]) -> list[Probe]:
    kept = np.zeros(facts.panel.n_rows, dtype=np.bool_)
    kept[rows] = True
    sides = [(train[kept[train]], test[kept[test]]) for train, test in folds]
    return [Probe(facts.features, *_stretch(train, test), seed=facts.seed)
            for train, test in sides if train.size and test.size]


def dense(facts: Facts) -> Positions:
    """Return the rows of so many entities that twenty horizons of them are a quick fit.

    Neighbours in time must stay neighbours, or nothing leaks any more: a large table is
    made small by leaving out entities, and then all but one stretch of time.
    """
    panel = facts.panel
    n_times = np.unique(panel.time.ns[panel.usable]).size
    stretches = n_times / (_HORIZONS * max(1, horizon_steps(facts)))
    return whole_entities(facts, _MAX_ROWS * stretches)


def _stretch(train: Positions, test: Positions) -> Sides:
    """Return the rows of one stretch of time that begins before the test where it can."""
    rows = np.sort(np.concatenate([train, test]))
    if rows.size <= _MAX_ROWS:
        return train, test
    first = max(0, np.searchsorted(rows, test[0]) - _MAX_TRAIN)
    low, high = rows[first], rows[min(first + _MAX_ROWS, rows.size) - 1]
    return train[(low <= train) & (train <= high)], test[(low <= test) & (test <= high)]
