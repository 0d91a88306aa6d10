"""Numbers for categories, fitted on the training rows of a fold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class OrdinalCodes:
    """Categories as codes 0, 1, ... in order of name; new and missing ones are NaN.

    Build one with `OrdinalCodes.fit`. It is plain data, so that it can be kept as JSON
    beside a model.

    Attributes
    ----------
    levels : mapping of str to tuple of str
        Column -> its categories; the code of a category is its place.

    Examples
    --------
    >>> train = pl.DataFrame({"city": ["Bonn", "Athens", None]})
    >>> codes = OrdinalCodes.fit(train, ["city"])
    >>> codes.transform(pl.DataFrame({"city": ["Athens", "Cairo", "Bonn"]}))["city"].to_list()
    [0.0, nan, 1.0]
    """

    levels: Mapping[str, tuple[str, ...]]

    @classmethod
    def fit(cls, train: pl.DataFrame, columns: Sequence[str]) -> OrdinalCodes:
        """Learn the categories from training rows alone.

        Parameters
        ----------
        train : polars.DataFrame
        columns : sequence of str
            Its text columns; may be empty.

        Returns
        -------
        OrdinalCodes
        """
        return cls({name: tuple(train[name].drop_nulls().unique().sort()) for name in columns})

    def transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the table with codes (Float32) in place of the categories."""
        return frame.with_columns(
            pl.col(name)
            .replace_strict(levels, range(len(levels)), default=None, return_dtype=pl.Float32)
            .fill_null(float("nan"))
            for name, levels in self.levels.items()
        )
