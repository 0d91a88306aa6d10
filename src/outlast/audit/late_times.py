"""No time in a row may lie after the row's own, unless it is said what it is."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from outlast.audit.base import Check, Facts
from outlast.audit.wording import counted, listed, shown_time
from outlast.data.times import NAT, to_instants
from outlast.records import Finding

_TOLD = (date(1678, 1, 1), date(2261, 12, 31))


class LateTimes(Check):
    """Looks at every date or time column of the table that no role is given to.

    Such a column is when the other values were published or recorded, when the label was
    known, or a date that was planned ahead. The first two are leaks, the last is not, and
    the values do not tell them apart. So it stops a run until the column has a role, which
    costs one word.
    """

    code = "LK103"
    title = "Times later than the row"
    finds = "date and time columns that know a time after the row's own"

    def look(self, facts: Facts) -> Finding:
        """Count the rows in which such a column knows a later time."""
        frame = facts.panel.frame
        names = [name for name in facts.raw_columns if _is_comparable(facts, frame[name])]
        if not names:
            return self.not_applicable("the table has no time column of its clock without a role")
        late = {name: rows for name in names if (rows := _late_rows(facts, name)).size}
        if not late:
            return self.passed(f"None of {counted(len(names), 'further time column')} "
                               "holds a time after its row.", columns=len(names))
        told = "; ".join(f"`{name}` in {rows.size:,} of {counted(frame.height, 'row')}, first in "
                         f"that of {shown_time(facts.panel, int(facts.panel.time.ns[rows[0]]))}"
                         for name, rows in late.items())
        name = next(iter(late))
        end = "" if facts.panel.schema.label_end else f", as label_end={name!r} if the label is"
        return self.issue(
            f"Columns hold times after the row's own time: {told}. Values that came with them "
            "were not known yet.",
            f"Say what {listed(list(late))} is: give available_after={{column: {name!r}}} for the "
            f"columns that were known then only{end}; or put it in `ignore` if it was planned "
            "ahead.", columns={name: rows.size for name, rows in late.items()}, rows=frame.height)


def _is_comparable(facts: Facts, column: pl.Series) -> bool:
    """Whether a column holds times with a time zone as the row's own, or without one as these."""
    if column.dtype != pl.Date and not isinstance(column.dtype, pl.Datetime):
        return False
    return to_instants(column[:0], column.name).zone == facts.panel.time.zone


def _late_rows(facts: Facts, name: str) -> npt.NDArray[np.intp]:
    column = facts.panel.frame[name]
    # 9999-12-31, which often stands for "open", is later than nanoseconds can tell.
    ends = (pl.lit(end).cast(column.dtype) for end in _TOLD)
    within = facts.panel.frame.select(pl.col(name).clip(*ends)).to_series()
    values = to_instants(within, name, on_missing="keep").ns
    return np.flatnonzero((values > facts.panel.time.ns) & (values != NAT))
