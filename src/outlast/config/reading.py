"""From a YAML file and given values to a checked configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from outlast.config.settings import Config, DataConfig
from outlast.errors import InputError, suggest
from outlast.strict_yaml import load_yaml


def make_config(values: Mapping[str, Any] | None = None, path: str | Path | None = None) -> Config:
    """Merge a YAML file and given values (which win) into a checked configuration.

    Parameters
    ----------
    values : mapping, optional
        Settings by name; ``data`` is itself a mapping and is merged key by key.
    path : str or pathlib.Path, optional
        A YAML file with the same keys.

    Returns
    -------
    Config

    Raises
    ------
    InputError
        For a missing or unreadable file, an unknown key (with a suggestion) or a value
        that breaks its rule.

    Examples
    --------
    >>> make_config({"n_trials": 3}).n_trials
    3
    """
    merged = load_yaml(path) if path is not None else {}
    for key, value in (values or {}).items():
        if key == "data" and isinstance(value, Mapping):
            value = {**(merged.get("data") or {}), **value}
        merged[key] = value
    try:
        return Config.model_validate(merged)
    except ValidationError as error:
        origin = f" in {str(path)!r}" if path is not None else ""
        raise InputError(f"configuration{origin}: {_explain(error)}") from error


def _explain(error: ValidationError) -> str:
    return "; ".join(_reasons(error))


def _reasons(error: ValidationError) -> Iterator[str]:
    for item in error.errors():
        where = ".".join(str(part) for part in item["loc"])
        if item["type"] == "extra_forbidden":
            owner = DataConfig if item["loc"][0] == "data" else Config
            yield f"unknown key {where!r}: {suggest(str(item['loc'][-1]), owner.model_fields)}"
        else:
            yield f"{where}: {item['msg'].removeprefix('Value error, ')}, got {item['input']!r}"
