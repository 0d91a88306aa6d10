"""What a score may owe to entities that were trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from outlast.audit.base import Check, Facts, Floats, Positions
from outlast.audit.wording import counted, listed
from outlast.data import Panel
from outlast.records import Finding

_MIN_ENTITIES = 10
# Two or three labels of an entity are alike where the target changes slowly. Where enough
# entities have this many, nearly all of those must have but one value; else every one.
_LONG, _CONSTANT = 5, 0.95
# Share of the variance that lies within entities, below which the entity tells the value.
_WITHIN = 1e-6


class KnownEntities(Check):
    """Counts the entities on both sides of each fold, and what knowing one tells."""

    code = "LK107"
    title = "Known entities"
    finds = ("entities on both sides of a split by entity, and targets that an entity gives away "
             "once it is known")

    def look(self, facts: Facts) -> Finding:
        """A split by entity must keep its promise; any other needs targets that change."""
        entity = facts.panel.schema.entity
        if entity is None:
            return self.not_applicable("the table has no entities")
        if not facts.honest:
            return self.not_applicable("no honest split is planned")
        shared = {label: [_shared(facts.panel, fold.train, fold.test).size for fold in split.folds]
                  for label, split in facts.honest.items()}
        broken = [label for label, split in facts.honest.items() if any(shared[label])
                  and split.splitter is not None and split.splitter.needs_groups]
        if broken:
            count = max(shared[broken[0]])
            return self.issue(
                f"{broken[0]} promises to test entities that were not trained on, but a fold has "
                f"{count:,} on both sides.",
                f"Give {listed(broken)} the column {entity!r} as groups.", splits=broken,
                entities=count)
        known = [label for label, counts in shared.items() if any(counts)]
        labels = _Labels.of(facts.panel)
        told = (f"the target never changes in {labels.n_constant:,} of "
                f"{labels.size.size:,} entities with several labels")
        numbers: dict[str, Any] = {"constant": labels.n_constant,
                                   "several_labels": labels.size.size}
        if known and labels.give_away(facts.panel):
            return self.issue(
                f"{told.capitalize()}, and {listed(known)} "
                f"{'tests' if len(known) == 1 else 'test'} entities that were trained on: the "
                f"score would tell how well a model remembers each {entity}.",
                "Test entities that are new to the model with --splits group.",
                splits=known, **numbers)
        return self.passed(
            f"{told.capitalize()}; {counted(len(known), 'split')} of {len(facts.honest):,} "
            f"{'tests' if len(known) == 1 else 'test'} entities that were trained on.",
            splits=list(facts.honest), **numbers)


def _shared(panel: Panel, train: Positions, test: Positions) -> Positions:
    """Return the entities, as numbers, that are on both sides."""
    size = int(panel.entity.max()) + 1
    sides = [np.bincount(panel.entity[side], minlength=size) > 0 for side in (train, test)]
    return np.flatnonzero(sides[0] & sides[1])


@dataclass(frozen=True, eq=False)
class _Labels:
    """The labels of each entity that has several.

    Attributes
    ----------
    size : ndarray
        How many there are.
    low, high : ndarray
        The smallest and the largest.
    """

    size: Positions
    low: Floats
    high: Floats

    @classmethod
    def of(cls, panel: Panel) -> _Labels:
        """Sum up the labels of a panel."""
        rows = np.flatnonzero(panel.usable)
        order = rows[np.argsort(panel.entity[rows], kind="stable")]
        starts = np.flatnonzero(np.diff(panel.entity[order], prepend=-1))
        size = np.diff(starts, append=order.size)
        low, high = (extreme.reduceat(panel.y[order], starts) for extreme in
                     (np.minimum, np.maximum))
        return cls(size[size > 1], low[size > 1], high[size > 1])

    @property
    def n_constant(self) -> int:
        """Number of entities whose labels are all the same."""
        return int(np.count_nonzero(self.low == self.high))

    def give_away(self, panel: Panel) -> bool:
        """Whether an entity tells its labels."""
        if self.size.size < _MIN_ENTITIES or np.unique(self.low).size == 1:
            return False
        if panel.task == "regression":
            return float(np.max(self.high - self.low)) ** 2 < _WITHIN * float(np.var(self.low))
        usual = np.bincount(panel.y[panel.usable].astype(np.intp)).argmax()
        # Where nearly all labels are alike, most entities are constant by chance.
        unusual = (self.low != usual) | (self.high != usual)
        long = self.size >= _LONG
        needed = _CONSTANT
        if np.count_nonzero(long & unusual) < _MIN_ENTITIES / 2:
            long, needed = self.size > 1, 1.0
        constant = self.low == self.high
        return bool(np.count_nonzero(long & unusual) >= _MIN_ENTITIES / 2
                    and constant[long].mean() >= needed
                    and constant[long & unusual].mean() >= needed)
