"""A function of your own as a metric: its name is the path of the function and the direction."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from outlast.described import is_importable, reference, remember, resolve, source_of
from outlast.errors import InputError
from outlast.weighted import Weights

Floats = npt.NDArray[np.float64]

_UP, _DOWN = "↑", "↓"


def name_of(function: Callable[..., float], greater_is_better: bool) -> str:
    """Return the name under which a function scores.

    Parameters
    ----------
    function : callable
        ``f(y_true, y_pred) -> float``.
    greater_is_better : bool

    Returns
    -------
    str

    Raises
    ------
    InputError
        If it is no function that a reference can name.

    Examples
    --------
    >>> from sklearn.metrics import fbeta_score
    >>> name_of(fbeta_score, True)
    'sklearn.metrics:fbeta_score↑'
    """
    if not hasattr(function, "__qualname__"):
        raise InputError(f"metric {function!r} is no function; write one, def f(y_true, y_pred), "
                         "that calls it")
    path = reference(function)
    # Where no import finds it, its place says nothing.
    path = path if is_importable(path) else remember(function.__name__, function)
    return path + (_UP if greater_is_better else _DOWN)


def is_own(name: str) -> bool:
    """Tell whether a metric's name is that of a function.

    Examples
    --------
    >>> is_own("roc_auc"), is_own("my_project.costs:loss↓")
    (False, True)
    """
    return name.endswith((_UP, _DOWN))


def path_of(name: str) -> str:
    """Return the reference of the function behind a name.

    Examples
    --------
    >>> path_of("my_project.costs:loss↓")
    'my_project.costs:loss'
    """
    return name.rstrip(_UP + _DOWN)


def is_greater_better(name: str) -> bool:
    """Return the direction that a name tells.

    Raises
    ------
    KeyError
        If it is not the name of a function.
    """
    if not is_own(name):
        raise KeyError(name)
    return name.endswith(_UP)


def description(name: str) -> str:
    """Return the first line of the function's documentation."""
    try:
        text = inspect.getdoc(resolve(path_of(name)))
    except InputError:
        text = None
    return (text or "A function of your own.").splitlines()[0]


def code_of(name: str) -> list[str]:
    """Return what changes with the code behind a metric: nothing for those of outlast."""
    return list(source_of(resolve(path_of(name)))) if is_own(name) else []


def weighted_scores(name: str, y: Floats, p: Floats, w: Weights) -> Floats:
    """Score the rows of each draw, each as often as it was drawn.

    Where the function raises a ValueError or a ZeroDivisionError, it is not defined; of a draw
    without rows it is not asked.

    Raises
    ------
    InputError
        If the weights are not whole numbers.
    """
    function = resolve(path_of(name))
    truth = y.astype(np.int64) if np.array_equal(y, np.rint(y)) else y
    times = w.rows(np.arange(y.size))
    if not np.array_equal(times, np.rint(times)):
        raise InputError(f"metric {name!r} scores whole rows, and cannot weigh them by fractions")
    drawn = (np.repeat(np.arange(y.size), line.astype(np.intp)) for line in times.T)
    return np.array([_called(function, truth[rows], p[rows]) for rows in drawn])


def _called(function: Callable[..., float], y: npt.NDArray[np.generic], p: Floats) -> float:
    if not y.size:
        return float("nan")
    try:
        return float(function(y, p))
    except (ValueError, ZeroDivisionError) as error:
        told = f"{getattr(function, '__name__', 'metric')} is not defined on {y.size} rows: {error}"
        warnings.warn(told, RuntimeWarning, stacklevel=2)
        return float("nan")
