"""The rules of a fold: what a splitter may train on and test, whatever its strategy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import deepcopy
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast.data.events import Events
from outlast.errors import InputError
from outlast.records import FoldAudit
from outlast.splits.base import Fold, Splitter
from outlast.testing.contract import Contract
from outlast.testing.panels import Positions, TimedRows, Times, random_rows, regular_rows

Sides = list[tuple[Positions, Positions]]
Pairs = list[tuple[list[int], list[int]]]

# So many panels are tried, and so many of them must be large enough for the splitter.
N_PANELS, N_SPLIT = 24, 4


class FoldRules(Contract):
    """The part of `SplitterContract` about the rows of a fold.

    Rules that a strategy gives up by declaration (`leaky`, `two_sided`) are not asked of it.
    """

    def splitter(self) -> Splitter:
        """Return the splitter; one with `needs_events` is given the events of each panel."""
        raise NotImplementedError("return the splitter that is tested")

    def groups(self, time: Times) -> Any:
        """Return a group per row, the same for the same times, for strategies that need groups.

        Parameters
        ----------
        time : ndarray of datetime64[ns], shape (n,)
            The times of the rows, whole days in the first weeks of 2024.
        """
        del time

    def rows(self, days: int = 20) -> TimedRows:
        """Return rows that the splitter can split, two a day; override for other times."""
        return regular_rows(days)

    def random_panels(self) -> Iterator[TimedRows]:
        """Return the awkward panels on which folds are checked pair by pair."""
        return map(random_rows, range(N_PANELS))

    def test_no_train_label_overlaps_a_test_label(self) -> None:
        """The labels of two rows overlap iff the later time lies before the earlier end."""
        for splitter, rows, folds in self._honest():
            for train, test in folds:
                seen = np.flatnonzero(overlapping(rows, train, test))
                assert not seen.size, (
                    f"{splitter}: the labels of {seen.size} train rows end inside the labels of "
                    "test rows, so the model is trained on what it is asked; purge them: propose "
                    "windows from a WindowSplitter, or give these rows Fate.PURGED in _assign")

    def test_no_timestamp_is_on_both_sides(self) -> None:
        """Rows of one timestamp are trained on together or tested together."""
        for splitter, rows, folds in self._honest():
            for train, test in folds:
                shared = np.intersect1d(rows.time[train], rows.time[test])
                assert not shared.size, (
                    f"{splitter}: {shared[0]} is in train and in test; cut between distinct "
                    "times (timeline.distinct), never between rows")

    def test_one_sided_training_ends_before_the_test(self) -> None:
        """What is known at the first test time, and nothing later, is trained on."""
        for splitter, rows, folds in self._honest():
            for train, test in folds if not splitter.two_sided else ():
                first = rows.time[test].min()
                assert rows.time[train].max() < first >= rows.label_end[train].max(), (
                    f"{splitter}: a train row or its label lies after {first}, where the test "
                    "begins; drop such rows, or declare two_sided = True")

    def test_a_one_sided_gap_is_kept(self) -> None:
        """Train rows and their labels end at least the gap before the first test time."""
        for splitter, rows, folds in self._honest():
            if "gap" not in rows.options or "gap" not in splitter.get_params(deep=False):
                continue
            for train, test in folds if not splitter.two_sided else ():
                limit = _gap_start(rows, rows.time[test].min())
                assert rows.time[train].max() < limit >= rows.label_end[train].max(), (
                    f"{splitter}: a train row or its label ends after {limit}, inside the gap; "
                    "propose windows from a WindowSplitter, which keeps it")

    def test_an_event_is_never_on_both_sides(self) -> None:
        """A splitter that takes events cuts through none of them."""
        for splitter, rows, folds in self._honest():
            if "events" not in splitter.get_params(deep=False):
                return
            first, last = edge = _around_an_edge(rows, folds)
            window = pl.DataFrame({"start": edge[:1], "end": edge[1:]})
            splitter.set_params(events=Events.from_frame(window))
            try:
                folds = split(splitter, rows, self.groups(rows.time))
            except InputError:  # the event leaves no place to cut at
                continue
            inside = (rows.time >= first) & (rows.time <= last)
            assert not any(inside[train].any() and inside[test].any() for train, test in folds), (
                f"{splitter}: the event from {first} to {last} is in train and in test; propose "
                "windows from a WindowSplitter, which moves their boundaries out of events")

    def test_train_and_test_are_disjoint_and_not_empty(self) -> None:
        """Scikit-learn would score an empty side as NaN without a word."""
        for splitter, _, folds in self._random_folds():
            for train, test in folds:
                assert len(train), f"{splitter}: no train row; raise InputError instead"
                assert len(test), f"{splitter}: no test row; raise InputError instead"
                assert not set(train) & set(test), f"{splitter}: a row is in train and in test"

    def test_positions_are_ascending_integers(self) -> None:
        """Positions count rows from 0 in the order of the table."""
        for splitter, rows, folds in self._random_folds():
            for side in (side for fold in folds for side in fold):
                assert side.dtype == np.intp, f"{splitter}: positions are {side.dtype}, not intp"
                assert (np.diff(side) > 0).all(), f"{splitter}: positions must ascend; sort them"
                assert 0 <= side[0] <= side[-1] < len(rows), f"{splitter}: no such row"

    def test_the_audit_accounts_for_every_row(self) -> None:
        """Every row is trained on, tested, or dropped for a reason that the audit counts."""
        for splitter, rows, _ in self._random_folds():
            for fold in self._folds(splitter, rows):
                assert accounted(fold.audit) == len(rows), (
                    f"{splitter}: the audit tells of {accounted(fold.audit)} of {len(rows)} "
                    "rows; give every row one Fate")
                counted = (fold.audit.n_train, fold.audit.n_test, fold.audit.n_overlap)
                overlap = int(overlapping(rows, fold.train, fold.test).sum())
                assert counted == (fold.train.size, fold.test.size, overlap), (
                    f"{splitter}: the audit counts {counted} train, test and overlapping rows")
                assert FoldAudit.model_validate_json(fold.audit.model_dump_json()) == fold.audit

    def test_folds_are_those_of_split(self) -> None:
        """The method that the pipeline calls gives what scikit-learn is given."""
        splitter, rows = self._plain()
        folds = self._folds(splitter, rows)
        assert pairs((fold.train, fold.test) for fold in folds) == self._pairs(splitter, rows), (
            "folds and split disagree; override _assign or _windows, and neither of the two")
        assert [fold.index for fold in folds] == list(range(len(folds))), "folds count from 0"

    def test_splitting_again_gives_the_same_folds(self) -> None:
        """A splitter keeps no state: the same rows give the same folds every time."""
        splitter, rows = self._plain()
        first = self._pairs(splitter, rows)
        assert first == self._pairs(splitter, rows) == self._pairs(self._plain()[0], rows), (
            "split gave other folds for the same rows; draw only from a seed that is a parameter")

    def _plain(self, days: int = 20) -> tuple[Splitter, TimedRows]:
        rows = self.rows(days)
        return prepared(self.splitter(), rows), rows

    def _pairs(self, splitter: Splitter, rows: TimedRows) -> Pairs:
        return pairs(split(splitter, rows, self.groups(rows.time)))

    def _folds(self, splitter: Splitter, rows: TimedRows) -> list[Fold]:
        return splitter.folds(rows.time, rows.label_end, groups=self.groups(rows.time))

    def _honest(self) -> Iterator[tuple[Splitter, TimedRows, Sides]]:
        """The random folds of a splitter that does not declare that it leaks."""
        return iter(()) if self.splitter().leaky else self._random_folds()

    def _random_folds(self) -> Iterator[tuple[Splitter, TimedRows, Sides]]:
        found = 0
        for rows in self.random_panels():
            splitter = prepared(self.splitter(), rows)
            try:
                folds = split(splitter, rows, self.groups(rows.time))
            except InputError:  # too small for these parameters, which the error says
                continue
            found += 1
            yield splitter, rows, folds
        assert found >= N_SPLIT, (
            f"{self.splitter()} could split {found} of {N_PANELS} random panels; test it with "
            "smaller parameters, or override random_panels")


def prepared(splitter: Splitter, rows: TimedRows) -> Splitter:
    """Return a copy with those options of the rows that it has, and events if it needs them."""
    known = splitter.get_params(deep=False)
    options = {key: value for key, value in rows.options.items() if key in known}
    if splitter.needs_events:
        options["events"] = rows.events
    copy = deepcopy(splitter)
    copy.set_params(**options)
    return copy


def split(splitter: Splitter, rows: TimedRows, groups: Any) -> Sides:
    """Return what `split` yields."""
    return list(splitter.split(np.zeros((len(rows), 1)), None, groups, time=rows.time,
                               label_end=rows.label_end))


def pairs(sides: Iterable[tuple[Positions, Positions]]) -> Pairs:
    """Return train and test positions as plain lists, to compare."""
    return [(train.tolist(), test.tolist()) for train, test in sides]


def overlapping(rows: TimedRows, train: Positions, test: Positions) -> npt.NDArray[np.bool_]:
    """Tell of each train row whether its label overlaps that of any test row, pair by pair."""
    latest_start = np.maximum.outer(rows.time[train], rows.time[test])
    earliest_end = np.minimum.outer(rows.label_end[train], rows.label_end[test])
    return np.asarray((latest_start < earliest_end).any(axis=1))


def accounted(audit: FoldAudit) -> int:
    """Count the rows whose fate an audit tells."""
    return (audit.n_train + audit.n_test + audit.n_purged + audit.n_gap + audit.n_embargoed
            + audit.n_outside + audit.n_event_dropped)


def _gap_start(rows: TimedRows, first_test: np.datetime64) -> np.datetime64:
    """The gap before a test; a number counts distinct times."""
    gap, times = rows.options["gap"], np.unique(rows.time)
    if isinstance(gap, np.timedelta64):
        return first_test - gap
    start: np.datetime64 = times[max(0, int(np.searchsorted(times, first_test)) - gap)]
    return start


def _around_an_edge(rows: TimedRows, folds: Sides) -> Times:
    """Two neighbouring times of which the last fold tests one; all times if it tests all."""
    times = np.unique(rows.time)
    tested = np.isin(times, rows.time[folds[-1][1]])
    edges = np.flatnonzero(tested[1:] != tested[:-1])
    return times[edges[0]: edges[0] + 2] if edges.size else times[[0, -1]]
