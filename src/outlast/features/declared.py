"""Recipes as YAML, for people to read, to edit, and to keep beside a configuration."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from outlast.errors import InputError, unknown_name
from outlast.features import FEATURES, Feature, Recipe, Suggestion
from outlast.strict_yaml import line_of, load_yaml

_KEYS = ("name", "features", "exported", "skipped")
_SHAPE = "one kind with its parameters, such as 'lag: {name: x_lag_1, source: x}'"
# What stands for each column in the name of features that are declared for several at once.
SOURCE = "{source}"


def read_recipe(path: str | Path) -> Recipe:
    """Read a recipe from a YAML file.

    Parameters
    ----------
    path : str or pathlib.Path
        Holds ``features``, a list of ``kind: {parameter: value}`` with the kinds of
        `outlast.features.FEATURES`, and optionally ``name`` (default: that of the file),
        ``exported`` and ``skipped``. Where ``source`` is a list of columns, the feature is made
        of each, and ``{source}`` in its name stands for the column.

    Returns
    -------
    Recipe

    Raises
    ------
    InputError
        For a file that cannot be read, and for an unknown key, kind or parameter and a value of
        the wrong type, with the line.
    """
    declared = {"name": Path(path).stem, **load_yaml(path, "recipe")}
    return _recipe(declared, str(path), partial(_place, Path(path)))


def recipe_of(declared: Mapping[str, Any]) -> Recipe:
    """Return the recipe that keys and values as in `read_recipe` declare.

    Examples
    --------
    >>> recipe = recipe_of({"name": "means", "features": [
    ...     {"rolling": {"name": "{source}_mean", "source": ["high", "low"], "rows": 5}}]})
    >>> recipe.exported
    ('high_mean', 'low_mean')
    """
    return _recipe(declared, "recipe", _numbered)


def declare(recipe: Recipe) -> dict[str, Any]:
    """Return what `recipe_of` makes the same recipe of; parameters at their default are left out.

    Raises
    ------
    InputError
        If a feature is of a class that is not in `outlast.features.FEATURES`.

    Examples
    --------
    >>> from outlast.features.windows import Lag
    >>> declare(Recipe("short", (Lag("x_lag_2", "x", steps=2),)))["features"]
    [{'lag': {'name': 'x_lag_2', 'source': 'x', 'steps': 2}}]
    """
    names = tuple(feature.name for feature in recipe.features)
    given = {
        "name": recipe.name,
        "features": [_declared(feature) for feature in recipe.features],
        "exported": [] if recipe.exported == names else list(recipe.exported),
        "skipped": dict(recipe.skipped),
    }
    return {key: value for key, value in given.items() if value}


def to_yaml(declared: Any) -> str:
    """Return what was declared as YAML, a line per feature where it fits."""
    return yaml.dump(declared, Dumper=_Plain, default_flow_style=None, sort_keys=False,
                     allow_unicode=True, width=100)


def suggestion_yaml(suggestion: Suggestion) -> str:
    """Return a proposal as a recipe in YAML, with the reason above each group.

    Examples
    --------
    >>> from outlast.data import load_stocks
    >>> from outlast.features.suggested import suggest_recipe
    >>> text = suggestion_yaml(suggest_recipe(load_stocks(), max_features=8))
    >>> text.splitlines()[2:4]  # doctest: +ELLIPSIS
    ['# as they are: numbers ...', '- raw: {name: open, source: open}']
    """
    parts = ["name: suggested", "features:"]
    for group in suggestion.groups:
        listed = [_declared(feature) for feature in group.features]
        parts += [f"# {group.reason}", to_yaml(listed).rstrip()]
    if suggestion.skipped:
        parts.append(to_yaml({"skipped": suggestion.skipped}).rstrip())
    for group in suggestion.left_out:
        names = ", ".join(feature.name for feature in group.features)
        parts.append(f"# no room for: {group.reason}\n#   {names}")
    return "\n".join(parts) + "\n"


class _Plain(yaml.SafeDumper):
    """Writes every value out: the loader takes no aliases."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _recipe(declared: Mapping[str, Any], origin: str, place: Callable[[int], str]) -> Recipe:
    for key in declared:
        if key not in _KEYS:
            raise InputError(f"{origin}: {unknown_name('key', str(key), _KEYS)}")
    listed = declared.get("features")
    if not isinstance(listed, list):
        raise InputError(f"{origin}: 'features' must be a list, each {_SHAPE}, got {listed!r}")
    exported, skipped = declared.get("exported") or [], declared.get("skipped") or {}
    if not isinstance(exported, list):
        raise InputError(f"{origin}: 'exported' must be a list of feature names, got {exported!r}")
    if not isinstance(skipped, dict):
        raise InputError(f"{origin}: 'skipped' must give columns and reasons, got {skipped!r}")
    features = {i: list(_features(item, place, i)) for i, item in enumerate(listed)}
    entries = {feature.name: i for i, made in features.items() for feature in made}
    reasons = tuple((str(k), str(v)) for k, v in skipped.items())
    try:
        return Recipe(str(declared.get("name", "recipe")), tuple(chain(*features.values())),
                      tuple(map(str, exported)), reasons, partial(_place_of, place, entries))
    except InputError as error:
        raise InputError(f"{origin}: {error}") from error


