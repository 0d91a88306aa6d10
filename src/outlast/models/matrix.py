"""What a model is given: the rows of one side of a fold, and what kind of fit is wanted."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from outlast.errors import InputError
from outlast.records import Task

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp] | npt.NDArray[np.bool_] | slice
Form = TypeVar("Form")


@dataclass(frozen=True, eq=False)
class Matrix:
    """One side of a fold, ready for any library.

    Its arrays must not change once a model was fitted to them, see `form`.

    Attributes
    ----------
    X : ndarray of float32, shape (n, p)
        NaN is missing; categorical columns hold codes from 0. It is kept row by row (C order),
        whichever way it came: sums over another layout differ in the last digit, and so would
        the models of two runs.
    columns : tuple of str, length p
    categorical : tuple of int
        Positions of the categorical columns.
    y : ndarray of float64, shape (n,), optional
    last_known : ndarray of float64, shape (n,), optional
        The label of the same entity that was known last at the row's time; NaN if none.

    Examples
    --------
    >>> matrix = Matrix(np.array([[0.5, 1.0], [np.nan, 0.0]], "f4"), ("price", "shop"), (1,))
    >>> len(matrix.take(np.array([1])))
    1
    """

    X: npt.NDArray[np.float32]
    columns: tuple[str, ...]
    categorical: tuple[int, ...] = ()
    y: Floats | None = None
    last_known: Floats | None = None
    _forms: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.X.ndim != 2 or self.X.shape[1] != len(self.columns):
            raise InputError(f"matrix of shape {self.X.shape} has {len(self.columns)} column names")
        for name in ("y", "last_known"):
            values = getattr(self, name)
            if values is not None and len(values) != len(self.X):
                raise InputError(f"{name} has {len(values)} values for {len(self.X)} rows")
        object.__setattr__(self, "X", np.ascontiguousarray(self.X))

    def __len__(self) -> int:
        return len(self.X)

    def take(self, rows: Rows) -> Matrix:
        """Return the chosen rows."""
        y = None if self.y is None else self.y[rows]
        last_known = None if self.last_known is None else self.last_known[rows]
        return Matrix(self.X[rows], self.columns, self.categorical, y, last_known)

    def select(self, names: Sequence[str]) -> Matrix:
        """Return the chosen columns, in the given order."""
        at = [self.columns.index(name) for name in names]
        categorical = tuple(i for i, column in enumerate(at) if column in self.categorical)
        return Matrix(self.X[:, at], tuple(names), categorical, self.y, self.last_known)

    def form(self, key: Hashable, make: Callable[[], Form]) -> Form:
        """Return these rows in a library's own form, made by `make` once per key.

        Binning a table costs as much as many a boosting round; all fits on one matrix share
        it. The key names whatever the form depends on besides the rows.

        Examples
        --------
        >>> matrix = Matrix(np.ones((2, 1), "f4"), ("a",))
        >>> matrix.form("sum", matrix.X.sum) is matrix.form("sum", matrix.X.sum)
        True
        """
        if key not in self._forms:
            self._forms[key] = make()
        return self._forms[key]  # type: ignore[no-any-return]

    @property
    def target(self) -> Floats:
        """The labels of a matrix that must have some."""
        if self.y is None or not len(self) or not np.isfinite(self.y).all():
            raise InputError("fitting needs at least one row and a label in every row")
        return self.y


@dataclass(frozen=True)
class FitContext:
    """What kind of prediction is fitted, and with which seed and how many threads."""

    task: Task
    n_classes: int = 1
    seed: int = 0
    threads: int = 1
