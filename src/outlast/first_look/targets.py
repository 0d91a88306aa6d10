"""What a table is probably to predict, how far ahead, and which columns know it already."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl

from outlast.data.schema import infer_task
from outlast.data.times import Nanoseconds
from outlast.errors import InputError
from outlast.first_look.ahead import Ordered, counted_rows, last_rows
from outlast.first_look.choices import Candidate, Choice, choose
from outlast.first_look.keys import as_time
from outlast.first_look.names import (
    FUTURE,
    LATER,
    MEASURE,
    OUTCOME,
    PAST,
    ROW,
    TARGET,
    horizon_in,
    words,
)
from outlast.records import Task

_MOST_LEVELS = 100


def find_target(table: Ordered, skipped: Iterable[str]) -> Choice:
    """Propose the column to predict."""
    left = [name for name in table.frame.columns if name not in set(skipped)]
    found = [candidate for name in left
             if (candidate := _candidate(table, name, is_last=name == left[-1])) is not None]
    return choose(found, "no column can be predicted: it takes two different values or more")


def _candidate(table: Ordered, name: str, *, is_last: bool) -> Candidate | None:
    column = table.frame[name]
    if column.dtype == pl.String and as_time(column) is not None:
        return None
    try:
        task = infer_task(column)
    except InputError:
        return None
    distinct = column.drop_nulls().n_unique()
    if task == "multiclass" and distinct > _MOST_LEVELS:
        return None
    score, reasons = _by_name(name)
    if (ends := table.missing_at_end(name)) > 0:
        score += 1.5
        reasons.append(f"not known yet in the {last_rows(ends)}{table.of_each}")
    if task == "binary" and column.dtype != pl.String:
        score += 0.5
        reasons.append("yes or no")
    if is_last:
        score += 0.75
        reasons.append("the last column")
    if task == "multiclass" or column.dtype == pl.String:
        score -= 1.0
    if _numbers_rows(column, distinct):
        score -= 2.0
    if table.entity is not None and _is_fixed(table, name):
        score -= 2.0  # tells what an entity is, not what happens to it
    return Candidate(name, score, tuple(reasons))


def _numbers_rows(column: pl.Series, distinct: int) -> bool:
    """Whether whole numbers fill a range without repeating."""
    if not column.dtype.is_integer() or not distinct >= 0.95 * column.len() > 20:
        return False
    return int(column.max()) - int(column.min()) < 2 * column.len()  # type: ignore[arg-type]


def _by_name(name: str) -> tuple[float, list[str]]:
    found = set(words(name))
    if name.lower() in TARGET:
        return 4.0, ["named like a target"]
    score: float = 0.0
    reasons: list[str] = []
    for known, points, told in ((TARGET, 3.0, "named like a target"),
                                (FUTURE, 3.0, "named like something to come"),
                                (OUTCOME, 2.5, "named like an outcome")):
        if found & known:
            score, reasons = max(score, points), [*reasons, told]
    points = max((MEASURE.get(word, 0.0) for word in (name.lower(), *found)), default=0.0)
    if points > score:
        score, reasons = points, ["named like a quantity that is forecast"]
    if found & PAST or found & ROW:
        score -= 3.0
    if score > 0 and horizon_in(name) is not None:
        score += 0.5
    return score, reasons


def _is_fixed(table: Ordered, name: str) -> bool:
    assert table.entity is not None, "asked only of tables with entities"
    values = table.frame.group_by(table.entity).agg(pl.col(name).drop_nulls().n_unique())[name]
    return bool((values <= 1).all())


def find_task(column: pl.Series, inferred: Task) -> tuple[Task, str]:
    """Propose the task, and why: counts that take few values are no classes."""
    is_count = column.dtype.is_numeric() and any(
        word in MEASURE for word in (column.name.lower(), *words(column.name)))
    if inferred == "multiclass" and is_count:
        return "regression", "a quantity, although it takes few values"
    return inferred, "read off the target"


def find_horizon(table: Ordered, target: str) -> Choice:
    """Propose how far ahead of its row the target lies."""
    if (made := table.target_ahead(target)) is not None:
        name, steps, how = made
        return Choice(steps, f"`{target}` " + how.format(name=name, rows=counted_rows(steps)))
    if (ends := table.missing_at_end(target)) > 0:
        return Choice(ends, f"`{target}` is missing in the {last_rows(ends)}{table.of_each}")
    if (named := horizon_in(target)) is not None:
        return Choice(named, f"the name `{target}` says so", is_sure=False)
    if table.entity is not None and table.frame[table.entity].n_unique() == table.frame.height:
        return Choice(0, f"each {table.entity} has one row, so only a time such as 30D can tell "
                      "how long after it the target is known; 0 means at once", is_sure=False)
    return Choice(1, "nothing tells how far ahead it looks; one row is the careful choice for a "
                     "value that is known when the next row comes", is_sure=False)


def find_label_end(table: Ordered, time: str) -> tuple[str, str] | None:
    """Return the column with the time at which a label was known, and why it is that."""
    for name in table.frame.columns:
        found = set(words(name))
        named = found & LATER and (found & {"label", "outcome", "target", "resolved"})
        if name == time or not named or not is_later(table.frame, name, time):
            continue
        return name, f"named so, and never before `{time}`"
    return None


def is_later(frame: pl.DataFrame, name: str, time: str) -> bool:
    """Whether a second time is never before the time of its row, and not always the same."""
    waits = waits_after(frame, name, time)
    return bool((waits >= 0).all() and (waits > 0).any())


def waits_after(frame: pl.DataFrame, name: str, time: str) -> Nanoseconds:
    """How long after the time of its row a second time is; empty if it is none of that clock."""
    other, own = as_time(frame[name]), as_time(frame[time])
    if other is None or own is None or other.zone != own.zone or other.zone == "abstract":
        return np.empty(0, dtype=np.int64)
    known = frame[name].is_not_null().to_numpy()
    return np.asarray(other.ns[known] - own.ns[known])


def find_leaky(table: Ordered, target: str, candidates: Iterable[str]) -> dict[str, str]:
    """Find columns that look like other targets or like values of later rows, with the reason."""
    ends = table.missing_at_end(target)
    found: dict[str, str] = {}
    for name in candidates:
        told = _why_leaky(table, name, target, ends)
        if told is not None:
            found[name] = told
    return found


def _why_leaky(table: Ordered, name: str, target: str, ends: int) -> str | None:
    found = set(words(name))
    if (ahead := table.value_ahead(name)) is not None:
        return f"it is `{ahead[0]}` {counted_rows(ahead[1])} later"
    missing = table.missing_at_end(name)
    if ends and missing == ends:
        return f"missing in the {last_rows(ends)}{table.of_each}, as the target is"
    if found & FUTURE and not found & PAST:
        return "named like something to come"
    if found & TARGET and not found & PAST and name.lower() not in ("class", "response"):
        return "named like another target"
    own = horizon_in(target)
    if own is not None and horizon_in(name) == own and found & OUTCOME:
        return f"named like another outcome of the same stretch ({own})"
    return None
