"""How long labels run can be read off them; they must not outrun their declared end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from outlast.audit.base import Facts, Floats, Measured, StatisticalCheck
from outlast.audit.time_blocks import Codes, p_above, too_little, whole_entities
from outlast.records import Finding

# A sum over k rows has an echo of 1, its sign one of 0.6; nothing but a season has more.
_NOTABLE, _TOO_LOUD = 0.3, 1.5
# Another lag counts as a rival from this share of the loudest t, or above what noise makes
# the largest of a hundred lags.
_RIVAL, _NOISE = 0.6, 3.0
_NEIGHBOURS = 3
_MIN_LAGS, _MAX_LAGS = 60, 200
_MAX_BLOCKS = 60
_MAX_ROWS = 200_000


@dataclass(frozen=True, eq=False)
class Echoes:
    """How strongly changes of the label are undone some rows of the entity later.

    Attributes
    ----------
    lags : ndarray of int64, shape (n_lags,)
        In rows of the entity, all beyond the declared label end.
    blocks : ndarray, shape (n_lags, n_blocks)
        The echo per time block, as a share of what a sum over `lag` rows leaves.
    """

    lags: Codes
    blocks: Floats

    @property
    def loudest(self) -> int:
        """Place of the lag whose echo stands out most."""
        return int(self._t().argmax())

    def alone(self) -> bool:
        """Whether no other lag comes near: a season echoes at many, a label's end at one."""
        t, best = self._t(), self.loudest
        far = np.abs(self.lags - self.lags[best]) > _NEIGHBOURS
        return bool(t[far].max(initial=0) <= max(_RIVAL * t[best], _NOISE))

    def _t(self) -> Floats:
        error = np.maximum(self.blocks.std(axis=1, ddof=1), 1e-9) / np.sqrt(self.blocks.shape[1])
        return np.asarray(self.blocks.mean(axis=1) / error)


