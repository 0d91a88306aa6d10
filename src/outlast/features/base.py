"""The contract of a feature: a column that looks only backwards from each row's own time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast.data.events import Events
from outlast.data.panel import Panel
from outlast.data.schema import Schema
from outlast.data.times import Nanoseconds, Zone
from outlast.errors import InputError
from outlast.features.lookback import Lookback

# The two keys that a recipe adds to the table: time as Datetime("ns") in UTC, entity as text.
TIME = "__time"
ENTITY = "__entity"

# A window that ends with its own row is what everyone expects.
_UNSAID = ("closed", "right")

FitScope = Literal["stateless", "expanding", "train_fold"]
Accepts = Literal["number", "time", "category", "any"]


# Families whose features look at other entities too.
ACROSS_ENTITIES = frozenset({"cross_section", "target_encoding"})


@dataclass(frozen=True, eq=False)
class Labels:
    """The labels of the rows, for features that learn from those known by then.

    Attributes
    ----------
    known : ndarray of int64, shape (n,)
        From when on each may be used: at rows of this time and later ones (`Panel.label_known`).
    y : ndarray of float64, shape (n,)
        The class index or the value; NaN where there is no label.
    classes : tuple of str
        Names of the classes; none for a regression.
    """

    known: Nanoseconds
    y: npt.NDArray[np.float64]
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Context:
    """What a feature may know besides the table: events, the kind of clock, and past labels."""

    events: Events
    zone: Zone
    labels: Labels | None = None

    @classmethod
    def of(cls, panel: Panel) -> Context:
        """Return the context of a panel's rows."""
        labels = Labels(panel.label_known, panel.y, panel.schema.labels)
        return cls(panel.events, panel.time.zone, labels)


@dataclass(frozen=True)
class Feature(ABC):
    """One named column computed from raw columns or earlier features.

    A value may depend on its own row and on rows at or before its time, never on a later
    one. Subclasses are frozen dataclasses whose fields are the parameters.

    Parameters
    ----------
    name : str
        Name of the new column.
    source : str
        The column it is computed from.
    """

    name: str
    source: str

    family: ClassVar[str]
    fit_scope: ClassVar[FitScope] = "stateless"
    accepts: ClassVar[Accepts] = "number"
    needs_clock: ClassVar[bool] = False
    uses_target: ClassVar[bool] = False
    # Those of the input fields that hold groups, whatever type they are of.
    group_fields: ClassVar[tuple[str, ...]] = ()
    input_fields: ClassVar[tuple[str, ...]] = ("source",)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns it is computed from directly."""
        return tuple(getattr(self, field) for field in self.input_fields)

    @property
    def params(self) -> dict[str, Any]:
        """Everything that decides the values, besides the inputs."""
        named = {"name", *self.input_fields}
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in named}

    @property
    def lookback(self) -> Lookback:
        """The reach of this step alone, without that of its inputs."""
        return Lookback()

    @property
    def min_age(self) -> int:
        """How many rows before its own the youngest value lies that this step reads."""
        return 0

    def text(self, inputs: Sequence[str]) -> str:
        """Return the formula in words, with the formulas of the inputs put in."""
        given = {key: value for key, value in self.params.items()
                 if value is not None and (key, value) != _UNSAID}
        params = (f"{key}={value!r}" for key, value in given.items())
        return f"{type(self).__name__}({', '.join((*inputs, *params))})"

    def check(self, schema: Schema) -> None:  # noqa: B027
        """Raise `InputError` if the roles of the columns leave the feature without a meaning."""

    @abstractmethod
    def compute(self, frame: pl.DataFrame, context: Context) -> pl.Series:
        """Return the values for a table sorted by `TIME` and `ENTITY`, row by row."""


class ExpressionFeature(Feature):
    """A feature that is one polars expression; a recipe computes many of them at once."""

    @abstractmethod
    def expression(self) -> pl.Expr:
        """Return the expression over the columns of the table."""

    def compute(self, frame: pl.DataFrame, context: Context) -> pl.Series:  # noqa: ARG002
        """Evaluate the expression on the table."""
        return frame.select(self.expression().alias(self.name)).to_series()


def at_least(what: str, value: float, minimum: float) -> None:
    """Raise `InputError` if a parameter is smaller than it can be."""
    if value < minimum:
        raise InputError(f"{what} must be >= {minimum}, got {value}")
