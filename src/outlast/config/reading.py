"""From a YAML file and given values to a checked configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from outlast.config.settings import Config, DataConfig
from outlast.credentials import hidden, refuse_credentials
from outlast.errors import InputError, suggest
from outlast.imports import check_imports
from outlast.strict_yaml import line_of, load_yaml

_MOST_REASONS, _LONGEST = 8, 300


def make_config(
    values: Mapping[str, Any] | None = None, path: str | Path | None = None,
    allow_import: Sequence[str] = (),
) -> Config:
    """Merge a YAML file and given values (which win) into a checked configuration.

    Parameters
    ----------
    values : mapping, optional
        Settings by name; ``data`` is itself a mapping and is merged key by key.
    path : str or pathlib.Path, optional
        A YAML file with the same keys.
    allow_import : sequence of str
        Packages whose code the file may name: a function for the features, own estimators and
        splitters. Those of scikit-learn need no permission, nor do given values.

    Returns
    -------
    Config

    Raises
    ------
    InputError
        For a missing or unreadable file, an unknown key (with a suggestion), a value that
        breaks its rule, code that the file may not name, or a password.

    Examples
    --------
    >>> make_config({"n_trials": 3}).n_trials
    3
    """
    merged = load_yaml(path) if path is not None else {}
    for key, value in (values or {}).items():
        known = merged.get(key) or {}
        if key == "data" and isinstance(value, Mapping) and isinstance(known, Mapping):
            value = {**known, **value}
        merged[key] = value
    check_imports({key: value for key, value in merged.items() if key not in (values or {})},
                  allow_import)
    for key, value in merged.items():
        refuse_credentials(value, str(key), by_name=key == "models")
    try:
        return Config.model_validate(merged)
    except ValidationError as error:
        raise InputError(f"configuration: {'; '.join(_reasons(error, values or {}, path))}"
                         ) from error


def _reasons(
    error: ValidationError, given: Mapping[str, Any], path: str | Path | None
) -> Iterator[str]:
    """Say what is wrong, and in which line if it was read from the file."""
    for item in error.errors()[:_MOST_REASONS]:
        key = ".".join(str(part) for part in item["loc"])
        if item["type"] == "extra_forbidden":
            owner = DataConfig if item["loc"][0] == "data" else Config
            told = f"unknown key {key!r}: {suggest(str(item['loc'][-1]), owner.model_fields)}"
        else:
            got = hidden(repr(item["input"]))[:_LONGEST]
            told = f"{key}: {item['msg'].removeprefix('Value error, ')}, got {got}"
        yield _place(item["loc"], given, path) + told


def _place(keys: Sequence[str | int], given: Mapping[str, Any], path: str | Path | None) -> str:
    data = given.get("data") or {}
    is_given = keys[0] in given and (keys[0] != "data" or len(keys) < 2 or keys[1] in data)
    line = None if path is None or is_given else line_of(path, keys)
    return f"{path}, line {line}: " if line is not None else ""