def _features(item: Any, place: Callable[[int], str], i: int) -> Iterator[Feature]:
    """Make the features of one entry: one, or one per column where several are listed."""
    if not isinstance(item, dict) or len(item) != 1:
        raise InputError(f"{place(i)}: a feature is {_SHAPE}, got {item!r}")
    (kind, given), = item.items()
    if kind not in FEATURES:
        raise InputError(f"{place(i)}: {unknown_name('kind of feature', str(kind), FEATURES)}")
    if not isinstance(given, dict):
        raise InputError(f"{place(i)}: {kind} needs parameters, {_SHAPE}, got {given!r}")
    known = [field.name for field in fields(FEATURES[kind])]
    for key in given:
        if key not in known:
            raise InputError(f"{place(i)}: {unknown_name(f'parameter of {kind}', str(key), known)}")
    source, name = given.get("source"), given.get("name")
    if isinstance(source, list):
        if SOURCE not in str(name):
            raise InputError(f"{place(i)}: {kind} of several columns needs {SOURCE!r} in its name, "
                             f"such as '{SOURCE}__{kind}', got {name!r}")
        for column in source:
            each = {**given, "source": column, "name": str(name).replace(SOURCE, str(column))}
            yield _feature(kind, each, place, i)
    else:
        yield _feature(kind, given, place, i)


def _feature(
    kind: str, given: Mapping[str, Any], place: Callable[[int], str], i: int
) -> Feature:
    # YAML reads 2024-12-25 as a date; parameters are text.
    plain = json.dumps(given, default=str)
    try:
        TypeAdapter(FEATURES[kind]).validate_json(plain, strict=True)
    except ValidationError as error:
        raise InputError(f"{place(i)}: {kind}: {'; '.join(_reasons(error))}") from error
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value
                              for key, value in json.loads(plain).items()}
    return FEATURES[kind](**values)


def _reasons(error: ValidationError) -> Iterator[str]:
    for item in error.errors():
        where = ".".join(str(part) for part in item["loc"])
        if item["type"] == "value_error":
            yield item["msg"].removeprefix("Value error, ")
        elif item["type"] == "missing":
            yield f"{where} is missing"
        else:
            yield f"{where}: {item['msg']}, got {item['input']!r}"


def _numbered(i: int) -> str:
    return f"recipe, feature {i + 1}"


def _place_of(place: Callable[[int], str], entries: Mapping[str, int], name: str) -> str:
    """Return where a feature is declared, which may be one of several in an entry."""
    return place(entries[name])


def _place(path: Path, i: int) -> str:
    """Return file and line of an entry."""
    return f"{path}, line {line_of(path, ['features', i])}"


def _declared(feature: Feature) -> dict[str, Any]:
    kinds = {made: kind for kind, made in FEATURES.items()}
    if type(feature) not in kinds:
        raise InputError(f"feature {feature.name!r} is a {type(feature).__name__}, which is not "
                         "among outlast.features.FEATURES; register it there to write it as YAML")
    given = {field.name: getattr(feature, field.name) for field in fields(feature)
             if field.default is MISSING or getattr(feature, field.name) != field.default}
    return {kinds[type(feature)]: given}
