"""The contract of a model: a strategy that is fitted to a matrix."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from outlast.errors import InputError, unknown_name
from outlast.models.fitted import Card, FittedModel
from outlast.models.matrix import FitContext, Matrix
from outlast.records import Task

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

ALL_TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")
# Early stopping: at most so many rounds, and so many without progress before it stops.
MAX_ROUNDS, PATIENCE = 600, 40


@dataclass(frozen=True)
class Fitting:
    """One fit as a strategy sees it: parameters complete, number of rounds settled.

    `valid` is set only where the loss on it decides when to stop before `rounds`.
    """

    train: Matrix
    params: dict[str, Any]
    context: FitContext
    rounds: int | None = None
    valid: Matrix | None = None

    def card(self, kind: str, n_iterations: int | None = None) -> Card:
        """Return the card of the model that this fit makes."""
        return Card(kind=kind, context=self.context, columns=self.train.columns,
                    categorical=self.train.categorical, n_iterations=n_iterations)


class Model(ABC):
    """A kind of model: its defaults, what may be searched, and how it is fitted.

    Parameters
    ----------
    params : mapping, optional
        Values that differ from the defaults; what is set here is not searched.
    """

    name: str
    tasks: tuple[Task, ...] = ALL_TASKS
    default_in_matrix: ClassVar[bool] = True
    is_baseline: ClassVar[bool] = False
    stops_early: ClassVar[bool] = False
    takes_any_parameter: ClassVar[bool] = False
    requires: ClassVar[str | None] = None
    fitted: ClassVar[type[FittedModel]]
    default_params: ClassVar[Mapping[str, Any]] = {}
    # What puts it on a graphics card; empty if nothing does.
    device_params: ClassVar[Mapping[str, Any]] = {}
    grid_points: ClassVar[Mapping[str, list[Any]]] = {}
    # Parameters that let a library read or write files of its own, or open a connection.
    refused: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, params: Mapping[str, Any] | None = None) -> None:
        self.params = dict(params or {})
        if bad := sorted(self.refused & self.params.keys()):
            raise InputError(f"model {self.name!r}: {', '.join(bad)} would read or write files, or "
                             "open a connection; a fit does neither, leave it out")

    def defaults(self) -> dict[str, Any]:
        """Return every parameter that this model sets itself, with its value."""
        return {**self.default_params, **self.params}

    def space(self) -> dict[str, BaseDistribution]:
        """Return the Optuna distributions to search; empty if there is nothing to tune."""
        return {key: free for key, free in self._space().items() if key not in self.params}

    def grid(self) -> dict[str, list[Any]]:
        """Return values per parameter, the defaults among them: at most 12 points in all."""
        return {key: free for key, free in self.grid_points.items() if key not in self.params}

    def fit(
        self,
        train: Matrix,
        params: Mapping[str, Any],
        context: FitContext,
        *,
        valid: Matrix | None = None,
        n_iterations: int | None = None,
    ) -> FittedModel:
        """Fit to labelled rows.

        Parameters
        ----------
        train : Matrix
        params : mapping
            Laid over the defaults; boosters take any parameter of their library.
        context : FitContext
        valid : Matrix, optional
            Stop early once the loss on these rows no longer falls, unless the caller set
            the number of rounds.
        n_iterations : int, optional
            Boost exactly so many rounds; `valid` is then ignored. Only LightGBM makes
            fewer, when no leaf is left that could be split.

        Returns
        -------
        FittedModel

        Raises
        ------
        InputError
            If labels are missing, a value is infinite, or there is only one class.
        """
        self._check(train, {**self.params, **params}, context)
        merged = {**self.defaults(), **params}
        rounds = merged.pop("n_iterations", None)
        if n_iterations is not None:
            rounds, valid = n_iterations, None
        elif "n_iterations" in self.params:
            valid = None
        elif valid is not None:
            rounds = MAX_ROUNDS
        return self._fit(Fitting(train, merged, context, rounds, valid))

    def failures(self) -> tuple[type[Exception], ...]:
        """Return the errors that parameters can drive the library into; not bad input."""
        return ValueError, FloatingPointError

    def _check(self, train: Matrix, params: Mapping[str, Any], context: FitContext) -> None:
        y = train.target
        if context.task not in self.tasks:
            raise InputError(f"model {self.name!r} does not do {context.task}")
        unknown = set(params) - set(self.default_params)
        if unknown and not self.takes_any_parameter:
            raise unknown_name(f"{self.name} parameter", min(unknown), self.default_params)
        if np.isinf(train.X).any():
            bad = train.columns[int(np.flatnonzero(np.isinf(train.X).any(axis=0))[0])]
            raise InputError(f"column {bad!r} holds infinite values; make them missing (NaN)")
        if not (train.columns or self.is_baseline):
            raise InputError(f"model {self.name!r} needs at least one column")
        if context.task != "regression" and np.ptp(y) == 0 and not self.is_baseline:
            raise InputError(f"model {self.name!r}: the {len(train)} training rows have one class "
                             "only; train on a longer span")

    def _space(self) -> dict[str, BaseDistribution]:
        return {}

    @abstractmethod
    def _fit(self, order: Fitting) -> FittedModel: ...
