"""Somebody's own estimator in the place of a model."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from outlast.described import rebuild, references, resolve, source_of
from outlast.errors import InputError, MissingDependencyError, OutlastError
from outlast.models.base import Fitting, Model
from outlast.models.fitted import Card, FittedModel
from outlast.models.matrix import Floats, Matrix
from outlast.own_estimator import ESTIMATOR
from outlast.records import Task

KIND = "estimator"
_CLASSES: tuple[Task, ...] = ("binary", "multiclass")
_BY_NAME = ":ColumnTransformer"


class FittedEstimator(FittedModel):
    """An estimator that was fitted here; no file holds it.

    What scikit-learn fits can be stored by pickle, which runs any code when it is loaded, or in
    formats that must be told which classes to trust: the very classes that their user wrote. All
    that a fit needs is stored anyway, so it is fitted again when it is asked for.
    """

    def __init__(self, card: Card, name: str, estimator: Any, frame: bool) -> None:
        super().__init__(card)
        self.name = name
        self.estimator = estimator
        self.frame = frame

    def gain(self) -> Floats | None:
        """Return ``feature_importances_`` of an estimator that sees the columns as they are."""
        found = getattr(self.estimator, "feature_importances_", None)
        if found is None or np.shape(found) != (len(self.card.columns),):
            return None
        return np.asarray(found, dtype=np.float64)

    @classmethod
    def read(cls, folder: Path, card: Card) -> Self:
        """Say that there is nothing to read."""
        del card
        raise InputError(f"the model in {folder} is an estimator of its user's, which no file "
                         "holds: outlast.open_results(...).model(row) fits it again")

    def _write(self, folder: Path) -> list[str]:
        del folder
        return []

    def _predict(self, data: Matrix) -> npt.NDArray[Any]:
        n, context = len(data), self.card.context
        table = given(data, self.frame)
        if context.task == "regression":
            return self._checked_values(np.squeeze(self.estimator.predict(table)), (n,))
        classes = np.asarray(self.estimator.classes_).astype(np.intp)
        known = self._checked_values(self.estimator.predict_proba(table), (n, classes.size))
        every = np.zeros((n, context.n_classes))
        every[:, classes] = known
        return every[:, 1] if context.task == "binary" else every

    def _checked_values(self, values: Any, shape: tuple[int, ...]) -> Floats:
        found = np.asarray(values, dtype=np.float64)
        found = found.reshape(shape) if found.size == np.prod(shape) == 1 else found
        if found.shape != shape:
            raise OutlastError(f"{self.name} predicted values of shape {found.shape} for "
                               f"{shape[0]} rows; {shape} is expected")
        if bad := int((~np.isfinite(found)).sum()):
            raise OutlastError(f"{self.name} predicted {bad} of {found.size} values that are "
                               "missing or infinite")
        return found


class Estimator(Model):
    """An estimator with scikit-learn's methods, made anew from its description for every fit.

    Parameters
    ----------
    params : mapping
        ``estimator``: the description, see `outlast.described.describe`. ``sources``: the code
        that it was described with; another one is refused. ``frame``: whether it is given a
        pandas data frame in place of an array; default: if it holds a ``ColumnTransformer``.
    name : str, default "estimator"

    Notes
    -----
    ``fit(X, y)`` gets the kept features of the training rows in order of time, as float64: what
    is missing is NaN, a category is its place among the sorted categories of the training rows
    (one that they lack is NaN). In a data frame the columns have their names, and categories are
    of the type ``category``. y holds class numbers from 0, or values. Every ``random_state`` that
    is None gets the seed of the run.

    Examples
    --------
    >>> from outlast.own_estimator import estimator_strategy
    >>> from outlast.models import FitContext
    >>> from sklearn.linear_model import Ridge
    >>> train = Matrix(np.arange(4.0, dtype="f4")[:, None], ("a",), y=np.arange(4.0))
    >>> model = Estimator(estimator_strategy(Ridge(alpha=0.0)).params, "Ridge")
    >>> model.fit(train, {}, FitContext("regression")).predict(train).round(6).tolist()
    [0.0, 1.0, 2.0, 3.0]
    """

    name = KIND
    default_in_matrix = False
    takes_any_parameter = True
    fitted = FittedEstimator

    def __init__(self, params: Mapping[str, Any] | None = None, name: str = KIND) -> None:
        super().__init__(params)
        self.name = name
        self._recipe = self.params[ESTIMATOR]
        told = [path for path in references(self._recipe) if path.endswith(_BY_NAME)]
        self.frame = bool(self.params.get("frame", bool(told)))
        if self.frame and find_spec("pandas") is None:
            raise MissingDependencyError(f"model {name!r} is given a data frame, which needs the "
                                         "library 'pandas': pip install 'outlast[pandas]'")
        self.tasks = self._tasks()

    def defaults(self) -> dict[str, Any]:
        """Return nothing: its parameters are its own."""
        return {}

    def failures(self) -> tuple[type[Exception], ...]:
        """Return every error: code that others wrote may raise anything."""
        return (Exception,)

    def build(self) -> Any:
        """Make the estimator, which no fit has touched.

        Raises
        ------
        InputError
            If its code is not what it was when it was described.
        """
        sources = dict(source_of(resolve(path)) for path in references(self._recipe))
        before = self.params.get("sources", sources)
        if changed := sorted(name for name in sources if sources[name] != before.get(name)):
            raise InputError(f"model {self.name!r}: the code of {', '.join(changed)} has changed "
                             "since the run was begun; run the same script again")
        return rebuild(self._recipe)

    def _tasks(self) -> tuple[Task, ...]:
        made = self.build()
        if _kind(made) == "regressor":
            return ("regression",)
        if hasattr(made, "predict_proba"):
            return _CLASSES
        if _kind(made) == "classifier":
            raise InputError(f"model {self.name!r} has no predict_proba, and outlast judges "
                             "probabilities: put it into a CalibratedClassifierCV")
        return ("regression",)

    def _fit(self, order: Fitting) -> FittedModel:
        made = self.build()
        seeds = {name: order.context.seed for name, value in made.get_params().items()
                 if name.endswith("random_state") and value is None}
        made.set_params(**seeds, **order.params)
        y = order.train.target
        made.fit(given(order.train, self.frame),
                 y if order.context.task == "regression" else y.astype(np.int64))
        return FittedEstimator(order.card(KIND), self.name, made, self.frame)


def given(data: Matrix, frame: bool) -> Any:
    """Return rows as an estimator gets them: an array, or a data frame with names and types.

    Examples
    --------
    >>> given(Matrix(np.array([[1.0, np.nan]], "f4"), ("a", "b")), False).tolist()
    [[1.0, nan]]
    """
    table = data.X.astype(np.float64)
    if not frame:
        return table
    import pandas

    made = pandas.DataFrame(table, columns=list(data.columns))
    for column in data.categorical:
        made[data.columns[column]] = made[data.columns[column]].astype("category")
    return made


def _kind(estimator: Any) -> str:
    """What scikit-learn calls an estimator: classifier, regressor, or nothing."""
    from sklearn.utils import get_tags

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return str(get_tags(estimator).estimator_type)
        except (AttributeError, TypeError):
            return str(getattr(estimator, "_estimator_type", ""))
