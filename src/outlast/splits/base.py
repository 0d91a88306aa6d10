"""The contract of every splitter: folds of row positions, each with its purge audit."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.model_selection import BaseCrossValidator

from outlast.errors import InputError, unknown_name
from outlast.records import FoldAudit
from outlast.splits.inputs import check_rows, find_column, find_groups, find_time
from outlast.splits.purge_audit import audit_fold
from outlast.splits.rules import Assignment, Fate, Lack, lacking
from outlast.splits.timeline import Timeline, read_timeline

Positions = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Fold:
    """One train and test set.

    Attributes
    ----------
    index : int
        Number of the fold, from 0.
    train, test : ndarray of intp
        Positions of the rows, ascending.
    audit : FoldAudit
    name : str
        What the test stands for, such as an event or a regime; "" for a stretch of time.
    """

    index: int
    train: Positions
    test: Positions
    audit: FoldAudit
    name: str = ""


class Splitter(BaseEstimator, BaseCrossValidator):  # type: ignore[misc]
    """Base of all splitters: a scikit-learn cross-validator that is given real times.

    Parameters
    ----------
    on_missing : {"raise", "drop"}, default "raise"
        Whether a row without a time or label end is an error or is left out.

    Notes
    -----
    Times are arguments of `split`, not of the constructor: scikit-learn then slices them
    with the rows, so that ``cross_validate(GridSearchCV(...))`` works nested once
    ``set_split_request(time=True, label_end=True)`` was called on each splitter.
    """

    name: ClassVar[str]
    needs_events: ClassVar[bool] = False
    needs_groups: ClassVar[bool] = False
    skips: ClassVar[bool] = False
    """Whether a fold without train or test rows is left out instead of being an error."""

    def __init__(self, *, on_missing: str = "raise") -> None:
        self.on_missing = on_missing

    @property
    def leaky(self) -> bool:
        """Whether it leaks on purpose, as a contrast that is never judged."""
        return False

    @property
    def two_sided(self) -> bool:
        """Whether rows after a test block may train."""
        return False

    @abstractmethod
    def _assign(self, timeline: Timeline) -> Iterator[Assignment]:
        """Give every usable row its fate, fold by fold."""

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Splitter:
        """Build the splitter from a configuration.

        Raises
        ------
        InputError
            For an unknown parameter, with the nearest known one.
        """
        known = cls._get_param_names()
        for key in params:
            if key not in known:
                raise unknown_name(f"parameter of split '{cls.name}'", key, known)
        return cls(**params)

    def split(
        self, X: Any, y: Any = None, groups: Any = None, *,  # noqa: ARG002
        time: Any = None, label_end: Any = None,
    ) -> Iterator[tuple[Positions, Positions]]:
        """Generate the train and test positions of each fold.

        Parameters
        ----------
        X : array-like or table of n rows
        y : ignored
        groups : array-like, shape (n,), or str, optional
            What a strategy with groups or regimes goes by; others ignore it.
        time : array-like, shape (n,), or str, optional
            Prediction times, or a column or index level of `X`; by default its DatetimeIndex.
            Integers are abstract time.
        label_end : array-like, shape (n,), or str, optional
            When each label is known; by default at its prediction time.

        Yields
        ------
        train, test : ndarray of intp
            Ascending positions.
        """
        timeline = self._timeline(X, time, label_end, groups)
        for done in self._checked(timeline):
            yield done.rows(timeline, Fate.TRAIN), done.rows(timeline, Fate.TEST)

    def get_n_splits(
        self, X: Any = None, y: Any = None, groups: Any = None, *, time: Any = None,
        label_end: Any = None,
    ) -> int:
        """Count what `split` yields for the same arguments."""
        return sum(1 for _ in self.split(X, y, groups, time=time, label_end=label_end))

    def folds(self, time: Any, label_end: Any = None, *, groups: Any = None) -> list[Fold]:
        """Return the folds of `split` with their purge audits.

        Parameters
        ----------
        time : array-like, shape (n,)
        label_end : array-like, shape (n,), optional
        groups : array-like, shape (n,), optional

        Returns
        -------
        list of Fold
        """
        timeline = self._timeline(None, time, label_end, groups)
        return [Fold(index, done.rows(timeline, Fate.TRAIN), done.rows(timeline, Fate.TEST),
                     audit_fold(timeline, done), done.name)
                for index, done in enumerate(self._checked(timeline))]

    def skipped(self, time: Any, label_end: Any = None, *, groups: Any = None) -> list[str]:
        """Say which folds `folds` of the same arguments leaves out, and why.

        Returns
        -------
        list of str
            One sentence for each; empty for a strategy where such a fold is an error.
        """
        timeline = self._timeline(None, time, label_end, groups)
        return [_titled(index, done, lack) for index, done in enumerate(self._assign(timeline))
                if self.skips and (lack := self._lack(timeline, done))]

    def _timeline(self, X: Any, time: Any, label_end: Any, groups: Any) -> Timeline:
        times = find_time(X, time)
        ends = find_column(X, label_end, "label_end")
        names = find_groups(X, groups)
        timeline = read_timeline(times, ends, names, on_missing=self.on_missing)
        check_rows(X, timeline.n_rows)
        return timeline

    def _checked(self, timeline: Timeline) -> Iterator[Assignment]:
        kept, lacks = 0, []
        for index, done in enumerate(self._assign(timeline)):
            lack = self._lack(timeline, done)
            if lack is None:
                kept += 1
                yield done
            elif self.skips:
                lacks.append((_titled(index, done, lack), lack.way_out))
            else:
                raise InputError(f"split '{self.name}', {_titled(index, done, lack)}; "
                                 f"{lack.way_out}")
        if not kept:
            raise _nothing_left(self.name, lacks)

    def _lack(self, timeline: Timeline, assignment: Assignment) -> Lack | None:
        """Say why a fold is of no use; None if it is sound."""
        return lacking(timeline, assignment, two_sided=self.two_sided)


def _titled(index: int, assignment: Assignment, lack: Lack) -> str:
    return f"{assignment.name or f'fold {index}'}: {lack.reason}"


def _nothing_left(name: str, lacks: Sequence[tuple[str, str]]) -> InputError:
    if not lacks:
        return InputError(f"split '{name}' finds nothing to test in this data")
    reasons = "; ".join(reason for reason, _ in lacks[:3])
    return InputError(f"split '{name}': none of {len(lacks)} fold(s) can be used: {reasons}; "
                      f"{lacks[0][1]}")
