"""The kinds of values that settings have, and how each is read from YAML or a command line."""

from __future__ import annotations

import contextlib
import math
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from outlast.own_estimator import ESTIMATOR, estimator_strategy
from outlast.records import Strategy, canonical_json

_AMOUNT = re.compile(r"(?P<number>\d+(\.\d+)?)\s*(?P<unit>[A-Za-z]*)")
_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86_400}
_BYTES = {"B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
# Folders of the operating system: whoever names one has mistyped, or means harm.
_SYSTEM = {"bin", "boot", "dev", "etc", "lib", "lib64", "proc", "sbin", "sys", "usr"}
# Below these are places of people: memory that is anybody's to use, images of containers.
_OPEN = ("/dev/shm", "/usr/src", "/usr/local", "/usr/home")


class Settings(BaseModel):
    """Base of all settings: immutable, finite, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class GivenSplit(Settings):
    """A splitter object, or an iterable of (train, test) positions, in place of a name."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    splitter: Any = Field(exclude=True)
    title: str

    @property
    def label(self) -> str:
        """Its name for people."""
        return self.title


def _amount(value: Any, units: Mapping[str, float], example: str) -> Any:
    """Read a number with a unit; a number alone is in the first of them."""
    if not isinstance(value, str):
        return value
    found = _AMOUNT.fullmatch(value.strip())
    unit = found["unit"] or next(iter(units)) if found else ""
    if found is None or unit not in units:
        raise ValueError(f"give a number with one of the units {', '.join(units)}, such as "
                         f"{example}")
    return float(found["number"]) * units[unit]


def _seconds(value: Any) -> Any:
    return _amount(value, _SECONDS, "90, '30min' or '2h'")


def _bytes(value: Any) -> Any:
    amount = _amount(value, _BYTES, "'800MB' or '8GB'")
    return int(amount) if isinstance(amount, float) and math.isfinite(amount) else amount


def _stretch(value: Any) -> Any:
    """Read the size of a stretch of time, or that there is none."""
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            return int(value) if value.isdigit() else float(value)
    # YAML reads off as a truth value.
    return None if value is False or value in ("none", "off") else value


def _folder(value: str) -> str:
    """Refuse what is no folder of this machine, or is one that belongs to the system."""
    if "://" in value:
        raise ValueError("the reports need a folder of this machine; features and results alone "
                         "may lie behind a URL: give it as store")
    return _place(value)


def _place(value: str) -> str:
    """Refuse a place where nobody means to keep results."""
    if not value.strip() or "\0" in value:
        raise ValueError("name a folder")
    path = value.removeprefix("file://")
    if "://" not in path:
        resolved = Path(path).resolve()
        is_open = any(resolved.is_relative_to(place) for place in _OPEN)
        if not is_open and (resolved == Path(resolved.anchor) or resolved.parts[1] in _SYSTEM):
            raise ValueError(f"{str(resolved)!r} belongs to the system; name a folder of your own")
    return value


def _path(value: Any) -> Any:
    """Read a path of Python, and ~ as the home that it stands for, which no shell has seen."""
    text = str(value) if isinstance(value, Path) else value
    return os.path.expanduser(text) if isinstance(text, str) else text  # noqa: PTH111


def _pairs(value: Any) -> Any:
    return dict(map(_pair, value)) if isinstance(value, (list, tuple)) else value


def _pair(text: Any) -> tuple[str, str]:
    """Read ``"column=45D"``."""
    name, found, source = str(text).rpartition("=")
    if not found:
        raise ValueError("give COLUMN=DURATION or COLUMN=TIME_COLUMN")
    return name, source


def _pins(value: Any) -> Any:
    """Read names with reasons, or names alone."""
    return dict.fromkeys(value, "") if isinstance(value, (list, tuple)) else value


def _strategies(value: Any) -> Any:
    return tuple(map(_strategy, value)) if isinstance(value, (list, tuple)) else value


def _models(value: Any) -> Any:
    return tuple(map(_model, value)) if isinstance(value, (list, tuple)) else value


def _model(value: Any) -> Any:
    """Read a strategy, an estimator, or an estimator with a name."""
    if not isinstance(value, (str, Mapping, Strategy)):
        return estimator_strategy(value)
    read = _strategy({name: _own(told) for name, told in value.items()}
                     if isinstance(value, Mapping) and "name" not in value else value)
    if isinstance(read, Strategy) and ESTIMATOR in read.params and not read.title:
        return estimator_strategy(read.params[ESTIMATOR], read.name, read.params.get("frame"))
    return read


def _own(told: Any) -> Any:
    """Read an estimator in the place of a model's parameters."""
    return {ESTIMATOR: told} if hasattr(told, "fit") else told


def _selections(value: Any) -> Any:
    """Read strategies, or one alone."""
    return _strategies(value if isinstance(value, (list, tuple)) else [value])


def _strategy(value: Any) -> Any:
    """Read ``"name"``, ``{name: params}`` or ``{"name": ..., "params": ...}``."""
    if isinstance(value, str):
        return Strategy(name=value)
    if not isinstance(value, Mapping):
        return value
    if "name" not in value and len(value) == 1:
        ((name, params),) = value.items()
        return Strategy(name=name, params=_plain(params or {}))
    return _plain(value)


def _plain(value: Any) -> Any:
    """Read numbers and arrays of NumPy as those of Python, which JSON can hold."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.tolist() if isinstance(value, (np.generic, np.ndarray)) else value


def _splits(value: Any) -> Any:
    return tuple(map(_split, value)) if isinstance(value, (list, tuple)) else value


def _split(value: Any) -> Any:
    """Read a strategy, a splitter object, or an iterable of folds."""
    if isinstance(value, (str, Mapping, Settings, Strategy)):
        return _strategy(value)
    if hasattr(value, "split"):
        return GivenSplit(splitter=value, title=_title(value))
    if isinstance(value, Iterable):
        return GivenSplit(splitter=list(value), title="given folds")
    raise ValueError("a split is a name, {name: params}, a splitter, or folds as pairs of "
                     "(train, test) positions")


def _title(splitter: Any) -> str:
    """Return a splitter's repr, where that is one short line, or else its type."""
    text = " ".join(repr(splitter).split())
    return text if len(text) <= 60 and " object at 0x" not in text else type(splitter).__name__


def _finite(value: tuple[Any, ...]) -> tuple[Any, ...]:
    """Refuse what no JSON holds, wherever it stands among the parameters."""
    for item in value:
        if isinstance(item, Strategy):
            try:
                canonical_json(item.params)
            except (TypeError, ValueError) as error:
                raise ValueError(f"the parameters of {item.name} must be finite numbers, texts, "
                                 f"lists and mappings of these ({error})") from error
    return value


def _distinct(value: tuple[Any, ...]) -> tuple[Any, ...]:
    if not value:
        raise ValueError("name at least one")
    if len({_label(item) for item in value}) < len(value):
        raise ValueError("the same entry is listed twice")
    return value


def _label(item: Any) -> str:
    return item.label if isinstance(item, (Strategy, GivenSplit)) else str(item)


DISTINCT = AfterValidator(_distinct)
FINITE = AfterValidator(_finite)

# What a file may hold, for editors: pydantic knows only what the values are made into.
_STRATEGY = {"anyOf": [
    {"type": "string"},
    {"type": "object", "minProperties": 1, "maxProperties": 1,
     "additionalProperties": {"type": ["object", "null"]}},
    {"type": "object", "required": ["name"], "additionalProperties": False,
     "properties": {"name": {"type": "string"}, "params": {"type": "object"},
                    "title": {"type": "string"}}},
]}
_LISTED = {"type": "array", "minItems": 1, "items": _STRATEGY}
_NAMED = {"anyOf": [{"type": "object", "additionalProperties": {"type": "string"}},
                    {"type": "array", "items": {"type": "string"}}]}


def _quantity(units: Mapping[str, float]) -> WithJsonSchema:
    pattern = rf"^\s*\d+(\.\d+)?\s*({'|'.join(units)})?\s*$"
    return WithJsonSchema({"anyOf": [{"type": "number", "exclusiveMinimum": 0},
                                     {"type": "string", "pattern": pattern}]})


Folder = Annotated[str, BeforeValidator(_path), AfterValidator(_folder)]
Place = Annotated[str, BeforeValidator(_path), AfterValidator(_place)]
Seconds = Annotated[float, Field(gt=0), BeforeValidator(_seconds), _quantity(_SECONDS)]
Memory = Annotated[int, Field(ge=50_000_000, le=2**62), BeforeValidator(_bytes), _quantity(_BYTES)]
Stretch = Annotated[float | int | str | None, BeforeValidator(_stretch), WithJsonSchema(
    {"anyOf": [{"type": ["number", "string", "null"]}, {"const": False}]})]
Named = Annotated[dict[str, str | int | bool], BeforeValidator(_pairs), WithJsonSchema(
    {"anyOf": [{"type": "object", "additionalProperties": {"type": ["string", "integer",
                                                                    "boolean"]}},
               {"type": "array", "items": {"type": "string"}}]})]
Pairs = Annotated[dict[str, str], BeforeValidator(_pairs), WithJsonSchema(_NAMED)]
Pins = Annotated[dict[str, str], BeforeValidator(_pins), WithJsonSchema(_NAMED)]
Models = Annotated[tuple[Strategy, ...], BeforeValidator(_models), FINITE, DISTINCT,
                   WithJsonSchema(_LISTED)]
Selections = Annotated[tuple[Strategy, ...], BeforeValidator(_selections), FINITE,
                       DISTINCT, WithJsonSchema({"anyOf": [_LISTED, *_STRATEGY["anyOf"]]})]
Splits = Annotated[tuple[Strategy | GivenSplit, ...], BeforeValidator(_splits), FINITE,
                   DISTINCT, WithJsonSchema(_LISTED)]
