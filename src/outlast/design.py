"""From features to what models are given: the kept columns, and codes for categories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import polars.selectors as cs

from outlast.features import OrdinalCodes
from outlast.models import Matrix

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Design:
    """The kept features and the codes of their categories, as the train rows gave them.

    Attributes
    ----------
    columns, categorical : sequence of str
    codes : OrdinalCodes
    """

    columns: Sequence[str]
    categorical: Sequence[str]
    codes: OrdinalCodes

    @classmethod
    def fit(cls, frame: pl.DataFrame, train: Ints, columns: Sequence[str]) -> Design:
        """Learn the category codes from the train rows of the features."""
        texts = frame.select(columns).select(cs.string())
        learned = pl.DataFrame([text.gather(train) for text in texts])
        return cls(columns, texts.columns, OrdinalCodes.fit(learned, texts.columns))

    def matrix(
        self, frame: pl.DataFrame, y: Floats | None = None, last_known: Floats | None = None
    ) -> Matrix:
        """Return feature rows as a matrix for models."""
        numbers = self.codes.transform(frame.select(self.columns)).to_numpy(
            order="c", writable=True)
        return Matrix(
            # Features are Float32 already, so this copies nothing.
            X=numbers.astype(np.float32, copy=False),
            columns=tuple(self.columns),
            categorical=tuple(self.columns.index(name) for name in self.categorical),
            y=y,
            last_known=last_known,
        )
