"""How the gain over the baseline changes with the time since training."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from outlast.judge import contrasts
from outlast.judge.board import Interval
from outlast.judge.details import AgeGroup, DecayCard, short, short_interval
from outlast.judge.held_out import HeldOut
from outlast.judge.thresholds import Thresholds
from outlast.judge.wording import per_unit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

# Fewer blocks have no mean to speak of, more groups are no clearer than the blocks themselves.
_BLOCKS_PER_GROUP, _MOST_GROUPS = 4, 6
_DRAWN = 40


@dataclass(frozen=True, eq=False)
class Decay:
    """The gain of each block of held-out time of each fold, by its age.

    Attributes
    ----------
    age : ndarray of float64, shape (n,)
        Mean time since the end of training, in the units of time itself.
    gain : ndarray of float64, shape (n,)
        What is lost less than by the baseline, per row.
    fold : ndarray of int, shape (n,)
    """

    age: Floats
    gain: Floats
    fold: Ints

    @classmethod
    def of(cls, held: HeldOut) -> Decay | None:
        """Take means over blocks; None unless all rows come after the training of their fold."""
        if (held.age <= 0).any():
            return None
        width = int(held.block.max()) + 1
        cells, point = np.unique(held.fold * width + held.block, return_inverse=True)
        n = np.bincount(point)
        return cls(np.bincount(point, held.age) / n, np.bincount(point, held.gain) / n,
                   np.asarray(cells // width))

    @cached_property
    def slope(self) -> Interval:
        """Theil and Sen's slope within folds."""
        return contrasts.trend(self.age, self.gain, self.fold)

    @cached_property
    def start(self) -> float:
        """The gain at age 0."""
        assert self.slope.value is not None, "asked only where there is a slope"
        return float(np.median(self.gain - self.slope.value * self.age))

    def lasts(self, limits: Thresholds) -> float | None:
        """Return the age at which much of the gain is lost; None where none is surely lost."""
        slope = self.slope
        if slope.value is None or slope.high is None or slope.high >= 0 or self.start <= 0:
            return None
        return limits.retrain_share * self.start / -slope.value

    def card(
        self, held: HeldOut, model: str, limits: Thresholds, calendar: bool
    ) -> DecayCard | None:
        """Return what a figure shows; None where there are too few blocks for a trend."""
        if self.age.size < limits.trend_blocks or self.slope.value is None:
            return None
        size, unit = per_unit(float(self.age.max()), calendar)
        lasts, age = self.lasts(limits), self.age / size
        # So many that a figure could not keep them apart are shown by every second, third, ...
        drawn = range(0, age.size, -(-age.size // _DRAWN))
        return DecayCard(
            model=model, baseline=held.baseline, loss=held.unit, unit=unit,
            points=tuple((int(self.fold[k]), short(age[k]), short(self.gain[k])) for k in drawn),
            groups=_groups(age, self.gain),
            slope=short_interval(Interval(**{end: None if at is None else at * size
                                             for end, at in self.slope})),
            start=short(self.start), middle=short(float(np.median(age))),
            lasts=None if lasts is None else short(lasts / size))


def _groups(age: Floats, gain: Floats) -> tuple[AgeGroup, ...]:
    order = np.argsort(age, kind="stable")
    n_groups = min(_MOST_GROUPS, max(1, age.size // _BLOCKS_PER_GROUP))
    return tuple(
        AgeGroup(first=short(age[part[0]]), last=short(age[part[-1]]), n_blocks=part.size,
                 gain=short_interval(contrasts.mean(gain[part], np.arange(part.size)).interval()))
        for part in np.array_split(order, n_groups))
