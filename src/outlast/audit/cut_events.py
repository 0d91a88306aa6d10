"""No event may be trained on in its first half and tested in its second."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast.audit.base import AuditedSplit, Check, Facts, Positions
from outlast.audit.wording import counted, listed, shown_time
from outlast.data import Events, Panel
from outlast.data.times import LAST, Nanoseconds
from outlast.records import Finding
from outlast.splits import Fold
from outlast.splits.boundaries import merge_events
from outlast.splits.windows import WindowSplitter


class CutEvents(Check):
    """Counts the train and the test rows inside every event, fold by fold.

    A split that was given events promises to keep them whole. Any other split is held
    against the events that concern everyone and have an end: an event without one is a new
    regime, which no forward split can keep together.
    """

    code = "LK105"
    title = "Events cut in two"
    finds = "events with rows on both sides of a fold"

    def look(self, facts: Facts) -> Finding:
        """Every event must lie on one side of every fold."""
        common = _with_end(facts.panel.events.common)
        promised = {label: given for label, split in facts.honest.items()
                    if (given := _promised(split)) is not None}
        if not len(common) and not promised:
            return self.not_applicable("the table has no events that concern everyone")
        cuts = {label: list(_cuts(facts.panel, split, promised.get(label, common)))
                for label, split in facts.honest.items()}
        cuts = {label: found for label, found in cuts.items() if found}
        broken = [label for label in cuts if label in promised]
        if not cuts:
            return self.passed(f"No event has rows on both sides of a fold of "
                               f"{counted(len(facts.honest), 'split')}.",
                               splits=list(facts.honest), events=len(common))
        labels = broken or list(cuts)
        action = (f"Do not use {listed(broken)}: it was given these events and cuts them."
                  if broken else "Use event_aware, or add `events: true` to the parameters of "
                  f"{listed(labels)}, so that no event is cut.")
        told = "; ".join(f"{label} cuts {_told(facts.panel, cuts[label])}" for label in labels[:3])
        return self.issue(f"{told}.", action, blocking=bool(broken), splits=labels,
                          cuts={label: len(cuts[label]) for label in labels})


@dataclass(frozen=True)
class _Cut:
    """An event that one fold cuts."""

    fold: Fold
    name: str
    start: int
    end: int
    n_train: int
    n_test: int


def _told(panel: Panel, cuts: list[_Cut]) -> str:
    first = cuts[0]
    rest = f", and {len(cuts) - 1:,} more" if len(cuts) > 1 else ""
    return (f"{first.name!r} ({shown_time(panel, first.start)} to {shown_time(panel, first.end)}) "
            f"in fold {first.fold.index} with {counted(first.n_train, 'training row')} and "
            f"{counted(first.n_test, 'test row')} inside{rest}")


def _promised(split: AuditedSplit) -> Events | None:
    """Return the events that a split was given to keep whole."""
    if not isinstance(split.splitter, WindowSplitter) or split.splitter.events is None:
        return None
    events = split.splitter._kept_whole()
    return events if events is not None and len(events) else None


def _with_end(events: Events) -> Events:
    return Events(events.table.filter(pl.col("end") != LAST), events.zone)


def _cuts(panel: Panel, split: AuditedSplit, events: Events) -> Iterator[_Cut]:
    """Find the events of everyone, and of each entity, that a fold cuts."""
    rows_of = _rows_of(panel)
    groups = [(rows_of[entity], merge_events(Events(table, events.zone)))
              for (entity,), table in events.table.group_by("entity", maintain_order=True)
              if entity in rows_of]
    for fold in split.folds:
        masks = [_mask(panel, side) for side in (fold.train, fold.test)]
        for rows, windows in groups:
            n_train, n_test = (_inside(panel.time.ns[rows[mask[rows]]], windows) for mask in masks)
            for k in np.flatnonzero((n_train > 0) & (n_test > 0)).tolist():
                start, end, name = windows[k]
                yield _Cut(fold, name, start, end, int(n_train[k]), int(n_test[k]))


def _rows_of(panel: Panel) -> dict[str | None, Positions]:
    """Return the rows of each entity, and under None all rows."""
    rows: dict[str | None, Positions] = {None: np.arange(panel.n_rows)}
    if panel.schema.entity is None:
        return rows
    order = np.argsort(panel.entity, kind="stable")
    enters = np.flatnonzero(np.diff(panel.entity[order], prepend=-1))
    names = panel.frame[panel.schema.entity].gather(order[enters]).cast(pl.String)
    return rows | dict(zip(names, np.split(order, enters[1:]), strict=True))


def _mask(panel: Panel, side: Positions) -> npt.NDArray[np.bool_]:
    mask = np.zeros(panel.n_rows, dtype=np.bool_)
    mask[side] = True
    return mask


def _inside(times: Nanoseconds, windows: Sequence[tuple[int, int, str]]) -> Positions:
    """Count the rows inside each closed window; the times ascend."""
    starts, ends = [start for start, *_ in windows], [end for _, end, _ in windows]
    return np.searchsorted(times, ends, "right") - np.searchsorted(times, starts, "left")
