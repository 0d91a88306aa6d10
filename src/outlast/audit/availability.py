"""No value may stand in a row before it was published."""

from __future__ import annotations

from outlast.audit.base import Check, Facts
from outlast.audit.wording import counted, listed
from outlast.data.availability import availability_violations
from outlast.records import Finding


class Availability(Check):
    """Holds every value with a declared availability, or joined, against its row's time."""

    code = "LK109"
    title = "Published before use"
    finds = ("values of columns with `available_after`, or of joined tables, that a row holds "
             "before they were known")

    def look(self, facts: Facts) -> Finding:
        """Count the values that were known later than the row's own time."""
        declared = (*facts.panel.schema.available_after, *facts.panel.joined)
        if not declared:
            return self.not_applicable("no column has a declared availability (available_after), "
                                       "and no table is joined")
        early = {name: count for name, count in availability_violations(facts.panel).items()
                 if count}
        if not early:
            return self.passed(f"Every value of {listed(list(declared))} was known when its row "
                               "was made.", columns=list(declared))
        told = ", ".join(f"`{name}` in {counted(count, 'row')}" for name, count in early.items())
        return self.issue(f"Rows hold values before they were known: {told}.",
                          "Build the panel with Panel.build, which gives each row the latest "
                          "value that was known.", columns=early)
