"""Where fold boundaries go when an event stands in their way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from outlast.data.events import Events
from outlast.data.times import Instants, Nanoseconds, check_same_zone
from outlast.errors import InputError
from outlast.records import CutMove
from outlast.splits.rules import Placed, RowMask, Span
from outlast.splits.timeline import FIRST, LAST, Length, Timeline

ON_CUT = ("after", "before", "nearest", "drop", "raise")


@dataclass(frozen=True, eq=False)
class Window:
    """What a strategy proposes for one fold.

    Attributes
    ----------
    spans : sequence of (start, stop)
        Half-open test windows; `LAST` as a stop reaches to the end of the data.
    train_size : Length, optional
        A rolling train window of this length before the gap; by default all of the past.
    held_out : ndarray of bool, shape (n,), optional
        Only these rows are tested, and none of them trains.
    name : str
        What the test stands for, such as an event; "" if it is just a stretch of time.
    """

    spans: Sequence[Span]
    train_size: Length | None = None
    held_out: RowMask | None = None
    name: str = ""


@dataclass(frozen=True, eq=False)
class Boundaries:
    """The events of one call, and where a boundary that cuts one of them goes.

    A boundary T cuts an event ``[s, x]`` iff ``s < T <= x``.

    Attributes
    ----------
    timeline : Timeline
    gap : Length
    on_cut : {"after", "before", "nearest", "drop", "raise"}
    starts, ends : ndarray of int64, shape (k,)
        The events; those of one entity do not overlap.
    names : sequence of str
    """

    timeline: Timeline
    gap: Length
    on_cut: str
    starts: Nanoseconds
    ends: Nanoseconds
    names: Sequence[str]

    @classmethod
    def around(
        cls, timeline: Timeline, events: Events | None, gap: Length, on_cut: str
    ) -> Boundaries:
        """Merge the overlapping events of each entity and put them on the time axis.

        Raises
        ------
        InputError
            If the events and the times do not share the kind of clock.
        """
        if events is None or not len(events):
            none = np.array([], dtype=np.int64)
            return cls(timeline, gap, on_cut, none, none, ())
        check_clock(timeline, events, "events")
        merged = merge_events(events)
        starts, ends = (np.array(column) for column in zip(*(m[:2] for m in merged), strict=True))
        return cls(timeline, gap, on_cut, starts, ends, [name for _, _, name in merged])

    def place(self, window: Window, *, two_sided: bool) -> Placed:
        """Settle every boundary of a proposed fold.

        Raises
        ------
        InputError
            If a boundary cuts an event and may not move, or has nowhere to go.
        """
        moves: list[CutMove] = []
        dropped: list[Span] = []
        spans = []
        first, end = int(self.timeline.distinct[0]), int(self.timeline.distinct[-1]) + 1
        for start, stop in window.spans:
            span = self._settle(start, moves), self._settle(stop, moves, otherwise=end)
            spans.append(span)
            dropped += self._drop_before(span[0], moves)
            dropped += self._drop_after(span[1], moves) if two_sided else []
        train_start = self._train_start(window, spans)
        if train_start > FIRST:
            train_start = self._settle(train_start, moves, otherwise=first)
            dropped += self._drop_after(train_start, moves)
        return Placed(spans, train_start, dropped, tuple(moves), window.held_out, window.name)

    def _train_start(self, window: Window, spans: Sequence[Span]) -> int:
        if window.train_size is None:
            return FIRST
        last = self.timeline.earlier(min(start for start, _ in spans), self.gap)
        return self.timeline.earlier(last, window.train_size)

    def _cut_by(self, cut: int) -> npt.NDArray[np.bool_]:
        """Which events a boundary cuts; one with all of the data on one side cuts none."""
        times = self.timeline.distinct
        in_data = bool(times[0] < cut <= times[-1])
        cutting: npt.NDArray[np.bool_] = (self.starts < cut) & (cut <= self.ends) & in_data
        return cutting

    def _settle(self, cut: int, moves: list[CutMove], otherwise: int | None = None) -> int:
        """Move one boundary out of the events and note how.

        `otherwise` is the end of the data that it may go to, where that splits nothing.
        """
        if self.on_cut == "drop" or not self._cut_by(cut).any():
            return cut
        new = self._target(cut, otherwise)
        low, high = min(cut, new), max(cut, new)
        event = self._named((self.starts < high) & (self.ends >= low))
        moves.append(CutMove(moved_from=cut, moved_to=new, event=event,
                             rows=self.timeline.count(low, high)))
        return new

    def _target(self, cut: int, otherwise: int | None) -> int:
        if self.on_cut == "raise":
            raise self._stuck(cut, "on_cut='raise' forbids it to move: choose another cut")
        after, before = self._after(cut), self._before(cut)
        allowed = {"after": (after,), "before": (before,), "nearest": (after, before)}
        times = self.timeline.distinct
        clear = [new for new in allowed[self.on_cut] if times[0] < new <= times[-1]]
        if clear:
            return min(clear, key=lambda new: abs(new - cut))
        if otherwise is not None:
            return otherwise
        raise self._stuck(cut, f"on_cut={self.on_cut!r} finds no time in the data that is clear of "
                          "events: use on_cut='drop' to keep the cut and drop the event's rows "
                          "on the train side, on_cut='nearest' to go either way, or cut "
                          "elsewhere")

    def _after(self, cut: int) -> int:
        """Find the first time from the cut on that is clear of events; `LAST` if none is."""
        clear = self._clear[self._clear >= cut]
        return int(clear[0]) if clear.size else LAST

    @cached_property
    def _clear(self) -> Nanoseconds:
        """The distinct times that no event, and no gap behind one, covers."""
        timeline = self.timeline
        low = np.searchsorted(timeline.distinct, self.starts, side="right")
        quiet = [timeline.later(end, self.gap) for end in self.ends.tolist()]
        high = np.maximum(np.searchsorted(timeline.distinct, self.ends, side="right"),
                          np.searchsorted(timeline.distinct, quiet, side="left"))
        change = np.zeros(timeline.size + 1, dtype=np.int64)
        np.add.at(change, low, 1)
        np.add.at(change, high, -1)
        clear: Nanoseconds = timeline.distinct[np.cumsum(change)[:-1] == 0]
        return clear

    def _before(self, cut: int) -> int:
        """Go to the event's start, and on to that of any event which this start cuts."""
        while (cutting := self._cut_by(cut)).any():
            cut = int(self.starts[cutting].min())
        return cut

    def _drop_before(self, cut: int, moves: list[CutMove]) -> list[Span]:
        cutting = self._cut_by(cut)
        return self._drop(cut, moves, (int(self.starts.min(initial=cut, where=cutting)), cut))

    def _drop_after(self, cut: int, moves: list[CutMove]) -> list[Span]:
        cutting = self._cut_by(cut)
        last = int(self.ends.max(initial=cut - 1, where=cutting))
        return self._drop(cut, moves, (cut, min(last, LAST - 1) + 1))

    def _drop(self, cut: int, moves: list[CutMove], span: Span) -> list[Span]:
        """Note the event rows on the train side of a boundary that stays inside an event."""
        if span[0] >= span[1] or self.on_cut != "drop":
            return []
        moves.append(CutMove(moved_from=cut, moved_to=cut, event=self._named(self._cut_by(cut)),
                             rows=self.timeline.count(*span)))
        return [span]

    def _named(self, chosen: npt.NDArray[np.bool_]) -> str:
        names = [name for name, is_chosen in zip(self.names, chosen, strict=True) if is_chosen]
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        return ", ".join(names[:3]) + more

    def _stuck(self, cut: int, way_out: str) -> InputError:
        event = self._named(self._cut_by(cut))
        return InputError(f"the cut at {self.timeline.show(cut)} falls inside {event}; {way_out}")


def check_clock(timeline: Timeline, events: Events, what: str) -> None:
    """Raise if some windows are not on the kind of clock that the times are on.

    Raises
    ------
    InputError
        Naming both kinds.
    """
    starts = Instants(events.table["start"].to_numpy(), events.zone)  # type: ignore[arg-type]
    check_same_zone(("time", Instants(timeline.time, timeline.zone)), (what, starts))


def merge_events(events: Events) -> list[tuple[int, int, str]]:
    """Return the union of the overlapping windows of each entity, with their names joined."""
    merged: list[tuple[int, int, str]] = []
    table = events.table.sort("entity", "start", "end")
    owner: str | None = None
    for entity, start, end, name in table.select("entity", "start", "end", "name").iter_rows():
        if merged and entity == owner and start <= merged[-1][1]:
            first, last, names = merged[-1]
            joined = names if name in (names, *names.split(" + ")) else f"{names} + {name}"
            merged[-1] = (first, max(last, end), joined)
        else:
            merged.append((start, end, name))
        owner = entity
    return merged
