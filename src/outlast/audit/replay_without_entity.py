"""A feature of one entity should not change when another leaves the table."""

from __future__ import annotations

from outlast.audit.replay import Divergence, Replay
from outlast.audit.replay_check import ReplayCheck, shown_key, shown_values
from outlast.data import Panel


class DropEntityReplay(ReplayCheck):
    """Finds a missing "per entity": a window or a shift that runs on into the next one's rows.

    It never stops a run: other entities at the same time are not the future.
    """

    code = "LK203"
    title = "Replay without an entity"
    finds = "features that depend on other entities without being declared as cross-sectional"
    mode = "drop_entity"
    action = ("Compute it per entity; if it is meant to compare the entities of one timestamp, "
              "declare it: FunctionRecipe(function, cross_sectional=True).")
    blocking = False

    def tell(self, divergence: Divergence, panel: Panel) -> str:
        """Show the value with and without the entity."""
        full, replayed = shown_values(divergence)
        return (f"`{divergence.column}` depends on other entities: its value "
                f"{shown_key(divergence, panel)} is {full} with all rows and {replayed} without "
                f"those of {divergence.cut}")

    def tell_passed(self, done: Replay) -> str:
        """Count the entities left out in turn."""
        found = done.drop_entity
        return (f"No feature of an entity changed when another left the table, {found.n_runs} in "
                f"turn ({found.n_keys:,} rows compared), but for those declared as "
                "cross-sectional.")
