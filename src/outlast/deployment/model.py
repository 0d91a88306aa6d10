"""A trained model in the hand: an estimator of scikit-learn that knows time and entities."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from outlast.data import Events, Panel
from outlast.data.keys import with_keys
from outlast.data.times import to_instants
from outlast.deployment.artefact import load, save
from outlast.deployment.cautions import Asked, Caution, cautions
from outlast.deployment.manifest import Manifest
from outlast.deployment.tables import Given, frame_of, open_panel
from outlast.deployment.trained import Trained
from outlast.errors import InputError, OutlastWarning

Which = Literal["new", "all"]


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predicted rows, and what makes them less sure.

    Attributes
    ----------
    frame : polars.DataFrame
        Time and entity by the names of the table; ``prediction`` (a class or a value);
        ``probability`` of the second of two classes, or ``probability_<class>`` of each of
        more; for values ``low`` and ``high`` where the report has measured how often such
        intervals hold. In order of time and entity.
    cautions : tuple of Caution
    """

    frame: pl.DataFrame
    cautions: tuple[Caution, ...] = ()


class OutlastModel(BaseEstimator):  # type: ignore[misc]
    """The recommended configuration, fitted to all rows, ready for new ones.

    Parameters
    ----------
    folder : path, optional
        Where `outlast refit` has written it. `load` reads it at once; `fit` takes only the
        configuration from it.
    features : Recipe, FunctionRecipe or callable, optional
        What makes the features, where they are Python code.

    Attributes
    ----------
    manifest_ : Manifest
    classes_ : ndarray
        Of a classification, in the type of the target.
    feature_names_in_ : ndarray of str
        The columns that a table must have.
    n_features_in_ : int

    See Also
    --------
    outlast.refit : Make one from an experiment.

    Examples
    --------
    >>> from sklearn.base import clone
    >>> clone(OutlastModel("model")).get_params()
    {'features': None, 'folder': 'model'}
    """

    def __init__(self, folder: str | Path | None = None, features: Any = None) -> None:
        self.folder = folder
        self.features = features

    @classmethod
    def load(cls, folder: str | Path, features: Any = None) -> Self:
        """Read a saved model, every file verified first; see `outlast.deployment.artefact.load`.

        Parameters
        ----------
        folder : path
        features : Recipe, FunctionRecipe or callable, optional
            Needed where the features are Python code; it must be the code of the training.

        Returns
        -------
        OutlastModel
        """
        return cls(folder, features).adopt(load(Path(folder), features))

    def adopt(self, trained: Trained) -> Self:
        """Take over what was fitted elsewhere."""
        self.trained_ = trained
        return self

    def save(self, folder: str | Path) -> Manifest:
        """Write the model into a new folder; see `outlast.deployment.artefact.save`."""
        manifest = save(self._fitted(), Path(folder))
        self.trained_ = replace(self.trained_, manifest=manifest)
        return manifest

    def fit(self, X: Any, y: Any = None) -> Self:
        """Fit the configuration of the folder anew to all labelled rows of a table.

        Parameters
        ----------
        X : path or table
            With the target and what tells when its labels were known.
        y : array-like, shape (n,), optional
            The target, where the table does not hold it.

        Returns
        -------
        OutlastModel
        """
        from outlast.deployment.refitting import refitted

        known = self.trained_ if hasattr(self, "trained_") else self._configuration()
        if y is not None:
            X = _with_target(frame_of(X, known.manifest), known.manifest.roles.target,
                             np.asarray(y))
        return self.adopt(refitted(known, Given(X)))

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Predict every row of a table, in its order: classes or values.

        Parameters
        ----------
        X : path, polars, pandas or Arrow table
            The rows to predict with enough history before them for the windows of the
            features. Labels are not needed; where they are given, only those that were known
            by then are used.

        Returns
        -------
        ndarray, shape (n,)
        """
        return self._values(self._all_rows(X))

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Predict the probability of each class for every row of a table, in its order.

        Returns
        -------
        ndarray, shape (n, n_classes)

        Raises
        ------
        InputError
            If the model predicts values.
        """
        if self.manifest_.task == "regression":
            raise InputError("this model predicts values and no probabilities; use predict")
        raw = self._all_rows(X)
        return raw if raw.ndim == 2 else np.column_stack([1 - raw, raw])

    def predict_new(
        self, table: Any, *, since: Any = None, rows: Which = "new", events: Events | None = None
    ) -> Predictions:
        """Predict the rows that have no label yet, with their time and entity.

        Parameters
        ----------
        table : path, polars, pandas or Arrow table
            See `predict`.
        since : str, date or int, optional
            Predict the rows of this time and later ones, labelled or not.
        rows : {"new", "all"}, default "new"
            All rows of the table in place of those without a label.
        events : Events, optional
            Default: those that were known when the model was trained.

        Returns
        -------
        Predictions
            Its cautions are issued as warnings, too.

        Raises
        ------
        InputError
            If the table does not fit the model, or no row is asked for.
        """
        trained = self._fitted()
        frame = with_keys(frame_of(table, trained.manifest), trained.manifest.roles)
        panel = open_panel(Given(frame, events), trained.manifest, trained.events)
        chosen = _chosen(panel, since, rows)
        predicted, found = self._predicted(panel, chosen, events is not None)
        _warn(found, 3)
        roles = trained.manifest.roles
        keys = frame.select(name for name in (roles.time, roles.entity) if name is not None)
        # As they were given: a panel makes moments of days.
        return Predictions(keys[panel.source_row[chosen]].hstack(self._columns(predicted)), found)

    @property
    def manifest_(self) -> Manifest:
        """Everything that the model knows of itself."""
        return self._fitted().manifest

    @property
    def classes_(self) -> npt.NDArray[Any]:
        """The classes in the order of their probabilities."""
        if self.manifest_.task == "regression":
            raise AttributeError("a model that predicts values has no classes")
        return self.manifest_.classes()

    @property
    def feature_names_in_(self) -> npt.NDArray[Any]:
        """The columns that a table must have."""
        return np.array([column.name for column in self.manifest_.columns if column.needed],
                        dtype=object)

    @property
    def n_features_in_(self) -> int:
        """How many columns a table must have."""
        return int(self.feature_names_in_.size)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "trained_")

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, RegressorTags

        tags = super().__sklearn_tags__()
        tags.target_tags.required = False
        # Columns are known by their names, which an array has not.
        tags.input_tags.two_d_array, tags.input_tags.dict = False, True
        tags.input_tags.string = tags.input_tags.categorical = tags.input_tags.allow_nan = True
        if hasattr(self, "trained_"):
            task = self.trained_.manifest.task
            tags.estimator_type = "regressor" if task == "regression" else "classifier"
            tags.regressor_tags = RegressorTags() if task == "regression" else None
            tags.classifier_tags = None if task == "regression" else ClassifierTags(
                multi_class=task == "multiclass")
        return tags

    def _configuration(self) -> Trained:
        if self.folder is None:
            raise InputError("OutlastModel().fit has no configuration to fit: name the folder of "
                             "a model, OutlastModel(folder)")
        return load(Path(self.folder), self.features)

    def _fitted(self) -> Trained:
        if not hasattr(self, "trained_"):
            raise NotFittedError("this OutlastModel is not fitted; read one with "
                                 "OutlastModel.load(folder), or call fit")
        return self.trained_

    def _all_rows(self, table: Any) -> npt.NDArray[np.float64]:
        trained = self._fitted()
        panel = open_panel(Given(table), trained.manifest, trained.events)
        predicted, found = self._predicted(panel, np.arange(panel.n_rows))
        _warn(found, 4)
        in_order = np.empty_like(predicted)
        in_order[panel.source_row] = predicted
        return in_order

    def _predicted(
        self, panel: Panel, rows: npt.NDArray[np.intp], has_new_events: bool = False
    ) -> tuple[npt.NDArray[np.float64], tuple[Caution, ...]]:
        trained = self._fitted()
        features = trained.features(panel)
        matrix = trained.matrix_of(panel, features, rows)
        found = cautions(Asked(trained, panel, features, rows, matrix, has_new_events))
        return trained.predict(matrix), found

    def _values(self, raw: npt.NDArray[np.float64]) -> npt.NDArray[Any]:
        if self.manifest_.task == "regression":
            return raw
        chosen = (raw >= 0.5).astype(np.intp) if raw.ndim == 1 else raw.argmax(axis=1)
        return np.asarray(self.classes_[chosen])

    def _columns(self, raw: npt.NDArray[np.float64]) -> list[pl.Series]:
        manifest = self.manifest_
        made = [pl.Series("prediction", self._values(raw))]
        if raw.ndim == 2:
            made += [pl.Series(f"probability_{label}", raw[:, at])
                     for at, label in enumerate(manifest.roles.labels)]
        elif manifest.task == "binary":
            made.append(pl.Series("probability", raw))
        elif manifest.range is not None:
            made += [pl.Series("low", raw - manifest.range.half_width),
                     pl.Series("high", raw + manifest.range.half_width)]
        return made


