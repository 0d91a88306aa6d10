"""No feature may change in earlier rows when later rows are removed."""

from __future__ import annotations

from outlast.audit.replay import Divergence, Replay
from outlast.audit.replay_check import (
    ReplayCheck,
    quoted,
    shown_end,
    shown_key,
    shown_values,
)
from outlast.data import Panel


class TruncationReplay(ReplayCheck):
    """Computes the features on tables that end earlier: the strongest check there is."""

    code = "LK201"
    title = "Replay on shorter tables"
    finds = "features that change in earlier rows when later rows are removed"
    mode = "truncate"
    action = ("Compute it from rows at or before its own time: no negative shift, centred window, "
              "backward fill or statistic of the whole table, and only labels whose end has come; "
              "put what is known ahead into a column of its own row.")
    reports_unassessed = True

    def tell(self, divergence: Divergence, panel: Panel) -> str:
        """Show the value on all rows and on the shorter table."""
        full, replayed = shown_values(divergence)
        return (f"`{divergence.column}` sees the future: its value {shown_key(divergence, panel)} "
                f"is {full} with all rows and {replayed} when the table ends "
                f"{shown_end(divergence, panel)}")

    def tell_passed(self, done: Replay) -> str:
        """Count the shorter tables."""
        found = done.truncate
        failed = f"; they failed on {len(found.errors)} more" if found.errors else ""
        fixed = f" Not computed from its values: {quoted(done.unmoved)}." if done.unmoved else ""
        return (f"None of {len(done.columns)} features changed on {found.n_runs} shorter tables "
                f"({found.n_keys:,} rows compared{failed}).{fixed}")
