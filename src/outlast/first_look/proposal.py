"""The whole proposal for a table: roles of its columns with reasons, and what to look at first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl
import polars.selectors as cs

from outlast.audit.target_copy import copies_of_target
from outlast.data import Events, Panel, Schema, read_table
from outlast.data.files import KINDS
from outlast.data.index_columns import COUNTER, ROW_NAME, index_columns
from outlast.data.keys import with_keys
from outlast.data.readers import is_remote
from outlast.data.time_formats import EXCEL, possible_formats, read_times, told_format
from outlast.errors import InputError, suggest
from outlast.first_look.ahead import Ordered
from outlast.first_look.choices import Candidate, Choice, given
from outlast.first_look.keys import (
    find_entity,
    find_time,
    join_of_keys,
    parts_as_time,
    time_in_parts,
)
from outlast.first_look.names import CODES, ROW, TIME, has_word, words
from outlast.first_look.targets import (
    find_horizon,
    find_label_end,
    find_leaky,
    find_target,
    find_task,
)
from outlast.first_look.traps import (
    Trap,
    mixed_units,
    nearly_target,
    one_column_each,
    repeated_keys,
    traps_of_columns,
    traps_of_rows,
)

_MOST_CODES, _NEARLY_ALL = 60, 0.9
_MOST_EVENT_FILES, _FEWEST_NUMBERS = 5, 3


@dataclass(frozen=True)
class Given:
    """What the user has said already; None is to be found out.

    Attributes
    ----------
    time, entity : str or tuple of str, optional
        The entity ``"none"`` is a single series, unless a column is called so.
    target : str, optional
    horizon : int or str, optional
    """

    time: str | tuple[str, ...] | None = None
    entity: str | tuple[str, ...] | None = None
    target: str | None = None
    horizon: int | str | None = None

    def check(self, columns: list[str]) -> None:
        """Raise if a column is not in the table."""
        for role in ("time", "entity", "target"):
            said = getattr(self, role) or ()
            for name in (said,) if isinstance(said, str) else said:
                if name not in columns and (role, said) != ("entity", "none"):
                    raise InputError(f"--{role}: no column {name!r} in the table: "
                                     f"{suggest(name, columns)}")


@dataclass(frozen=True)
class Proposal:
    """What is proposed for a table.

    Attributes
    ----------
    source : str
    rows, columns : int
    time, entity, target, horizon : Choice
    time_format : Choice
        How times are written, without a value where that is as ISO says.
    label_end : tuple of str, optional
        Column and reason; it takes the place of the horizon.
    task : tuple of str, optional
        What kind of prediction it is, and why.
    leaky, ignore, categorical : dict of str to str
        Columns with reasons.
    events : tuple of str, optional
        A table of events that lies beside this one, and what it holds.
    csv, unpivot : tuple of dict and str, optional
        How a CSV is written that is no plain one, and how a wide table becomes a long one, each
        with words for it.
    traps : tuple of Trap
        Those that stop a run first.
    """

    source: str
    rows: int
    columns: int
    time: Choice
    entity: Choice
    target: Choice
    horizon: Choice
    time_format: Choice = field(default_factory=lambda: Choice(None, "as ISO says"))
    label_end: tuple[str, str] | None = None
    task: tuple[str, str] | None = None
    leaky: dict[str, str] = field(default_factory=dict)
    ignore: dict[str, str] = field(default_factory=dict)
    categorical: dict[str, str] = field(default_factory=dict)
    events: tuple[str, str] | None = None
    csv: tuple[dict[str, Any], str] | None = None
    unpivot: tuple[dict[str, Any], str] | None = None
    traps: tuple[Trap, ...] = ()

    @property
    def can_run(self) -> bool:
        """Whether nothing stops a run."""
        return not any(trap.stops for trap in self.traps)

    @property
    def guesses(self) -> list[str]:
        """The roles that may well be another column."""
        chosen = {"time": self.time, "time_format": self.time_format, "entity": self.entity,
                  "target": self.target, "horizon": self.horizon}
        if self.label_end is not None:
            chosen.pop("horizon")
        return [role for role, choice in chosen.items() if not choice.is_sure]

    @property
    def data(self) -> dict[str, Any]:
        """The settings of the table, as `outlast.config.DataConfig` takes them."""
        told = {"source": self.source, "csv": self.csv[0] if self.csv else None,
                "unpivot": self.unpivot[0] if self.unpivot else None,
                "time": self.time.value, "entity": self.entity.value,
                "time_format": self.time_format.value, "target": self.target.value,
                "label_end": self.label_end[0] if self.label_end else None,
                "horizon": None if self.label_end else self.horizon.value,
                "events": self.events[0] if self.events else None, "leaky": list(self.leaky),
                "ignore": list(self.ignore), "categorical": list(self.categorical)}
        return {key: value for key, value in told.items() if value not in (None, [])}


def propose(frame: pl.DataFrame, source: str, said: Given = Given()) -> Proposal:
    """Propose what the columns of a table mean, and tell its traps.

    Parameters
    ----------
    frame : polars.DataFrame
    source : str
        Where it was read from.
    said : Given, optional

    Returns
    -------
    Proposal

    Raises
    ------
    InputError
        For an empty table, or a column that it does not have.

    Examples
    --------
    >>> table = pl.DataFrame({"ds": ["2024-01-01", "2024-01-02"] * 2,
    ...                       "unique_id": ["a", "a", "b", "b"], "y": [1.5, 2.5, 3.0, 4.0]})
    >>> found = propose(table, "sales.csv")
    >>> found.time.value, found.entity.value, found.target.value, found.task[0]
    ('ds', 'unique_id', 'y', 'regression')
    """
    if frame.is_empty():
        raise InputError(f"{source!r} has no rows; there is nothing to propose")
    said.check(frame.columns)
    frame = frame.with_columns(cs.decimal().cast(pl.Float64), cs.float().fill_nan(None))
    time, written = _time(frame, said.time)
    nothing = Choice(None, "not looked for without a time", is_sure=False)
    found = Proposal(source, frame.height, frame.width, time, nothing, nothing, nothing,
                     written)
    if time.value is None:
        return replace(found, traps=(*_names(frame), _no_time(frame)))
    if written.value is not None:
        frame = frame.with_columns(read_times(frame[str(time.value)], str(written.value)))
    frame = with_keys(frame, Schema(time=time.value, target=""))
    entity = _entity(frame, _name(time), said)
    frame = with_keys(frame, Schema(time=_name(time), entity=entity.value, target=""))
    table = Ordered.of(frame, _name(time), _text(entity))
    keys = [_name(time), *filter(None, [_text(entity)]), *_parts(time), *_parts(entity)]
    target = given(said.target, "--target") if said.target else find_target(table, keys)
    if target.value is None:
        trap = Trap("no target", target.reason, "name it: --target COLUMN", stops=True)
        return replace(found, entity=entity, target=target, horizon=target, traps=(trap,))
    horizon = given(said.horizon, "--horizon") if said.horizon is not None else find_horizon(
        table, str(target.value))
    label_end = None if said.horizon is not None else find_label_end(table, keys[0])
    return _Look(table, replace(found, entity=entity, target=target, horizon=horizon,
                                label_end=label_end, events=_events(source))).whole()


def _time(
    frame: pl.DataFrame, said: str | tuple[str, ...] | None
) -> tuple[Choice, Choice]:
    """The column of the time, and how it is written where that is not as ISO says."""
    iso = Choice(None, "as ISO says")
    if isinstance(said, tuple):
        return given(said, "--time"), iso
    looked_at = [said] if said else frame.columns
    formats = {name: found for name in looked_at
               if (frame[name].dtype == pl.String or has_word(name, TIME))
               and (found := possible_formats(frame[name]))}
    time = given(said, "--time") if said else find_time(
        frame.with_columns(read_times(frame[name], form[0]) for name, form in formats.items()))
    if not said and (parts := time_in_parts(frame)) and (
            time.value is None or _is_part(frame, str(time.value))):
        nowhere = Choice(None, "its parts are in columns of their own", is_sure=False)
        return parts_as_time(frame, parts) or nowhere, iso
    if time.value not in formats:
        return time, iso
    first, *others = formats[str(time.value)]
    example = frame[str(time.value)].drop_nulls().cast(pl.String)[-1]
    return time, Choice(first, told_format(first, example), tuple(
        Candidate(form, 0.0, ("reads them all, too",)) for form in others),
        not others and first != EXCEL)


def _entity(frame: pl.DataFrame, time: str, said: Given) -> Choice:
    if said.entity is None:
        found = find_entity(frame, time)
        is_open = found.value is None and not found.is_sure
        return (join_of_keys(frame, time) if is_open else None) or found
    none = said.entity == "none" and "none" not in frame.columns
    return given(None if none else said.entity, "--entity")


def _text(choice: Choice) -> str | None:
    """The column of a choice; several are joined into one."""
    if choice.value is None:
        return None
    return "_".join(choice.value) if isinstance(choice.value, tuple) else str(choice.value)


def _name(choice: Choice) -> str:
    return _text(choice) or ""


def _parts(choice: Choice) -> tuple[str, ...]:
    return choice.value if isinstance(choice.value, tuple) else ()


@dataclass(frozen=True, eq=False)
class _Look:
    """The second part of a look: once the keys and the target are chosen."""

    table: Ordered
    bare: Proposal

    def whole(self) -> Proposal:
        """Return the proposal with the roles of all other columns, and the traps."""
        bare, frame = self.bare, self.table.frame
        time, entity, target = (_text(c) for c in (bare.time, bare.entity, bare.target))
        assert time is not None, "nothing is looked at without a time"
        assert target is not None, "nothing is looked at without a target"
        taken = {time, entity, target, bare.label_end[0] if bare.label_end else None,
                 *_parts(bare.time), *_parts(bare.entity)}
        rest = [name for name in frame.columns if name not in taken]
        repeated = repeated_keys(frame, time, entity)
        panel, trouble = self._panel(time, entity)
        ignore = _ignored(frame, rest, panel)
        rest = [name for name in rest if name not in ignore]
        leaky = find_leaky(self.table, target, rest)
        if panel is not None:
            copies = copies_of_target(panel, [name for name in rest if name not in leaky])
            leaky |= {name: f"the target follows from it: it {how}" for name, how in copies.items()}
        rest = [name for name in rest if name not in leaky]
        traps = [*filter(None, (repeated, trouble)), *traps_of_columns(frame, time, rest)]
        traps += [*self._same_row(target), *filter(None, [one_column_each(frame, time, entity)])]
        if panel is not None and panel.n_rows > _NEARLY_ALL * frame.height:
            traps += traps_of_rows(panel, self.table.missing_at_end(target))
        if panel is not None:
            traps += [*filter(None, (mixed_units(panel, rest), nearly_target(panel, rest)))]
        traps += _names(frame)
        task = None if panel is None else find_task(frame[target], panel.task)
        return replace(bare, task=task, leaky=leaky, ignore=ignore,
                       categorical=_codes(frame, rest),
                       traps=tuple(sorted(traps, key=lambda trap: not trap.stops)))

    def _panel(self, time: str, entity: str | None) -> tuple[Panel | None, Trap | None]:
        """The table as a run would take it, each key once; or why it would not take it."""
        once = self.table.frame.unique([time] if entity is None else [entity, time],
                                       keep="first", maintain_order=True)
        data = {key: value for key, value in self.bare.data.items() if key in Schema.model_fields}
        try:
            return Panel.build(once, Schema(**{**data, "leaky": ()})), None
        except InputError as error:
            return None, Trap("no run yet", str(error), "settle that first", stops=True)


    def _same_row(self, target: str) -> Iterator[Trap]:
        """Nothing shows that the target lies ahead: say what is predicted then."""
        if not self.bare.horizon.is_sure and self.bare.horizon.value == 1 and (
                self.bare.label_end is None):
            yield Trap("a target of its own row", f"each `{target}` is predicted from the other "
                       "columns of the same row, and from earlier rows",
                       "put columns that are measured together with it in leaky; to look further "
                       "ahead, make a column with its value some rows later the target")


def _ignored(frame: pl.DataFrame, rest: list[str], panel: Panel | None) -> dict[str, str]:
    """Columns that say nothing about rows to come, with the reason."""
    found = {name: "always the same" for name in rest if frame[name].n_unique() == 1}
    found |= {name: "no values" for name in rest if frame[name].null_count() == frame.height}
    # Texts that hardly repeat may still be worth reading; how many rows an entity had, too.
    numbered = {} if panel is None else index_columns(panel)
    found |= {name: f"a row number or name: {reason}" for name, reason in numbered.items()
              if name in rest and reason != COUNTER
              and (reason != ROW_NAME or has_word(name, ROW | CODES))}
    found |= {name: "a row number" for name in rest
              if words(name)[:1] == ["unnamed"] or not name.strip()}
    return found


def _codes(frame: pl.DataFrame, rest: list[str]) -> dict[str, str]:
    """Whole numbers that are names of kinds."""
    return {name: f"{levels} whole numbers, named like a code" for name in rest
            if frame[name].dtype.is_integer() and has_word(name, CODES)
            and 3 <= (levels := frame[name].n_unique()) <= _MOST_CODES}


def _names(frame: pl.DataFrame) -> Iterator[Trap]:
    twice = [name for name in frame.columns if "_duplicated_" in name]
    if twice:
        yield Trap("repeated names", f"{len(twice)} columns have the name of another one, such as "
                   f"`{twice[0].split('_duplicated_')[0]}`",
                   "the later ones are read as "
                   f"`{twice[0]}`: give each a name of its own")


    numbers = [name for name in frame.columns if re.fullmatch(r"\s*[\d.,]+\s*", name)]
    if len(numbers) >= _FEWEST_NUMBERS:
        yield Trap("no header?", f"{len(numbers)} columns are called by numbers, such as "
                   f"`{numbers[0].strip()}`", "if the first line is a row of the table, write a "
                   "line with the names of the columns above it", stops=True)


def _is_part(frame: pl.DataFrame, time: str) -> bool:
    """Whether a time is only a part of one, the rest of which is in other columns."""
    return time in time_in_parts(frame) and frame[time].n_unique() < frame.height


def _no_time(frame: pl.DataFrame) -> Trap:
    """Why there is no time, with the texts that look like one."""
    if parts := time_in_parts(frame):
        told = ", ".join(f"`{name}`" for name in parts)
        return Trap("a time in parts", f"{told} only together say when a row was made",
                    "not in every row, though: mend that, or write them into one column, such as "
                    "2024-01-31 13:00", stops=True)
    for name in frame.columns:
        text = str(frame[name].drop_nulls().first() or "")
        is_text = frame[name].dtype == pl.String
        if is_text and has_word(name, TIME) and any(sign.isdigit() for sign in text):
            return Trap("no readable time", f"`{name}` holds times such as {text!r}, which "
                        "fit no format that is known here", "write them as 2024-01-31 or "
                        "2024-01-31 13:00, or name column and format in the file: time, "
                        "time_format", stops=True)
    return Trap("no time", "no column holds dates or times, and no whole number is named like one",
                "name it: --time COLUMN; a number of the period will do", stops=True)


def _events(source: str) -> tuple[str, str] | None:
    """A table of events in the folder of this one."""
    if is_remote(source) or "://" in source or not Path(source).is_file():
        return None
    beside = (path for path in sorted(Path(source).parent.iterdir())
              if path.name.lower().endswith(KINDS) and path != Path(source)
              and has_word(path.name, frozenset({"event", "events", "holiday", "holidays"})))
    for path, _ in zip(beside, range(_MOST_EVENT_FILES), strict=False):
        try:
            events = Events.from_frame(read_table(path))
        except InputError:
            continue
        if len(events):
            return path.as_posix(), f"{len(events):,} events, in a file beside the table"
    return None
