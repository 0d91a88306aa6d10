"""The folds of every split of a plan, as positions of the panel's rows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from outlast.audit import AuditedSplit
from outlast.config import Config, GivenSplit
from outlast.data import Events, Panel
from outlast.data.times import Instants
from outlast.errors import InputError
from outlast.records import EXAM, Strategy
from outlast.splits import SPLITTERS, Fold, Splitter, make_splitter
from outlast.splits.foreign import foreign_folds, import_splitter
from outlast.splits.purge_audit import audit_given
from outlast.store import Experiment
from outlast.tuning import inherited_rules

# A split of another library in a job: its rows are read from the experiment, not made again.
FOREIGN = "foreign"


@dataclass(frozen=True, eq=False)
class Rows:
    """What a splitter may know of a table: times, label ends and entities of labelled rows.

    Attributes
    ----------
    positions : ndarray of intp, shape (n,)
        Where these rows stand in the panel.
    time, label_end : Instants
    entity : ndarray, shape (n,), optional
        None where the table has no entities.
    events : Events
    """

    positions: npt.NDArray[np.intp]
    time: Instants
    label_end: Instants
    entity: npt.NDArray[Any] | None
    events: Events

    @classmethod
    def of_panel(cls, panel: Panel) -> Rows:
        """Take the labelled rows of a panel.

        Raises
        ------
        InputError
            If no row has a label.
        """
        usable = np.flatnonzero(panel.usable)
        if usable.size == 0:
            raise InputError(f"no row of {panel.name!r} has both a target and a known label end; "
                             "the horizon may be longer than the data")
        entity = None if panel.schema.entity is None else panel.entity[usable]
        return cls(usable, replace(panel.time, ns=panel.time.ns[usable]),
                   replace(panel.time, ns=panel.label_end[usable]), entity, panel.events)

    @classmethod
    def of_experiment(cls, experiment: Experiment) -> Rows:
        """Take the labelled rows of an experiment on disk."""
        usable = np.flatnonzero(experiment.rows["usable"].to_numpy())
        single = experiment.schema.entity is None
        return cls(usable, experiment.instants("time", usable),
                   experiment.instants("label_end", usable),
                   None if single else experiment.rows["code"].to_numpy()[usable],
                   experiment.events)

    def folds(self, splitter: Splitter) -> tuple[Fold, ...]:
        """Return the folds of a splitter, in positions of the panel."""
        groups = self.entity if splitter.needs_groups else None
        return tuple(
            replace(fold, train=self.positions[fold.train], test=self.positions[fold.test])
            for fold in splitter.folds(self.time, self.label_end, groups=groups)
        )


@dataclass(frozen=True)
class PlannedSplit:
    """A split of the plan: what the jobs call it, and its folds."""

    strategy: Strategy
    audited: AuditedSplit

    @property
    def folds(self) -> tuple[Fold, ...]:
        """Its folds."""
        return self.audited.folds

    @cached_property
    def rows(self) -> tuple[str, ...]:
        """A hash of the rows of each fold."""
        return tuple(_digest([fold]) for fold in self.folds)

    @cached_property
    def inner_rules(self) -> tuple[str, ...]:
        """What holds for its inner splits too, in words that tell one rule from another."""
        splitter = self.audited.splitter
        if splitter is None or self.strategy.name == FOREIGN:
            return ()
        return tuple(f"{name}={rule!r}" for name, rule in sorted(inherited_rules(splitter).items()))


def plan_splits(config: Config, panel: Panel) -> tuple[dict[str, PlannedSplit], dict[str, str]]:
    """Make the folds of every split that a configuration names.

    Parameters
    ----------
    config : Config
    panel : Panel

    Returns
    -------
    dict of label to PlannedSplit
    dict of label to reason
        The splits, or some of their folds, that have no place on this table.

    Raises
    ------
    InputError
        For an unknown name or parameter, or a split without folds.
    """
    rows = Rows.of_panel(panel)
    planned: dict[str, PlannedSplit] = {}
    left_out: dict[str, str] = {}
    for split in config.splits:
        if reason := _misfit(split, rows):
            left_out[split.label] = reason
        elif isinstance(split, Strategy) and "." not in split.name:
            planned[split.label] = _registered(split, rows)
            if skipped := _left_out_folds(planned[split.label], rows):
                left_out[split.label] = skipped
        else:
            planned[split.label] = _foreign(split, panel)
    return planned, left_out


def splitter_of(split: Strategy, events: Events) -> Splitter:
    """Return the splitter of a strategy, with the table's events where it asks for them."""
    return make_splitter(split.name, split.params, events=events)


