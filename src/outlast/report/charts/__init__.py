"""The figures of a report, in their order."""

from __future__ import annotations

from collections.abc import Callable

from outlast.report.charts import (
    calibration,
    decay,
    drift,
    importance,
    leaderboard,
    lineage,
    over_time,
    pairwise,
    parameters,
    pareto,
    promise,
    quality,
    reasons,
    search,
    slices,
    stability,
    timeline,
    worth,
)
from outlast.report.charts.base import Figure, ModelStyle
from outlast.report.document import Document

__all__ = ["FIGURES", "Figure", "ModelStyle", "draw_figures"]

FIGURES: dict[str, Callable[[Document], Figure | None]] = {
    "leaderboard": leaderboard.draw,
    "promise": promise.draw,
    "calibration": calibration.draw,
    "timeline": timeline.draw,
    "pairwise": pairwise.draw,
    "over_time": over_time.draw,
    "decay": decay.draw,
    "events": slices.draw_events,
    "segments": slices.draw_segments,
    "quality": quality.draw,
    "search_history": search.draw_history,
    "tuned": search.draw_tuned,
    "parameters": parameters.draw,
    "pareto": pareto.draw,
    "importance": importance.draw,
    "worth": worth.draw,
    "drift": drift.draw,
    "stability": stability.draw,
    "reasons": reasons.draw,
    "lineage": lineage.draw,
}


def draw_figures(document: Document) -> dict[str, Figure]:
    """Draw every figure that a document has something to show for."""
    from altair.utils.schemapi import debug_mode

    # Checking each part of a chart against the schema takes longer than drawing it.
    with debug_mode(False):
        drawn = {name: build(document) for name, build in FIGURES.items()}
    return {name: figure for name, figure in drawn.items() if figure is not None}
