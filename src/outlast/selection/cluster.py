"""Drop what carries nothing or nothing of its own: constant, empty and repeated features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import polars.selectors as cs
from scipy.sparse.csgraph import connected_components

from outlast.records import Decision
from outlast.selection.base import Selection, Selector, Traced, TrainingRows, require
from outlast.selection.clusters import closeness
from outlast.selection.small_fits import divide, lost_by_shuffling

Matrix = npt.NDArray[np.float64]


# Of a group of more near copies, only so many of the preferred ones are measured.
_MOST_FITS = 8


class Worth(NamedTuple):
    """What shuffling a feature costs, and how much of such a number is noise."""

    value: float
    noise: float

    @property
    def step(self) -> int:
        """The value in whole units of the noise: the same for two that cannot be told apart."""
        return round(self.value / self.noise) if self.noise > 0 else 0


@dataclass(frozen=True, kw_only=True)
class Cluster(Selector):
    """Keep one feature of each group that says the same, and none that says nothing.

    Of features that say the same, those are measured against each other that are no plain
    copies: each in small fits without the others of its group, by what shuffling it costs on
    inner rows that come later in time. Features are then looked at in order of preference:
    that cost, as far as it can be told from the noise of shuffling; then fewer missing values,
    shorter look-back, shorter name. A feature is dropped if it correlates too closely with one
    that was kept before it. So no two kept features are closer than the limit, and each
    dropped one names the kept feature that stands for it.

    Parameters
    ----------
    max_missing : float, default 0.95
        Rule F03: drop above this share of missing values.
    max_top_share : float, default 0.999
        Rule F01: drop from this share of one single value.
    same_rho : float, default 0.9999
        Rule F02: from this absolute Spearman correlation on, two features are the same.
    max_rho : float, default 0.98
        Rule F06: drop from this absolute Spearman correlation with a kept feature.
    sample_rows : int, default 5000
        Correlations are computed on at most this many rows, drawn with a fixed seed.
    min_rows : int, default 30
        Two features with fewer known rows in common are not compared.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> frame = pl.DataFrame({"a": rng.normal(size=50), "c": np.ones(50)})
    >>> frame = frame.with_columns(twice=pl.col("a") * 2)
    >>> selection = Cluster().fit(TrainingRows(frame, np.zeros(50), np.arange(50)))
    >>> for decision in selection.decisions:
    ...     print(decision.feature, decision.code, decision.sentence)
    a F13 kept: not constant, nothing like it is kept
    c F01 dropped: constant (100.00% = 1)
    twice F02 dropped: same order as `a` (|rho|=1.0000), kept that one because its name is shorter
    """

    max_missing: float = 0.95
    max_top_share: float = 0.999
    same_rho: float = 0.9999
    max_rho: float = 0.98
    sample_rows: int = 5000
    min_rows: int = 30

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self, ("max_missing", "max_top_share", "same_rho", "max_rho"), 0.0, 1.0)
        require(self, ("sample_rows", "min_rows"), 3)

    def choose(self, rows: TrainingRows) -> Selection:
        """Judge every column on its own, then against the ones preferred to it."""
        frame = rows.frame.with_columns(cs.float().fill_nan(None))
        decisions = {name: found for name in frame.columns
                     if (found := self._alone(frame[name])) is not None}
        traits = sorted(_traits(frame.drop(decisions.keys()), rows.lineage),
                        key=lambda trait: trait.preference)
        names = [trait.name for trait in traits]
        close = closeness(frame.select(names), self.sample_rows, self.min_rows)
        worth = self._worth(rows.select(names), close)
        measured = [replace(trait, worth=worth.get(trait.name)) for trait in traits]
        order = sorted(range(len(names)), key=lambda i: measured[i].preference)
        decisions |= self._repeated(frame, [measured[i] for i in order],
                                    close[np.ix_(order, order)], rows.metric.name)
        return Selection.of(frame.columns, decisions.values())

    def n_fits(self, n_features: int) -> int:
        """Two where some features have one twin each, as a rule."""
        return 2 if n_features > 1 else 0

    def _worth(self, rows: TrainingRows, close: Matrix) -> dict[str, Worth]:
        """Measure features that have near copies, each without these; copies share a value."""
        names = rows.frame.columns
        heads = [int(np.argmax(close[i, : i + 1] >= self.same_rho)) for i in range(len(names))]
        distinct = [i for i, head in enumerate(heads) if i == head]
        families = _families(close >= self.max_rho, distinct)
        if not families:
            return {}
        twins = {i for family in families for i in family}
        single = [i for i in distinct if i not in twins]
        found: dict[int, tuple[float, float]] = {}
        for sides in divide(rows, rows.inner[-1:]):
            for place in range(min(max(map(len, families)), _MOST_FITS)):
                seated = [family[place] for family in families if len(family) > place]
                chosen = [names[i] for i in sorted([*single, *seated])]
                groups = {names[i]: [names[i]] for i in seated}
                lost = lost_by_shuffling(rows, sides.select(chosen), groups, n_repeats=5)
                found |= {names.index(name): value for name, value in lost.items()}
        noise = float(np.sqrt(np.mean([sd**2 for _, sd in found.values()]))) if found else 0.0
        return {names[i]: Worth(found[head][0], noise) for i, head in enumerate(heads)
                if head in found}

    def _alone(self, column: pl.Series) -> Decision | None:
        """Drop a column that says nothing by itself."""
        missing = column.null_count() / len(column)
        if missing > self.max_missing:
            return _drop(column.name, "F03", f"missing {missing:.1%} in train",
                         statistic="missing share", value=missing,
                         threshold=self.max_missing)
        value, count = column.value_counts(sort=True, name="rows").row(0)
        share = count / len(column)
        if share >= self.max_top_share:
            return _drop(column.name, "F01", f"constant ({share:.2%} = {_shown(value)})",
                         statistic="top share", value=share,
                         threshold=self.max_top_share)
        return None

    def _repeated(
        self, frame: pl.DataFrame, ranked: Sequence[_Traits], close: Matrix, unit: str
    ) -> dict[str, Decision]:
        """Go through the features from best to worst; drop what a kept one already says."""
        names = [traits.name for traits in ranked]
        kept: list[int] = []
        decisions: dict[str, Decision] = {}
        for i, name in enumerate(names):
            nearest = _nearest(close, i, kept)
            if nearest is None or close[i, nearest] < self.max_rho:
                kept.append(i)
                continue
            rho, better = float(close[i, nearest]), names[nearest]
            code, finding, limit = self._repetition(frame[name], frame[better], rho)
            reason, numbers = ranked[nearest].reason_over(ranked[i], unit)
            decisions[name] = _drop(name, code, f"{finding}, kept {reason}", value=rho,
                                    threshold=limit, statistic="|spearman rho|",
                                    comparator=better, evidence=numbers)
        return decisions | {names[i]: self._kept(names, close, i, kept) for i in kept}

    def _repetition(self, this: pl.Series, other: pl.Series, rho: float) -> tuple[str, str, float]:
        """Return rule, finding and threshold for two columns that say the same."""
        if this.equals(other):
            return "F02", f"identical to `{other.name}`", self.same_rho
        if rho >= self.same_rho:
            return "F02", f"same order as `{other.name}` (|rho|={rho:.4f})", self.same_rho
        return "F06", f"|rho|={_below_one(rho)} with `{other.name}`", self.max_rho

    def _kept(self, names: Sequence[str], close: Matrix, i: int, kept: Sequence[int]) -> Decision:
        nearest = _nearest(close, i, [j for j in kept if j != i])
        if nearest is None or close[i, nearest] == 0:
            return Decision(feature=names[i], action="keep", code="F13",
                            sentence="kept: not constant, nothing like it is kept")
        rho = float(close[i, nearest])
        sentence = (f"kept: not constant, distinct from the others "
                    f"(highest |rho| {rho:.3f} with `{names[nearest]}`)")
        return Decision(feature=names[i], action="keep", code="F13", sentence=sentence,
                        statistic="|spearman rho|", value=rho, threshold=self.max_rho,
                        comparator=names[nearest])


@dataclass(frozen=True)
class _Traits:
    """What decides which of two features that say the same is kept."""

    name: str
    missing: float
    lookback: str
    lookback_rows: int | None
    worth: Worth | None = None

    @property
    def preference(self) -> tuple[int, float, float, int, str]:
        """Smaller is better. Missing values count in whole percent: a warm-up is no defect."""
        reach = np.inf if self.lookback_rows is None else self.lookback_rows
        # What has near copies and was not measured comes after all that were.
        step = -(10**9) if self.worth is None else self.worth.step
        return -step, round(self.missing, 2), reach, len(self.name), self.name

    def reason_over(self, other: _Traits, unit: str) -> tuple[str, dict[str, float]]:
        """Say why this feature is preferred to the other, and return the numbers of that."""
        mine, theirs = self.preference, other.preference
        if mine[0] != theirs[0] and self.worth is not None and other.worth is not None:
            better, worse = _told_apart(self.worth.value, other.worth.value)
            return (f"the one with higher permutation importance ({better} vs {worse} {unit})",
                    {"kept_importance": self.worth.value, "importance": other.worth.value})
        if mine[1] != theirs[1]:
            return (f"that one because it misses fewer values ({self.missing:.1%} against "
                    f"{other.missing:.1%})",
                    {"kept_missing": self.missing, "missing": other.missing})
        if mine[2] != theirs[2]:
            return (f"that one because it looks back less ({self.lookback} against "
                    f"{other.lookback})", _reach(self, "kept_lookback_rows")
                    | _reach(other, "lookback_rows"))
        if mine[3] != theirs[3]:
            return "that one because its name is shorter", {}
        return "that one because its name comes first in the alphabet", {}


def _reach(traits: _Traits, name: str) -> dict[str, float]:
    return {} if traits.lookback_rows is None else {name: traits.lookback_rows}


def _told_apart(better: float, worse: float) -> tuple[str, str]:
    """Write two numbers with as many decimals as it takes to tell them apart, three at least."""
    for digits in range(3, 9):
        texts = f"{better:.{digits}f}", f"{worse:.{digits}f}"
        if texts[0] != texts[1]:
            break
    return texts


def _below_one(rho: float) -> str:
    """Write a correlation below 1 so that it does not look like 1."""
    return next((text for digits in (2, 3) if (text := f"{rho:.{digits}f}") < "1"), f"{rho:.4f}")


def _families(near: npt.NDArray[np.bool_], members: Sequence[int]) -> list[list[int]]:
    """Groups of more than one in which each is near another, in order of preference."""
    among = list(members)
    _, label = connected_components(near[np.ix_(among, among)], directed=False)
    groups: dict[int, list[int]] = {}
    for member, group in zip(among, label, strict=True):
        groups.setdefault(int(group), []).append(member)
    return [group for group in groups.values() if len(group) > 1]


def _traits(frame: pl.DataFrame, lineage: Sequence[Traced]) -> list[_Traits]:
    known = {entry.feature: entry for entry in lineage}
    return [
        _Traits(column.name, column.null_count() / len(column),
                known[column.name].lookback if column.name in known else "0 rows",
                known[column.name].lookback_rows if column.name in known else 0)
        for column in frame
    ]


def _nearest(close: Matrix, i: int, among: Sequence[int]) -> int | None:
    return among[int(np.argmax(close[i, among]))] if among else None


def _shown(value: object) -> str:
    if value is None:
        return "missing"
    return f"{value:g}" if isinstance(value, (int, float)) else repr(value)


def _drop(feature: str, code: str, finding: str, **measured: Any) -> Decision:
    return Decision(feature=feature, action="drop", code=code, sentence=f"dropped: {finding}",
                    **measured)
