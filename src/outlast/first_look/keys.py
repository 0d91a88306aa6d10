"""Which columns say when a row was made, and whom it is about."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, takewhile

import polars as pl

from outlast.data.keys import joined_time
from outlast.data.times import Instants, format_ns, to_instants
from outlast.errors import InputError
from outlast.first_look.choices import Candidate, Choice, choose
from outlast.first_look.names import ENTITY, LATER, QUANTITY, TARGET, TIME, has_word, words

_SAMPLE = 200
_FEW_TIMES = 10
_RARELY = 0.02
# A row of a key comes at most once at a time, and at most of the times between first and last.
_PRESENT = 0.8
_FIRST_YEAR, _LAST_YEAR = 1500, 2200
_MOST_KEYS, _CHECKED = 8, 20_000


def find_time(frame: pl.DataFrame) -> Choice:
    """Propose the column with the time of each row."""
    found = [candidate for name in frame.columns
             if (candidate := _time_candidate(frame, name)) is not None]
    return choose(found, "no column can be read as a time")


def _time_candidate(frame: pl.DataFrame, name: str) -> Candidate | None:
    instants = as_time(frame[name])
    if instants is None or frame[name].null_count():
        return None
    distinct, named = frame[name].n_unique(), _named_as_time(name)
    is_clock = instants.zone != "abstract"
    if distinct < 2 or (not is_clock and not named):
        return None
    score, reasons = (3.5, [_span(instants)]) if is_clock else _counted(instants, name)
    if named:
        score += 2.0 if len(words(name)) == 1 else 1.0
        reasons.append("named like a time")
    if has_word(name, LATER):
        score -= 3.0
        reasons.append("but named like a time that comes later")
    if frame[name].is_sorted():
        score += 0.5
        reasons.append("the rows are in its order")
    score -= 1.0 if distinct < min(_FEW_TIMES, frame.height) else 0.0
    return Candidate(name, score, tuple(reasons))


def _counted(instants: Instants, name: str) -> tuple[float, list[str]]:
    first, last = int(instants.ns.min()), int(instants.ns.max())
    if "year" in words(name) and first >= _FIRST_YEAR and last <= _LAST_YEAR:
        return 2.0, [f"years from {first} to {last}"]
    return 0.5, [f"whole numbers from {first:,} to {last:,}"]


def as_time(column: pl.Series) -> Instants | None:
    """Read a column as times, None if it is none; missing times are kept."""
    if not (column.dtype.is_temporal() or column.dtype.is_numeric() or column.dtype == pl.String):
        return None
    try:
        to_instants(column.drop_nulls().head(_SAMPLE), on_missing="keep")
        instants = to_instants(column, on_missing="keep")
    except InputError:
        return None
    return instants if column.null_count() < len(column) else None


def _named_as_time(name: str) -> bool:
    return has_word(name, TIME) and not has_word(name, frozenset({"of"}))


def _span(instants: Instants) -> str:
    zone = f" ({instants.tz or 'UTC'})" if instants.zone == "aware" else ""
    first, last = (format_ns(int(at)) for at in (instants.ns.min(), instants.ns.max()))
    return f"times from {first} to {last}{zone}"


def find_entity(frame: pl.DataFrame, time: str) -> Choice:
    """Propose the column that says whom a row is about; none where each time has one row."""
    alone = frame[time].n_unique() == frame.height
    found = [candidate for name in frame.columns
             if (candidate := _entity_candidate(frame, name, time, alone)) is not None]
    wanted = [candidate for candidate in found if candidate.score >= 2.0]
    if wanted:
        return choose(wanted, "")
    if alone:
        return Choice(None, f"each `{time}` has one row: a single series", tuple(found[:2]))
    return Choice(None, f"rows share their `{time}`, and no single column tells them apart",
                  tuple(other for other in found if other.score > 0)[:2], is_sure=False)


def _entity_candidate(
    frame: pl.DataFrame, name: str, time: str, alone: bool
) -> Candidate | None:
    column = frame[name]
    if name == time or not _may_be_key(column) or {name.lower()} & TARGET:
        return None
    levels, rows, named = column.n_unique(), frame.height, has_word(name, ENTITY)
    if levels == rows and named and not alone:
        return Candidate(name, 3.0, ("named like an entity", "has one row each"))
    if not 2 <= levels <= rows / 2:
        return None
    repeated = 1 - frame.select(time, name).n_unique() / rows
    score = (2.0 if named else 0.0) + (1.0 if {"id", "uid"} & set(words(name)) else 0.0)
    score += 0.5 if column.dtype in (pl.String, pl.Categorical, pl.Enum) else 0.0
    reasons = [f"{levels:,} values"] + (["named like an entity"] if named else [])
    if alone:
        # Times that differ anyway prove nothing: only a name that comes again and again counts.
        return Candidate(name, score, tuple(reasons)) if named and rows >= 3 * levels else None
    if repeated == 0:
        score += 3.0
        reasons.append(f"has one row at each `{time}`")
    elif repeated <= _RARELY:
        score += 2.0
        reasons.append(f"nearly always has one row at each `{time}`")
    else:
        score -= 3.0
        reasons.append(f"but {repeated:.0%} of rows repeat an earlier `{time}` of the same")
    if not named and _holds_numbers(column) and _presence(frame, name, time) < _PRESENT:
        return None  # a count or a measurement that happens not to repeat
    return Candidate(name, score, tuple(reasons))


def _may_be_key(column: pl.Series) -> bool:
    kinds = (pl.String, pl.Categorical, pl.Enum)
    return (column.dtype.is_integer() or column.dtype in kinds) and not column.null_count()


def _holds_numbers(column: pl.Series) -> bool:
    """Whether values are numbers, some of which may be written with words among them."""
    if column.dtype != pl.String:
        return column.dtype.is_integer()
    read = column.head(_CHECKED).cast(pl.Float64, strict=False)
    return read.null_count() < len(read) / 2


def _presence(frame: pl.DataFrame, name: str, time: str) -> float:
    """At which share of all times a typical value has a row."""
    counts = frame.group_by(name).agg(pl.col(time).n_unique())[time]
    return float(counts.median() or 0) / frame[time].n_unique()  # type: ignore[arg-type]


def time_in_parts(frame: pl.DataFrame) -> list[str]:
    """Return the columns that only together are a time, such as year, month and day."""
    found = {name.lower(): name for name in frame.columns if frame[name].dtype.is_integer()
             or (name.lower() == "month" and frame[name].dtype == pl.String)}
    within = next((part for part in ("month", "week", "quarter") if part in found), None)
    if "year" not in found or within is None:
        return []
    finer = ("day", "hour", "minute") if within == "month" else ()
    known = takewhile(found.__contains__, finer)
    return [found[part] for part in ("year", within, *known)]


def parts_as_time(frame: pl.DataFrame, parts: list[str]) -> Choice | None:
    """Propose several columns as the time, if in every row they tell one."""
    try:
        instants = to_instants(joined_time(frame, tuple(parts)))
    except InputError:
        return None
    return Choice(tuple(parts), f"together {_span(instants)}")


def keys_together(frame: pl.DataFrame, time: str) -> tuple[str, ...] | None:
    """Return two or three columns that only together tell apart the rows of a time."""
    names = [name for name in _by_name(frame) if name != time][:_MOST_KEYS]
    part = frame.head(_CHECKED)
    for count in (2, 3):
        for keys in combinations(names, count):
            # A part that repeats spares the look at the whole.
            if part.select(time, *keys).n_unique() == part.height and (
                    frame.select(time, *keys).n_unique() == frame.height
                    and frame.select(keys).n_unique() <= frame.height / 2):
                return keys
    return None


def join_of_keys(frame: pl.DataFrame, time: str) -> Choice | None:
    """Propose several columns as the entity."""
    keys = keys_together(frame, time)
    if keys is None:
        return None
    count = frame.select(keys).n_unique()
    return Choice(keys, f"{count:,} of them; only together they tell apart the rows of a `{time}`",
                  is_sure=all(has_word(key, ENTITY) for key in keys))


def _by_name(frame: pl.DataFrame) -> Iterator[str]:
    """Columns that may be keys, those that are named so first."""
    known = [name for name in frame.columns
             if _may_be_key(frame[name]) and 2 <= frame[name].n_unique() <= frame.height / 2
             and not has_word(name, QUANTITY)]
    yield from sorted(known, key=lambda name: not has_word(name, ENTITY))
