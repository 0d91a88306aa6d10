"""What the columns of a table mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import polars as pl
from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator

from outlast.data.durations import Duration, duration_text, is_duration, to_duration
from outlast.errors import InputError, suggest, unknown_name
from outlast.records import Frozen, Task, canonical_json, content_hash


class Spoken(Frozen):
    """A record that says what is wrong with its arguments as an `InputError`."""

    def __init__(self, **values: Any) -> None:
        for name in values:
            if name not in type(self).model_fields:
                raise unknown_name(f"{type(self).__name__} argument", name, type(self).model_fields)
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise InputError(f"{type(self).__name__}: {'; '.join(_reasons(error))}") from error


def _reasons(error: ValidationError) -> Iterator[str]:
    for item in error.errors():
        told = item.get("ctx", {}).get("error")
        where = ".".join(str(part) for part in item["loc"])
        yield str(told) if told is not None else f"{where}: {item['msg']}, got {item['input']!r}"


class Schema(Spoken):
    """The roles of a table's columns.

    Parameters
    ----------
    time : str or sequence of str
        Prediction time: all features of a row were known at or before it. Several columns that
        are called year, quarter, month, week, day, hour or minute are put together by
        `Panel.build`, as the column ``"year_month"``.
    target : str
        What is predicted.
    entity : str or sequence of str, optional
        Who or what a row is about. Without it the table is a single series. Several columns,
        such as store and item, are joined by `Panel.build` into ``"store_item"``, and stay
        categories of their own.
    horizon : int or str, default 0
        How far the label looks ahead: an int counts rows of the same entity ("h steps"), a
        text is clock time such as ``"5D"`` (a day is 24 hours) or calendar time such as
        ``"1mo"`` or ``"1 calendar day"``. Ignored when `label_end` is given.
    label_end : str, optional
        Column with the time at which each row's label has happened.
    label_delay : int or str, default 0
        How long after that it is published: clock or calendar time, added to every label
        end.
    available_after : mapping of column to str, optional
        When the value of a column that is stamped t became known: a stretch of time after t,
        such as ``"45D"`` or ``"1 calendar day"``, or the name of a column with that time.
        `Panel.build` then gives each row the latest value that was known at its time.
    duplicates : {"keep", "drop"}, default "keep"
        Whether a row that repeats the features and the target of an earlier one is left out.
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
    time_parts, entity_parts : sequence of str
        The columns that make up time and entity where these are several; filled in from them.
    """

    time: str
    target: str
    entity: str | None = None
    horizon: int | str = 0
    label_end: str | None = None
    label_delay: int | str = 0
    available_after: dict[str, str] = Field(default_factory=dict)
    duplicates: Literal["keep", "drop"] = "keep"
    task: Task | None = None
    leaky: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    time_parts: tuple[str, ...] = ()
    entity_parts: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _in_parts(cls, values: dict[str, Any]) -> dict[str, Any]:
        """One name in the place of several columns, which are kept as the parts of it."""
        values = dict(values)
        for role in ("time", "entity"):
            named = values.get(role)
            if not isinstance(named, (list, tuple)):
                continue
            if not named or not all(isinstance(name, str) for name in named):
                raise InputError(f"{role}={named!r}: name one column or several")
            values[role] = "_".join(named)
            if len(named) > 1:
                values[f"{role}_parts"] = tuple(named)
        if parts := values.get("entity_parts"):
            known = tuple(values.get("categorical", ()))
            values["categorical"] = (*known, *(part for part in parts if part not in known))
        return values

    @field_validator("horizon", "label_delay", mode="before")
    @classmethod
    def _readable(cls, value: Any, info: ValidationInfo) -> int | str:
        read = to_duration(value, str(info.field_name))
        if isinstance(value, str):
            return value
        return read if isinstance(read, int) else duration_text(read)

    @field_validator("label_delay")
    @classmethod
    def _no_rows(cls, value: int | str) -> int | str:
        if isinstance(value, int) and value:
            raise InputError(f"label_delay={value} counts rows; the delay of a publication is "
                             f"clock or calendar time, such as '{value}D' or "
                             f"'{value} calendar days'")
        return value

    @property
    def step_horizon(self) -> int | Duration:
        """The horizon as steps (int), clock time (timedelta) or calendar time."""
        return to_duration(self.horizon, "horizon")

    @property
    def reserved(self) -> frozenset[str]:
        """Columns that can never be a feature."""
        named = {self.time, self.target, self.label_end, *self.leaky, *self.ignore}
        named.update(name for name in self.available_after.values() if not is_duration(name))
        return frozenset(name for name in named if name is not None)

    @property
    def fingerprint(self) -> str:
        """Content hash of the roles."""
        return content_hash(self.model_dump(mode="json"))

    @property
    def label_fingerprint(self) -> str:
        """Content hash of what decides the labels of a table and when they are known."""
        return content_hash([self.target, self.horizon, self.label_end, self.label_delay,
                             self.task, self.labels])

    def check(self, columns: Sequence[str], joined: Sequence[str] = ()) -> None:
        """Raise if a role names a column that the table does not have, or two name the same.

        Parameters
        ----------
        columns : sequence of str
            Of the table itself.
        joined : sequence of str, optional
            Of further tables, which may be leaky, ignored or categorical.

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
        lists = {"leaky": self.leaky, "ignore": self.ignore, "categorical": self.categorical,
                 "available_after": tuple(self.available_after)}
        named = [(role, name) for role, name in singles.items() if name is not None]
        named += [(role, name) for role, names in lists.items() for name in names]
        for role, name in named:
            if name in joined and role in ("leaky", "ignore", "categorical"):
                continue
            if name not in columns:
                raise InputError(f"{role} column {name!r} is not in the table: "
                                 f"{suggest(name, columns)}")
        self._check_availability(columns)

    def _check_availability(self, columns: Sequence[str]) -> None:
        for name, source in self.available_after.items():
            if name in self.reserved or name == self.entity:
                raise InputError(f"available_after: column {name!r} has another role; only "
                                 "columns that may become features are known after a while")
            if source not in columns and not is_duration(source):
                raise InputError(f"available_after of {name!r}: {source!r} is neither a duration "
                                 "such as '45D' or '1mo' nor a column of the table: "
                                 f"{suggest(source, columns)}")


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
    return schema.model_dump(mode="json", exclude_defaults=True)


def own_type(labels: Sequence[str], dtype: str) -> list[Any]:
    """Return class labels in the type that the target's column has.

    Parameters
    ----------
    labels : sequence of str
        As a schema holds them.
    dtype : str
        Name of the polars type of the column.

    Examples
    --------
    >>> own_type(["0", "1"], "Int64"), own_type(["False", "True"], "Boolean")
    ([0, 1], [False, True])
    """
    if dtype == "Boolean":
        return [label == "True" for label in labels]
    if dtype.startswith(("Int", "UInt")):
        return [int(label) for label in labels]
    return [float(label) for label in labels] if dtype.startswith(("Float", "Dec")) else list(
        labels)
