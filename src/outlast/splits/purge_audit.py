"""The proof that a fold does not leak, counted again from its rows and not from its rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from outlast.data.times import NAT, Nanoseconds
from outlast.records import BlockAudit, FoldAudit
from outlast.splits.rules import Assignment, Block, Fate, RowMask, Rules, latest_label_ends
from outlast.splits.timeline import FIRST, LAST, Timeline

Positions = npt.NDArray[np.intp]

# Beyond this many separate stretches a test is a shuffle, which blocks do not describe.
_MOST_BLOCKS = 100


def audit_indices(
    train: Positions, test: Positions, time_ns: Nanoseconds, label_end_ns: Nanoseconds
) -> tuple[int, int]:
    """Count what the train rows of any fold, from any splitter, know of its test rows.

    The labels of rows i and j overlap iff ``max(t_i, t_j) < min(e_i, e_j)``: the intervals
    ``(t, e]`` share more than a point. Merging the test intervals first, and those of one
    time before, makes this O(n + m log m) for m distinct times instead of one check per pair.

    Parameters
    ----------
    train, test : ndarray of int
        Positions of the rows.
    time_ns, label_end_ns : ndarray of int64, shape (n,)
        Prediction time and label end of every row.

    Returns
    -------
    n_overlap : int
        Train rows whose label overlaps that of at least one test row.
    n_shared_times : int
        Distinct prediction times that are on both sides.

    Examples
    --------
    >>> time = np.array([1, 2, 3, 4])
    >>> audit_indices(np.array([0, 1]), np.array([2, 3]), time, time + 2)
    (1, 0)
    """
    timeline = _axis(time_ns, label_end_ns)
    known, tested = latest_label_ends(timeline, train), latest_label_ends(timeline, test)
    return int(np.count_nonzero(_overlaps(timeline, train, tested))), _shared(known, tested)


def overlapping_rows(timeline: Timeline, train: Positions, test: Positions) -> Positions:
    """Return the train rows whose label overlaps that of a test row, as `audit_indices` counts.

    Parameters
    ----------
    timeline : Timeline
    train, test : ndarray of int
        Positions of rows of the timeline.

    Returns
    -------
    ndarray of int
    """
    return train[_overlaps(timeline, train, latest_label_ends(timeline, test))]


def forbidden_rows(
    timeline: Timeline, train: Positions, test: Positions, rules: Rules
) -> Positions:
    """Return the train rows that are neither BEFORE nor AFTER every block of the test.

    The blocks are those of the test rows themselves: runs of the distinct times. A block
    that a strategy means to be longer asks for more, so what is found here breaks its
    rules in any case.

    Parameters
    ----------
    timeline : Timeline
    train, test : ndarray of int
        Positions of rows of the timeline.
    rules : Rules

    Returns
    -------
    ndarray of int
    """
    place, time, end = timeline.inverse[train], timeline.time[train], timeline.label_end[train]
    latest = latest_label_ends(timeline, test)
    tested = np.flatnonzero(latest > NAT)
    following = np.searchsorted(tested, place, side="right")
    limit = _each(following, lambda k: _before(timeline, tested, k, rules))
    late = end >= limit if rules.strict else end > limit
    forbidden = (time >= limit) | late
    if not rules.after:
        return train[forbidden | (following > 0)]
    known = np.maximum.accumulate(latest[tested])
    quiet = _each(following, lambda k: FIRST if k == 0 else timeline.later(
        timeline.at(int(tested[k - 1])), rules.embargo))
    clear = _each(following, lambda k: FIRST if k == 0 else timeline.later(
        int(known[k - 1]), rules.embargo))
    early = time <= clear if rules.strict else time < clear
    return train[forbidden | early | ((following > 0) & (time <= quiet))]


def _before(timeline: Timeline, tested: Positions, k: int, rules: Rules) -> int:
    if k == tested.size:
        return LAST
    return timeline.earlier(timeline.at(int(tested[k])), rules.gap)


def _each(keys: Positions, value: Callable[[int], int]) -> Nanoseconds:
    """Give every key its value, which is asked for once per distinct key."""
    known = np.zeros(int(keys.max(initial=0)) + 1, dtype=np.int64)
    for key in np.flatnonzero(np.bincount(keys, minlength=1)).tolist():
        known[key] = value(key)
    return known[keys]


def audit_fold(timeline: Timeline, assignment: Assignment) -> FoldAudit:
    """Sum up where every row of a fold went and prove that nothing overlaps.

    Parameters
    ----------
    timeline : Timeline
    assignment : Assignment

    Returns
    -------
    FoldAudit
        Rows without a time or label end count as outside.
    """
    train = np.flatnonzero(assignment.fate == Fate.TRAIN)
    test = np.flatnonzero(assignment.fate == Fate.TEST)
    missing = timeline.n_rows - timeline.rows.size
    return _audit(timeline, train, test, assignment.blocks).model_copy(
        update={
            "n_purged": assignment.count(Fate.PURGED),
            "n_gap": assignment.count(Fate.GAP),
            "n_embargoed": assignment.count(Fate.EMBARGOED),
            "n_outside": assignment.count(Fate.OUTSIDE) + missing,
            "n_event_dropped": assignment.count(Fate.EVENT),
            "moves": assignment.moves,
        })


def audit_given(
    train: Positions, test: Positions, time_ns: Nanoseconds, label_end_ns: Nanoseconds
) -> FoldAudit:
    """Sum up a fold of which only the rows are known, not the rules that made it.

    Parameters
    ----------
    train, test : ndarray of int
        Positions of the rows; neither side is empty.
    time_ns, label_end_ns : ndarray of int64, shape (n,)
        Prediction time and label end of every row.

    Returns
    -------
    FoldAudit
        All rows on neither side count as outside. A test that is scattered over time, as
        of a shuffle, has no blocks.
    """
    timeline = _axis(time_ns, label_end_ns)
    blocks = _given_blocks(timeline, latest_label_ends(timeline, test))
    n_outside = time_ns.size - np.union1d(train, test).size
    return _audit(timeline, train, test, blocks).model_copy(update={"n_outside": n_outside})


def repeated_test_rows(tests: Iterable[Positions]) -> int:
    """Count the rows that more than one fold tests, as with a step below the test size.

    Their scores must be combined per timestamp before folds are compared.

    Examples
    --------
    >>> repeated_test_rows([np.array([3, 4]), np.array([4, 5])])
    1
    """
    _, counts = np.unique(np.concatenate([*tests, np.array([], np.intp)]), return_counts=True)
    return int(np.count_nonzero(counts > 1))


def _axis(time: Nanoseconds, label_end: Nanoseconds) -> Timeline:
    rows = np.arange(time.size)
    return Timeline(time, label_end, np.unique(time), "abstract", rows, rows.size)


def _audit(
    timeline: Timeline, train: Positions, test: Positions, blocks: Sequence[Block]
) -> FoldAudit:
    known, tested = latest_label_ends(timeline, train), latest_label_ends(timeline, test)
    train_times, test_times = timeline.distinct[known > NAT], timeline.distinct[tested > NAT]
    return FoldAudit(
        n_train=train.size,
        n_test=test.size,
        n_overlap=int(np.count_nonzero(_overlaps(timeline, train, tested))),
        n_shared_times=_shared(known, tested),
        train_start=int(train_times[0]),
        train_end=int(train_times[-1]),
        test_start=int(test_times[0]),
        test_end=int(test_times[-1]),
        blocks=tuple(_audit_block(timeline, block, known) for block in blocks),
    )


def _overlaps(timeline: Timeline, train: Positions, tested: Nanoseconds) -> RowMask:
    """Which train rows overlap a test row, given the latest label end of these by time."""
    starts, ends = _merged_intervals(timeline.distinct, tested)
    # The first merged interval that ends after t is the only one that can reach back before e.
    nearest = np.searchsorted(ends, timeline.distinct, side="right")
    reached = np.maximum(np.append(starts, LAST)[nearest], timeline.distinct)
    overlaps: RowMask = reached[timeline.inverse[train]] < timeline.label_end[train]
    return overlaps


def _shared(known: Nanoseconds, tested: Nanoseconds) -> int:
    return int(np.count_nonzero((known > NAT) & (tested > NAT)))


def _merged_intervals(start: Nanoseconds, end: Nanoseconds) -> tuple[Nanoseconds, Nanoseconds]:
    """Union of half-open intervals with ascending starts; empty intervals vanish."""
    start, end = start[start < end], end[start < end]
    reach = np.maximum.accumulate(end)
    opens = np.ones(start.size, dtype=np.bool_)
    opens[1:] = start[1:] > reach[:-1]
    closes = np.append(opens[1:], True)[: start.size]
    return start[opens], reach[closes]


def _given_blocks(timeline: Timeline, tested: Nanoseconds) -> tuple[Block, ...]:
    """Runs of tested times without a gap between them; none where there are too many."""
    positions = np.flatnonzero(tested > NAT)
    runs = np.split(positions, np.flatnonzero(np.diff(positions) > 1) + 1)
    if len(runs) > _MOST_BLOCKS:
        return ()
    return tuple(Block(timeline.at(run[0]), timeline.at(run[-1]), int(tested[run].max()))
                 for run in runs)


def _audit_block(timeline: Timeline, block: Block, known: Nanoseconds) -> BlockAudit:
    last = known[:timeline.position(block.start)].max(initial=NAT)
    is_after = (timeline.distinct > block.end) & (known > NAT)
    return BlockAudit(
        start=block.start,
        end=block.end,
        label_end=block.label_end,
        last_label_end_before=int(last) if last > NAT else None,
        first_time_after=int(timeline.distinct[is_after][0]) if is_after.any() else None,
    )
