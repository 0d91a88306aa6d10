"""Where times and groups of a scikit-learn call come from: an array, a column, or an index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

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


def find_groups(X: Any, groups: Any) -> Any:
    """Return the groups of the rows of X: as given, or the column or index level they name."""
    found = find_column(X, groups, "groups")
    # As text, a missing value among names would be one more name.
    return np.array(found, dtype=object) if isinstance(found, (list, tuple)) else found


class Coded(NamedTuple):
    """One number per row, and the value that each number stands for."""

    codes: npt.NDArray[np.intp]
    labels: list[Any]


def encode(values: npt.NDArray[Any], what: str) -> Coded:
    """Number the distinct values from 0, in their order.

    Raises
    ------
    InputError
        If a value is missing.

    Examples
    --------
    >>> encode(np.array(["b", "a", "b"]), "groups")
    Coded(codes=array([1, 0, 1]), labels=['a', 'b'])
    """
    seen: dict[Any, int] = {}
    order = np.fromiter((seen.setdefault(value, len(seen)) for value in values.tolist()),
                        dtype=np.intp, count=len(values))
    missing = np.isin(order, [code for value, code in seen.items() if _is_missing(value)])
    if missing.any():
        raise InputError(f"{what}: {missing.sum()} missing value(s), first at row(s) "
                         f"{np.flatnonzero(missing)[:5].tolist()}; every row needs one: fill or "
                         "remove these rows")
    labels = sorted(seen, key=lambda value: (type(value).__name__, value))
    ranks = np.empty(len(labels), dtype=np.intp)
    ranks[[seen[label] for label in labels]] = np.arange(len(labels))
    return Coded(ranks[order], labels)


def _is_missing(value: Any) -> bool:
    return not isinstance(value, str) and str(value) in ("None", "nan", "NaT", "<NA>")


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
