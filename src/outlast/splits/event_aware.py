"""A forward strategy whose boundaries never fall inside an event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from outlast.data.events import Events
from outlast.errors import unknown_name
from outlast.splits.base import Splitter
from outlast.splits.boundaries import Window
from outlast.splits.expanding_window import ExpandingWindowSplit
from outlast.splits.temporal import TemporalSplit
from outlast.splits.timeline import Timeline
from outlast.splits.walk_forward import WalkForwardSplit
from outlast.splits.windows import WindowSplitter

FORWARD: dict[str, type[WindowSplitter]] = {
    TemporalSplit.name: TemporalSplit,
    ExpandingWindowSplit.name: ExpandingWindowSplit,
    WalkForwardSplit.name: WalkForwardSplit,
}


class EventAwareSplit(WindowSplitter):
    """Cut as another forward strategy does, but never through the middle of an event.

    A model that trains on the first half of a shock and is tested on the second has seen
    what it is asked to survive.

    Parameters
    ----------
    base : {"temporal", "expanding_window", "walk_forward"}, default "temporal"
        The strategy whose boundaries are moved.
    base_params : mapping, optional
        Its parameters, such as ``{"test_size": 0.3}``, without those below.
    gap, embargo, boundary, events, on_cut, on_missing
        See `WindowSplitter`. Here `events` are needed; a table without rows moves nothing.

    Examples
    --------
    The cut before day 8 falls inside the event of days 7 and 8, and moves behind it.

    >>> import numpy as np
    >>> import polars as pl
    >>> events = Events.from_frame(pl.DataFrame({"start": [7], "end": [8]}))
    >>> for train, test in EventAwareSplit(events=events).split(None, time=np.arange(10)):
    ...     print(train, test)
    [0 1 2 3 4 5 6 7 8] [9]
    """

    name = "event_aware"
    needs_events = True

    def __init__(
        self, base: str = "temporal", base_params: Mapping[str, Any] | None = None, *,
        gap: Any = 0, embargo: Any = 0, boundary: str = "closed", events: Events | None = None,
        on_cut: str = "after", on_missing: str = "raise",
    ) -> None:
        super().__init__(gap=gap, embargo=embargo, boundary=boundary, events=events, on_cut=on_cut,
                         on_missing=on_missing)
        self.base = base
        self.base_params = base_params

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Splitter:
        """Build the splitter; parameters of the base strategy may stand beside its own.

        Raises
        ------
        InputError
            For an unknown base or parameter, with the nearest known one.
        """
        own = {key: params[key] for key in params if key in cls._get_param_names()}
        others = {key: params[key] for key in params if key not in own}
        if others:
            own["base_params"] = {**(own.get("base_params") or {}), **others}
        splitter = cls(**own)
        splitter._forward()
        return splitter

    def _forward(self) -> WindowSplitter:
        """Build the strategy that proposes the windows."""
        if self.base not in FORWARD:
            raise unknown_name("base of split 'event_aware'", self.base, FORWARD)
        strategy = FORWARD[self.base]
        params = dict(self.base_params or {})
        known = set(strategy._get_param_names()) - set(self._get_param_names())
        for key in params:
            if key not in known:
                raise unknown_name(f"parameter of split 'event_aware' on {self.base!r}", key, known)
        return strategy(gap=self.gap, **params)

    def _windows(self, timeline: Timeline) -> Iterable[Window]:
        return self._forward()._windows(timeline)
