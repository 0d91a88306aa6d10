"""What the columns of a table mean."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import polars as pl
from pydantic import field_validator

from outlast.data.times import to_duration
from outlast.errors import InputError, suggest
from outlast.records import Frozen, Task, canonical_json, content_hash


class Schema(Frozen):
    """The roles of a table's columns.

    Parameters
    ----------
    time : str
        Prediction time: all features of a row were known at or before it.
    target : str
        What is predicted.
    entity : str, optional
        Who or what a row is about. Without it the table is a single series.
    horizon : int or str, default 0
        How far the label looks ahead: an int counts rows of the same entity ("h steps"),
        a text such as ``"5D"`` is clock time. Ignored when `label_end` is given.
    label_end : str, optional
        Column with the time at which each row's label is known.
    task : {"binary", "multiclass", "regression"}, optional
        Read off the target when not given.
    leaky : sequence of str
        Columns that know the future (other targets, forward returns): never features.
    ignore : sequence of str
        Columns that are left out for any other reason.
    categorical : sequence of str
        Numeric columns that are really categories.
    labels : sequence of str
        Names of the classes in the order of their codes; filled in from the target.
    """

    time: str
    target: str
    entity: str | None = None
    horizon: int | str = 0
    label_end: str | None = None
    task: Task | None = None
    leaky: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()

    @field_validator("horizon")
    @classmethod
    def _readable_horizon(cls, value: int | str) -> int | str:
        to_duration(value, "horizon")
        return value

    @property
    def step_horizon(self) -> int | timedelta:
        """The horizon as steps (int) or clock time (timedelta)."""
        return to_duration(self.horizon, "horizon")

    @property
    def reserved(self) -> frozenset[str]:
        """Columns that can never be a feature."""
        named = {self.time, self.target, self.label_end, *self.leaky, *self.ignore}
        return frozenset(name for name in named if name is not None)

    @property
    def fingerprint(self) -> str:
        """Content hash of the roles."""
        return content_hash(self.model_dump(mode="json"))

    def check(self, columns: Sequence[str]) -> None:
        """Raise if a role names a column that the table does not have, or two name the same.

        Raises
        ------
        InputError
            Naming the role, the column and the nearest existing name.
        """
        keys = [self.time, self.target] + ([] if self.entity is None else [self.entity])
        for name in keys:
            if keys.count(name) > 1:
                raise InputError(f"column {name!r} has two roles: time, entity and target must be "
                                 "three different columns")
        singles = {"time": self.time, "entity": self.entity, "target": self.target,
                   "label_end": self.label_end}
        lists = {"leaky": self.leaky, "ignore": self.ignore, "categorical": self.categorical}
        named = [(role, name) for role, name in singles.items() if name is not None]
        named += [(role, name) for role, names in lists.items() for name in names]
        for role, name in named:
            if name not in columns:
                raise InputError(f"{role} column {name!r} is not in the table: "
                                 f"{suggest(name, columns)}")


def infer_task(target: pl.Series) -> Task:
    """Read the task off the target: two values, a few values, or a measurement.

    Parameters
    ----------
    target : polars.Series
        The target column; missing values are rows without a label yet.

    Returns
    -------
    {"binary", "multiclass", "regression"}

    Raises
    ------
    InputError
        If the target has fewer than two distinct values, or holds times or lists.

    Examples
    --------
    >>> infer_task(pl.Series([0, 1, 1, None])), infer_task(pl.Series([0.1, 0.7, 1.3]))
    ('binary', 'regression')
    """
    if target.dtype.is_temporal() or target.dtype.is_nested():
        raise InputError(f"target {target.name!r} is {target.dtype}; a target holds numbers, text "
                         "or truth values")
    known = target.drop_nulls()
    distinct = known.n_unique()
    if distinct < 2:
        shown = canonical_json([str(v) for v in known.unique().to_list()])
        raise InputError(f"target {target.name!r} has {distinct} distinct value(s) {shown}: "
                         "there is nothing to predict")
    if distinct == 2:
        return "binary"
    if target.dtype.is_float() and not _whole_numbers(known, distinct):
        return "regression"
    if target.dtype.is_numeric() and distinct > 20:
        return "regression"
    return "multiclass"


def _whole_numbers(known: pl.Series, distinct: int) -> bool:
    return distinct <= 20 and bool((known == known.round()).all())


def describe(schema: Schema) -> dict[str, Any]:
    """Return the schema's set roles only, for manifests and reports."""
    return {key: value for key, value in schema.model_dump(mode="json").items() if value}
