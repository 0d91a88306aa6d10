"""An estimator of your own as a strategy: a readable name, and all that it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from outlast.credentials import refuse_credentials
from outlast.described import (
    changed_parameters,
    describe,
    rebuild,
    references,
    resolve,
    source_of,
)
from outlast.errors import InputError
from outlast.records import Strategy, content_hash

ESTIMATOR = "estimator"
_LONGEST = 80


def estimator_strategy(estimator: Any, name: str = "", frame: bool | None = None) -> Strategy:
    """Return the strategy of somebody's own estimator: a readable name, and all that it is.

    Parameters
    ----------
    estimator : estimator or mapping
        An instance, or its description.
    name : str, default ""
        Default: its class with what differs from the defaults.
    frame : bool, optional
        Whether it is given a data frame, see `outlast.models.estimator.Estimator`.

    Returns
    -------
    Strategy

    Raises
    ------
    InputError
        For a class in place of an instance, or one without `fit`, `predict` and `get_params`.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> estimator_strategy(make_pipeline(StandardScaler(), LogisticRegression(C=0.1))).label
    'Pipeline(StandardScaler, LogisticRegression(C=0.1))'
    """
    if isinstance(estimator, Mapping):
        estimator = rebuild(estimator)
    if isinstance(estimator, type):
        raise InputError(f"model {estimator.__name__}: give an instance, "
                         f"{estimator.__name__}(), and not the class")
    missing = [part for part in ("fit", "predict", "get_params") if not hasattr(estimator, part)]
    if missing:
        raise InputError(f"model {type(estimator).__name__} has no {' and no '.join(missing)}; an "
                         "estimator of your own inherits from sklearn.base.BaseEstimator and has "
                         "fit(X, y) and predict(X)")
    label = name or short_name(estimator)
    recipe = describe(estimator, label)
    refuse_credentials(recipe, f"model {type(estimator).__name__}", by_name=True)
    sources = dict(sorted(source_of(resolve(path)) for path in references(recipe)))
    params = {ESTIMATOR: recipe, "sources": sources}
    params |= {} if frame is None else {"frame": frame}
    return Strategy(name=label, params=params, title=label)


def short_name(estimator: Any) -> str:
    """Return a class with its changed parameters, nested estimators by their own short names."""
    text = _short(estimator)
    if len(text) <= _LONGEST:
        return text
    return f"{type(estimator).__name__} #{content_hash(describe(estimator), 6)}"


def _short(value: Any) -> str:
    if not hasattr(value, "get_params"):
        return ""
    given = value.get_params(deep=False)
    shown = [text for name, told in changed_parameters(value).items()
             for text in _shown(name, given[name], told)]
    return f"{type(value).__name__}({', '.join(shown)})" if shown else type(value).__name__


def _shown(name: str, given: Any, told: Any) -> list[str]:
    if hasattr(given, "get_params"):
        return [_short(given)]
    if isinstance(given, (list, tuple)):  # the named steps of a pipeline, a union or a vote
        parts = [part for item in given if isinstance(item, (list, tuple)) for part in item]
        return [_short(part) for part in parts if hasattr(part, "get_params")]
    return [f"{name}={told}"] if isinstance(told, (bool, int, float, str)) else []
