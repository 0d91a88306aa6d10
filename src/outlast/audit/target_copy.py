"""No feature may be the target under another name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast.audit.base import Check, Facts, Floats, Positions
from outlast.audit.wording import counted, listed
from outlast.data import Panel
from outlast.records import Finding

# A copy turns with the target at every turn. Two quantities that merely rise over the years
# agree in all of their few turns, so it takes this many at different times ...
_MIN_TURNS = 5
# ... or a few where this many entities each have a history of their own.
_FEW_TURNS, _MIN_HISTORIES = 2, 20
# A feature whose values repeat has at most this many.
_MOST_VALUES = 1_000
# All is tried on this many rows first, which almost no sound feature survives.
_SAMPLE = 4_000

_Codes = npt.NDArray[np.int64]


class TargetCopy(Check):
    """Compares every feature with the target, value by value."""

    code = "LK102"
    title = "Copies of the target"
    finds = "features from which the target follows exactly"

    def look(self, facts: Facts) -> Finding:
        """Look for linear and monotone copies, and for values that each mean one class."""
        panel, features = facts.panel, facts.features
        keys = {panel.schema.time, panel.schema.entity}
        # What follows from time and entity alone was known all along.
        names = [entry.feature for entry in features.lineage if not keys.issuperset(entry.roots)]
        target = _Target.of(panel)
        copies = _copies(features.frame, names, target)
        if not copies:
            return self.passed(f"The target follows exactly from none of "
                               f"{counted(len(names), 'feature')}.", features=len(names))
        how = "; ".join(f"`{name}` {told}" for name, told in list(copies.items())[:4])
        roots = dict.fromkeys(root for entry in features.lineage if entry.feature in copies
                              and entry.family != "function" for root in entry.roots)
        source = listed(list(roots)) if roots else "the columns they are made of"
        return self.issue(
            f"The target follows exactly from {listed(list(copies))}: {how}.",
            f"Declare {source} as leaky if known only with the label; or predict something that "
            "is not known yet.", features=list(copies), rows=target.y.size)


def copies_of_target(panel: Panel, names: Sequence[str]) -> dict[str, str]:
    """Find the columns of a table from which the target follows exactly, and say how.

    Examples
    --------
    >>> from outlast.data import Schema
    >>> table = {"day": range(40), "x": [v % 7 for v in range(40)]}
    >>> table["y"] = [2 * v for v in table["x"]]
    >>> copies_of_target(Panel.build(table, Schema(time="day", target="y")), ["x"])
    {'x': 'is a linear copy of it'}
    """
    return _copies(panel.frame, names, _Target.of(panel))


def _copies(frame: pl.DataFrame, names: Sequence[str], target: _Target) -> dict[str, str]:
    return {name: how for name in names if (how := _told(frame[name], target)) is not None}


@dataclass(frozen=True, eq=False)
class _Target:
    """The labelled rows, entity by entity in the order of time.

    Attributes
    ----------
    rows : ndarray of intp
        Positions in the panel.
    y, time, entity : ndarray
    since : ndarray of int64
        When the target of that entity took the value that it has.
    sample : ndarray of intp
        Positions of some of these rows, spread evenly.
    """

    rows: Positions
    y: Floats
    time: _Codes
    entity: _Codes
    since: _Codes
    sample: Positions

    @classmethod
    def of(cls, panel: Panel) -> _Target:
        """Take the target of a panel."""
        usable = np.flatnonzero(panel.usable)
        rows = usable[np.argsort(panel.entity[usable], kind="stable")]
        y, time, entity = panel.y[rows], panel.time.ns[rows], panel.entity[rows]
        begins = np.r_[True, (np.diff(y) != 0) | (np.diff(entity) != 0)]
        last = np.maximum.accumulate(np.where(begins, np.arange(rows.size), 0))
        sample = np.arange(0, rows.size, max(1, rows.size // _SAMPLE))
        return cls(rows, y, time, entity, time[last], sample)

    def take(self, known: npt.NDArray[np.bool_]) -> _Target:
        """Return the target of some rows, all of which are the sample."""
        return _Target(self.rows[known], self.y[known], self.time[known], self.entity[known],
                       self.since[known], np.arange(np.count_nonzero(known)))

    @cached_property
    def is_fixed(self) -> bool:
        """Whether the target never changes within an entity."""
        return not np.any((np.diff(self.y) != 0) & (np.diff(self.entity) == 0))

    @cached_property
    def n_histories(self) -> int:
        """Number of different courses that the target takes within entities."""
        noise = np.random.default_rng(0).random(self.y.size)
        weighted = (self.y + 1) * noise[np.searchsorted(np.unique(self.time), self.time)]
        enters = np.flatnonzero(np.diff(self.entity, prepend=-1))
        return int(np.unique(np.add.reduceat(weighted, enters)).size)

    def proves(self, turns: int) -> bool:
        """Whether that many turns that a feature takes with the target are no coincidence."""
        if turns >= _MIN_TURNS:
            return True
        return turns >= _FEW_TURNS and self.n_histories >= _MIN_HISTORIES


def _told(feature: pl.Series, target: _Target) -> str | None:
    """Say how a feature gives the target away, if it does."""
    sample = feature.gather(target.rows[target.sample])
    if not sample.dtype.is_numeric():
        return _each_value_means_one(feature, sample, target)
    values, y = sample.to_numpy().astype(np.float64), target.y[target.sample]
    known = np.isfinite(values)
    if _is_copy(values[known], y[known]):
        values = feature.to_numpy()[target.rows].astype(np.float64)
        known = np.isfinite(values)
        told, seen = _is_copy(values[known], target.y[known]), target.take(known)
        if told and seen.proves(_turns(seen)):
            return told
    return _each_value_means_one(feature, sample, target)


def _is_copy(values: Floats, y: Floats) -> str | None:
    """Whether values and target are each other's linear or monotone function."""
    if values.size < 10 or np.ptp(values) == 0 or np.ptp(y) == 0:
        return None
    if abs(float(np.corrcoef(values, y)[0, 1])) > 1 - 1e-9:
        return "is a linear copy of it"
    # A feature with fewer values than the target tells its size, as "open" tells of sales.
    if 2 * np.unique(values).size < np.unique(y).size or np.unique(y).size <= 20:
        return None
    rising = np.diff(y[np.lexsort((y, values))])
    falling = np.diff(y[np.lexsort((-y, values))])
    slack = 1e-9 * np.ptp(y)
    monotone = rising.min() >= -slack or falling.max() <= slack
    return "rises and falls with it in every row" if monotone else None


