"""Accidents drawn at random, again and again: every outcome is right, and nobody stays behind."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from outlast.runners import Limits, LocalRunner
from tests.runners.alive import pids_in, survivors
from tests.runners.faults import misbehave

EXPECTED = {"nothing": "ok", "print": "ok", "break streams": "ok", "segfault": "crashed",
            "leave": "crashed", "abort": "crashed", "exit": "failed", "raise": "failed",
            "sleep": "timeout", "hold the lock": "timeout"}
ACTIONS = [*["nothing"] * 4, *EXPECTED, "children", "signal"]


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(20))
def test_twelve_jobs_with_accidents(tmp_path, seed):
    draw = random.Random(seed)
    specs = [{"action": draw.choice(ACTIONS), "pids": str(tmp_path / str(k)),
              "then": draw.choice(["segfault", "sleep", "nothing"]),
              "signal": draw.choice(["SIGKILL", "SIGTERM", "SIGINT", "SIGSTOP"]),
              "error": draw.choice(["base", "interrupt", "unspeakable"])} for k in range(12)]
    events = list(LocalRunner(3).run(misbehave, specs, Limits(timeout=3.0)))
    ended = {event.index: event.kind for event in events if event.kind != "started"}
    assert len(events) == 24
    assert sorted(ended) == list(range(12))
    for index, spec in enumerate(specs):
        assert ended[index] == EXPECTED.get(spec["action"], ended[index]), spec
        assert not survivors(pids_in(Path(spec["pids"]))), spec
