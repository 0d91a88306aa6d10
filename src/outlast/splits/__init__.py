"""Honest train and test sets: one definition of time, purge, gap and events for every strategy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from outlast.data.events import Events
from outlast.errors import unknown_name
from outlast.splits.base import Fold, Splitter
from outlast.splits.combinatorial_purged import CombinatorialPurgedCV, assemble_paths
from outlast.splits.event_aware import EventAwareSplit
from outlast.splits.expanding_window import ExpandingWindowSplit
from outlast.splits.group import GroupSplit
from outlast.splits.leave_one_event_out import LeaveOneEventOut
from outlast.splits.purge_audit import audit_indices, repeated_test_rows
from outlast.splits.purged_kfold import PurgedKFold
from outlast.splits.random import RandomSplit
from outlast.splits.regime import RegimeSplit
from outlast.splits.temporal import TemporalSplit
from outlast.splits.walk_forward import WalkForwardSplit

# In the order of `outlast.records.SPLIT_ORDER`.
SPLITTERS: dict[str, type[Splitter]] = {
    ExpandingWindowSplit.name: ExpandingWindowSplit,
    WalkForwardSplit.name: WalkForwardSplit,
    TemporalSplit.name: TemporalSplit,
    EventAwareSplit.name: EventAwareSplit,
    PurgedKFold.name: PurgedKFold,
    CombinatorialPurgedCV.name: CombinatorialPurgedCV,
    LeaveOneEventOut.name: LeaveOneEventOut,
    RegimeSplit.name: RegimeSplit,
    GroupSplit.name: GroupSplit,
    RandomSplit.name: RandomSplit,
}

__all__ = [
    "SPLITTERS",
    "CombinatorialPurgedCV",
    "EventAwareSplit",
    "ExpandingWindowSplit",
    "Fold",
    "GroupSplit",
    "LeaveOneEventOut",
    "PurgedKFold",
    "RandomSplit",
    "RegimeSplit",
    "Splitter",
    "TemporalSplit",
    "WalkForwardSplit",
    "assemble_paths",
    "audit_indices",
    "make_splitter",
    "repeated_test_rows",
]


def make_splitter(
    name: str, params: Mapping[str, Any] | None = None, *, events: Events | None = None
) -> Splitter:
    """Build a registered splitter from its name and parameters.

    Parameters
    ----------
    name : str
        A key of `SPLITTERS`.
    params : mapping, optional
        Parameters that differ from the defaults. ``events: true`` asks for `events` where
        they are not needed, so that they move the boundaries of any strategy.
    events : Events, optional
        Given to the strategies that need events, and to those that ask for them.

    Returns
    -------
    Splitter

    Raises
    ------
    InputError
        For an unknown name or parameter, with the nearest known one.

    Examples
    --------
    >>> make_splitter("temporal", {"test_size": 0.3})
    TemporalSplit(test_size=0.3)
    """
    if name not in SPLITTERS:
        raise unknown_name("split", name, SPLITTERS)
    strategy = SPLITTERS[name]
    given = dict(params or {})
    wanted = given.get("events", strategy.needs_events)
    if wanted is True:
        given["events"] = events
    return strategy.from_params(given)
