"""Rows with the same features and the same label: memorising one predicts the other."""

from __future__ import annotations

import polars as pl

from outlast.audit.base import Check, Facts
from outlast.records import Finding

_LIMIT = 0.01


class RepeatedRows(Check):
    """Counts rows whose features and label all stand elsewhere in the table again."""

    code = "LK104"
    title = "Repeated rows"

    def look(self, facts: Facts) -> Finding:
        """More than 1 % of such rows make a shuffled split look good for nothing."""
        labelled = facts.features.frame.with_columns(__label=pl.Series(facts.panel.y))
        labelled = labelled.filter(pl.Series(facts.panel.usable))
        repeated = int(labelled.is_duplicated().sum())
        told = f"{repeated:,} of {labelled.height:,} rows repeat another row's features and label"
        if repeated > _LIMIT * labelled.height:
            return self.issue(f"{told}.", "Remove the copies, or aggregate them to one row.",
                              rows=repeated)
        return self.passed(f"{told}.", rows=repeated)
