"""Every honest strategy against the two rules as they are written, row by row and pair by pair."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from sklearn.model_selection import KFold

from outlast.errors import InputError
from outlast.splits import SPLITTERS, Fold, GroupSplit, Splitter, make_splitter
from tests.splits.reference import Example, counted, events, examples, fate, overlapping

# Instants are microseconds, so that lengths may be steps or clock time.
CASES: dict[str, list[dict[str, Any]]] = {
    "temporal": [{"test_size": 0.4}, {"test_size": "9us"}],
    "event_aware": [{"test_size": 3}, {"base": "walk_forward", "n_splits": 2, "train_size": "9us"}],
    "walk_forward": [{"n_splits": 2}, {"n_splits": None, "test_size": "5us", "train_size": 3}],
    "expanding_window": [{"n_splits": 3, "test_size": 2, "step": 1},
                         {"n_splits": 2, "test_size": "6us"}],
    "purged_kfold": [{"n_splits": 2}, {"n_splits": 4}],
    "combinatorial_purged": [{"n_folds": 4}, {"n_folds": 5}],
    "leave_one_event_out": [{}, {"side": "both"}, {"side": "both", "scope": "all"}],
    "regime": [{}, {"mode": "leave_regime_out"}, {"mode": "leave_spell_out"}],
    "group": [{"n_splits": 2, "test_size": 0.4}],
}
TOO_SMALL = ("is left to|finds no time|fits? into|takes all|needs at least|needs two regimes|"
             "can be used|none to leave out|must be a whole number from 2 to")

# Events on a coarse grid, so that they often touch, nest and start at a cut.
windows = st.lists(st.tuples(st.integers(0, 10).map(lambda n: 3 * n), st.sampled_from([0, 1, 3, 6]),
                             st.sampled_from([None, "a"])), max_size=3)


@dataclass(frozen=True)
class Panel:
    """A random panel, the events and the groups of its rows."""

    rows: Example
    events: list[tuple[int, int, str | None]]
    entity: np.ndarray
    regime: np.ndarray

    def splitter(self, name: str, params: dict[str, Any], on_cut: str) -> Splitter:
        """The strategy with the options of this panel."""
        table = events(*((1000 * s, 1000 * x, who) for s, x, who in self.events))
        given = {"on_cut": on_cut, "events": replace(table, zone="naive")}
        return make_splitter(name, {**params, **self.rows.options, **given})

    def folds(self, splitter: Splitter) -> list[Fold]:
        """Its folds; the panel is left aside where it has too little for them."""
        groups = self.entity if splitter.name == "group" else self.regime
        try:
            return splitter.folds(*self.rows.instants, groups=groups)
        except InputError as error:
            if re.search(TOO_SMALL, str(error)):
                reject()
            raise

    def kept_whole(self, splitter: Splitter) -> list[tuple[int, int]]:
        """The events that no boundary cuts, the overlapping ones of one entity as one."""
        chosen = self.events
        if splitter.name == "leave_one_event_out":  # all as events of everyone
            common = [event for event in chosen if event[2] is None]
            chosen = [(s, x, None) for s, x, _ in
                      (common if splitter.scope == "common" and common else chosen)]
        merged: list[list[Any]] = []
        for start, end, who in sorted(chosen, key=lambda event: (str(event[2]), event)):
            if merged and merged[-1][2] == who and start <= merged[-1][1]:
                merged[-1][1] = max(merged[-1][1], end)
            else:
                merged.append([start, end, who])
        return [(start, end) for start, end, _ in merged]


@st.composite
def panels(draw: st.DrawFn) -> Panel:
    """Ties, holes, any order, and another label in every row, now and then one without end."""
    rows = draw(examples(max_label=4).filter(lambda example: len(example.distinct) >= 8))
    count = len(rows.time)
    label_end = list(rows.label_end)
    for row in draw(st.lists(st.integers(0, count - 1), max_size=2)):
        label_end[row] += draw(st.sampled_from([0, 6, 12, 40]))
    entity = draw(st.lists(st.integers(0, 3), min_size=count, max_size=count))
    regimes = draw(st.lists(st.integers(0, 2), min_size=8, max_size=8))
    return Panel(
        replace(rows, label_end=label_end),
        [(start, start + length, who) for start, length, who in draw(windows)],
        np.array(entity), np.array([regimes[t // 4] for t in rows.time]),
    )


@dataclass(frozen=True)
class Checked:
    """One fold of a panel, and what the definition says of it."""

    panel: Panel
    splitter: Splitter
    fold: Fold

    @property
    def blocks(self) -> list[tuple[float, list[int]]]:
        """Nominal start and rows of each test block."""
        time = self.panel.rows.time
        return [(block.start / 1000, [row for row in self.fold.test
                                      if block.start <= 1000 * time[row] <= block.end])
                for block in self.fold.audit.blocks]

    def neighbours(self, rows: list[int]) -> tuple[float, float]:
        """The last time before a block and the first one behind it."""
        time = self.panel.rows.time
        first, last = min(time[row] for row in rows), max(time[row] for row in rows)
        return (max((t for t in time if t < first), default=-np.inf),
                min((t for t in time if t > last), default=np.inf))

    @property
    def held_out(self) -> set[int]:
        """The rows of the entities that are held out."""
        if not isinstance(self.splitter, GroupSplit):
            return set()
        names, entity = np.unique(self.panel.entity), self.panel.entity
        parts = KFold(self.splitter.n_splits, shuffle=True, random_state=0).split(names)
        tested = set(entity[self.fold.test])
        chosen = next(set(names[part]) for _, part in parts if tested & set(names[part]))
        assert tested <= chosen
        return set(np.flatnonzero(np.isin(entity, list(chosen))))

    def dropped(self, row: int) -> bool:
        """Whether the row is in an event that a boundary cuts, on the boundary's train side."""
        if self.splitter.on_cut != "drop" or self.splitter.name == "leave_one_event_out":
            return False
        t = self.panel.rows.time[row]
        cuts = [(start, t < start) for start, _ in self.blocks]
        if self.splitter.two_sided:
            stops = [self.neighbours(rows)[1] for _, rows in self.blocks]
            cuts += [(stop, t >= stop) for stop in stops]
        return any(s < cut <= x and s <= t <= x for cut, is_train in cuts if is_train
                   for s, x in self.panel.kept_whole(self.splitter))

    def fate(self, row: int) -> str:
        """Where the row belongs."""
        found = fate(self.panel.rows, row, self.blocks, after=self.splitter.two_sided)
        if found == "test":
            return found
        if row in self.held_out or 1000 * self.panel.rows.time[row] < self.first_time:
            return "outside"
        return "event" if found in ("train", "purged") and self.dropped(row) else found

    @property
    def first_time(self) -> float:
        """Where a rolling train window starts; there is nothing before it elsewhere."""
        rolling = "walk_forward" in (self.splitter.name, getattr(self.splitter, "base", ""))
        return self.fold.audit.train_start if rolling else -np.inf


