"""What a configuration file may name to be imported: importing a module runs its code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np

from outlast.described import references, resolve
from outlast.errors import InputError
from outlast.own_metric import is_own, path_of

# Whose harmless parts need no permission: what learns, splits or scores, and nothing else.
_KNOWN = ("sklearn", "numpy")
_SCORES = ("sklearn.metrics.", "sklearn.feature_selection.")


def check_imports(settings: Mapping[str, Any], allowed: Sequence[str] = ()) -> None:
    """Raise if settings from a file name code that nobody has allowed to be imported.

    Estimators, splitters and metrics of scikit-learn and functions such as ``numpy:log1p`` are
    always allowed.

    Parameters
    ----------
    settings : mapping
        ``features``, ``metric``, ``splits`` and ``models`` as they are written in the file.
    allowed : sequence of str
        Packages and modules whose code may be imported and called.

    Raises
    ------
    InputError
        Before anything of it is imported.

    Examples
    --------
    >>> check_imports({"splits": ["sklearn.model_selection.TimeSeriesSplit"]})
    >>> check_imports({"features": "my_project.features:build"}, ["my_project"])
    Traceback (most recent call last):
    outlast.errors.InputError: 'my_project.features:build' cannot be found (No module named \
'my_project'); define it in a module that can be imported, and give its path as \
my_project.models:Careful
    """
    for key, path in _named(settings):
        if not isinstance(path, str) or path[:1] in ("", ".", ":"):
            raise InputError(f"{key}: a class or function is named by a text such as "
                             f"my_project.models:Careful, got {path!r}")
        if not _is_allowed(path, allowed):
            package = path.replace(":", ".").partition(".")[0]
            raise InputError(
                f"{key}: {path!r} is code that the configuration file would run. Of scikit-learn, "
                "estimators, splitters and metrics are taken from a file, of other packages "
                f"nothing unless it is allowed: if you trust it, add --allow_import {package}")
    if any(_caches(entry) for entry in _listed(settings.get("models"))):
        raise InputError("models: the parameter memory names a folder of pickles, which run code "
                         "when they are read; leave it out, or give the estimator from Python")


def _named(settings: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every setting that names code, with the name."""
    if (features := settings.get("features")) is not None:
        yield "features", features
    if isinstance(metric := settings.get("metric"), str) and is_own(metric):
        yield "metric", path_of(metric)
    for entry in _listed(settings.get("splits")):
        name = entry.get("name", next(iter(entry), "")) if isinstance(entry, dict) else entry
        if "." in str(name):
            yield "splits", name
    for entry in _listed(settings.get("models")):
        yield from (("models", path) for path in references(entry))


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []


def _is_allowed(path: str, allowed: Sequence[str]) -> bool:
    module = path.partition(":")[0] if ":" in path else path.rpartition(".")[0]
    if not _is_below(module, (*allowed, *_KNOWN)):
        return False
    found = resolve(path)
    # An allowed module may have imported os, which is not allowed by that.
    if isinstance(found, (type, FunctionType, BuiltinFunctionType)):
        return _is_below(str(found.__module__), allowed) or _is_harmless(found)
    return _is_below(module, allowed) or _is_harmless(found)


def _is_below(module: str, packages: Sequence[str]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in packages)


def _is_harmless(thing: Any) -> bool:
    from sklearn.base import BaseEstimator
    from sklearn.gaussian_process.kernels import Kernel
    from sklearn.model_selection import BaseCrossValidator, BaseShuffleSplit

    if isinstance(thing, np.ufunc):
        return True
    origin = str(getattr(thing, "__module__", ""))
    if isinstance(thing, type):
        kinds = (BaseEstimator, Kernel, BaseCrossValidator, BaseShuffleSplit)
        return origin.startswith("sklearn.") and issubclass(thing, kinds)
    return isinstance(thing, FunctionType) and origin.startswith(_SCORES)


def _caches(told: Any) -> bool:
    """Whether an estimator is told to keep what it has fitted in a folder."""
    if isinstance(told, Mapping):
        return told.get("memory") is not None or any(map(_caches, told.values()))
    return isinstance(told, list) and any(map(_caches, told))
