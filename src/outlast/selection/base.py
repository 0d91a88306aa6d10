"""The contract of a feature selector: what is kept, and one reason per feature."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast.records import Decision


class Traced(Protocol):
    """What a selector asks of a feature's lineage."""

    @property
    def feature(self) -> str:
        """Name of the feature."""

    @property
    def lookback(self) -> str:
        """How far it reaches back, for people."""

    @property
    def lookback_rows(self) -> int | None:
        """The same in rows; None is unbounded."""


@dataclass(frozen=True)
class Selection:
    """What a selector decided on the training rows of one fold.

    Attributes
    ----------
    kept : tuple of str
        In the order of the table's columns.
    decisions : tuple of Decision
        Exactly one per column, in the order of the table's columns.
    """

    kept: tuple[str, ...]
    decisions: tuple[Decision, ...]


@dataclass(frozen=True)
class Selector(ABC):
    """A rule that chooses features by looking at training rows alone.

    Subclasses are frozen dataclasses whose fields are the thresholds.
    """

    @abstractmethod
    def fit(
        self, frame: pl.DataFrame, y: npt.NDArray[np.float64], lineage: Sequence[Traced]
    ) -> Selection:
        """Choose features.

        Parameters
        ----------
        frame : polars.DataFrame
            Training rows only; numbers with NaN for missing, categories as text with null.
        y : ndarray of float64, shape (n,)
            Their labels.
        lineage : sequence of Traced
            One entry per column of the table, in any order.

        Returns
        -------
        Selection

        Raises
        ------
        InputError
            If no feature is left.
        """
