"""The contrast that leaks: shuffled K-fold on rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sklearn.model_selection import KFold

from outlast.errors import InputError
from outlast.splits.base import Splitter
from outlast.splits.rules import Assignment, Fate
from outlast.splits.timeline import Timeline


class RandomSplit(Splitter):
    """Shuffle the rows into folds, as if time did not exist; never a basis for a decision.

    Its scores beside those of an honest split show how much a shuffle flatters a model.

    Parameters
    ----------
    n_splits : int, default 5
        Number of folds, at least 2.
    random_state : int, default 0
        Seed of the shuffle; the folds are those of ``KFold(shuffle=True)``.
    on_missing : {"raise", "drop"}, default "raise"
        Whether a row without a time or label end is an error or is left out.

    Examples
    --------
    >>> fold = RandomSplit(n_splits=2).folds(np.arange(6), np.arange(6) + 2)[0]
    >>> fold.test, fold.audit.clean
    (array([1, 2, 5]), False)
    """

    name = "random"
    leaky = True

    def __init__(
        self, n_splits: int = 5, random_state: int = 0, *, on_missing: str = "raise"
    ) -> None:
        super().__init__(on_missing=on_missing)
        self.n_splits = n_splits
        self.random_state = random_state

    def _assign(self, timeline: Timeline) -> Iterator[Assignment]:
        rows = timeline.time.size
        if not isinstance(self.n_splits, (int, np.integer)) or not 2 <= self.n_splits <= rows:
            raise InputError(f"n_splits must be a whole number from 2 to the {rows} rows of the "
                             f"data, got {self.n_splits!r}")
        folds = KFold(self.n_splits, shuffle=True, random_state=self.random_state)
        for _, test in folds.split(timeline.time):
            fate = np.full(rows, Fate.TRAIN, dtype=np.int8)
            fate[test] = Fate.TEST
            yield Assignment(fate)
