"""Folds that cannot be trained on, or whose score would say little."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from outlast.audit.base import Check, Facts
from outlast.audit.wording import counted
from outlast.records import Finding
from outlast.splits import Fold

_EMPTY = "have no row with a label on one side"
_ONE_TO_LEARN = "train on a single value of the target, from which nothing can be learned"
_ONE_TO_SCORE = "test a single value of the target, for which ranking metrics are not defined"
_NEVER_SEEN = "test a class that their training rows lack"
_SHORT = "test no longer than one label lasts, which is about one independent observation"


class FoldContent(Check):
    """Looks at what is on either side: rows, classes, entities, and for how long."""

    code = "LK106"
    title = "Content of the folds"
    finds = "empty sides, a single class, classes never trained on, tests within one label horizon"

    def look(self, facts: Facts) -> Finding:
        """Nothing to train on or to test stops a run; all else is a tip."""
        folds = [(label, fold) for label, split in facts.honest.items() for fold in split.folds]
        if not folds:
            return self.not_applicable("no honest split is planned")
        found: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for label, fold in folds:
            for lack in _lacks(facts, fold):
                found[lack].append((label, fold.index))
        told = ". ".join(_told(lack, where, len(folds)) for lack, where in found.items())
        numbers: dict[str, Any] = {"folds": len(folds),
                                   "affected": {lack: len(w) for lack, w in found.items()},
                                   **_strangers(facts, [fold for _, fold in folds])}
        action = "Choose other boundaries: a longer test, fewer splits, or more data before it."
        if _EMPTY in found:
            labels = list(dict.fromkeys(label for label, _ in found[_EMPTY]))
            return self.issue(f"{told}.", action, splits=labels, **numbers)
        if found:
            return self.tip(f"{told}.", action, **numbers)
        return self.passed(f"Each of {counted(len(folds), 'fold')} has rows to train on and enough "
                           "of them to score.", **numbers)


def _lacks(facts: Facts, fold: Fold) -> Iterator[str]:
    panel = facts.panel
    train, test = (side[panel.usable[side]] for side in (fold.train, fold.test))
    if not (train.size and test.size):
        yield _EMPTY
        return
    if np.ptp(panel.y[train]) == 0:
        yield _ONE_TO_LEARN
    if np.ptp(panel.y[test]) == 0:
        yield _ONE_TO_SCORE
    if panel.task != "regression":
        learned, asked = (_seen(panel.y[side], panel.n_classes) for side in (train, test))
        if np.any(asked & ~learned):
            yield _NEVER_SEEN
    if np.ptp(panel.time.ns[test]) < panel.horizon_ns:
        yield _SHORT


def _seen(codes: npt.NDArray[Any], size: int) -> npt.NDArray[np.bool_]:
    return np.bincount(codes.astype(np.intp), minlength=size) > 0


def _told(lack: str, where: list[tuple[str, int]], n_folds: int) -> str:
    named = ", ".join(f"{label} #{index}" for label, index in where[:4])
    more = f" and {len(where) - 4} more" if len(where) > 4 else ""
    return f"{len(where):,} of {counted(n_folds, 'fold')} {lack} ({named}{more})"


def _strangers(facts: Facts, folds: list[Fold]) -> dict[str, int]:
    """Count the entities that are on one side only, over all folds."""
    panel = facts.panel
    if panel.schema.entity is None:
        return {}
    size = int(panel.entity.max()) + 1
    sides = [[_seen(panel.entity[side], size) for side in (fold.train, fold.test)]
             for fold in folds]
    return {"entities": size,
            "only_tested": int(np.sum([np.any(test & ~train) for train, test in sides])),
            "only_trained": int(np.sum([np.any(train & ~test) for train, test in sides]))}
