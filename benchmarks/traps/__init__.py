"""Traps: tables of pure noise on which a common mistake looks like skill."""

from benchmarks.traps import (
    best_of_many,
    centred_window,
    clock_column,
    common_shock,
    entity_fingerprints,
    event_cut_in_half,
    filled_in_later,
    horizon_too_short,
    outcome_in_disguise,
    overlapping_labels,
    publication_lag,
    restated_duplicates,
    selection_on_all_rows,
    target_encoding_on_all_rows,
    time_zones,
    walk_forward_without_purge,
)
from benchmarks.traps.base import Trap

TRAPS: dict[str, Trap] = {
    module.TRAP.name: module.TRAP
    for module in (
        overlapping_labels, common_shock, entity_fingerprints, restated_duplicates,
        selection_on_all_rows, target_encoding_on_all_rows, centred_window, publication_lag,
        walk_forward_without_purge, horizon_too_short, clock_column, event_cut_in_half,
        best_of_many, time_zones, filled_in_later, outcome_in_disguise,
    )
}

__all__ = ["TRAPS", "Trap"]
