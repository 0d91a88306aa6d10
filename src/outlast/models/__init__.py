"""Models: one file per library or idea, and one line here to register it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from outlast.errors import InputError, MissingDependencyError, unknown_name
from outlast.models.base import Model
from outlast.models.baseline import LastValue, Prior
from outlast.models.catboost import CatBoost
from outlast.models.estimator import KIND, Estimator
from outlast.models.fitted import CARD, Card, FittedModel
from outlast.models.lightgbm import LightGBM
from outlast.models.linear import Linear
from outlast.models.matrix import FitContext, Matrix
from outlast.models.random_forest import RandomForest
from outlast.models.xgboost import XGBoost
from outlast.own_estimator import ESTIMATOR

MODELS: dict[str, type[Model]] = {
    "prior": Prior,
    "last_value": LastValue,
    "linear": Linear,
    "lightgbm": LightGBM,
    "xgboost": XGBoost,
    "catboost": CatBoost,
    "random_forest": RandomForest,
}

__all__ = ["MODELS", "Card", "FitContext", "FittedModel", "Matrix", "Model", "default_models",
           "kind_of", "load_model", "make_model"]


def make_model(name: str, params: Mapping[str, Any] | None = None) -> Model:
    """Return a model by name.

    Parameters
    ----------
    name : str
    params : mapping, optional
        Laid over the model's defaults and left out of its search; of an estimator of your own,
        its description.

    Returns
    -------
    Model

    Raises
    ------
    InputError
        If no model has that name.
    MissingDependencyError
        If its library is not installed.

    Examples
    --------
    >>> make_model("linear", {"alpha": 1.0}).defaults()
    {'alpha': 1.0}
    """
    if name not in MODELS and ESTIMATOR in (params or {}):
        return Estimator(params, name)
    if name not in MODELS:
        raise unknown_name("model", name, MODELS)
    kind = MODELS[name]
    if not _installed(kind):
        raise MissingDependencyError(f"model {name!r} needs the library {kind.requires!r}: "
                                     f"pip install 'outlast[{kind.requires}]'")
    return kind(params)


def kind_of(name: str) -> type[Model]:
    """Return the kind of model that a finished job's model is of.

    Examples
    --------
    >>> kind_of("prior").is_baseline, kind_of("Pipeline(StandardScaler, Ridge)").__name__
    (True, 'Estimator')
    """
    return MODELS.get(name, Estimator)


def default_models() -> list[str]:
    """Return the names of the models that are compared when none is named.

    Examples
    --------
    >>> default_models()[:3]
    ['prior', 'last_value', 'linear']
    """
    return [name for name, kind in MODELS.items() if kind.default_in_matrix and _installed(kind)]


def load_model(folder: Path) -> FittedModel:
    """Read a fitted model from the folder that `FittedModel.save` wrote into.

    The formats run no code. Trees that could make outlast or LightGBM crash or never end are
    refused; the parsers of XGBoost and CatBoost may still crash on a file that was made for it:
    compare the files with their stored hashes first when they have travelled.

    Raises
    ------
    InputError
        If the folder holds no saved model, or a file of it is missing or broken.
    MissingDependencyError
        If the model's library is not installed.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> train = Matrix(np.zeros((2, 1), "f4"), ("a",), y=np.array([1.0, 3.0]))
    >>> with TemporaryDirectory() as folder:
    ...     files = make_model("prior").fit(train, {}, FitContext("regression")).save(Path(folder))
    ...     load_model(Path(folder)).predict(train).tolist()
    [2.0, 2.0]
    """
    try:
        card = Card.model_validate_json((folder / CARD).read_bytes())
        kind = Estimator if card.kind == KIND else type(make_model(card.kind))
        return _read(kind, folder, card)
    except FileNotFoundError as error:
        raise InputError(f"{folder} holds no saved model: {error}") from error
    except ValidationError as error:
        raise InputError(f"{folder / CARD} does not describe a model: {error}") from error


def _read(kind: type[Model], folder: Path, card: Card) -> FittedModel:
    broken: tuple[type[Exception], ...] = (ValueError, KeyError, IndexError, TypeError)
    if kind is not Estimator:
        broken += kind().failures()
    try:
        return kind.fitted.read(folder, card)
    except (InputError, FileNotFoundError):
        raise
    except broken as error:
        raise InputError(f"{folder} holds a broken model: {error}; make it anew") from error


def _installed(kind: type[Model]) -> bool:
    return kind.requires is None or find_spec(kind.requires) is not None