class GapSweep(StatisticalCheck):
    """Sweeps the gap between two labels of an entity, beyond the declared label end.

    Labels that look h rows ahead share less and less the further they are apart, and from
    h rows on nothing: what entered the label at t leaves it at t + h. So the changes of a
    label are undone exactly h rows later, an echo that stands out from the lags around it.
    A memory that fades has no such edge, whatever its length: with autocorrelation r, the
    echo is the bend ``r(k - 1) - 2 r(k) + r(k + 1)`` less that of the three lags on either
    side, which is never above zero where the bends get smaller and smaller.

    An echo beyond the declared end says that labels are declared too short, so that what is
    purged is too little. Blind to labels that fade as they part, such as the size of a
    move, and to the level at one point of time.
    """

    code = "LK305"
    title = "Gap sweep"
    finds = "labels that run longer than their declared end"

    def measure(self, facts: Facts) -> Measured | Finding:
        """Find the loudest echo beyond the declared end."""
        if reason := too_little(facts):
            return self.not_applicable(reason)
        series = _Series.read(facts)
        last = min(series.reach[1] + int(np.clip(5 * series.reach[1], _MIN_LAGS, _MAX_LAGS)),
                   series.length // 4)
        # Labels over one row do not overlap; white noise also undoes its changes after one.
        first = max(2, series.reach[1] + 1)
        if last < first + _NEIGHBOURS:
            return self.not_applicable(
                f"an entity has {series.length} rows, too few to look beyond the declared "
                f"{series.reach[1]}")
        echoes = series.echoes(first, last)
        best = echoes.loudest
        lag, values = int(echoes.lags[best]), echoes.blocks[best]
        strength = float(values.mean())
        return Measured(
            min(1.0, p_above(values) * len(echoes.lags)),
            _NOTABLE <= strength <= _TOO_LOUD and echoes.alone(),
            f"Changes of the label are undone most clearly {lag} rows later, beyond the declared "
            f"{series.reach[1]}: by {strength:.2f}, where 1 would be a plain sum over {lag} rows "
            f"(mean of {values.size} time blocks; {len(echoes.lags)} distances were tried).",
            f"Set horizon to {lag} or label_end to match, if the target looks ahead that far. If "
            "it looks back over that time instead, such as a change over a year, mute this check.",
            {"lag": lag, "echo": strength, "declared": series.reach[1], "blocks": values.size,
             "lags": len(echoes.lags)})


@dataclass(frozen=True, eq=False)
class _Series:
    """Changes of the label row by row, sorted by entity and time."""

    entity: Codes
    moment: Codes
    change: Floats
    variance: float
    reach: tuple[int, int]

    @classmethod
    def read(cls, facts: Facts) -> _Series:
        panel = facts.panel
        rows = whole_entities(facts, _MAX_ROWS)
        rows = rows[np.lexsort((panel.time.ns[rows], panel.entity[rows]))]
        entity, y = panel.entity[rows], _levels(facts)[rows]
        change = np.diff(y, axis=0, prepend=y[:1])
        change[np.flatnonzero(np.diff(entity, prepend=-1))] = 0
        moment = np.unique(panel.time.ns[rows], return_inverse=True)[1]
        reach = _reach(entity, panel.time.ns[rows], panel.label_end[rows])
        return cls(entity, moment, change, float(y.var(axis=0).sum()), reach)

    @property
    def length(self) -> int:
        """Rows of the entity to which the median row belongs."""
        return int(np.median(np.bincount(self.entity)[self.entity]))

    def echoes(self, first: int, last: int) -> Echoes:
        """Measure the echo at each lag from first to last."""
        n_moments = int(self.moment.max()) + 1
        n_blocks = int(np.clip(n_moments // max(1, 3 * self.reach[1]), 4, _MAX_BLOCKS))
        block = self.moment * n_blocks // n_moments
        bends = np.array([self._bend(lag, block) for lag in range(last + _NEIGHBOURS + 1)])
        lags = np.arange(first, last + 1)
        pairs = [[(bends[lag - j] + bends[lag + j]) / 2 for j in range(1, _NEIGHBOURS + 1)
                  if lag - j > 1 and not self.reach[0] <= lag - j <= self.reach[1]]
                 for lag in lags]
        told = [place for place, around in enumerate(pairs) if around]
        return Echoes(lags[told], np.array([(bends[lags[place]] - np.mean(pairs[place], axis=0))
                                            * lags[place] for place in told]))

    def _bend(self, lag: int, block: Codes) -> Floats:
        """Return minus the autocovariance of changes at one lag per block, over the variance."""
        n = self.entity.size - lag
        product = (self.change[lag:] * self.change[:n]).sum(axis=1)
        product[self.entity[lag:] != self.entity[:n]] = 0
        covariance = np.bincount(block[lag:], product, block.max() + 1) / np.bincount(block)
        return np.asarray(-covariance / self.variance)


def _levels(facts: Facts) -> Floats:
    """Return the target as columns: one per class, or the ranks of a numeric target."""
    panel = facts.panel
    if panel.task == "multiclass":
        return np.asarray(panel.y[:, None] == np.arange(panel.n_classes), dtype=np.float64)
    if panel.task == "binary":
        return panel.y[:, None]
    known = np.sort(panel.y[panel.usable])
    return np.asarray(np.searchsorted(known, panel.y)[:, None] / known.size, dtype=np.float64)


def _reach(
    entity: Codes, time: npt.NDArray[np.int64], label_end: npt.NDArray[np.int64]
) -> tuple[int, int]:
    """Return the least and the most rows of its entity that a label spans, but for 1 % each."""
    instants = np.unique(time)
    width = instants.size + 1
    own = entity * width + np.searchsorted(instants, time)
    end = entity * width + np.searchsorted(instants, label_end, "right") - 1
    span = np.searchsorted(own, end, "right") - 1 - np.arange(own.size)
    low, high = np.quantile(span, [0.01, 0.99], method="nearest")
    return int(low), int(high)
