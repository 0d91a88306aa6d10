"""No training label may overlap a test label; no row and no timestamp may be on both sides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from outlast.audit.base import AuditedSplit, Check, Facts, Positions
from outlast.audit.wording import counted, listed
from outlast.records import Finding
from outlast.splits import Fold
from outlast.splits.purge_audit import forbidden_rows, overlapping_rows
from outlast.splits.rules import Rules
from outlast.splits.timeline import Timeline, read_timeline


class SplitOverlap(Check):
    """Counts everything again from the rows that each fold yields, whoever made the split."""

    code = "LK101"
    title = "Split audit"
    finds = ("train and test rows that share rows, timestamps or label time, or come nearer than "
             "gap and embargo allow")

    def look(self, facts: Facts) -> Finding:
        """Every fold of every honest split must be clean."""
        folds = [(label, split, fold) for label, split in facts.honest.items()
                 for fold in split.folds]
        if not folds:
            return self.not_applicable("no honest split is planned")
        usable = facts.panel.usable
        timeline = _timeline(facts)
        bad = []
        for label, split, fold in folds:
            train, test = (side[usable[side]] for side in (fold.train, fold.test))
            contact = _contact(timeline, split, train, test)
            if contact.rows.size:
                bad.append((label, split, fold, contact))
        if bad:
            return self._told(timeline, bad, len(folds))
        purged = sum(fold.audit.n_purged for _, _, fold in folds)
        return self.passed(
            f"0 shared rows, 0 shared timestamps and 0 overlapping labels in "
            f"{counted(len(folds), 'fold')} of {counted(len(facts.honest), 'split')}; "
            f"{counted(purged, 'training row')} purged.",
            folds=len(folds), splits=list(facts.honest), purged=purged)

    def _told(
        self, timeline: Timeline, bad: list[tuple[str, AuditedSplit, Fold, _Contact]], n_folds: int
    ) -> Finding:
        """Tell about the first bad fold, and how many there are."""
        label, split, fold, contact = bad[0]
        first = timeline.show(int(timeline.time[contact.rows].min()))
        labels = list(dict.fromkeys(name for name, *_ in bad))
        foreign = [name for name, other, *_ in bad if other.splitter is None]
        action = ("Use a split that purges, such as walk_forward, expanding_window or "
                  f"purged_kfold, in place of {listed(list(dict.fromkeys(foreign)))}."
                  if foreign else f"Do not use {listed(labels)}: its rows break its own rules.")
        return self.issue(
            f"{label}, fold {fold.index}: {'; '.join(contact.told(split))}. The first such "
            f"training row is of {first}. {len(bad):,} of {counted(n_folds, 'fold')} "
            f"{'is' if len(bad) == 1 else 'are'} affected.",
            action, splits=labels, fold=fold.index, shared_rows=contact.shared_rows,
            overlap=contact.overlap, shared_times=contact.shared_times,
            forbidden=contact.forbidden, first=first, folds_affected=len(bad), folds=n_folds)


@dataclass(frozen=True)
class _Contact:
    """What the train rows of a fold have to do with its test, and the rows that do."""

    shared_rows: int
    overlap: int
    shared_times: int
    forbidden: int
    rows: Positions

    def told(self, split: AuditedSplit) -> Iterator[str]:
        """Say it, the worst first."""
        if self.shared_rows:
            yield f"{counted(self.shared_rows, 'row')} both trained on and tested"
        if self.overlap:
            yield f"{counted(self.overlap, 'training label')} overlap test labels"
        if self.shared_times:
            yield f"{counted(self.shared_times, 'timestamp')} on both sides"
        if self.forbidden and split.splitter is not None:
            params = split.splitter.get_params(deep=False)
            sides = "before or after" if split.splitter.two_sided else "before"
            yield (f"{counted(self.forbidden, 'training row')} not {sides} the test by "
                   f"gap={params['gap']!r} and embargo={params['embargo']!r}")


def _timeline(facts: Facts) -> Timeline:
    """Put all rows of the panel on the axis of the labelled ones, along which gaps count."""
    panel, usable = facts.panel, facts.panel.usable
    axis = read_timeline(panel.time.take(usable), replace(panel.time, ns=panel.label_end[usable]))
    return replace(axis, time=panel.time.ns, label_end=panel.label_end)


def _contact(
    timeline: Timeline, split: AuditedSplit, train: Positions, test: Positions
) -> _Contact:
    tested = np.zeros(timeline.size, dtype=np.bool_)
    tested[timeline.inverse[test]] = True
    at_tested = train[tested[timeline.inverse[train]]]
    is_tested = np.zeros(timeline.time.size, dtype=np.bool_)
    is_tested[test] = True
    times = np.unique(timeline.time[at_tested])
    overlap = overlapping_rows(timeline, train, test)
    rules = _rules(timeline, split)
    forbidden = train[:0] if rules is None else forbidden_rows(timeline, train, test, rules)
    return _Contact(int(is_tested[train].sum()), overlap.size, times.size, forbidden.size,
                    np.concatenate([at_tested, overlap, forbidden]))


def _rules(timeline: Timeline, split: AuditedSplit) -> Rules | None:
    """Read the rules that a split declares; a foreign one declares none."""
    params = {} if split.splitter is None else split.splitter.get_params(deep=False)
    if split.splitter is None or not {"gap", "embargo", "boundary"} <= set(params):
        return None
    return Rules(timeline.duration(params["gap"], "gap"),
                 timeline.duration(params["embargo"], "embargo"),
                 strict=params["boundary"] == "strict", after=split.splitter.two_sided)