def every(panel: Panel, name: str, params: dict[str, Any], on_cut: str) -> list[Checked]:
    splitter = panel.splitter(name, params, on_cut)
    return [Checked(panel, splitter, fold) for fold in panel.folds(splitter)]


each_case = pytest.mark.parametrize(
    ("name", "params"), [pytest.param(name, params, id=f"{name}-{i}")
                         for name, sets in CASES.items() for i, params in enumerate(sets)])
on_cuts = st.sampled_from(["after", "before", "nearest", "drop"])


@each_case
@settings(max_examples=50)
@given(panel=panels(), on_cut=on_cuts)
def test_no_pair_of_rows_knows_of_each_other(
    panel: Panel, name: str, params: dict[str, Any], on_cut: str
) -> None:
    time = panel.rows.time
    for checked in every(panel, name, params, on_cut):
        train, test = checked.fold.train.tolist(), checked.fold.test.tolist()
        assert overlapping(panel.rows, train, test) == 0
        assert not {time[row] for row in train} & {time[row] for row in test}
        assert not set(train) & set(test)
        audit = checked.fold.audit
        assert sum(counted(audit).values()) + audit.n_event_dropped == len(time)


@each_case
@settings(max_examples=50)
@given(panel=panels(), on_cut=on_cuts)
def test_every_row_is_where_the_definition_puts_it(
    panel: Panel, name: str, params: dict[str, Any], on_cut: str
) -> None:
    for checked in every(panel, name, params, on_cut):
        assert_blocks(checked)
        if on_cut != "drop":
            assert_whole_events(checked)
        expected = [checked.fate(row) for row in range(len(panel.rows.time))]
        assert checked.fold.train.tolist() == [r for r, f in enumerate(expected) if f == "train"]
        assert checked.fold.test.tolist() == [r for r, f in enumerate(expected) if f == "test"]
        if checked.first_time == -np.inf:  # what a rolling window leaves out has no other reason
            audit = checked.fold.audit
            assert counted(audit) + Counter(event=audit.n_event_dropped) == Counter(expected)


def assert_blocks(checked: Checked) -> None:
    """The blocks hold the test rows, are measured by them, and are maximal."""
    time, label_end = checked.panel.rows.time, checked.panel.rows.label_end
    assert sorted(r for _, rows in checked.blocks for r in rows) == checked.fold.test.tolist()
    for block, (start, rows) in zip(checked.fold.audit.blocks, checked.blocks, strict=True):
        first = min(time[row] for row in rows)
        assert start == first or not checked.splitter.two_sided
        between = {t for t in time if start <= t < first}
        assert not between or checked.held_out, "the nominal cut is in the hole before the rows"
        assert block.end == 1000 * max(time[row] for row in rows)
        assert block.label_end == 1000 * max(label_end[row] for row in rows)
    for (_, rows), (start, _) in pairwise(checked.blocks):
        assert checked.neighbours(rows)[1] < start, "blocks with nothing between them are one"


def assert_whole_events(checked: Checked) -> None:
    """No event has rows on both sides of a boundary, nor a nominal cut inside it."""
    time, two_sided = checked.panel.rows.time, checked.splitter.two_sided
    for start, rows in checked.blocks:
        first, last = min(time[row] for row in rows), max(time[row] for row in rows)
        before, behind = checked.neighbours(rows)
        for s, x in checked.panel.kept_whole(checked.splitter):
            if two_sided:
                assert not s <= before < first <= x
                assert not s <= last < behind <= x
            else:
                assert not s < start <= x


def test_every_honest_strategy_is_checked() -> None:
    assert {*CASES, "random"} == set(SPLITTERS)
