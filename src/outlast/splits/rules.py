"""The two rules: which rows may train for given test blocks, and why the others may not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import accumulate
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from outlast.errors import InputError
from outlast.records import CutMove
from outlast.splits.timeline import FIRST, LAST, Length, Timeline

RowMask = npt.NDArray[np.bool_]
Span = tuple[int, int]


class Fate(IntEnum):
    """Where a row went. Of several reasons to drop it the largest is reported."""

    TRAIN = 0
    PURGED = 1
    EVENT = 2
    EMBARGOED = 3
    GAP = 4
    OUTSIDE = 5
    TEST = 6


class Block(NamedTuple):
    """One maximal contiguous test block: a, b and E of the two rules."""

    start: int
    end: int
    label_end: int


@dataclass(frozen=True)
class Rules:
    """What the two rules depend on besides the block.

    Attributes
    ----------
    gap, embargo : Length
    strict : bool
        Whether a label that ends exactly at the limit is purged as well.
    after : bool
        Whether rows after a block may train: the AFTER rule of two-sided strategies.
    """

    gap: Length
    embargo: Length
    strict: bool = False
    after: bool = False


@dataclass(frozen=True, eq=False)
class Placed:
    """The final boundaries of one fold, ready for the rules.

    Attributes
    ----------
    spans : sequence of (start, stop)
        Half-open test windows in any order; what touches in the data is one block.
    train_start : int
        No earlier row trains.
    dropped : sequence of (start, stop)
        Half-open windows of events whose rows must not train.
    moves : tuple of CutMove
    held_out : ndarray of bool, shape (n,), optional
        Only these rows are tested, and none of them trains.
    """

    spans: Sequence[Span]
    train_start: int = FIRST
    dropped: Sequence[Span] = ()
    moves: tuple[CutMove, ...] = ()
    held_out: RowMask | None = None


@dataclass(frozen=True, eq=False)
class Assignment:
    """The fate of every usable row in one fold."""

    fate: npt.NDArray[np.int8]
    blocks: tuple[Block, ...] = ()
    moves: tuple[CutMove, ...] = ()

    def rows(self, timeline: Timeline, fate: Fate) -> npt.NDArray[np.intp]:
        """Positions in the caller's table of the rows with one fate, ascending."""
        rows: npt.NDArray[np.intp] = timeline.rows[self.fate == fate]
        return rows

    def count(self, fate: Fate) -> int:
        """Count the usable rows with one fate."""
        return int(np.count_nonzero(self.fate == fate))


def assign_rows(timeline: Timeline, placed: Placed, rules: Rules) -> Assignment:
    """Give every usable row its fate for one fold.

    With a, b and E the start, largest time and largest label end of a test block:

    * BEFORE: ``t < a - gap`` and ``e <= a - gap``
    * AFTER: ``t > b + embargo`` and ``t >= E + embargo``

    A row outside the test set trains iff it is BEFORE, or (two-sided) AFTER, every block.

    Parameters
    ----------
    timeline : Timeline
    placed : Placed
    rules : Rules

    Returns
    -------
    Assignment

    References
    ----------
    M. López de Prado, *Advances in Financial Machine Learning* (2018), chapter 7: purging
    and embargo. His overlap test in snippet 7.1 is closed, which is ``strict`` here.
    """
    runs = _merged(timeline, placed.spans)
    tested = _tested(timeline, runs, placed.held_out)
    blocks = _blocks(timeline, runs, tested, nominal=not rules.after)
    fate = np.full(timeline.time.size, Fate.TRAIN, dtype=np.int8)
    # The blocks ascend, so a row's nearest following block decides BEFORE for all later ones.
    following = np.searchsorted([block.start for block in blocks], timeline.time, side="right")
    _forbid_before(fate, timeline, rules, [block.start for block in blocks], following)
    if rules.after:
        _forbid_after(fate, timeline, rules, blocks, following)
    else:
        fate[following > 0] = Fate.OUTSIDE
    for start, stop in placed.dropped:
        _raise_to(fate, (timeline.time >= start) & (timeline.time < stop), Fate.EVENT)
    fate[timeline.time < placed.train_start] = Fate.OUTSIDE
    if placed.held_out is not None:
        fate[placed.held_out] = Fate.OUTSIDE
    fate[tested] = Fate.TEST
    return Assignment(fate, blocks, placed.moves)