def _with_target(frame: pl.DataFrame, name: str, y: npt.NDArray[Any]) -> pl.DataFrame:
    if y.shape != (frame.height,):
        raise InputError(f"y has the shape {y.shape}; give one value for each of the "
                         f"{frame.height:,} rows of the table")
    return frame.with_columns(pl.Series(name, y))


def _warn(found: Sequence[Caution], depth: int) -> None:
    """Issue the cautions at the line that called the model, so many calls above this one."""
    for caution in found:
        warnings.warn(caution.sentence, OutlastWarning, stacklevel=depth)


def _chosen(panel: Panel, since: Any, rows: Which) -> npt.NDArray[np.intp]:
    """Positions of the rows that are asked for."""
    if since is not None:
        start = _moment(since, panel)
        chosen = np.flatnonzero(panel.time.ns >= start)
        if not chosen.size:
            raise InputError(f"no row of the table has a time of {since} or later; the newest is "
                             f"{panel.frame[panel.schema.time][-1]}")
        return chosen
    if rows == "all":
        return np.arange(panel.n_rows)
    chosen = np.flatnonzero(~panel.labelled)
    if not chosen.size:
        raise InputError(f"every row of the table has a label in {panel.schema.target!r}, so none "
                         "is new; name the first time to predict with --since (since=), or ask "
                         "for all rows with --all_rows (rows='all')")
    return chosen


def _moment(since: Any, panel: Panel) -> int:
    if panel.time.zone == "abstract":
        if not str(since).lstrip("-").isdecimal():
            raise InputError(f"since {since!r} is no integer, and the times of the table are")
        return int(since)
    found = to_instants(pl.Series([since]), "since")
    if found.zone == "abstract":
        raise InputError(f"since {since!r} is no time; give one such as 2024-01-31")
    return int(found.ns[0])
