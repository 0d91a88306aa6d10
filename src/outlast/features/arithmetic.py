"""Features of one row: a column as it is, a category, and two columns combined."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import polars as pl

from outlast.errors import unknown_name
from outlast.features.base import Accepts, Context, ExpressionFeature, Feature, FitScope

Operation = Literal["ratio", "change", "difference", "product"]

_OPERATIONS: dict[str, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    "ratio": lambda left, right: left / right,
    "change": lambda left, right: left / right - 1,
    "difference": lambda left, right: left - right,
    "product": lambda left, right: left * right,
}


@dataclass(frozen=True)
class Raw(ExpressionFeature):
    """A numeric column as it is."""

    family: ClassVar[str] = "raw"

    def text(self, inputs: Sequence[str]) -> str:
        """Return the name of the column."""
        return inputs[0]

    def expression(self) -> pl.Expr:
        """Return the column."""
        return pl.col(self.source)


@dataclass(frozen=True)
class Category(ExpressionFeature):
    """A column of categories as text; `OrdinalCodes` numbers them on the training rows."""

    family: ClassVar[str] = "category"
    fit_scope: ClassVar[FitScope] = "train_fold"
    accepts: ClassVar[Accepts] = "category"

    def text(self, inputs: Sequence[str]) -> str:
        """Return the name of the column."""
        return inputs[0]

    def expression(self) -> pl.Expr:
        """Return the column as text."""
        return pl.col(self.source).cast(pl.String)


@dataclass(frozen=True)
class Combine(ExpressionFeature):
    """Two columns of the same row combined.

    Parameters
    ----------
    other : str
        The right-hand column.
    operation : {"ratio", "change", "difference", "product"}, default "ratio"
        "change" is the ratio less one. A division by zero gives a missing value.

    Examples
    --------
    >>> frame = pl.DataFrame({"high": [6.0], "low": [4.0]})
    >>> frame.select(Combine("up", "high", "low", operation="change").expression()).item()
    0.5
    """

    other: str
    operation: Operation = "ratio"
    family: ClassVar[str] = "interaction"
    input_fields: ClassVar[tuple[str, ...]] = ("source", "other")

    def __post_init__(self) -> None:
        if self.operation not in _OPERATIONS:
            raise unknown_name("operation", self.operation, _OPERATIONS)

    def expression(self) -> pl.Expr:
        """Return the combination."""
        return _OPERATIONS[self.operation](pl.col(self.source), pl.col(self.other))


@dataclass(frozen=True)
class Missing(Feature):
    """1 where the value is missing, else 0; of numbers NaN and infinities are missing too.

    Examples
    --------
    >>> from outlast.data.events import Events
    >>> frame = pl.DataFrame({"x": [1.5, None, float("nan")]})
    >>> Missing("no_x", "x").compute(frame, Context(Events.none(), "naive")).to_list()
    [0, 1, 1]
    """

    family: ClassVar[str] = "missing"
    accepts: ClassVar[Accepts] = "any"

    def compute(self, frame: pl.DataFrame, context: Context) -> pl.Series:  # noqa: ARG002
        """Ask whether there is a value."""
        column = frame[self.source]
        gone = ~column.is_finite().fill_null(value=False) if column.dtype.is_float() \
            else column.is_null()
        return gone.cast(pl.Int8).alias(self.name)
