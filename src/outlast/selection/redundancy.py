"""Drop what carries nothing or nothing of its own: constant, empty and repeated features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import polars.selectors as cs

from outlast.errors import InputError
from outlast.records import Decision
from outlast.selection.base import Selection, Selector, Traced
from outlast.selection.clusters import closeness

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Redundancy(Selector):
    """Keep one feature of each group that says the same, and none that says nothing.

    Features are looked at in order of preference: fewer missing values, then shorter
    look-back, then shorter name. A feature is dropped if it correlates too closely with one
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
    >>> selection = Redundancy().fit(frame, np.zeros(50), [])
    >>> for decision in selection.decisions:
    ...     print(decision.feature, decision.code, decision.sentence)
    a F13 kept: not constant, nothing like it is kept
    c F01 dropped: constant (100.00% = 1)
    twice F02 dropped: same order as `a` (|rho| = 1.0000), kept that one because its name is shorter
    """

    max_missing: float = 0.95
    max_top_share: float = 0.999
    same_rho: float = 0.9999
    max_rho: float = 0.98
    sample_rows: int = 5000
    min_rows: int = 30

    def __post_init__(self) -> None:
        for name in ("max_missing", "max_top_share", "same_rho", "max_rho"):
            value = getattr(self, name)
            if not 0 < value <= 1:
                raise InputError(f"redundancy: {name} must lie above 0 and at most at 1, "
                                 f"got {value}")
        for name in ("sample_rows", "min_rows"):
            if getattr(self, name) < 3:
                raise InputError(f"redundancy: {name} must be >= 3, got {getattr(self, name)}")

    def fit(
        self,
        frame: pl.DataFrame,
        y: npt.NDArray[np.float64],  # noqa: ARG002
        lineage: Sequence[Traced],
    ) -> Selection:
        """Judge every column on its own, then against the ones preferred to it."""
        if frame.is_empty():
            raise InputError("selection: there are no training rows to look at")
        frame = frame.with_columns(cs.float().fill_nan(None))
        decisions = {name: found for name in frame.columns
                     if (found := self._alone(frame[name])) is not None}
        traits = _traits(frame.drop(decisions.keys()), lineage)
        decisions |= self._repeated(frame, sorted(traits, key=lambda trait: trait.preference))
        kept = tuple(name for name in frame.columns if decisions[name].action == "keep")
        if not kept:
            shown = "; ".join(f"{d.feature} {d.sentence}" for d in list(decisions.values())[:3])
            raise InputError(f"selection left none of {frame.width} features ({shown}); add "
                             "features that vary, or set the selection to 'none'")
        return Selection(kept, tuple(decisions[name] for name in frame.columns))

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

    def _repeated(self, frame: pl.DataFrame, ranked: Sequence[_Traits]) -> dict[str, Decision]:
        """Go through the features from best to worst; drop what a kept one already says."""
        names = [traits.name for traits in ranked]
        close = closeness(frame.select(names), self.sample_rows, self.min_rows)
        kept: list[int] = []
        decisions: dict[str, Decision] = {}
        for i, name in enumerate(names):
            nearest = _nearest(close, i, kept)
            if nearest is None or close[i, nearest] < self.max_rho:
                kept.append(i)
                continue
            rho, better = float(close[i, nearest]), names[nearest]
            code, finding, limit = self._repetition(frame[name], frame[better], rho)
            reason = f"kept that one because {ranked[nearest].reason_over(ranked[i])}"
            decisions[name] = _drop(name, code, f"{finding}, {reason}", value=rho, threshold=limit,
                                    statistic="|spearman rho|", comparator=better)
        return decisions | {names[i]: self._kept(names, close, i, kept) for i in kept}

    def _repetition(self, this: pl.Series, other: pl.Series, rho: float) -> tuple[str, str, float]:
        """Return rule, finding and threshold for two columns that say the same."""
        if this.equals(other):
            return "F02", f"identical to `{other.name}`", self.same_rho
        if rho >= self.same_rho:
            return "F02", f"same order as `{other.name}` (|rho| = {rho:.4f})", self.same_rho
        return "F06", f"|rho| = {rho:.3f} with `{other.name}`", self.max_rho

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

    @property
    def preference(self) -> tuple[float, float, int, str]:
        """Smaller is better. Missing values count in whole percent: a warm-up is no defect."""
        reach = np.inf if self.lookback_rows is None else self.lookback_rows
        return round(self.missing, 2), reach, len(self.name), self.name

    def reason_over(self, other: _Traits) -> str:
        """Say why this feature is preferred to the other."""
        mine, theirs = self.preference, other.preference
        if mine[0] != theirs[0]:
            return f"it misses fewer values ({self.missing:.1%} against {other.missing:.1%})"
        if mine[1] != theirs[1]:
            return f"it looks back less ({self.lookback} against {other.lookback})"
        if mine[2] != theirs[2]:
            return "its name is shorter"
        return "its name comes first in the alphabet"


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
