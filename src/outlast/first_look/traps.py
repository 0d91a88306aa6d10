"""What is often wrong with a table, in words that say what to do."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from outlast.data import Panel
from outlast.data.cadence import Cadence
from outlast.data.times import format_ns
from outlast.first_look.keys import as_time, keys_together
from outlast.first_look.names import FUTURE, OUTCOME, PAST, QUANTITY, TIME, has_word
from outlast.first_look.targets import waits_after

_FEW_TIMES, _FEW_ROWS, _MOSTLY = 40, 200, 0.5
_SHOWN, _MANY_COLUMNS = 4, 3
_DAY, _FIVE_DIGITS = 86_400.0, 10_000
# In days, with a holiday before or after.
_LONG_WEEKEND, _RARELY = 5, 0.002
# Decades by which values must differ from their entity's usual one, and between which none lie.
_NEAR, _FAR, _LEAST_FAR = 0.8, 1.7, 0.005
_NUMBER_WITH_UNIT = re.compile(
    r"\s*[-+]?[$€£¥]?\s*[-+]?\d[\d.,' ]*\s*(%|[$€£¥]|[A-Za-zµ°/²³]{1,6})?\s*")


@dataclass(frozen=True)
class Trap:
    """Something that misleads a model or stops a run.

    Attributes
    ----------
    title : str
    sentence : str
        What was found.
    action : str
        What to do about it.
    stops : bool
        Whether no run is possible before.
    """

    title: str
    sentence: str
    action: str
    stops: bool = False


def repeated_keys(frame: pl.DataFrame, time: str, entity: str | None) -> Trap | None:
    """Rows that share entity and time."""
    keys = [time] if entity is None else [entity, time]
    many = frame.filter(pl.struct(keys).is_duplicated())
    if many.is_empty():
        return None
    shown = ", ".join(f"{key} {many[key][0]}" for key in keys)
    same = many.height - many.unique().height
    sentence = f"{many.height:,} of {frame.height:,} rows share their ({', '.join(keys)}), the " \
               f"first at {shown}" + (f"; {same:,} of them are whole copies" if same else "")
    pair = keys_together(frame, time)
    if pair is not None:
        action = f"{' and '.join(map(_quoted, pair))} together tell rows apart: give them as the " \
                 f"entity (--entity {' '.join(map(shlex.quote, pair))}), or sum up to one row " \
                 f"per {' and '.join(keys)}"
    else:
        action = "keep one row of each, or sum them up, before the run"
    return Trap("repeated rows", sentence, action, stops=True)


def one_column_each(frame: pl.DataFrame, time: str, entity: str | None) -> Trap | None:
    """A single series with many numbers, none of which is called like a quantity."""
    names = [name for name in frame.columns if name != time]
    known = QUANTITY | OUTCOME | FUTURE | PAST | TIME
    if entity is not None or len(names) < _MANY_COLUMNS or any(
            not frame[name].dtype.is_numeric() or has_word(name, known) for name in names):
        return None
    return Trap("one column each?", f"nothing tells which of {_listed(list(map(_quoted, names)))} "
                "is to be predicted", "if they are one quantity of several things, say what things "
                "and quantity are called: outlast init TABLE --wide stock price")


def traps_of_columns(frame: pl.DataFrame, time: str, used: list[str]) -> Iterator[Trap]:
    """What each column shows by itself: missing values, texts, second times."""
    empty = {name: frame[name].null_count() / frame.height for name in used}
    if mostly := [f"{_quoted(name)} ({share:.0%})" for name, share in empty.items()
                  if share > _MOSTLY]:
        yield Trap("mostly missing", f"most values are missing in {_listed(mostly)}",
                   "that a value is there at all may tell the outcome: find out when it is filled "
                   "in; put it in ignore if that is after the fact")
    for name in used:
        after = int((waits_after(frame, name, time) > 0).sum())
        if after and frame[name].dtype.is_temporal():
            yield Trap("a later time", f"{_quoted(name)} is after `{time}` in {after:,} of "
                       f"{frame.height:,} rows, so something in them was known only then",
                       "say what: the target (label_end in place of horizon), some columns "
                       "(available_after), or nothing, if it was planned ahead (ignore)",
                       stops=True)
    for name in used:
        if not _is_unclear(frame[name]) and (example := _unit_in(frame[name])) is not None:
            yield Trap("numbers as text", f"{_quoted(name)} holds numbers with other signs, such "
                       f"as {example}", "as text every value is a category of its own: make it a "
                       "number in one unit")
    zones = {found.zone for name in frame.columns if frame[name].dtype.is_temporal()
             and (found := as_time(frame[name])) is not None and found.zone != "abstract"}
    if len(zones) > 1:
        yield Trap("mixed time zones", "some columns of times carry a time zone and others do not",
                   "give all of them a time zone, or none")


def traps_of_rows(panel: Panel, missing_at_end: int) -> Iterator[Trap]:
    """What the rows show once they are in order: cadence, gaps, zones, size.

    Targets that are missing in that many last rows of each entity are expected to be.
    """
    cadence = Cadence.of(panel)
    yield from _gaps(panel, cadence)
    if panel.time.zone == "aware":
        yield Trap("time zone", f"times carry the zone {panel.time.tz or 'UTC'}",
                   "days and months are counted on its clock; convert the column if yours is "
                   "another")
    elif panel.time.zone == "naive" and 0 < cadence.usual < _DAY / 2:
        yield Trap("no time zone", "rows come by the hour or faster, and times carry no zone",
                   "local clocks repeat an hour in autumn and leave one out in spring: use UTC")
    times = np.unique(panel.time.ns)
    if times.size < _FEW_TIMES:
        first, last = (_shown(panel, int(at)) for at in times[[0, -1]])
        yield Trap("few times", f"only {times.size} different times, {first} to {last}",
                   "what comes next is learned from times, not from rows: intervals will be wide, "
                   "and the default splits may find no room")
    if panel.usable.sum() < _FEW_ROWS:
        yield Trap("few rows", f"only {panel.usable.sum()} of {panel.n_rows} rows have a target "
                   "that is known",
                   "do not expect to tell a model from a baseline")
    # What a label end or a horizon puts beyond the table is not known yet, as it must be.
    unknown = int((np.isnan(panel.y) & (panel.label_end <= times[-1])).sum())
    if unknown and not missing_at_end:
        yield Trap("target not known", f"{unknown:,} rows have no target",
                   "nothing is learned from them or scored on them, they only feed windows; find "
                   "out why it is missing: what is missing by its outcome biases every score")


def _gaps(panel: Panel, cadence: Cadence) -> Iterator[Trap]:
    usual = span(cadence.usual)
    if cadence.usual and cadence.is_irregular:
        yield Trap("irregular times", f"rows come every {usual} by the median, but "
                   f"{cadence.off:.0%} of the gaps are more than twice or less than half of that",
                   "a number of rows means little here: "
                   + "say the horizon as time, such as 30D; " * (panel.schema.label_end is None)
                   + "`outlast features suggest` proposes windows in time")
    elif cadence.usual == _DAY and _works_on_weekdays(panel):
        return
    elif cadence.wide:
        yield Trap("gaps", f"rows come every {usual}, with {cadence.wide:,} longer gap"
                   f"{'s' * (cadence.wide > 1)}, the longest of {span(cadence.longest)}",
                   "find out whether rows are missing or nothing happened; a horizon in rows "
                   "reaches across a gap")


def _works_on_weekdays(panel: Panel) -> bool:
    """Whether no row falls on a weekend and none but a few gaps are longer than one."""
    days = panel.time.ns // (86_400 * 10**9)
    if np.any((days + 3) % 7 >= 5):
        return False
    order = np.argsort(panel.entity, kind="stable")
    own = np.diff(panel.entity[order]) == 0
    return bool(np.mean(np.diff(days[order])[own] > _LONG_WEEKEND) < _RARELY)


def mixed_units(panel: Panel, names: list[str]) -> Trap | None:
    """Numbers some of which are a hundred times the usual of their entity, with none between."""
    found = []
    for name in names:
        values = panel.frame[name]
        known = values.drop_nulls()
        if not values.dtype.is_numeric() or known.is_empty() or (known <= 0).any():
            continue
        logs = pl.DataFrame({"x": values.cast(pl.Float64).log10(), "e": panel.entity})
        usual = pl.col("x").median().over("e")
        off = logs.select((pl.col("x") - usual).abs())["x"].drop_nulls().to_numpy()
        far, between = np.mean(off >= _FAR), np.mean((off > _NEAR) & (off < _FAR))
        if far >= _LEAST_FAR and between < far / 20:
            found.append(f"{_quoted(name)} ({far:.1%} of rows)")
    if not found:
        return None
    return Trap("mixed units", f"some values are about 100 times the usual or more, with none "
                f"between, in {_listed(found)}", "look whether they are in another unit (cents, "
                "grams, thousands) and convert them")


def nearly_target(panel: Panel, names: list[str]) -> Trap | None:
    """Numbers that go with the target so closely that they may be known only with it."""
    if panel.task == "multiclass":
        return None
    y = pl.Series(panel.y).fill_nan(None)
    found = []
    for name in names:
        if panel.frame[name].dtype.is_numeric():
            pair = pl.DataFrame({"x": panel.frame[name].cast(pl.Float64), "y": y}).drop_nulls()
            power = _power(pair, panel.task)
            if power > 0.98:
                found.append(_quoted(name))
    if not found:
        return None
    return Trap("nearly the target", f"`{panel.schema.target}` goes almost exactly with "
                f"{_listed(found)}", "if that is known only together with it, put it in leaky")


def _power(pair: pl.DataFrame, task: str) -> float:
    """How well one number tells the other: rank correlation, or how well it tells two classes."""
    if pair.height < 30 or pair["x"].n_unique() < 2 or pair["y"].n_unique() < 2:
        return 0.0
    if task == "regression":
        return abs(float(pair.select(pl.corr("x", "y", method="spearman")).item() or 0.0))
    ranks, one = pair["x"].rank().to_numpy(), pair["y"].to_numpy() == 1
    n, m = int(one.sum()), int((~one).sum())
    return abs(2 * float(ranks[one].sum() - n * (n + 1) / 2) / (n * m) - 1)


def unclear_numbers(frame: pl.DataFrame) -> Trap | None:
    """Numbers whose comma may mean two things."""
    unclear = [name for name in frame.columns if _is_unclear(frame[name])]
    if not unclear:
        return None
    example = next(text for text in frame[unclear[0]].drop_nulls() if "," in text)
    where = _listed(list(map(_quoted, unclear)))
    return Trap("numbers with commas", f"{example.strip()} in {where} may be a fraction, or a "
                "thousand and more", "say which: --csv decimal=, or --csv thousands=,", stops=True)


def _is_unclear(column: pl.Series) -> bool:
    """Whether all texts are numbers in which a comma may be a decimal sign or group thousands."""
    if column.dtype != pl.String:
        return False
    known = column.drop_nulls().str.strip_chars()
    return bool(known.str.contains(r"^[+-]?\d{1,3}(,\d{3})?$").all()
                and known.str.contains(",").any())


def _unit_in(column: pl.Series) -> str | None:
    """An example of a number with a unit, if nearly all texts of a column are such."""
    if column.dtype != pl.String:
        return None
    sample = [text for text in column.drop_nulls().head(500).to_list() if text.strip()]
    hits = [found for text in sample if (found := _NUMBER_WITH_UNIT.fullmatch(text))]
    if len(hits) < max(5, 0.8 * len(sample)):
        return None
    # Codes such as "007" are no quantities; a sign that is no digit makes one.
    odd = [found[0] for found in hits if re.search(r"[^\d\s]", found[0])]
    if len(odd) < 0.2 * len(hits):
        return None
    endings = {re.sub(r"[\d.,' +-]", "", text): text for text in odd}
    return " and ".join(repr(text) for text in list(endings.values())[:2])


def span(seconds: float) -> str:
    """Return a stretch of time in the largest unit that suits it.

    Examples
    --------
    >>> span(86_400), span(7 * 86_400), span(5_400)
    ('day', '7 days', '1.5 hours')
    """
    for name, size in (("day", _DAY), ("hour", 3600.0), ("minute", 60.0)):
        if seconds >= size:
            count = f"{seconds / size:,.3g}"
            return name if count == "1" else f"{count} {name}s"
    return f"{seconds:.3g} seconds"


def _shown(panel: Panel, ns: int) -> str:
    if panel.time.zone != "abstract":
        return format_ns(int(ns))
    return f"{ns:,}" if abs(ns) >= _FIVE_DIGITS else str(ns)  # years have no comma


def _quoted(name: str) -> str:
    return f"`{name}`"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
