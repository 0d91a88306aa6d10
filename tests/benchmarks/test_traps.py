"""The battery of traps in its short form: one seed; `make traps` has the long one."""

import numpy as np
import pytest

from benchmarks.traps import TRAPS
from benchmarks.traps.__main__ import HEADER, Trial, holds, page, summary
from benchmarks.traps.base import Answer, ask_outlast


def noise(trap):
    return trap.table(np.random.default_rng([1, 0]), False)


@pytest.mark.parametrize("name", TRAPS)
def test_the_named_check_fires_on_what_people_do(name):
    trap = TRAPS[name]
    assert trap.audited(trap, noise(trap), 0).outcome == "issue"


@pytest.mark.parametrize("name", ["publication_lag", "time_zones", "centred_window"])
def test_outlast_is_not_fooled_and_finds_the_twin(name):
    trap = TRAPS[name]
    assert trap.naive(noise(trap), 0) > 0.6
    fooled = ask_outlast(trap, noise(trap))
    assert abs(fooled.score - 0.5) < 0.1
    found = ask_outlast(trap, trap.table(np.random.default_rng([1, 1]), True))
    assert found.found
    assert found.score > 0.6


def test_a_leak_that_nobody_mended_has_no_score():
    trap = TRAPS["entity_fingerprints"]
    careless = type(trap)(**{**vars(trap), "config": {"splits": ["temporal"]}})
    answer = ask_outlast(careless, noise(trap))
    assert (answer.verdict, answer.blocked) == ("refused", ("LK107",))


def trial(naive=0.9, score=0.5, fired="issue", twin="clear"):
    return Trial("clock_column", 0, naive, fired, Answer(score, "none"), Answer(0.8, twin))


def test_a_trap_that_fools_nobody_or_outlast_does_not_hold():
    assert holds([trial()] * 8)
    assert not holds([trial(naive=0.55)] * 8)
    assert not holds([trial(score=0.57)] * 8)
    assert not holds([trial(score=float("nan"))] * 8)
    assert not holds([trial(fired="passed")] * 8)
    assert not holds([trial(twin="none")] * 8)


def test_the_page_has_a_line_per_trap():
    lines = [summary(trap, [trial()] * 8) for trap in TRAPS.values()]
    assert all(len(line) == len(HEADER) for line in lines)
    assert page(lines, 8).count("\n| ") == len(TRAPS) + 2
