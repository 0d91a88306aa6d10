"""Forward cuts: where test windows start when they are counted back from the data's end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from outlast.data.times import Instants, check_same_zone, is_date_like, to_instants
from outlast.errors import InputError
from outlast.splits.rules import Span
from outlast.splits.timeline import LAST, Length, Timeline


class Stepped(Protocol):
    """The parameters of a splitter with a series of test windows."""

    n_splits: int | None
    test_size: Any
    step: Any
    min_train_size: Any
    gap: Any


@dataclass(frozen=True)
class Plan:
    """A series of test windows of one size, the last of which ends the data.

    Attributes
    ----------
    size, step : Length
        Of a test window, and from one to the next; both in the same unit.
    minimum : Length
        What must lie before the first cut and its gap.
    gap : Length
    n_splits : int, optional
        By default as many as the minimum allows.
    """

    size: Length
    step: Length
    minimum: Length
    gap: Length
    n_splits: int | None


def last_cut(timeline: Timeline, size: Length) -> int:
    """Return the cut that leaves a window of this size before the end of the data.

    A count k gives the k-th last distinct time; clock or calendar time d the first one
    after ``max(t) - d``.

    Raises
    ------
    InputError
        If the window takes all of the data.
    """
    if size.steps:
        position = timeline.size - size.amount
    else:
        last = timeline.at(timeline.size - 1)
        position = timeline.position(timeline.earlier(last, size) + 1)
    if position <= 0:
        raise InputError(f"a test window of this size takes all {timeline.size} distinct times; "
                         "leave some to train on: use a smaller test_size")
    return timeline.at(position)


def read_cut(timeline: Timeline, test_size: Any) -> int:
    """Return the cut of one holdout: a date is the cut itself, all else a window size.

    Raises
    ------
    InputError
        If the size cannot be read, or the date's kind of clock is not that of the times.
    """
    if not is_date_like(test_size):
        return last_cut(timeline, timeline.window(test_size, "test_size"))
    date = to_instants([test_size], "test_size")
    check_same_zone(("time", Instants(timeline.time, timeline.zone)), ("test_size", date))
    return int(date.ns[0])


def read_plan(timeline: Timeline, splitter: Stepped, minimum: Length | None = None) -> Plan:
    """Read a plan off a splitter's parameters, of which all but `n_splits` may be None.

    Parameters
    ----------
    timeline : Timeline
    splitter : Stepped
    minimum : Length, optional
        Stands in for a `min_train_size` of None.

    Raises
    ------
    InputError
        If a parameter breaks its rule, or test size and step are of different kinds.
    """
    n_splits = splitter.n_splits
    if n_splits is not None and (not isinstance(n_splits, int) or n_splits < 1):
        raise InputError(f"n_splits must be a whole number above zero or None, got {n_splits!r}")
    size = _test_size(timeline, splitter.test_size, n_splits)
    step = size if splitter.step is None else timeline.window(splitter.step, "step")
    if size.unit != step.unit:
        raise InputError(f"test_size={splitter.test_size!r} counts {size.unit} but "
                         f"step={splitter.step!r} counts {step.unit}; give both in the same unit")
    if splitter.min_train_size is not None:
        minimum = timeline.window(splitter.min_train_size, "min_train_size")
    elif minimum is None:
        minimum = size if n_splits is None else Length(1)
    return Plan(size, step, minimum, timeline.duration(splitter.gap, "gap"), n_splits)


def windows_from_end(timeline: Timeline, plan: Plan) -> list[Span]:
    """Return the half-open test windows of a plan, earliest first.

    Cuts walk back from the end of the data while enough lies before them; a window
    without a timestamp, such as a day without trade, is passed over.

    Raises
    ------
    InputError
        If fewer than `n_splits` windows fit, naming both numbers.
    """
    found: list[Span] = []
    for span in _walk_back(timeline, plan):
        if len(found) == plan.n_splits:
            break
        found.append(span)
    if plan.n_splits is not None and len(found) < plan.n_splits:
        raise InputError(
            f"n_splits={plan.n_splits} test windows do not fit into {timeline.size} distinct "
            f"times, only {len(found)} leave enough to train on before them: use fewer splits, "
            "or a smaller test_size, step, gap or train size"
        )
    if not found:
        raise InputError(f"no test window fits into {timeline.size} distinct times and leaves "
                         "enough to train on: use a smaller test_size or train size")
    return found[::-1]


def _test_size(timeline: Timeline, test_size: Any, n_splits: int | None) -> Length:
    if test_size is not None:
        return timeline.window(test_size, "test_size")
    if n_splits is None:
        raise InputError("n_splits=None needs a test_size: one of the two must be given")
    if timeline.size <= n_splits:
        raise InputError(f"n_splits={n_splits} needs at least {n_splits + 1} distinct times, "
                         f"got {timeline.size}")
    return Length(timeline.size // (n_splits + 1))


def _walk_back(timeline: Timeline, plan: Plan) -> Iterator[Span]:
    """Windows with a timestamp in them, last one first, while the minimum lies before."""
    last, back = last_cut(timeline, plan.size), 0
    while True:
        # Every boundary is counted from the last cut at once: a window that ended on the 30th,
        # for want of a 31st, must not pull those before it to the 30th too.
        cut = timeline.earlier(last, plan.step * back)
        if not _enough_before(timeline, cut, plan):
            return
        # The last window ends the data, even where a month later is a day too early for that.
        stop = timeline.later(last, plan.size + plan.step * -back) if back else LAST
        position = timeline.position(cut)
        if position < timeline.position(stop):
            yield cut, stop
            back += 1
        else:  # straight to the first window that may reach a timestamp
            away = last - timeline.at(position - 1)
            back = max(back + 1, -(-away // _longest_ns(plan.step)))


def _longest_ns(length: Length) -> int:
    """Nanoseconds that a length takes at most."""
    if (by := length.calendar) is None:
        return length.amount
    return (31 * by.months + by.days + 1) * 86_400 * 10**9


def _enough_before(timeline: Timeline, cut: int, plan: Plan) -> bool:
    end = timeline.earlier(cut, plan.gap)
    if plan.minimum.steps:
        return timeline.position(end) >= plan.minimum.amount
    return timeline.later(timeline.at(0), plan.minimum) <= end
