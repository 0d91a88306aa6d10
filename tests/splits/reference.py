"""The definition of a fold, written row by row and pair by pair, and panels to check it on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from hypothesis import strategies as st

from outlast.data import Events
from outlast.data.times import Instants
from outlast.splits.boundaries import Window
from outlast.splits.timeline import LAST, Length, Timeline
from outlast.splits.windows import WindowSplitter

DAY = 86_400 * 10**9


class Blocks(WindowSplitter):
    """A two-sided strategy for tests: each fold tests some of K blocks of the distinct times."""

    name = "blocks"

    def __init__(
        self, n_blocks: int = 5, chosen: Sequence[Sequence[int]] | None = None,
        held_out: Any = None, past_only: bool = False, *, gap: Any = 0, embargo: Any = 0,
        boundary: str = "closed", events: Events | None = None, on_cut: str = "after",
        on_missing: str = "raise",
    ) -> None:
        super().__init__(gap=gap, embargo=embargo, boundary=boundary, events=events, on_cut=on_cut,
                         on_missing=on_missing)
        self.n_blocks = n_blocks
        self.chosen = chosen
        self.held_out = held_out
        self.past_only = past_only

    @property
    def two_sided(self) -> bool:
        return not self.past_only

    def _windows(self, timeline: Timeline) -> Iterable[Window]:
        blocks = np.array_split(np.arange(timeline.size), self.n_blocks)
        for choice in self.chosen or [[index] for index in range(self.n_blocks)]:
            spans = [(timeline.at(blocks[c][0]), timeline.at(blocks[c][-1] + 1)) for c in choice]
            held_out = None if self.held_out is None else timeline.groups == self.held_out
            yield Window(spans, held_out=held_out)


class Spans(WindowSplitter):
    """A strategy for tests that proposes the windows it was given, all in one fold."""

    name = "spans"
    two_sided = False

    def __init__(
        self, spans: Sequence[tuple[int, int]] = ((0, LAST),), train_size: int | None = None,
        two_sided: bool = False, *, gap: Any = 0, embargo: Any = 0, boundary: str = "closed",
        events: Events | None = None, on_cut: str = "after", on_missing: str = "raise",
    ) -> None:
        super().__init__(gap=gap, embargo=embargo, boundary=boundary, events=events, on_cut=on_cut,
                         on_missing=on_missing)
        self.spans = spans
        self.train_size = train_size
        self.two_sided = two_sided

    def _windows(self, timeline: Timeline) -> Iterable[Window]:
        yield Window(self.spans, None if self.train_size is None else Length(self.train_size))


def events(*windows: tuple[Any, ...]) -> Events:
    """A table of events from (start, end) or (start, end, entity)."""
    if not windows:
        return Events.none()
    rows = [{"name": f"e{i}", "start": w[0], "end": w[1], "entity": w[2] if len(w) > 2 else None}
            for i, w in enumerate(windows)]
    return Events.from_frame(pl.DataFrame(rows, schema_overrides={"entity": pl.String}))


def days(*numbers: int) -> np.ndarray:
    """Dates from the first of January 2024, which is day 1 and a Monday."""
    return np.array(numbers, dtype="timedelta64[D]") + np.datetime64("2023-12-31", "D")


@dataclass(frozen=True)
class Example:
    """A small panel in any order, its labels, and the lengths of gap and embargo."""

    time: list[int]
    label_end: list[int]
    gap: int
    embargo: int
    steps: bool
    strict: bool

    @property
    def instants(self) -> tuple[Instants, Instants]:
        """Times in microseconds, so that lengths may be clock time or steps."""
        return (Instants(np.array(self.time) * 1000, "naive"),
                Instants(np.array(self.label_end) * 1000, "naive"))

    @property
    def options(self) -> dict[str, Any]:
        """Parameters of a splitter."""
        gap, embargo = (n if self.steps else np.timedelta64(n, "us")
                        for n in (self.gap, self.embargo))
        return {"gap": gap, "embargo": embargo, "boundary": "strict" if self.strict else "closed"}

    def shifted(self, instant: int, amount: int) -> float:
        """The instant `amount` later, in steps or microseconds."""
        if not self.steps or amount == 0:
            return instant + amount
        place = sum(u < instant for u in self.distinct) + amount
        if place < 0:
            return -np.inf
        return self.distinct[place] if place < len(self.distinct) else np.inf

    @cached_property
    def distinct(self) -> list[int]:
        """The sorted distinct times."""
        return sorted(set(self.time))


@st.composite
def examples(draw: st.DrawFn, max_label: int = 6) -> Example:
    """Random panels: ties, holes, any order, and another label length in every row."""
    times = draw(st.lists(st.integers(0, 30), min_size=6, max_size=40).filter(
        lambda values: len(set(values)) >= 5))
    spans = draw(st.lists(st.integers(0, max_label), min_size=len(times), max_size=len(times)))
    ends = [t + span for t, span in zip(times, spans, strict=True)]
    return Example(times, ends, draw(st.integers(0, 3)), draw(st.integers(0, 3)),
                   draw(st.booleans()), draw(st.booleans()))


def fate(
    example: Example, row: int, blocks: Sequence[tuple[int, list[int]]], *, after: bool
) -> str:
    """Where a row goes, by the two rules as they are written.

    `blocks` holds the nominal start and the rows of each maximal contiguous test block.
    """
    t, e = example.time[row], example.label_end[row]
    reasons = set()
    for start, rows in blocks:
        a = min(example.time[r] for r in rows) if after else start
        b, end = max(example.time[r] for r in rows), max(example.label_end[r] for r in rows)
        if row in rows:
            return "test"
        if t < a:
            limit = example.shifted(a, -example.gap)
            if t >= limit:
                reasons.add("gap")
            elif e > limit or (example.strict and e == limit):
                reasons.add("purged")
        elif after:
            quiet, known = (example.shifted(x, example.embargo) for x in (b, end))
            if t <= quiet:
                reasons.add("embargoed")
            elif t < known or (example.strict and t == known):
                reasons.add("purged")
        else:
            reasons.add("outside")
    order = ["outside", "gap", "embargoed", "purged"]
    return next((reason for reason in order if reason in reasons), "train")


def overlapping(example: Example, train: Iterable[int], test: Iterable[int]) -> int:
    """Train rows whose label overlaps that of a test row, pair by pair."""
    t, e = example.time, example.label_end
    return sum(any(max(t[i], t[j]) < min(e[i], e[j]) for j in test) for i in train)


def counted(audit: Any) -> Counter[str]:
    """The rows of a fold by their fate, as its audit reports them."""
    return Counter({"train": audit.n_train, "test": audit.n_test, "purged": audit.n_purged,
                    "gap": audit.n_gap, "embargoed": audit.n_embargoed,
                    "outside": audit.n_outside})
