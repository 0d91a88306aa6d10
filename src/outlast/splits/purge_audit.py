"""The proof that a fold does not leak, counted again from its rows and not from its rules."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from outlast.data.times import Nanoseconds
from outlast.records import BlockAudit, FoldAudit
from outlast.splits.rules import Assignment, Block, Fate
from outlast.splits.timeline import Timeline

Positions = npt.NDArray[np.intp]


def audit_indices(
    train: Positions, test: Positions, time_ns: Nanoseconds, label_end_ns: Nanoseconds
) -> tuple[int, int]:
    """Count what the train rows of any fold, from any splitter, know of its test rows.

    The labels of rows i and j overlap iff ``max(t_i, t_j) < min(e_i, e_j)``: the intervals
    ``(t, e]`` share more than a point. Merging the test intervals first makes this
    O(n log n) instead of one check per pair.

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
    train_time, train_end = time_ns[train], label_end_ns[train]
    test_time, test_end = time_ns[test], label_end_ns[test]
    shared = np.intersect1d(train_time, test_time)
    starts, ends = _merged_intervals(test_time, test_end)
    if not starts.size:
        return 0, shared.size
    # The first merged interval that ends after t is the only one that can reach back before e.
    nearest = np.searchsorted(ends, train_time, side="right")
    reached = np.append(starts, np.iinfo(np.int64).max)[nearest]
    return int(np.count_nonzero((train_time < train_end) & (reached < train_end))), shared.size


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
    overlap, shared = audit_indices(train, test, timeline.time, timeline.label_end)
    train_time, test_time = timeline.time[train], timeline.time[test]
    missing = timeline.n_rows - timeline.rows.size
    return FoldAudit(
        n_train=train.size,
        n_test=test.size,
        n_purged=assignment.count(Fate.PURGED),
        n_gap=assignment.count(Fate.GAP),
        n_embargoed=assignment.count(Fate.EMBARGOED),
        n_outside=assignment.count(Fate.OUTSIDE) + missing,
        n_event_dropped=assignment.count(Fate.EVENT),
        n_overlap=overlap,
        n_shared_times=shared,
        train_start=int(train_time.min()),
        train_end=int(train_time.max()),
        test_start=int(test_time.min()),
        test_end=int(test_time.max()),
        blocks=tuple(_audit_block(block, train_time, timeline.label_end[train])
                     for block in assignment.blocks),
        moves=assignment.moves,
    )


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


def _merged_intervals(start: Nanoseconds, end: Nanoseconds) -> tuple[Nanoseconds, Nanoseconds]:
    """Union of half-open intervals as disjoint ascending ones; empty intervals vanish."""
    order = np.argsort(start[start < end], kind="stable")
    start, end = start[start < end][order], end[start < end][order]
    reach = np.maximum.accumulate(end)
    opens = np.ones(start.size, dtype=np.bool_)
    opens[1:] = start[1:] > reach[:-1]
    closes = np.append(opens[1:], True)[: start.size]
    return start[opens], reach[closes]


def _audit_block(block: Block, time: Nanoseconds, label_end: Nanoseconds) -> BlockAudit:
    before, after = time < block.start, time > block.end
    return BlockAudit(
        start=block.start,
        end=block.end,
        label_end=block.label_end,
        last_label_end_before=int(label_end[before].max()) if before.any() else None,
        first_time_after=int(time[after].min()) if after.any() else None,
    )
