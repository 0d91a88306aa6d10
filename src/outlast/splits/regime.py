"""Regimes: stretches of time that differ in kind, such as calm and crisis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from outlast.data.events import Events
from outlast.errors import InputError, unknown_name
from outlast.splits.boundaries import Window, check_clock, merge_events
from outlast.splits.inputs import Coded, encode
from outlast.splits.rules import Span
from outlast.splits.timeline import FIRST, LAST, Timeline
from outlast.splits.windows import GivenWindowSplitter

Mode = Literal["forward", "leave_regime_out", "leave_spell_out"]
MODES = ("forward", "leave_regime_out", "leave_spell_out")
OUTSIDE = "outside"


class RegimeSplit(GivenWindowSplitter):
    """Test what a model does when the regime changes.

    A regime is a function of the timestamp, the same for all entities; a spell is a
    stretch of time that stays in one regime.

    Parameters
    ----------
    mode : {"forward", "leave_regime_out", "leave_spell_out"}, default "forward"
        * ``forward``: every spell after the first is tested on a model of the time before
          it. `Fold.name` is the regime and the number of its spell, such as "crisis #2".
        * ``leave_regime_out``: all spells of one regime are tested on a model of all the
          other regimes, before and after.
        * ``leave_spell_out``: one spell is tested on a model of all other time.
    regimes : Events, optional
        The `kind` of a window names its regime; time outside all windows is a regime of
        its own, "outside". Windows of single entities are left out. By default the regime
        of each row is what is given to `split` as `groups`, and without these the `kind`
        of `events`.
    min_train_size : int or float, default 1
        Number, or fraction, of the distinct times that must have train rows. A test with
        less is left out; `skipped` says which and why.
    gap, embargo, boundary, events, on_cut, on_missing
        See `WindowSplitter`.

    Examples
    --------
    >>> regimes = ["calm"] * 4 + ["crisis"] * 2 + ["calm"] * 3
    >>> for fold in RegimeSplit().folds(np.arange(9), groups=regimes):
    ...     print(fold.name, fold.train, fold.test)
    crisis #1 [0 1 2 3] [4 5]
    calm #2 [0 1 2 3 4 5] [6 7 8]
    >>> for fold in RegimeSplit("leave_regime_out").folds(np.arange(9), groups=regimes):
    ...     print(fold.name, fold.train, fold.test)
    calm [4 5] [0 1 2 3 6 7 8]
    crisis [0 1 2 3 6 7 8] [4 5]
    """

    name = "regime"
    needs_events = True
    __metadata_request__split: ClassVar[dict[str, bool]] = {"groups": True}

    def __init__(
        self, mode: Mode = "forward", regimes: Events | None = None, min_train_size: Any = 1, *,
        gap: Any = 0, embargo: Any = 0, boundary: str = "closed", events: Events | None = None,
        on_cut: str = "after", on_missing: str = "raise",
    ) -> None:
        super().__init__(min_train_size, gap=gap, embargo=embargo, boundary=boundary,
                         events=events, on_cut=on_cut, on_missing=on_missing)
        self.mode = mode
        self.regimes = regimes

    @property
    def two_sided(self) -> bool:
        """Whether rows after a test block may train."""
        return self.mode != "forward"

    def _kept_whole(self) -> Events | None:
        return self.events

    def _windows(self, timeline: Timeline) -> Iterable[Window]:
        if self.mode not in MODES:
            raise unknown_name("mode of split 'regime'", self.mode, MODES)
        spells = list(_spells(timeline, self._regimes(timeline)))
        names = dict.fromkeys(spell.regime for spell in spells)
        if len(names) < 2:
            raise InputError(f"split 'regime' needs two regimes, all rows are in {spells[0].regime}"
                             "; give regimes that differ over the time of the data")
        if self.mode == "leave_regime_out":
            return [Window([spell.span for spell in spells if spell.regime == name], name=name)
                    for name in names]
        windows = [Window([spell.span], name=f"{spell.regime} #{spell.number}") for spell in spells]
        return windows[1:] if self.mode == "forward" else windows

    def _regimes(self, timeline: Timeline) -> _Regimes:
        if self.regimes is None and timeline.groups is not None:
            return _of_rows(timeline, encode(timeline.groups, "regimes"))
        given = self.events if self.regimes is None else self.regimes
        if not isinstance(given, Events):
            raise InputError("split 'regime' needs regimes: pass groups=... to split, one per row, "
                             "or regimes=Events(...), whose kinds are the regimes; got "
                             f"{type(given).__name__}")
        check_clock(timeline, given, "regimes")
        return _of_windows(timeline, given)


class _Regimes(NamedTuple):
    """The regime of each distinct time, and since when it holds."""

    names: Sequence[str]
    since: Sequence[int]


class _Spell(NamedTuple):
    """One stretch of time in one regime, the how-manieth of it, from 1."""

    regime: str
    number: int
    span: Span


def _spells(timeline: Timeline, regimes: _Regimes) -> Iterator[_Spell]:
    names, since = regimes
    firsts = [i for i in range(timeline.size) if i == 0 or names[i] != names[i - 1]]
    stops = [*(since[first] for first in firsts[1:]), LAST]
    numbers: Counter[str] = Counter()
    for first, stop in zip(firsts, stops, strict=True):
        numbers[names[first]] += 1
        yield _Spell(names[first], numbers[names[first]], (since[first], stop))


def _of_rows(timeline: Timeline, regimes: Coded) -> _Regimes:
    of_time = np.empty(timeline.size, dtype=np.intp)
    of_time[timeline.inverse] = regimes.codes
    odd = np.flatnonzero(of_time[timeline.inverse] != regimes.codes)
    if odd.size:
        row = odd[0]
        one, other = regimes.codes[row], of_time[timeline.inverse[row]]
        raise InputError(f"regimes: {regimes.labels[one]!r} at row {timeline.rows[row]} and "
                         f"{regimes.labels[other]!r} in another row of the same time, "
                         f"{timeline.show(int(timeline.time[row]))}; a regime is a function of the "
                         "time: give all rows of a time the same one")
    return _Regimes([str(regimes.labels[code]) for code in of_time], timeline.distinct.tolist())


def _of_windows(timeline: Timeline, events: Events) -> _Regimes:
    """Read regimes off windows; each holds from its start, the time outside from its first row."""
    kind = events.common.table["kind"]
    by_kind = Events(events.common.table.with_columns(name=kind, entity=kind), events.zone)
    starts, names = [FIRST], [OUTSIDE]
    for start, end, name in sorted(merge_events(by_kind)):
        if start < starts[-1]:
            raise InputError(f"regimes: a window of {name!r} starts at {timeline.show(start)}, "
                             f"before the one of {names[-2]!r} ends; a time has one regime: cut "
                             "one of them short, or give regimes=... of your own")
        starts += [start, min(end, LAST - 1) + 1]
        names += [name, OUTSIDE]
    piece = np.searchsorted(starts, timeline.distinct, side="right") - 1
    # Windows are the odd pieces.
    since = np.where(piece % 2, np.array(starts)[piece], timeline.distinct)
    return _Regimes([names[i] for i in piece], since.tolist())
