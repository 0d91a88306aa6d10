"""Awkward data, made from a seed: times to split, and a panel to compute features on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast.data.events import Events
from outlast.data.panel import Panel
from outlast.data.schema import Schema

Times = npt.NDArray[np.datetime64]
Positions = npt.NDArray[np.intp]
Clock = Literal["naive", "aware", "autumn", "abstract"]

START = np.datetime64("2024-01-01", "ns")
DAY_NS = 86_400 * 10**9
IRREGULAR = Schema(time="when", entity="who", target="y", horizon=1, task="regression")
# In Berlin clocks went forward on 31 March 2024, and back an hour on 27 October, at 01:00 UTC.
_START_OF: dict[Clock, np.datetime64] = {"naive": START, "aware": np.datetime64("2024-03-05", "ns"),
                                         "autumn": np.datetime64("2024-10-06", "ns")}
_TWICE = (21 * 24, 21 * 24 + 1)


@dataclass(frozen=True, eq=False)
class TimedRows:
    """Rows to split, in any order.

    Attributes
    ----------
    time, label_end : ndarray of datetime64[ns], shape (n,)
        Prediction time and label end of each row.
    events : Events
    options : dict of str to Any
        Parameters that a splitter gets if it has them: gap, embargo, boundary, events.
    """

    time: Times
    label_end: Times
    events: Events
    options: dict[str, Any]

    def __len__(self) -> int:
        return self.time.size

    def take(self, rows: npt.NDArray[Any]) -> TimedRows:
        """Return the chosen rows in the given order."""
        return replace(self, time=self.time[rows], label_end=self.label_end[rows])


@cache
def regular_rows(days: int = 20) -> TimedRows:
    """Two rows a day in mixed order, labels of two days, and two short events.

    Examples
    --------
    >>> rows = regular_rows()
    >>> len(rows), str(rows.label_end.max())[:10]
    (40, '2024-01-22')
    """
    day = np.random.default_rng(5).permutation(np.repeat(np.arange(days), 2))
    return TimedRows(_at(24 * day), _at(24 * day + 48), _windows([(4, 5), (16, 17)]), {})


@cache
def random_rows(seed: int) -> TimedRows:
    """Ties, missing days, any order, another label length in each row, and up to 3 events.

    Every second seed also sets gap, embargo, boundary and events.
    """
    rng = np.random.default_rng(seed)
    known_days = rng.choice(36, size=rng.integers(8, 31), replace=False)
    day = rng.choice(known_days, size=rng.integers(20, 61))
    length = rng.integers(0, rng.integers(1, 14), size=day.size)
    starts = rng.integers(0, 36, size=rng.integers(0, 4))
    events = _windows([(int(s), int(s + rng.integers(0, 5))) for s in starts])
    lengths = [0, 1, 2, np.timedelta64(12, "h"), np.timedelta64(60, "h")]
    gap, embargo = (lengths[rng.integers(len(lengths))] for _ in range(2))
    options = {"gap": gap, "embargo": embargo, "events": events,
               "boundary": str(rng.choice(["closed", "strict"]))}
    return TimedRows(_at(24 * day), _at(24 * day + 12 * length), events,
                     options if seed % 2 else {})


@cache
def irregular_table(seed: int = 0, days: int = 60, clock: Clock = "naive") -> pl.DataFrame:
    """Rows of four entities on some hours; `late` begins in the middle, `gone` ends there.

    Entities share their timestamps, and the columns have holes, infinities and categories.
    The times are naive, in Berlin over the hour that the clocks skip ("aware") or over the one
    that comes twice, with rows in both ("autumn"), or abstract hours.
    """
    rng = np.random.default_rng(seed)
    spans = {"alpha": (0, days), "beta": (0, days), "late": (days // 2, days),
             "gone": (0, days // 2)}
    hours = np.sort(rng.choice(days * 24, size=days, replace=False))
    if clock == "autumn":
        hours = np.union1d(hours, _TWICE)[:days]
    present = [(who, int(hours[i])) for who, (a, b) in spans.items() for i in range(a, b)
               if rng.random() < 0.8]
    n = len(present)
    x = rng.normal(size=n)
    x[rng.random(n) < 0.1] = np.nan
    ratio = rng.choice([0.0, 1.5, -2.0, np.inf], size=n, p=[0.1, 0.4, 0.4, 0.1])
    frame = pl.DataFrame({
        "who": [who for who, _ in present],
        "when": _on([hour for _, hour in present], clock),
        "x": x,
        "price": 100 * np.exp(np.cumsum(rng.normal(scale=0.02, size=n))),
        "ratio": ratio,
        "count": rng.integers(0, 50, size=n),
        "flag": rng.random(n) < 0.5,
        "group": rng.choice(np.array(["red", "green", None]), size=n).tolist(),
        "y": rng.normal(size=n),
    }, strict=False)
    return frame.sample(fraction=1, shuffle=True, seed=seed)


@cache
def irregular_events(days: int = 60, clock: Clock = "naive") -> Events:
    """Own and common events: overlapping, long past, without an end, of no length."""
    rows: list[tuple[str, str | None, float, float | None]] = [
        ("news", "alpha", 0.05, 0.06), ("news", "alpha", 0.4, 0.4), ("news", "late", 0.1, 0.9),
        ("outage", "beta", 0.2, 0.8), ("outage", "beta", 0.3, 0.35), ("outage", "gone", 0.3, None),
        ("shock", None, 0.25, 0.3), ("shock", None, 0.7, 0.75),
    ]
    kinds, entities, starts, ends = zip(*rows, strict=True)
    hours = [[None if share is None else int(share * days * 24) for share in shares]
             for shares in (starts, ends)]
    return Events.from_frame(pl.DataFrame({"kind": kinds, "entity": entities,
                                           "start": _on(hours[0], clock),
                                           "end": _on(hours[1], clock)}))


@cache
def irregular_panel(seed: int = 0, days: int = 60, clock: Clock = "naive") -> Panel:
    """Return the table and the events together.

    Examples
    --------
    >>> irregular_panel().frame["who"].unique().sort().to_list()
    ['alpha', 'beta', 'gone', 'late']
    """
    return Panel.build(irregular_table(seed, days, clock), IRREGULAR,
                       events=irregular_events(days, clock), name="irregular")


def _at(hours: npt.NDArray[np.int64]) -> Times:
    return START + hours.astype("timedelta64[h]")


def _windows(days: Sequence[tuple[int, int]]) -> Events:
    """Events that concern everyone, by first and last day."""
    if not days:
        return Events.none()
    first, last = np.array(days).T
    return Events.from_frame(pl.DataFrame({"start": _at(24 * first), "end": _at(24 * last)}))


def _on(hours: Sequence[int | None], clock: Clock) -> pl.Series:
    """Hours since the start of a clock as its times."""
    if clock == "abstract":
        return pl.Series(hours, dtype=pl.Int64)
    start = _START_OF[clock]
    times = [None if hour is None else start + np.timedelta64(hour, "h") for hour in hours]
    naive = pl.Series(np.array(times, dtype="datetime64[us]"))
    if clock == "naive":
        return naive
    return naive.dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/Berlin")
