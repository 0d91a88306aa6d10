"""The contract of a feature selector: what is kept, and one reason per feature."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast.errors import InputError, unknown_name
from outlast.metrics import METRICS, Metric
from outlast.models import FitContext
from outlast.records import Decision

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Fold = tuple[Ints, Ints]


class Traced(Protocol):
    """What a selector asks of a feature's lineage."""

    @property
    def feature(self) -> str:
        """Name of the feature."""

    @property
    def lookback(self) -> str:
        """How far it reaches back, for people."""

    @property
    def lookback_rows(self) -> int | None:
        """The same in rows; None is unbounded."""


@dataclass(frozen=True, eq=False)
class TrainingRows:
    """All that a selector may look at: the training rows of one fold, and how to divide them.

    Attributes
    ----------
    frame : polars.DataFrame
        Numbers with NaN for missing, categories as text with null.
    y : ndarray of float64, shape (n,)
        Labels: values, or class indices.
    time : ndarray of int64, shape (n,)
        Rows of the same time belong together.
    lineage : sequence of Traced
        One entry per column of the table, in any order.
    inner : sequence of (train, test)
        Positions of inner folds that go forward in time, purged, the last one at the end of the
        rows; empty where the rows are too few for them.
    metric : Metric
    context : FitContext
        Task, classes, seed and threads of the fits that a selector makes.
    """

    frame: pl.DataFrame
    y: Floats
    time: npt.NDArray[np.int64]
    lineage: Sequence[Traced] = ()
    inner: Sequence[Fold] = ()
    metric: Metric = METRICS["rmse"]
    context: FitContext = field(default_factory=lambda: FitContext("regression"))

    def select(self, names: Sequence[str]) -> TrainingRows:
        """Return the same rows with some columns only."""
        return replace(self, frame=self.frame.select(names))


@dataclass(frozen=True)
class Selection:
    """What a selector decided on the training rows of one fold.

    Attributes
    ----------
    kept : tuple of str
        In the order of the table's columns.
    decisions : tuple of Decision
        Exactly one per column, in the order of the table's columns.
    """

    kept: tuple[str, ...]
    decisions: tuple[Decision, ...]

    @classmethod
    def of(cls, names: Iterable[str], decisions: Iterable[Decision]) -> Selection:
        """Put decisions into the order of the columns."""
        found = {decision.feature: decision for decision in decisions}
        ordered = tuple(found[name] for name in names)
        return cls(tuple(d.feature for d in ordered if not d.removes), ordered)


@dataclass(frozen=True, kw_only=True)
class Selector(ABC):
    """A rule that chooses features by looking at training rows alone.

    Subclasses are frozen dataclasses whose fields are the thresholds.

    Parameters
    ----------
    keep, drop : mapping of str to str, or sequence of str
        Features that the user wants in or out, whatever the rule says (F14), with the reason.

    Raises
    ------
    InputError
        If a feature is to be kept and dropped.
    """

    keep: Mapping[str, str] = field(default_factory=dict)
    drop: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for side in ("keep", "drop"):
            given = getattr(self, side)
            reasons = given if isinstance(given, Mapping) else dict.fromkeys(given, "")
            object.__setattr__(self, side, dict(reasons))
        if both := sorted(self.keep.keys() & self.drop.keys()):
            raise InputError(f"{', '.join(both)}: a feature cannot be kept and dropped; name it "
                             "once")

    def fit(self, rows: TrainingRows) -> Selection:
        """Choose features; what the user has pinned is not asked.

        Parameters
        ----------
        rows : TrainingRows

        Returns
        -------
        Selection

        Raises
        ------
        InputError
            If there are no rows, a pinned feature is unknown, or no feature is left.
        """
        names = rows.frame.columns
        self.check_pins(names)
        if rows.frame.is_empty():
            raise InputError("selection: there are no training rows to look at")
        asked = [name for name in names if name not in self.drop]
        chosen = {d.feature: d for d in self.choose(rows.select(asked)).decisions}
        chosen |= {name: _pin(name, "pin", reason) for name, reason in self.keep.items()}
        chosen |= {name: _pin(name, "drop", reason) for name, reason in self.drop.items()}
        selection = Selection.of(names, chosen.values())
        if not selection.kept:
            shown = "; ".join(f"{d.feature} {d.sentence}" for d in selection.decisions[:3])
            raise InputError(f"selection left none of {len(names)} features ({shown}); add "
                             "features that vary, or set the selection to 'none'")
        return selection

    def check_pins(self, names: Sequence[str]) -> None:
        """Raise if a pinned feature is not in the table, or the pins leave nothing.

        Raises
        ------
        InputError
        """
        for pinned in (*self.keep, *self.drop):
            if pinned not in names:
                raise unknown_name("feature to keep or drop:", pinned, names)
        if names and self.drop.keys() >= set(names):
            raise InputError(f"all {len(names)} features are to be dropped; leave one")

    @abstractmethod
    def choose(self, rows: TrainingRows) -> Selection:
        """Decide on every column of rows that are not empty, the pins aside."""

    def n_fits(self, n_features: int) -> int:  # noqa: ARG002
        """How many small fits it makes at most, for estimates of time."""
        return 0


def require(selector: Selector, names: Iterable[str], low: float, high: float = np.inf) -> None:
    """Raise if a parameter does not lie above `low` (or at it, for whole numbers) and up to `high`.

    Raises
    ------
    InputError
    """
    for name in names:
        value = getattr(selector, name)
        kind = type(selector).__name__
        if isinstance(value, int) and isinstance(low, int) and value < low:
            raise InputError(f"{kind}: {name} must be >= {low}, got {value}")
        if isinstance(low, float) and not low < value <= high:
            raise InputError(f"{kind}: {name} must lie above {low:g} and at most at {high:g}, got "
                             f"{value}")


def _pin(feature: str, action: Literal["pin", "drop"], reason: str) -> Decision:
    done = "kept" if action == "pin" else "dropped"
    return Decision(feature=feature, action=action, code="F14",
                    sentence=f"{done}: by the user{f' ({reason})' if reason else ''}")
