"""The facts of a plan: what each fold is going to train and test on, before anything is trained."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from outlast.data import Panel
from outlast.data.times import Nanoseconds, Zone, format_ns
from outlast.errors import InputError
from outlast.records import CutMove, FoldAudit
from outlast.report import formatting
from outlast.splits import Fold, repeated_test_rows

UNUSED, DROPPED, TRAIN, TEST, MIXED = "unused", "dropped", "train", "test", "train and test mixed"
PARTS = (TRAIN, DROPPED, TEST, MIXED)
TARGET_COLUMN = {"binary": "positives", "multiclass": "classes", "regression": "mean"}

_NAME = 30
_RUNS_DRAWN = 40
_NAMED = 3
_NOTED = 6
_DAYS_SHOWN_WHOLE = 60
_DAY = 86_400 * 10**9

Positions = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Clock:
    """The stretch of time that a plan covers, and how its instants are written.

    Attributes
    ----------
    zone : {"aware", "naive", "abstract"}
    start, stop : int
        First prediction time, and one usual step after the last.
    """

    zone: Zone
    start: int
    stop: int

    @property
    def abstract(self) -> bool:
        """Whether times are plain integers instead of dates."""
        return self.zone == "abstract"

    def show(self, instant: int) -> str:
        """Write an instant: the integer itself, a date, or on a short clock date and time.

        Examples
        --------
        >>> Clock("abstract", 0, 9).show(4), Clock("naive", 0, 10**18).show(10**17)
        ('4', '1973-03-03')
        """
        if self.abstract:
            return str(instant)
        long = self.stop - self.start > _DAYS_SHOWN_WHOLE * _DAY
        return format_ns(instant)[: 10 if long else 16]

    def share(self, instant: int) -> float:
        """Return how far an instant lies along the clock, from 0 to 1."""
        whole = float(self.stop) - float(self.start)
        return min(1.0, max(0.0, (float(instant) - float(self.start)) / whole))


@dataclass(frozen=True)
class Stretch:
    """A half-open stretch of time in which the rows of a fold have one part."""

    part: str
    start: int
    stop: int


@dataclass(frozen=True)
class PlannedEvent:
    """An event on the clock of the plan; a common one concerns every entity."""

    name: str
    start: int
    stop: int
    common: bool


@dataclass(frozen=True)
class FoldFacts:
    """One planned fold.

    Attributes
    ----------
    index : int
    name : str
        What its test stands for, such as an event; "" for a stretch of time.
    audit : FoldAudit
    target : str
        What its test rows hold: share of positives, mean, or number of classes.
    stretches : tuple of Stretch
        From left to right, without a hole.
    """

    index: int
    name: str
    audit: FoldAudit
    target: str
    stretches: tuple[Stretch, ...]

    @property
    def label(self) -> str:
        """Its number, and what its test stands for where that has a name."""
        return f"{self.index} {self.name}".rstrip()

    @property
    def dropped(self) -> dict[str, int]:
        """Rows between train and test that may not train, by reason."""
        return _dropped(self.audit)


@dataclass(frozen=True)
class SplitFacts:
    """One planned split strategy, with what a person should know of it in sentences."""

    label: str
    leaky: bool
    folds: tuple[FoldFacts, ...]
    notes: tuple[str, ...]

    def drawn(self, limit: int) -> tuple[FoldFacts, ...]:
        """At most so many folds, spread evenly over all."""
        return self.folds[:: -(-len(self.folds) // limit)]


@dataclass(frozen=True)
class PlanFacts:
    """Everything that a drawing of a plan shows.

    Attributes
    ----------
    summary : str
        The table in one sentence.
    target : str
        What `FoldFacts.target` is.
    clock : Clock
    events : tuple of PlannedEvent
    splits : tuple of SplitFacts
    """

    summary: str
    target: str
    clock: Clock
    events: tuple[PlannedEvent, ...]
    splits: tuple[SplitFacts, ...]

    @property
    def parts(self) -> list[str]:
        """The parts that some fold has, in the order of a legend."""
        present = {stretch.part for split in self.splits for fold in split.folds
                   for stretch in fold.stretches}
        return [part for part in PARTS if part in present]


def plan_facts(
    panel: Panel, splits: Mapping[str, Sequence[Fold]], leaky: frozenset[str] = frozenset()
) -> PlanFacts:
    """Collect what a drawing of the plan shows.

    Parameters
    ----------
    panel : Panel
    splits : mapping of label to sequence of Fold
        Their positions are rows of the panel.
    leaky : frozenset of str, default frozenset()
        Labels of the splits that leak on purpose.

    Returns
    -------
    PlanFacts

    Raises
    ------
    InputError
        If no row of the panel has a known label.

    Examples
    --------
    >>> from outlast.data import Schema
    >>> from outlast.splits import TemporalSplit
    >>> table = {"step": range(10), "y": [0, 1] * 5}
    >>> panel = Panel.build(table, Schema(time="step", target="y", horizon=2))
    >>> known = panel.take(panel.usable)
    >>> folds = TemporalSplit(test_size=3).folds(known.time, known.label_end)
    >>> plan = plan_facts(known, {"temporal": folds})
    >>> [stretch.part for stretch in plan.splits[0].folds[0].stretches]
    ['train', 'dropped', 'test']
    """
    if not panel.usable.any():
        raise InputError(f"no row of {panel.name!r} has both a target and a known label end; the "
                         "horizon may be longer than the data")
    reader = _Reader(panel)
    described = tuple(
        SplitFacts(formatting.one_line(label), label in leaky, tuple(map(reader.fold, folds)),
                   tuple(reader.notes(folds, label in leaky)))
        for label, folds in splits.items())
    return PlanFacts(reader.summary(), TARGET_COLUMN[panel.task], reader.clock,
                     tuple(reader.events()), described)


@dataclass(frozen=True)
class _Reader:
    """Reads the facts of folds off one panel."""

    panel: Panel

    @cached_property
    def times(self) -> Nanoseconds:
        """The distinct times of the rows whose label is known, ascending."""
        return np.unique(self.panel.time.ns[self.panel.usable])

    @cached_property
    def clock(self) -> Clock:
        steps = np.diff(self.times)
        step = int(np.median(steps)) if steps.size else 1
        return Clock(self.panel.time.zone, int(self.times[0]), int(self.times[-1]) + max(1, step))

    @cached_property
    def names(self) -> list[str]:
        """Names of the entities, in the order of their numbers."""
        column = self.panel.schema.entity
        if column is None:
            return []
        return self.panel.frame[column].cast(str).unique().sort().to_list()

    @cached_property
    def decimals(self) -> int:
        """How many decimals a mean of the target needs."""
        return formatting.decimals_for([float(np.std(self.panel.y[self.panel.usable]))])

    def summary(self) -> str:
        panel, clock = self.panel, self.clock
        usable = np.flatnonzero(panel.usable)
        many = "entity" if len(self.names) == 1 else "entities"
        entities = f" of {formatting.number(len(self.names), 0)} {many}" if self.names else ""
        last = clock.show(int(self.times[-1])) + (" (UTC)" if clock.zone == "aware" else "")
        kind = f"{panel.task}, positive: {panel.schema.labels[1]}" if panel.task == "binary" else \
            str(panel.task)
        unknown = panel.n_rows - usable.size
        missing = f", {formatting.number(unknown, 0)} more without a known label" if unknown else ""
        return formatting.one_line(
            f"{panel.name}: {formatting.plural(usable.size, 'row')}{entities}, "
            f"{clock.show(clock.start)} to {last}{missing}; target {panel.schema.target} ({kind}), "
            f"{TARGET_COLUMN[panel.task]} {self._target(usable)}")

    def events(self) -> Iterator[PlannedEvent]:
        clock = self.clock
        for row in self.panel.events.table.iter_rows(named=True):
            if row["start"] < clock.stop and row["end"] >= clock.start:
                yield PlannedEvent(formatting.one_line(row["name"], _NAME),
                                   max(row["start"], clock.start), min(row["end"], clock.stop),
                                   row["entity"] is None)

    def fold(self, fold: Fold) -> FoldFacts:
        return FoldFacts(fold.index, formatting.one_line(fold.name, _NAME), fold.audit,
                         self._target(fold.test), tuple(self._stretches(fold)))

    def notes(self, folds: Sequence[Fold], leaky: bool) -> Iterator[str]:
        if leaky:
            yield "leaky contrast: it mixes past and future on purpose and is never judged"
        if overlap := max(fold.audit.n_overlap for fold in folds):
            yield ("not clean: train labels overlap test labels, in up to "
                   f"{formatting.plural(overlap, 'row')} of a fold")
        if shared := max(fold.audit.n_shared_times for fold in folds):
            yield ("not clean: the same time in train and test, at up to "
                   f"{formatting.plural(shared, 'timestamp')} of a fold")
        yield from self._moved(folds)
        if repeated := repeated_test_rows(fold.test for fold in folds):
            yield (f"test windows overlap: {formatting.plural(repeated, 'row')} tested by more "
                   "than one fold; intervals count their time once")
        yield from self._entities(folds)
        if single := [fold.index for fold in folds if self._single_class(fold)]:
            yield f"a single class in the test rows, so most scores are missing: {_folds(single)}"

    def _target(self, rows: Positions) -> str:
        y = self.panel.y[rows]
        if self.panel.task == "binary":
            return formatting.share(float(np.mean(y)))
        if self.panel.task == "regression":
            return formatting.number(float(np.mean(y)), self.decimals)
        return f"{np.unique(y).size} of {self.panel.n_classes}"

    def _single_class(self, fold: Fold) -> bool:
        return self.panel.task != "regression" and np.unique(self.panel.y[fold.test]).size == 1

    def _stretches(self, fold: Fold) -> list[Stretch]:
        edges = np.append(self.times, self.clock.stop)
        between = DROPPED if any(_dropped(fold.audit).values()) else UNUSED
        # Rows outside are those that no test block forbids: a strategy has no use for them.
        margin = UNUSED if fold.audit.n_outside else between
        cuts = [self._position(block.start) for block in fold.audit.blocks]
        at, pieces = 0, []
        for part, first, stop in self._runs(fold):
            # Of what lies between, only rows before the cut are dropped from the train rows.
            cut = max([at, *(c for c in cuts if c <= first)]) if part == TEST else first
            pieces += [(between if at else margin, at, cut), (UNUSED, cut, first),
                       (part, first, stop)]
            at = stop
        pieces.append((margin, at, self.times.size))
        return [Stretch(part, int(edges[first]), int(edges[stop]))
                for part, first, stop in pieces if first < stop]

    def _runs(self, fold: Fold) -> list[tuple[str, int, int]]:
        """Half-open runs of times with one part; those without any row lie between them."""
        state = self._is_used(fold.train) + 2 * self._is_used(fold.test)
        used = np.flatnonzero(state)
        # Rows that are dropped between two test blocks must not vanish inside one long run.
        blocks = [block.start for block in fold.audit.blocks]
        block = np.searchsorted(blocks, self.times[used], side="right")
        new = np.flatnonzero((np.diff(state[used], prepend=0) != 0)
                             | (np.diff(block, prepend=-1) != 0))
        first, last = used[new], used[np.append(new[1:], used.size) - 1]
        names = [(TRAIN, TEST, MIXED)[state[at] - 1] for at in first]
        if len(names) - names.count(TRAIN) > _RUNS_DRAWN:
            return [(MIXED, int(used[0]), int(used[-1]) + 1)]
        return list(zip(names, first.tolist(), (last + 1).tolist(), strict=True))

    def _position(self, instant: int) -> int:
        """Index of the first distinct time at or after an instant."""
        return int(np.searchsorted(self.times, instant))

    def _is_used(self, rows: Positions) -> npt.NDArray[np.int64]:
        """1 at each distinct time that some row has, else 0."""
        used = np.zeros(self.times.size, dtype=np.int64)
        used[np.searchsorted(self.times, self.panel.time.ns[rows])] = 1
        return used

    def _moved(self, folds: Sequence[Fold]) -> Iterator[str]:
        where: dict[CutMove, list[int]] = {}
        for fold in folds:
            for move in dict.fromkeys(fold.audit.moves):
                where.setdefault(move, []).append(fold.index)
        yield from _at_most(f"{self._move(move)} ({_folds(indices)})"
                            for move, indices in where.items())

    def _move(self, move: CutMove) -> str:
        event, rows = formatting.one_line(move.event, 60), formatting.plural(move.rows, "row")
        before, after = self.clock.show(move.moved_from), self.clock.show(move.moved_to)
        if move.moved_from == move.moved_to:
            return f"boundary stays inside {event}: {before}, {rows} of the event do not train"
        return f"boundary moved out of {event}: {before} to {after}, {rows}"

    def _entities(self, folds: Sequence[Fold]) -> Iterator[str]:
        where: dict[tuple[str, tuple[int, ...]], list[int]] = {}
        for fold in folds if self.names else ():
            train, test = self._present(fold.train), self._present(fold.test)
            for side, alone in (("test", test & ~train), ("train", train & ~test)):
                if alone.any():
                    numbers = tuple(np.flatnonzero(alone).tolist())
                    where.setdefault((side, numbers), []).append(fold.index)
        yield from _at_most(f"only in {side}: {self._listed(numbers)} ({_folds(indices)})"
                            for (side, numbers), indices in where.items())

    def _present(self, rows: Positions) -> npt.NDArray[np.bool_]:
        return np.bincount(self.panel.entity[rows], minlength=len(self.names)) > 0

    def _listed(self, numbers: Sequence[int]) -> str:
        shown = ", ".join(formatting.one_line(self.names[n], _NAME) for n in numbers[:_NAMED])
        more = len(numbers) - _NAMED
        return f"{shown} and {more} more" if more > 0 else shown


def _dropped(audit: FoldAudit) -> dict[str, int]:
    return {"purged": audit.n_purged, "gap": audit.n_gap, "embargoed": audit.n_embargoed,
            "event": audit.n_event_dropped}


def _at_most(sentences: Iterable[str]) -> Iterator[str]:
    """The first sentences of one kind, and how many there are beyond."""
    found = list(sentences)
    yield from found[:_NOTED]
    if len(found) > _NOTED:
        yield f"and {len(found) - _NOTED} more of this kind"


def _folds(indices: Sequence[int]) -> str:
    """Name folds by number, or count them.

    Examples
    --------
    >>> _folds([2]), _folds([0, 3])
    ('fold 2', 'folds 0, 3')
    """
    if len(indices) > 2 * _NOTED:
        return f"{len(indices)} folds"
    return f"fold{'s' * (len(indices) > 1)} {', '.join(map(str, indices))}"
