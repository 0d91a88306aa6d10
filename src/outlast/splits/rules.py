"""The two rules: which rows may train for given test blocks, and why the others may not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import accumulate
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from outlast.data.times import NAT, Nanoseconds
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
    name : str
    """

    spans: Sequence[Span]
    train_start: int = FIRST
    dropped: Sequence[Span] = ()
    moves: tuple[CutMove, ...] = ()
    held_out: RowMask | None = None
    name: str = ""


@dataclass(frozen=True, eq=False)
class Assignment:
    """The fate of every usable row in one fold."""

    fate: npt.NDArray[np.int8]
    blocks: tuple[Block, ...] = ()
    moves: tuple[CutMove, ...] = ()
    name: str = ""

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
    # All but the label ends is a matter of the time alone: settled once per distinct time.
    times = timeline.distinct
    fate = np.full(times.size, Fate.TRAIN, dtype=np.int8)
    # The blocks ascend, so a time's nearest following block decides BEFORE for all later ones.
    following = np.searchsorted([block.start for block in blocks], times, side="right")
    limit = _limits(timeline, rules, blocks)[following]
    fate[times >= limit] = Fate.GAP
    if rules.after:
        _forbid_after(fate, timeline, rules, blocks, following)
    else:
        fate[following > 0] = Fate.OUTSIDE
    for start, stop in placed.dropped:
        _raise_to(fate, (times >= start) & (times < stop), Fate.EVENT)
    fate[times < placed.train_start] = Fate.OUTSIDE
    return Assignment(_by_row(timeline, fate, limit, rules, tested, placed.held_out), blocks,
                      placed.moves, placed.name)


class Lack(NamedTuple):
    """Why a fold is of no use, and what its user can do about it."""

    reason: str
    way_out: str


def lacking(timeline: Timeline, assignment: Assignment, *, two_sided: bool) -> Lack | None:
    """Say why a fold has nothing to train on or nothing to test; None if it has both.

    Parameters
    ----------
    timeline : Timeline
    assignment : Assignment
    two_sided : bool
        Whether rows after the test could have trained.

    Returns
    -------
    Lack or None
        With the reasons that took the train rows, and the boundaries that events moved.
    """
    moved = "".join(f"; {move.event} moved a boundary from {timeline.show(move.moved_from)} to "
                    f"{timeline.show(move.moved_to)}: try another on_cut"
                    for move in assignment.moves)
    if not assignment.count(Fate.TEST):
        return Lack("no row is left to test",
                    f"cut earlier, or use fewer splits or longer test windows{moved}")
    if assignment.count(Fate.TRAIN):
        return None
    lost = ", ".join(f"{assignment.count(fate)} {fate.name.lower()}" for fate in Fate
                     if fate is not Fate.TEST and assignment.count(fate))
    if two_sided:
        way_out = ("the label horizon, the gap or the embargo is too long for the data around it: "
                   "shorten them, or test less of the data at once")
    else:
        way_out = ("the label horizon or the gap is too long for the data before it: shorten "
                   "them, or test later (fewer splits, a smaller test_size, a larger "
                   "min_train_size)")
    return Lack(f"no row is left to train on for the test {_shown(timeline, assignment)} "
                f"({lost or 'all rows are tested'})", way_out + moved)


def _shown(timeline: Timeline, assignment: Assignment) -> str:
    blocks = assignment.blocks
    if not blocks:
        return "rows"
    more = f" and {len(blocks) - 1} more block(s)" if len(blocks) > 1 else ""
    return f"from {timeline.show(blocks[0].start)}{more}"


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
    inside = np.zeros(timeline.size, dtype=np.bool_)
    for run in runs:
        inside[run.low:run.high] = True
    tested: RowMask = inside[timeline.inverse]
    return tested if held_out is None else tested & held_out


def _blocks(
    timeline: Timeline, runs: Sequence[_Run], tested: RowMask, *, nominal: bool
) -> tuple[Block, ...]:
    """Measure each run; one whose rows are all held back from the test is no block."""
    latest = latest_label_ends(timeline, np.flatnonzero(tested))
    blocks = []
    for run in runs:
        seen = run.low + np.flatnonzero(latest[run.low:run.high] > NAT)
        if seen.size:
            start = run.cut if nominal else timeline.at(int(seen[0]))
            blocks.append(Block(start, timeline.at(int(seen[-1])), int(latest[seen].max())))
    return tuple(blocks)


def latest_label_ends(timeline: Timeline, rows: npt.NDArray[np.intp]) -> Nanoseconds:
    """Return the largest label end of some rows at each distinct time, `NAT` without any."""
    latest = np.full(timeline.size, NAT, dtype=np.int64)
    np.maximum.at(latest, timeline.inverse[rows], timeline.label_end[rows])
    return latest


def _limits(timeline: Timeline, rules: Rules, blocks: Sequence[Block]) -> Nanoseconds:
    """Where BEFORE ends for each block; a time behind all of them has no such limit."""
    return np.array([*(timeline.earlier(block.start, rules.gap) for block in blocks), LAST])


def _forbid_after(
    fate: npt.NDArray[np.int8], timeline: Timeline, rules: Rules,
    blocks: Sequence[Block], following: npt.NDArray[np.intp],
) -> None:
    times = timeline.distinct
    ends = np.array([FIRST, *(block.end for block in blocks)])
    quiet = np.array([FIRST, *(timeline.later(block.end, rules.embargo) for block in blocks)])
    # A label of an earlier block may outlive those of the later ones.
    longest = accumulate((block.label_end for block in blocks), max)
    known = np.array([FIRST, *(timeline.later(end, rules.embargo) for end in longest)])
    limit = known[following]
    early = times <= limit if rules.strict else times < limit
    _raise_to(fate, early, Fate.PURGED)
    _raise_to(fate, times <= quiet[following], Fate.EMBARGOED)
    fate[times <= ends[following]] = Fate.OUTSIDE


def _by_row(
    timeline: Timeline, fate: npt.NDArray[np.int8], limit: Nanoseconds, rules: Rules,
    tested: RowMask, held_out: RowMask | None,
) -> npt.NDArray[np.int8]:
    """Give each row the fate of its time, and purge the rows whose label ends too late."""
    rows: npt.NDArray[np.int8] = fate[timeline.inverse]
    known_by = limit[timeline.inverse]
    late = timeline.label_end >= known_by if rules.strict else timeline.label_end > known_by
    _raise_to(rows, late, Fate.PURGED)
    if held_out is not None:
        rows[held_out] = Fate.OUTSIDE
    rows[tested] = Fate.TEST
    return rows


def _raise_to(fate: npt.NDArray[np.int8], chosen: RowMask, reason: Fate) -> None:
    fate[chosen & (fate < reason)] = reason
