"""The suite catches every kind of broken splitter, and lets its sound twin pass."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from outlast.data.times import NAT, Instants, to_instants
from outlast.splits import Fold, PurgedKFold, Splitter, TemporalSplit
from outlast.splits.rules import Assignment, Fate, Rules
from outlast.splits.timeline import Length, Timeline
from outlast.testing import SplitterContract, broken_rules, check_splitter
from outlast.testing.panels import regular_rows
from tests.testing.caught import assert_breaks, assert_keeps

ROWS = regular_rows(60)


class Sound(TemporalSplit):
    """What all broken splitters below would be without their one mistake."""


class ForgetsToPurge(Sound):
    def _assign(self, timeline: Timeline) -> Iterator[Assignment]:
        for done in super()._assign(timeline):
            yield replace(done, fate=np.where(done.fate == Fate.PURGED, Fate.TRAIN, done.fate))


class CutsBetweenRows(Sound):
    def _assign(self, timeline: Timeline) -> Iterator[Assignment]:
        fate = np.full(timeline.time.size, Fate.TRAIN, dtype=np.int8)
        fate[np.argsort(timeline.time, kind="stable")[timeline.time.size // 2:]] = Fate.TEST
        yield Assignment(fate)


class TrainsOnTheFuture(Sound):
    def _assign(self, timeline: Timeline) -> Iterator[Assignment]:
        return PurgedKFold(3)._assign(timeline)


class CutsThroughEvents(Sound):
    def _kept_whole(self) -> None:
        return None


class LeavesNothingToTest(Sound):
    def split(self, *args: Any, **times: Any) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        return ((train, test[:0]) for train, test in super().split(*args, **times))


class YieldsDescending(Sound):
    def split(self, *args: Any, **times: Any) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        return ((train[::-1], test) for train, test in super().split(*args, **times))


class HidesWhatItPurged(Sound):
    def folds(self, *args: Any, **options: Any) -> list[Fold]:
        return [replace(fold, audit=fold.audit.model_copy(update={"n_purged": 0}))
                for fold in super().folds(*args, **options)]


class FoldsOtherwise(Sound):
    def folds(self, *args: Any, **options: Any) -> list[Fold]:
        return [replace(fold, test=fold.test[1:]) for fold in super().folds(*args, **options)]


# Stands for a generator without a seed, of which two draws in turn never agree.
_DRAWS = itertools.count()


class DrawsAnew(Sound):
    def _windows(self, timeline: Timeline) -> Any:
        self.test_size = 1 + next(_DRAWS) % 8
        return super()._windows(timeline)


class LiesAboutItsFolds(Sound):
    def get_n_splits(self, *args: Any, **times: Any) -> int:
        return 5


class GoesByPosition(Sound):
    def _assign(self, timeline: Timeline) -> Iterator[Assignment]:
        for done in super()._assign(timeline):
            odd = (done.fate == Fate.TRAIN) & (timeline.rows % 2 == 1)
            yield replace(done, fate=np.where(odd, Fate.OUTSIDE, done.fate))


class ChangesItsParameters(Sound):
    def __init__(self, test_size: Any = 0.4, *, gap: Any = 0) -> None:
        super().__init__(test_size * 1.0, gap=gap)


class HoldsAFunction(Sound):
    def __init__(self, test_size: Any = 0.4) -> None:
        super().__init__(test_size)
        self.rule = lambda row: row


class CountsLists(Sound):
    def folds(self, time: Any, label_end: Any = None, *, groups: Any = None) -> list[Fold]:
        if isinstance(time, list):
            time, label_end = np.arange(len(time)), np.arange(len(time)) + 2
        return super().folds(time, label_end, groups=groups)


class ForgetsZones(Sound):
    def _timeline(self, X: Any, time: Any, label_end: Any, groups: Any) -> Timeline:
        naive = (Instants(to_instants(values).ns, "naive") for values in (time, label_end))
        return super()._timeline(X, *naive, groups)


class SortsIntegers(Sound):
    def folds(self, time: Any, label_end: Any = None, *, groups: Any = None) -> list[Fold]:
        if getattr(time, "dtype", None) == np.int64:
            time, label_end = np.sort(time), np.sort(label_end)
        return super().folds(time, label_end, groups=groups)


class IgnoresColumns(Sound):
    def split(self, X: Any, *args: Any, time: Any = None, label_end: Any = None) -> Any:
        if isinstance(time, str):
            time, label_end = np.arange(len(X)), None
        return super().split(X, *args, time=time, label_end=label_end)


class FillsMissingTimes(Sound):
    def folds(self, time: Any, label_end: Any = None, *, groups: Any = None) -> list[Fold]:
        known = Instants(np.where((ns := to_instants(time, on_missing="keep").ns) == NAT, 0, ns),
                         "naive")
        return super().folds(known, label_end, groups=groups)


class FillsMissingLabels(Sound):
    def folds(self, time: Any, label_end: Any = None, *, groups: Any = None) -> list[Fold]:
        ends = pl.Series(label_end).fill_null(pl.Series(time))
        return super().folds(time, ends, groups=groups)


class IgnoresItsGap(Sound):
    def _rules(self, timeline: Timeline) -> Rules:
        return Rules(Length(0), Length(0))


class BindsItsTimes(Sound):
    """Given in the constructor, the times are not sliced with the rows of an inner search."""

    def split(
        self, X: Any, y: Any = None, groups: Any = None, *, time: Any = None, label_end: Any = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        n = len(X)
        return super().split(X, time=ROWS.time[:n], label_end=ROWS.label_end[:n])


BROKEN: list[tuple[type[Splitter], str, str]] = [
    (ForgetsToPurge, "no_train_label_overlaps_a_test_label", "train rows end inside.*purge them"),
    (CutsBetweenRows, "no_timestamp_is_on_both_sides", "cut between distinct times"),
    (TrainsOnTheFuture, "one_sided_training_ends_before_the_test", "declare two_sided"),
    (IgnoresItsGap, "a_one_sided_gap_is_kept", "inside the gap"),
    (CutsThroughEvents, "an_event_is_never_on_both_sides", "the event .* is in train and in test"),
    (LeavesNothingToTest, "train_and_test_are_disjoint_and_not_empty", "no test row"),
    (YieldsDescending, "positions_are_ascending_integers", "positions must ascend; sort"),
    (HidesWhatItPurged, "the_audit_accounts_for_every_row", "the audit tells of .* rows"),
    (FoldsOtherwise, "folds_are_those_of_split", "folds and split disagree"),
    (DrawsAnew, "splitting_again_gives_the_same_folds", "a seed that is a parameter"),
    (LiesAboutItsFolds, "get_n_splits_counts_what_split_yields", "says 5 but split yields 1 fold"),
    (GoesByPosition, "the_order_of_the_rows_does_not_matter", "decide by time"),
    (ChangesItsParameters, "a_clone_splits_the_same", "must store its arguments as they are"),
    (HoldsAFunction, "a_pickled_copy_splits_the_same", "keep no function"),
    (CountsLists, "every_kind_of_time_gives_the_same_folds", "times as text gave other folds"),
    (ForgetsZones, "every_zone_gives_the_same_folds", "without one must be refused"),
    (SortsIntegers, "integers_are_abstract_time", "days as integers gave other folds"),
    (IgnoresColumns, "every_kind_of_table_gives_the_same_folds", "a polars table gave other"),
    (FillsMissingTimes, "bad_times_are_refused", "A missing time must be refused"),
    (FillsMissingLabels, "rows_without_a_label_are_dropped_and_counted", "gave other folds"),
    (IgnoresItsGap, "bad_lengths_are_refused", "must be refused: see timeline.duration"),
    (BindsItsTimes, "a_nested_search_gets_the_times_of_its_rows", "inside a nested search leaks"),
]


def suite(kind: type[Splitter]) -> SplitterContract:
    class Given(SplitterContract):
        def splitter(self) -> Splitter:
            return kind(0.4)

    return Given()


@pytest.mark.parametrize(("kind", "rule", "words"), BROKEN)
def test_a_broken_splitter_is_caught_and_its_twin_is_not(
    kind: type[Splitter], rule: str, words: str
) -> None:
    assert_keeps(suite(Sound), rule)
    assert_breaks(suite(kind), rule, words)


def test_every_rule_is_known_to_catch_something() -> None:
    assert {f"test_{rule}" for _, rule, _ in BROKEN} == set(suite(Sound).rules())


def test_a_leak_that_is_declared_is_allowed() -> None:
    class Declared(ForgetsToPurge):
        leaky = True

    assert broken_rules(suite(ForgetsToPurge)).keys() == {
        "test_no_train_label_overlaps_a_test_label", "test_one_sided_training_ends_before_the_test",
        "test_a_one_sided_gap_is_kept",
        "test_a_nested_search_gets_the_times_of_its_rows"}
    assert broken_rules(suite(Declared)) == {}


def test_the_function_names_every_broken_rule() -> None:
    told = (r"LiesAboutItsFolds\(\) breaks 2 of 22 rules:\n"
            r"- test_get_n_splits_counts_what_split_yields: get_n_splits says 5 .*\n"
            r"- test_a_nested.*: ValueError: cv.split and")
    with pytest.raises(AssertionError, match=told):
        check_splitter(LiesAboutItsFolds())


def test_a_splitter_that_random_panels_do_not_fit_is_told() -> None:
    with pytest.raises(AssertionError, match="could split 0 of 24 random panels; test it with"):
        check_splitter(TemporalSplit(35))


class NeedsGroups(Sound):
    needs_groups = True


def test_groups_must_be_asked_for() -> None:
    rule = "test_a_nested_search_gets_the_times_of_its_rows: scikit-learn hands groups only to"
    with pytest.raises(AssertionError, match=rule):
        check_splitter(NeedsGroups(), groups=lambda time: np.arange(time.size))


def test_a_suite_without_a_splitter_says_what_is_missing() -> None:
    with pytest.raises(NotImplementedError, match="return the splitter that is tested"):
        SplitterContract().test_a_clone_splits_the_same()
