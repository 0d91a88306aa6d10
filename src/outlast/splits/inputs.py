"""Where the times of a scikit-learn call come from: an array, a column, or an index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from outlast.errors import InputError, suggest

_NO_TIME = (
    "time is missing: pass time=... to split (in nested cross-validation with "
    "set_split_request(time=True, label_end=True) and params={'time': ...}), or give X a "
    "DatetimeIndex"
)


def find_time(X: Any, time: Any) -> Any:
    """Return the prediction times of the rows of X.

    Parameters
    ----------
    X : array-like or table, optional
    time : array-like or str, optional
        Times, a column or an index level of `X`; by default the datetime index of `X`.

    Returns
    -------
    array-like

    Raises
    ------
    InputError
        If there is no such column or level, or no time at all.
    """
    return _datetime_index(X) if time is None else find_column(X, time, "time")


def find_column(X: Any, given: Any, what: str) -> Any:
    """Return the values that a name stands for: a column of X, else an index level of X.

    Raises
    ------
    InputError
        If `X` has neither under this name.
    """
    if not isinstance(given, str):
        return given
    columns = _columns(X)
    if given in columns:
        return X[given]
    levels = [name for name in _levels(X) if name is not None]
    if given in levels:
        return X.index.get_level_values(given)
    known = [str(name) for name in (*columns, *levels)]
    raise InputError(f"{what} {given!r} is neither a column nor an index level of X: "
                     f"{suggest(given, known)}")


def check_rows(X: Any, n_times: int) -> None:
    """Raise if X has another number of rows than there are times.

    Raises
    ------
    InputError
        Naming both numbers.
    """
    rows = X.shape[0] if hasattr(X, "shape") else len(X) if hasattr(X, "__len__") else n_times
    if rows != n_times:
        raise InputError(f"time has {n_times} values but X has {rows} rows; both need one per row")


def _datetime_index(X: Any) -> Any:
    levels = range(len(_levels(X)))
    found = [X.index.get_level_values(level) for level in levels]
    dated = [values for values in found if getattr(values.dtype, "kind", "") == "M"]
    if len(dated) != 1:
        raise InputError(_NO_TIME)
    return dated[0]


def _columns(X: Any) -> Sequence[Any]:
    # An Arrow table's `columns` are its data.
    return list(getattr(X, "column_names", getattr(X, "columns", ())))


def _levels(X: Any) -> Sequence[Any]:
    index = getattr(X, "index", None)
    return list(getattr(index, "names", ()))
