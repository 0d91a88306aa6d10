"""No selection: every feature is kept."""

from __future__ import annotations

from dataclasses import dataclass

from outlast.records import Decision
from outlast.selection.base import Selection, Selector, TrainingRows


@dataclass(frozen=True, kw_only=True)
class NoSelection(Selector):
    """Keep every feature.

    Examples
    --------
    >>> import numpy as np, polars as pl
    >>> rows = TrainingRows(pl.DataFrame({"a": [1.0, 1.0]}), np.zeros(2), np.arange(2))
    >>> selection = NoSelection().fit(rows)
    >>> selection.kept, selection.decisions[0].sentence
    (('a',), 'kept: no selection asked')
    """

    def choose(self, rows: TrainingRows) -> Selection:
        """Keep all columns."""
        names = rows.frame.columns
        return Selection.of(names, (
            Decision(feature=name, action="keep", code="F13", sentence="kept: no selection asked")
            for name in names))
