"""How often the rows of an entity come."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from outlast.data.panel import Panel

# Gaps that differ from the usual one by more than a factor of two; weekends alone are a fifth.
_IRREGULAR = 0.35


@dataclass(frozen=True)
class Cadence:
    """The gaps between the rows of the same entity, in seconds; zeros where there is none.

    Attributes
    ----------
    usual : float
        The median gap.
    mean, longest : float
    off : float
        Share of the gaps that are more than twice or less than half the usual one.
    wide : int
        Number of gaps that are more than twice the usual one.
    """

    usual: float = 0.0
    mean: float = 0.0
    longest: float = 0.0
    off: float = 0.0
    wide: int = 0

    @classmethod
    def of(cls, panel: Panel) -> Cadence:
        """Look at the rows of a panel; integers as time have no seconds.

        Examples
        --------
        >>> from outlast.data import Schema
        >>> table = {"day": ["2024-01-01", "2024-01-02", "2024-01-03"], "y": [0, 1, 0]}
        >>> Cadence.of(Panel.build(table, Schema(time="day", target="y"))).usual
        86400.0
        """
        order = np.argsort(panel.entity, kind="stable")
        gaps = np.diff(panel.time.ns[order])[np.diff(panel.entity[order]) == 0] / 1e9
        if not gaps.size or panel.time.zone == "abstract":
            return cls()
        usual = float(np.median(gaps))
        wide, narrow = gaps > 2 * usual, gaps < usual / 2
        return cls(usual, float(gaps.mean()), float(gaps.max()), float((wide | narrow).mean()),
                   int(wide.sum()))

    @property
    def is_irregular(self) -> bool:
        """Whether there is no usual gap to speak of."""
        return self.off > _IRREGULAR
