"""Entities that the model has never seen, at times it has never seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Literal

import numpy as np
from sklearn.model_selection import KFold

from outlast.data.events import Events
from outlast.errors import InputError, unknown_name
from outlast.splits.boundaries import Window
from outlast.splits.cuts import read_cut
from outlast.splits.inputs import encode
from outlast.splits.rules import Assignment, Fate, RowMask
from outlast.splits.timeline import LAST, Timeline
from outlast.splits.windows import WindowSplitter

Mode = Literal["entity_time", "entity"]
MODES = ("entity_time", "entity")


class GroupSplit(WindowSplitter):
    """Test entities that the model has not been trained on: new shops, stocks or patients.

    Parameters
    ----------
    mode : {"entity_time", "entity"}, default "entity_time"
        * ``entity_time``: held-out entities are tested at the end of the data, on a model
          of the other entities before it.
        * ``entity``: held-out entities are tested at all times, on a model of the others at
          all times. What happens to all entities at once leaks, so this is a contrast
          (`leaky`), no basis for a decision; purge, gap and events play no role.
    n_splits : int, default 5
        Number of folds, from 2 to the number of entities. Each entity is held out once; a
        fold whose entities have no row in the test window is left out.
    test_size : float, int, duration or date, default 0.2
        The test window of ``entity_time``, as in `TemporalSplit`.
    random_state : int, default 0
        Seed that shuffles the entities; the folds are those of ``KFold(shuffle=True)`` on
        the sorted entities.
    gap, embargo, boundary, events, on_cut, on_missing
        See `WindowSplitter`.

    Examples
    --------
    Two of four entities are held out at a time, and tested in the last of three years.

    >>> time, entity = np.repeat([2021, 2022, 2023], 4), np.tile(list("abcd"), 3)
    >>> for train, test in GroupSplit(n_splits=2).split(None, groups=entity, time=time):
    ...     print("".join(entity[train]), time[train].max(), "".join(entity[test]))
    abab 2022 cd
    cdcd 2022 ab
    """

    name = "group"
    needs_groups = True
    skips = True
    __metadata_request__split: ClassVar[dict[str, bool]] = {"groups": True}

    def __init__(
        self, mode: Mode = "entity_time", n_splits: int = 5, test_size: Any = 0.2,
        random_state: int = 0, *, gap: Any = 0, embargo: Any = 0, boundary: str = "closed",
        events: Events | None = None, on_cut: str = "after", on_missing: str = "raise",
    ) -> None:
        super().__init__(gap=gap, embargo=embargo, boundary=boundary, events=events, on_cut=on_cut,
                         on_missing=on_missing)
        self.mode = mode
        self.n_splits = n_splits
        self.test_size = test_size
        self.random_state = random_state

    @property
    def leaky(self) -> bool:
        """Whether common shocks leak from the train to the test entities."""
        return self.mode == "entity"

    def _assign(self, timeline: Timeline) -> Iterator[Assignment]:
        if self.mode not in MODES:
            raise unknown_name("mode of split 'group'", self.mode, MODES)
        if self.mode == "entity_time":
            yield from super()._assign(timeline)
            return
        for held_out in self._held_out(timeline):
            yield Assignment(np.where(held_out, Fate.TEST, Fate.TRAIN).astype(np.int8))

    def _windows(self, timeline: Timeline) -> Iterable[Window]:
        span = read_cut(timeline, self.test_size), LAST
        return (Window([span], held_out=held_out) for held_out in self._held_out(timeline))

    def _held_out(self, timeline: Timeline) -> Iterator[RowMask]:
        if timeline.groups is None:
            raise InputError("split 'group' needs groups=..., the entity of each row")
        codes, labels = encode(timeline.groups, "groups")
        most = len(labels)
        if not isinstance(self.n_splits, (int, np.integer)) or not 2 <= self.n_splits <= most:
            raise InputError(f"n_splits must be a whole number from 2 to the {most} groups "
                             f"of the data, got {self.n_splits!r}")
        folds = KFold(self.n_splits, shuffle=True, random_state=self.random_state)
        for _, chosen in folds.split(labels):
            is_chosen = np.zeros(len(labels), dtype=np.bool_)
            is_chosen[chosen] = True
            yield is_chosen[codes]
