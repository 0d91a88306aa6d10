"""The held-out rows in slices: events, and segments such as entities and quarters."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast.data.times import format_ns
from outlast.judge import contrasts, statistics
from outlast.judge.board import Interval
from outlast.judge.contrasts import Bools
from outlast.judge.details import EventScore, SegmentCard, SegmentGain, short_interval
from outlast.judge.held_out import HeldOut
from outlast.judge.leaderboard import Contestant
from outlast.judge.promise import Spread, fold_of_block, interval_of
from outlast.metrics import Metric

if TYPE_CHECKING:
    from outlast.judge.insights.base import Surroundings

Times = npt.NDArray[np.int64]

# What a figure has room for: events with the most rows, the worst and the best segments.
_EVENTS, _SEGMENTS_EACH = 12, 6


class Segment(NamedTuple):
    """Some of the held-out rows, and what they have in common."""

    name: str
    rows: Bools


def event_rows(events: pl.DataFrame, time: Times) -> Iterator[tuple[str, Bools]]:
    """Yield the rows in each event that holds some of them, but not all."""
    for name, start, end in events.select("name", "start", "end").iter_rows():
        rows = (time >= start) & (time <= end)
        if rows.any() and not rows.all():
            yield name, rows


def segments_of(held: HeldOut, around: Surroundings) -> Iterator[Segment]:
    """Yield entities, events by kind, and the classes of the calendar."""
    names = around.entities
    codes = np.unique(held.entity)
    if codes.size > 1:
        for code in codes:
            label = names[code] if code < len(names) else f"entity {code}"
            yield Segment(f"entity is {label}", held.entity == code)
    events = around.events
    for kind in [] if events is None else events["kind"].unique().sort():
        inside = np.zeros(held.time.size, dtype=bool)
        for _, rows in event_rows(events.filter(pl.col("kind") == kind), held.time):  # type: ignore[union-attr]
            inside |= rows
        yield Segment(f"time is in an event of kind {kind}", inside)
    if around.calendar:
        yield from _calendar(held)


def _calendar(held: HeldOut) -> Iterator[Segment]:
    when = pl.Series(held.time).cast(pl.Datetime("ns")).dt
    for name, classes in (("quarter", when.quarter()), ("weekday (Monday = 1)", when.weekday()),
                          ("hour in UTC from", when.hour() // 6 * 6)):
        known = classes.unique().sort()
        if len(known) > 1:
            for value in known:
                yield Segment(f"{name} is {value}", (classes == value).to_numpy())


def segment_card(held: HeldOut, model: str, around: Surroundings) -> SegmentCard | None:
    """Return where the model gains least and most over the baseline, None without segments.

    Parameters
    ----------
    held : HeldOut
    model : str
        Its name.
    around : Surroundings
    """
    limits = held.contestant.thresholds
    least = max(limits.segment_rows, limits.segment_share * held.time.size)
    gains = sorted((_gain(held, s) for s in segments_of(held, around)
                    if least <= s.rows.sum() < held.time.size), key=lambda s: s.gain.value or 0.0)
    if len(gains) < 2:
        return None
    middle = slice(_SEGMENTS_EACH, max(_SEGMENTS_EACH, len(gains) - _SEGMENTS_EACH))
    shown = [*gains[:middle.start], *gains[middle.stop:]]
    return SegmentCard(
        model=model, baseline=held.baseline, loss=held.unit, n_segments=len(gains),
        overall=_mean_gain(held, np.ones(held.time.size, dtype=bool)), segments=tuple(shown))


def _gain(held: HeldOut, segment: Segment) -> SegmentGain:
    return SegmentGain(name=segment.name, n_rows=int(segment.rows.sum()),
                       gain=_mean_gain(held, segment.rows))


def _mean_gain(held: HeldOut, rows: Bools) -> Interval:
    found = contrasts.mean(held.gain[rows], held.block[rows])
    if found.n_blocks < held.contestant.thresholds.interval_blocks:
        return Interval(value=found.value)
    return short_interval(found.interval())


@dataclass(frozen=True)
class _Noise:
    """Of the score of a stretch of time, from the blocks of its window."""

    variance: float
    freedom: int

    @classmethod
    def of(cls, contestant: Contestant) -> _Noise | None:
        """What one timestamp adds; None where there are too few blocks to tell."""
        scores, blocks = contestant.blocks, contestant.blocks.blocks
        spread = Spread.of(scores.over_time, fold_of_block(contestant))
        freedom = spread.n_blocks - spread.n_windows
        if not blocks.suffice or freedom < 2:
            return None
        per_block = blocks.times.size / spread.n_blocks
        return cls(spread.within * per_block * blocks.inflation, freedom)

    def margin(self, n_times: int) -> float:
        """Half the 95 % interval of a stretch of so many timestamps."""
        return statistics.t_quantile(0.975, self.freedom) * math.sqrt(self.variance / n_times)


def event_scores(
    contestant: Contestant, bar: Contestant | None, metric: Metric, events: pl.DataFrame
) -> tuple[EventScore, ...]:
    """Return the score in each event, and in all the time that lies in none.

    An event is mostly too short for blocks of its own: its interval is that of any stretch as
    long, by the spread of the blocks within their fold.

    Parameters
    ----------
    contestant : Contestant
    bar : Contestant, optional
        The baseline of the same split.
    metric : Metric
    events : polars.DataFrame
        ``name``, ``start`` and ``end``.

    Returns
    -------
    tuple of EventScore
        Of at most twelve events with the most held-out rows; empty if none holds any.
    """
    time = np.concatenate([result.time for result in contestant.results])
    windows = [_Window(*event) for event in events.select("name", "start", "end").iter_rows()]
    inside = [window.rows(time) for window in windows]
    found = [at for at, rows in enumerate(inside) if rows.any() and not rows.all()]
    if not found:
        return ()
    outside = ~np.any([inside[at] for at in found], axis=0)
    most = sorted(found, key=lambda at: -int(inside[at].sum()))[:_EVENTS]
    shown = sorted(((windows[at], inside[at]) for at in most), key=lambda event: event[0].start)
    if outside.any():
        rest = time[outside]
        shown.append((_Window("", int(rest.min()), int(rest.max())), outside))
    runs = [_Scorer(one, metric, _Noise.of(one)) for one in (contestant, bar) if one is not None]
    return tuple(_event(window, time[rows], rows, runs) for window, rows in shown)


class _Window(NamedTuple):
    name: str
    start: int
    end: int

    def rows(self, time: Times) -> Bools:
        return (time >= self.start) & (time <= self.end)


def _event(
    window: _Window, time: Times, rows: Bools, runs: Sequence[_Scorer]
) -> EventScore:
    n_times = int(np.unique(time).size)
    scores = [run.score(rows, n_times) for run in runs]
    return EventScore(
        name=window.name, start=format_ns(window.start),
        end=format_ns(min(window.end, int(time.max()))), n_rows=time.size, n_times=n_times,
        score=scores[0], baseline=scores[1] if len(scores) > 1 else None)


@dataclass(frozen=True)
class _Scorer:
    """Scores one configuration on some of its held-out rows."""

    contestant: Contestant
    metric: Metric
    noise: _Noise | None

    def score(self, rows: Bools, n_times: int) -> Interval:
        """The mean score of the folds that hold such rows."""
        results = self.contestant.results
        parts = np.split(rows, np.cumsum([result.y.size for result in results])[:-1])
        scores = [self.metric.score(result.y[part], result.prediction[part])
                  for result, part in zip(results, parts, strict=True) if part.any()]
        known = [score for score in scores if score is not None]
        if not known:
            return Interval(value=None)
        value = float(np.mean(known))
        return short_interval(Interval(value=value) if self.noise is None else
                              interval_of(self.metric, value, self.noise.margin(n_times)))
