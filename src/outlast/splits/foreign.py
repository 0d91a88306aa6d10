"""Splitters of other libraries: asked for their rows as they are, then audited like our own."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast.data.panel import Panel
from outlast.errors import InputError, import_advice, suggest
from outlast.splits.base import Fold, Positions
from outlast.splits.purge_audit import audit_given

# What other libraries call the times of a row, and the time at which its label is known.
_TIMES = ("time", "times", "time_series", "prediction_times", "pred_times")
_ENDS = ("label_end", "evaluation_times", "eval_times")


def import_splitter(path: str, params: Mapping[str, Any]) -> Any:
    """Build the splitter that a dotted path names.

    Parameters
    ----------
    path : str
        Such as ``sklearn.model_selection.TimeSeriesSplit``.
    params : mapping
        Arguments of its constructor.

    Returns
    -------
    object

    Raises
    ------
    InputError
        If the module or the name does not exist, or the arguments do not fit.

    Examples
    --------
    >>> import_splitter("sklearn.model_selection.KFold", {"n_splits": 3})
    KFold(n_splits=3, random_state=None, shuffle=False)
    """
    module_name, _, name = path.rpartition(".")
    try:
        module = importlib.import_module(module_name)
    # A TypeError or ValueError: a path that begins or ends with a dot.
    except (ImportError, TypeError, ValueError) as error:
        raise InputError(f"split {path!r}: cannot import {module_name!r} ({error}); give a dotted "
                         "path such as sklearn.model_selection.TimeSeriesSplit"
                         f"{import_advice(module_name)}") from error
    if not hasattr(module, name):
        raise InputError(f"split {path!r}: {module_name!r} has no {name!r}: "
                         f"{suggest(name, [n for n in dir(module) if not n.startswith('_')])}")
    try:
        made = getattr(module, name)(**params)
    except (TypeError, ValueError) as error:
        raise InputError(f"split {path!r} refuses {dict(params)}: {error}") from error
    if not (hasattr(made, "split") or isinstance(made, Iterable)):
        raise InputError(f"split {path!r} makes a {type(made).__name__}, which has no split()")
    return made


def foreign_folds(splitter: Any, panel: Panel, title: str) -> tuple[Fold, ...]:
    """Ask a foreign splitter for its folds and audit them.

    Parameters
    ----------
    splitter : object with ``split``, or iterable of (train, test)
        It is given the table in the order of its source, as its user has it: all columns
        but the target as X, then target, entities and times under the names that its
        ``split`` knows. Positions, or masks, refer to the rows of the source.
    panel : Panel
    title : str
        How messages name the splitter.

    Returns
    -------
    tuple of Fold
        Positions of the panel's rows; rows without a label are left out on both sides.

    Raises
    ------
    InputError
        If it yields no folds, no pairs, or positions outside the table.
    """
    ranks = np.full(int(panel.source_row.max()) + 1, -1, dtype=np.intp)
    ranks[panel.source_row] = np.arange(panel.n_rows)
    folds = []
    for index, (train, test) in enumerate(_pairs(splitter, panel, title)):
        what = f"split {title!r}, fold {index}"
        rows = _usable(panel, ranks[_positions(train, ranks.size, what)], f"{what}, train")
        tested = _usable(panel, ranks[_positions(test, ranks.size, what)], f"{what}, test")
        audit = audit_given(rows, tested, panel.time.ns, panel.label_end)
        folds.append(Fold(index, rows, tested, audit))
    if not folds:
        raise InputError(f"split {title!r} yields no folds")
    return tuple(folds)


def _pairs(splitter: Any, panel: Panel, title: str) -> Iterator[tuple[Any, Any]]:
    for pair in _asked(splitter, panel, title) if hasattr(splitter, "split") else splitter:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise InputError(f"split {title!r} must yield pairs of (train, test) positions, "
                             f"got {type(pair).__name__}")
        yield pair[0], pair[1]


def _asked(splitter: Any, panel: Panel, title: str) -> list[Any]:
    order = np.argsort(panel.source_row)
    frame = panel.frame[order]
    arguments = {name: value for name, value in _known(panel, order).items()
                 if name in inspect.signature(splitter.split).parameters}
    # Those that have no use for groups warn when they get some.
    groups = arguments.pop("groups", None)
    try:
        return list(splitter.split(frame.drop(panel.schema.target), **arguments))
    except (TypeError, ValueError) as error:
        if groups is None or "group" not in str(error):
            raise InputError(f"split {title!r} cannot split this table: {error}") from error
    return list(splitter.split(frame.drop(panel.schema.target), **arguments, groups=groups))


def _known(panel: Panel, order: Positions) -> dict[str, Any]:
    """What the `split` of other libraries may ask for, in source order.

    A missing label is filled in, as stratified splitters refuse it; its row is left out
    of the folds.
    """
    entity = panel.schema.entity
    labels = panel.y[panel.usable]
    y = np.where(np.isnan(panel.y), np.sort(labels)[labels.size // 2], panel.y)[order]
    clock = np.int64 if panel.time.zone == "abstract" else np.dtype("datetime64[ns]")
    return {
        "y": y if panel.task == "regression" else y.astype(np.int64),
        "groups": None if entity is None else panel.frame[entity].to_numpy()[order],
        **dict.fromkeys(_TIMES, panel.time.ns[order].astype(clock)),
        **dict.fromkeys(_ENDS, panel.label_end[order].astype(clock)),
    }


def _positions(side: Any, n_rows: int, what: str) -> Positions:
    values: npt.NDArray[Any] = (side.to_numpy() if isinstance(side, pl.Series)
                                else np.asarray(side)).ravel()
    if values.dtype == np.bool_:
        if values.size != n_rows:
            raise InputError(f"{what}: a mask of {values.size} for {n_rows} rows")
        return np.flatnonzero(values)
    if values.size == 0:
        return values.astype(np.intp)
    if not np.issubdtype(values.dtype, np.integer) or values.min() < 0 or values.max() >= n_rows:
        raise InputError(f"{what}: positions must be whole numbers from 0 to {n_rows - 1}, got "
                         f"{values.dtype} from {values.min()} to {values.max()}")
    return np.unique(values).astype(np.intp)


def _usable(panel: Panel, rows: Positions, what: str) -> Positions:
    rows = rows[rows >= 0]
    kept = np.sort(rows[panel.usable[rows]])
    if not kept.size:
        raise InputError(f"{what}: none of its {rows.size} rows has a label")
    return kept
