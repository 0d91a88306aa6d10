"""No selection: every feature is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast.records import Decision
from outlast.selection.base import Selection, Selector, Traced


@dataclass(frozen=True)
class NoSelection(Selector):
    """Keep every feature.

    Examples
    --------
    >>> frame = pl.DataFrame({"a": [1.0, 1.0], "b": [0.0, 2.0]})
    >>> selection = NoSelection().fit(frame, np.array([0.0, 1.0]), [])
    >>> selection.kept, selection.decisions[0].sentence
    (('a', 'b'), 'kept: no selection asked')
    """

    def fit(
        self,
        frame: pl.DataFrame,
        y: npt.NDArray[np.float64],  # noqa: ARG002
        lineage: Sequence[Traced],  # noqa: ARG002
    ) -> Selection:
        """Keep all columns."""
        sentence = "kept: no selection asked"
        decisions = (Decision(feature=name, action="keep", code="F13", sentence=sentence)
                     for name in frame.columns)
        return Selection(tuple(frame.columns), tuple(decisions))
