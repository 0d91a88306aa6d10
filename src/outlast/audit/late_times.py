"""No time column that feeds a feature may lie after the row's own time."""

from __future__ import annotations

import numpy as np

from outlast.audit.base import Check, Facts
from outlast.data.times import NAT, to_instants
from outlast.records import Finding


class LateTimes(Check):
    """Looks at every date or time column of the table that is not reserved."""

    code = "LK103"
    title = "Times later than the row"

    def look(self, facts: Facts) -> Finding:
        """Count the rows in which such a column knows a later time."""
        panel = facts.panel
        named = [c.name for c in panel.frame if c.dtype.is_temporal() and _is_point(c.dtype)
                 and c.name not in panel.schema.reserved]
        if not named:
            return self.not_applicable("the table has no further time column")
        late = {name: _late_rows(facts, name) for name in named}
        bad = {name: count for name, count in late.items() if count}
        if bad:
            told = ", ".join(f"`{name}` in {count:,} rows" for name, count in bad.items())
            return self.issue(f"Columns hold times after the row's own time: {told}.",
                              "Declare them as leaky, or move the row's time.", **bad)
        return self.passed(f"{len(named)} further time column(s), none later than its row.")


def _is_point(dtype: object) -> bool:
    return "Duration" not in str(dtype) and not str(dtype).startswith("Time")


def _late_rows(facts: Facts, name: str) -> int:
    values = to_instants(facts.panel.frame[name], name, on_missing="keep")
    if values.zone != facts.panel.time.zone:
        return 0
    return int(np.sum((values.ns > facts.panel.time.ns) & (values.ns != NAT)))