def inner_rules(split: Strategy, events: Events) -> Mapping[str, Any]:
    """Return the parameters of a split that hold for its inner splits too."""
    without = split.name in (FOREIGN, EXAM)
    return {} if without else inherited_rules(splitter_of(split, events))


def read_folds(split: Strategy, experiment: Experiment) -> tuple[Fold, ...]:
    """Return the folds of a job's split, made anew or, for a foreign one, as they were stored."""
    if split.name == EXAM:
        return (exam_fold(experiment),)
    if split.name != FOREIGN:
        rows = Rows.of_experiment(experiment)
        return rows.folds(splitter_of(split, rows.events))
    time, label_end = (experiment.rows[name].to_numpy() for name in ("time", "label_end"))
    return tuple(Fold(index, train, test, audit_given(train, test, time, label_end))
                 for index, (train, test) in enumerate(experiment.folds(split.params["folds"])))


def exam_fold(experiment: Experiment) -> Fold:
    """Return all rows that may be trained on, and the sealed ones."""
    train = np.flatnonzero(experiment.rows["usable"].to_numpy())
    test = experiment.exam["row"].to_numpy().astype(np.intp)
    time, label_end = (experiment.rows[name].to_numpy() for name in ("time", "label_end"))
    return Fold(0, train, test, audit_given(train, test, time, label_end))


def store_folds(planned: Mapping[str, PlannedSplit], experiment: Experiment) -> None:
    """Store the folds that no strategy can make again."""
    for split in planned.values():
        if split.strategy.name == FOREIGN:
            experiment.save_folds(split.strategy.params["folds"],
                                  [(fold.train, fold.test) for fold in split.folds])


def _misfit(split: Strategy | GivenSplit, rows: Rows) -> str | None:
    """Why a split has no place on this table, or None."""
    kind = SPLITTERS.get(split.name) if isinstance(split, Strategy) else None
    if kind is not None and kind.needs_events and not len(rows.events):
        return "the table has no events; give some with --events"
    if kind is not None and kind.needs_groups and rows.entity is None:
        return "the table has no entities; name their column with --entity"
    return None


def _registered(split: Strategy, rows: Rows) -> PlannedSplit:
    splitter = splitter_of(split, rows.events)
    return PlannedSplit(split, AuditedSplit(rows.folds(splitter), splitter.leaky, splitter))


def _left_out_folds(split: PlannedSplit, rows: Rows) -> str:
    splitter = split.audited.splitter
    assert splitter is not None, "a registered strategy has a splitter"
    groups = rows.entity if splitter.needs_groups else None
    skipped = splitter.skipped(rows.time, rows.label_end, groups=groups) if splitter.skips else []
    more = f" and {len(skipped) - 2} more" if len(skipped) > 2 else ""
    return "; ".join(skipped[:2]) + more


def _foreign(split: Strategy | GivenSplit, panel: Panel) -> PlannedSplit:
    splitter = (import_splitter(split.name, split.params) if isinstance(split, Strategy)
                else split.splitter)
    if isinstance(splitter, Splitter):
        rows = Rows.of_panel(panel)
        found = AuditedSplit(rows.folds(splitter), splitter.leaky, splitter)
    else:
        found = AuditedSplit(foreign_folds(splitter, panel, split.label))
    params: dict[str, Any] = {"folds": _digest(found.folds)}
    if isinstance(split, Strategy):
        params["of"] = {split.name: split.params}
    return PlannedSplit(Strategy(name=FOREIGN, params=params, title=split.label), found)


def _digest(folds: Sequence[Fold]) -> str:
    digest = hashlib.sha256()
    for fold in folds:
        digest.update(f"{fold.train.size} {fold.test.size}".encode())
        digest.update(fold.train.tobytes() + fold.test.tobytes())
    return digest.hexdigest()[:16]