def refuse_empty(timeline: Timeline, assignment: Assignment, what: str) -> None:
    """Raise if a fold has nothing to train on or nothing to test.

    Raises
    ------
    InputError
        With the reasons that took the train rows, and the boundaries that events moved.
    """
    moved = "".join(f"; {move.event} moved a boundary from {timeline.show(move.moved_from)} to "
                    f"{timeline.show(move.moved_to)}: try another on_cut"
                    for move in assignment.moves)
    if not assignment.count(Fate.TEST):
        raise InputError(f"{what}: no row is left to test; cut earlier, or use fewer splits or "
                         f"longer test windows{moved}")
    if assignment.count(Fate.TRAIN):
        return
    start = timeline.show(assignment.blocks[0].start) if assignment.blocks else "the test rows"
    lost = ", ".join(f"{assignment.count(fate)} {fate.name.lower()}" for fate in Fate
                     if fate is not Fate.TEST and assignment.count(fate))
    raise InputError(f"{what}: no row is left to train on for the test from {start} ({lost}); "
                     "the label horizon or the gap is too long for the data before it: shorten "
                     "them, or test later (fewer splits, a smaller test_size, a larger "
                     f"min_train_size){moved}")


class _Run(NamedTuple):
    """Test windows that touch: the nominal cut, and positions [low, high) of its times."""

    cut: int
    low: int
    high: int


def _merged(timeline: Timeline, spans: Sequence[Span]) -> list[_Run]:
    found = sorted(_Run(start, timeline.position(start), timeline.position(stop))
                   for start, stop in spans)
    runs: list[_Run] = []
    for run in found:
        if run.low >= run.high:
            continue
        if runs and run.low <= runs[-1].high:
            runs[-1] = runs[-1]._replace(high=max(run.high, runs[-1].high))
        else:
            runs.append(run)
    return runs


def _tested(timeline: Timeline, runs: Sequence[_Run], held_out: RowMask | None) -> RowMask:
    tested = np.zeros(timeline.time.size, dtype=np.bool_)
    for run in runs:
        tested |= _within(timeline, run)
    return tested if held_out is None else tested & held_out


def _within(timeline: Timeline, run: _Run) -> RowMask:
    first, last = timeline.at(run.low), timeline.at(run.high - 1)
    return (timeline.time >= first) & (timeline.time <= last)


def _blocks(
    timeline: Timeline, runs: Sequence[_Run], tested: RowMask, *, nominal: bool
) -> tuple[Block, ...]:
    """Measure each run; one whose rows are all held back from the test is no block."""
    blocks = []
    for run in runs:
        rows = tested & _within(timeline, run)
        if rows.any():
            times = timeline.time[rows]
            start = run.cut if nominal else int(times.min())
            blocks.append(Block(start, int(times.max()), int(timeline.label_end[rows].max())))
    return tuple(blocks)


def _forbid_before(
    fate: npt.NDArray[np.int8], timeline: Timeline, rules: Rules,
    starts: Sequence[int], following: npt.NDArray[np.intp],
) -> None:
    limits = np.array([*(timeline.earlier(start, rules.gap) for start in starts), LAST])
    limit = limits[following]
    late = timeline.label_end >= limit if rules.strict else timeline.label_end > limit
    _raise_to(fate, late, Fate.PURGED)
    _raise_to(fate, timeline.time >= limit, Fate.GAP)


def _forbid_after(
    fate: npt.NDArray[np.int8], timeline: Timeline, rules: Rules,
    blocks: Sequence[Block], following: npt.NDArray[np.intp],
) -> None:
    ends = np.array([FIRST, *(block.end for block in blocks)])
    quiet = np.array([FIRST, *(timeline.later(block.end, rules.embargo) for block in blocks)])
    # A label of an earlier block may outlive those of the later ones.
    longest = accumulate((block.label_end for block in blocks), max)
    known = np.array([FIRST, *(timeline.later(end, rules.embargo) for end in longest)])
    limit = known[following]
    early = timeline.time <= limit if rules.strict else timeline.time < limit
    _raise_to(fate, early, Fate.PURGED)
    _raise_to(fate, timeline.time <= quiet[following], Fate.EMBARGOED)
    fate[timeline.time <= ends[following]] = Fate.OUTSIDE


def _raise_to(fate: npt.NDArray[np.int8], rows: RowMask, reason: Fate) -> None:
    fate[rows & (fate < reason)] = reason
