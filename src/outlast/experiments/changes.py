"""What has changed since a run was begun: the table, or the configuration, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from outlast.config import HOW, Config
from outlast.data import Panel
from outlast.data.hashing import table_hash
from outlast.data.times import format_ns
from outlast.errors import CorruptError, ResumeError
from outlast.store import Experiment, Store, read_sessions

_LISTS = ("models", "splits", "optimization", "selection")


def describe_content(panel: Panel) -> dict[str, Any]:
    """Return what tells one content of a table from another: size, span, a hash per column."""
    hashes = {name: [str(panel.frame[name].dtype), table_hash(panel.frame.select(name))]
              for name in panel.frame.columns}
    return {"rows": panel.n_rows, "first": int(panel.time.ns[0]), "last": int(panel.time.ns[-1]),
            "columns": hashes, "events": table_hash(panel.events.table)}


def data_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Say how the content of a table differs, in words.

    Parameters
    ----------
    before, after : mapping
        As made by `describe_content`.

    Returns
    -------
    list of str
        Empty if nothing has changed.
    """
    return list(_data_changes(before, after))


def _data_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    if before["rows"] != after["rows"]:
        yield f"{before['rows']:,} rows were there, now {after['rows']:,}"
    for end in ("first", "last"):
        if before[end] != after[end]:
            yield f"the {end} time was {format_ns(before[end])}, now {format_ns(after[end])}"
    old, new = before["columns"], after["columns"]
    for name in sorted(old.keys() - new.keys()):
        yield f"column {name!r} is gone"
    for name in sorted(new.keys() - old.keys()):
        yield f"column {name!r} is new"
    common = [name for name in old if name in new]
    for name in common:
        if old[name][0] != new[name][0]:
            yield f"column {name!r} was {old[name][0]}, is {new[name][0]}"
    changed = [name for name in common if old[name][0] == new[name][0] and old[name] != new[name]]
    if changed and before["rows"] == after["rows"]:
        yield f"values differ in {', '.join(map(repr, changed))}"
    if before["events"] != after["events"]:
        yield "the events differ"


def config_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Say how two configurations differ in what comes out of them.

    Parameters
    ----------
    before, after : mapping
        Configurations as JSON values.

    Returns
    -------
    list of str
        Empty if they are the same; the order of keys does not count.
    """
    found: list[str] = []
    for key in sorted((before.keys() | after.keys()) - HOW - {"time_budget"}):
        old, new = before.get(key), after.get(key)
        if key == "data":
            found += [f"data.{change}" for change in config_changes(old or {}, new or {})]
        elif old != new:
            found.append(f"{key}: {_shown(old)} became {_shown(new)}")
    return found


def is_extension(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether a configuration only adds models, splits, searches or selections to another one."""
    same = {**after, **{key: before.get(key) for key in _LISTS}}
    return not config_changes(before, same) and all(
        key not in before or before[key] == after.get(key)
        or (before[key] and all(item in (after.get(key) or []) for item in before[key]))
        for key in _LISTS)


def refuse_changed_data(store: Store, config: Config, panel: Panel) -> None:
    """Raise if a run on another content of the same table was begun and is not finished.

    Raises
    ------
    ResumeError
        With what has changed and the ways out.
    """
    known = [experiment for experiment in store.experiments() if _is_readable(experiment)]
    if config.new_data or any(e.description["fingerprint"] == panel.fingerprint for e in known):
        return
    for experiment in known:
        changes = _interrupted_on_other_data(experiment, config, panel)
        if changes:
            raise ResumeError(
                f"a run on {config.data.source!r} was stopped before its end, and the table has "
                f"changed since: {'; '.join(changes)}. Bring the old table back to go on, or begin "
                "anew on this one with --new_data")


def _is_readable(experiment: Experiment) -> bool:
    """Whether its description is whole; a damaged one of another table must stop nobody."""
    try:
        return bool(experiment.description)
    except CorruptError:
        return False


def _interrupted_on_other_data(
    experiment: Experiment, config: Config, panel: Panel
) -> list[str]:
    known = experiment.description
    if known["table"] != panel.name or known["schema"]["target"] != panel.schema.target:
        return []
    sessions = read_sessions(experiment)
    data = config.data.model_dump(mode="json")
    # Only the table that was read from the same place under the same roles is the same table.
    if not sessions or sessions[-1]["outcome"] == "finished" or sessions[-1]["config"][
            "data"] != data:
        return []
    return data_changes(known["content"], describe_content(panel))


def _shown(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_shown(item) for item in value) + "]"
    if isinstance(value, Mapping) and set(value) >= {"name", "params"}:
        return f"{value['name']}{value['params'] or ''}"
    return str(value)