def _turns(target: _Target) -> int:
    """Count the times at which the target turns; or, if fixed, its turns between entities."""
    y, time, entity = target.y, target.time, target.entity
    enters = np.diff(entity, prepend=-1) != 0
    if target.is_fixed:
        steps = np.diff(y[enters])
        return int(np.count_nonzero(np.diff(np.sign(steps[steps != 0]))))
    moves = np.flatnonzero((np.diff(y, prepend=y[:1]) != 0) & ~enters)
    turned = (np.diff(np.sign(y[moves] - y[moves - 1])) != 0) & (np.diff(entity[moves]) == 0)
    # Entities that turn together are one coincidence, not many.
    return np.unique(time[moves[1:]][turned]).size


def _each_value_means_one(feature: pl.Series, sample: pl.Series, target: _Target) -> str | None:
    """Whether the same value always goes with the same target, again and again."""
    if not 1 < sample.n_unique() <= _MOST_VALUES:
        return None
    if not _is_pure(_by_value(sample, target.y[target.sample])):
        return None
    values = feature.gather(target.rows)
    told = _by_value(values, target.y)
    if told.height > _MOST_VALUES or not _is_pure(told):
        return None
    # The most common value of the target is easily met again.
    again = told.join(_returns(values, target), on="value", nulls_equal=True)
    by_target = again.group_by("low").agg(pl.col("returns").sum())["returns"].sort()
    if not target.proves(int(by_target[:-1].sum())):
        return None
    return f"has {told.height:,} values, each of which goes with one value of the target only"


def _by_value(values: pl.Series, y: Floats) -> pl.DataFrame:
    """Smallest and largest target of each value."""
    return pl.DataFrame({"value": values, "y": y}).group_by("value").agg(
        low=pl.col("y").min(), high=pl.col("y").max())


def _is_pure(told: pl.DataFrame) -> bool:
    return bool((told["low"] == told["high"]).all())


def _returns(values: pl.Series, target: _Target) -> pl.DataFrame:
    """How often each value came back in an entity after the target had changed meanwhile.

    Entities in which it came back at the same time count once; where the target is fixed,
    the entities that share the value are counted.
    """
    seen = pl.DataFrame({"value": values, "entity": target.entity, "since": target.since}).unique()
    if target.is_fixed:
        return seen.group_by("value").agg(returns=pl.col("entity").n_unique() - 1)
    is_back = pl.col("since") > pl.col("since").min().over("value", "entity")
    return seen.with_columns(is_back=is_back).group_by("value").agg(
        returns=pl.col("since").filter(pl.col("is_back")).n_unique())
