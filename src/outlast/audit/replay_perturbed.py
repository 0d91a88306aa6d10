"""No feature may change in earlier rows when later values do."""

from __future__ import annotations

from outlast.audit.replay import Divergence, Replay
from outlast.audit.replay_check import (
    ReplayCheck,
    shown_end,
    shown_key,
    shown_values,
)
from outlast.data import Panel


class PerturbationReplay(ReplayCheck):
    """Keeps the table's length, so that it also replays what fails on shorter tables."""

    code = "LK202"
    title = "Replay with other later values"
    finds = "features that change in earlier rows when later values change"
    mode = "perturb"
    action = ("Compute it from values at or before its own time, and from labels only once their "
              "end has come.")

    def tell(self, divergence: Divergence, panel: Panel) -> str:
        """Show the value before and after the change."""
        full, replayed = shown_values(divergence)
        return (f"`{divergence.column}` sees the future: its value {shown_key(divergence, panel)} "
                f"is {full}, and {replayed} once values after "
                f"{shown_end(divergence, panel).partition(' ')[2]} and labels not known by then "
                "are changed")

    def tell_passed(self, done: Replay) -> str:
        """Count the changed tables."""
        found = done.perturb
        return (f"None of {len(done.columns)} features changed in earlier rows of {found.n_runs} "
                f"tables with other later values ({found.n_keys:,} rows compared).")
