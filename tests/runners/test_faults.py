"""Every way in which a job can end badly has one outcome, and no other job notices."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from outlast.runners import Event, Limits, LocalRunner
from tests.runners.alive import pids_in, survivors
from tests.runners.faults import misbehave

PATIENT = 60.0


def outcomes(
    specs: list[dict[str, Any]], limits: Limits | None = None, n_jobs: int = 2
) -> list[Event]:
    """Run specifications and return the one final event of each, in their order."""
    events = list(LocalRunner(n_jobs).run(misbehave, specs, limits or Limits()))
    final = [event for event in events if event.kind != "started"]
    assert sorted(event.index for event in final) == list(range(len(specs)))
    started = {event.index for event in events if event.kind == "started"}
    assert started == {e.index for e in final} or limits is not None
    return sorted(final, key=lambda event: event.index)


def test_every_kind_of_death_has_its_cause():
    nothing = {"action": "nothing"}
    specs = [
        {"action": "signal", "signal": "SIGKILL"}, nothing, {"action": "segfault"}, nothing,
        {"action": "abort"}, {"action": "leave"}, nothing,
    ]
    events = outcomes(specs)
    assert [event.kind for event in events] == [
        "crashed", "ok", "crashed", "ok", "crashed", "crashed", "ok"]
    for index, cause in {0: "SIGKILL", 2: "SIGSEGV", 4: "SIGABRT", 5: "exit code 0"}.items():
        assert cause in events[index].failure.message
    assert "in _segfault" in events[2].output  # the stack at the fault


def test_whatever_is_raised_is_a_failure():
    errors = ["unspeakable", "unpicklable", "base", "interrupt", "surrogate", "long"]
    events = outcomes([{"action": "exit"}, *({"action": "raise", "error": e} for e in errors),
                       {"action": "nothing"}], n_jobs=1)
    assert [event.kind for event in events] == ["failed"] * 7 + ["ok"]
    assert [event.failure.kind for event in events[:-1]] == [
        "SystemExit", "Unspeakable", "Unpicklable", "NoException", "KeyboardInterrupt",
        "ValueError", "ValueError"]
    assert events[2].failure.message == "two arguments, and a handle"
    assert events[5].failure.message == "file \\udc80"
    assert len(events[6].failure.message) == 2000
    assert all("in misbehave" in event.failure.traceback for event in events[:6])


def test_a_function_that_cannot_be_loaded_fails_its_jobs(tmp_path, monkeypatch):
    (tmp_path / "gone_tomorrow.py").write_text("def work(spec): pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    import gone_tomorrow

    (tmp_path / "gone_tomorrow.py").write_text("raise RuntimeError('not today')\n")
    ended = [event for event in LocalRunner(1).run(gone_tomorrow.work, [{}, {}])
             if event.kind != "started"]
    assert [(event.kind, event.failure.message) for event in ended] == [
        ("failed", "not today")] * 2


@pytest.mark.parametrize("action", ["sleep", "hold the lock", "ignore signals"])
def test_a_job_that_hangs_is_ended(tmp_path, action):
    pids = tmp_path / "pids"
    hung, fine = outcomes([{"action": action, "pids": str(pids)}, {"action": "nothing"}],
                          Limits(timeout=1))
    assert (hung.kind, hung.failure.kind, fine.kind) == ("timeout", "timeout", "ok")
    assert "longer than the 1 s" in hung.failure.message
    assert len(pids_in(pids)) == 1
    assert not survivors(pids_in(pids))
    if action != "ignore signals":
        assert "in misbehave" in hung.output  # where it hung


@pytest.mark.parametrize(("then", "kind"), [
    ("sleep", "timeout"), ("hold the lock", "timeout"), ("segfault", "crashed")])
def test_children_of_a_job_end_with_it(tmp_path, then, kind):
    pids = tmp_path / "pids"
    (event,) = outcomes([{"action": "children", "then": then, "pids": str(pids)}],
                        Limits(timeout=3))
    assert event.kind == kind
    assert len(pids_in(pids)) >= 4
    assert not survivors(pids_in(pids))


def test_the_clock_of_a_job_stands_while_its_worker_starts(tmp_path, monkeypatch):
    (tmp_path / "slow_to_load.py").write_text("import time; time.sleep(1.5)\ndef work(spec): pass")
    monkeypatch.syspath_prepend(tmp_path)
    import slow_to_load

    kinds = [event.kind for event in LocalRunner(1).run(slow_to_load.work, [{}], Limits(timeout=1))]
    assert kinds == ["started", "ok"]


def test_nothing_starts_after_the_deadline_and_what_runs_has_its_grace(tmp_path):
    specs = [{"action": "sleep", "pids": str(tmp_path / "pids")}] * 3
    limits = Limits(deadline=time.monotonic() + 4, grace=0.5)
    events = list(LocalRunner(1).run(misbehave, specs, limits))
    kinds = {i: [event.kind for event in events if event.index == i] for i in range(3)}
    assert kinds == {0: ["started", "cancelled"], 1: ["cancelled"], 2: ["cancelled"]}
    messages = {event.index: event.failure.message for event in events if event.failure}
    assert "still ran 0.5 s after" in messages[0]
    assert "before it started" in messages[1]
    assert not survivors(pids_in(tmp_path / "pids"))


def test_what_a_job_prints_is_its_own():
    first, second, third = outcomes(
        [{"action": "print"}, {"action": "nothing"}, {"action": "read"}], n_jobs=1)
    for line in ("from Python", "to the other stream", "past Python", "from C", "from a child"):
        assert line in first.output
    assert second.output == ""
    assert third.output == "read 0\n"


def test_a_flood_of_text_keeps_its_ends():
    (event,) = outcomes([{"action": "flood", "mib": 40}])
    assert event.kind == "ok"
    assert event.output.startswith("the first line\n")
    assert event.output.endswith("the last line\n")
    assert "bytes left out]" in event.output
    assert len(event.output) < 1.1 * 2**20


def test_a_job_that_closes_its_streams_takes_them_from_no_other():
    *broken, after = outcomes([{"action": "break streams"}] * 3 + [{"action": "print"}], n_jobs=1)
    assert [event.kind for event in [*broken, after]] == ["ok"] * 4
    assert "from a child" in after.output


def test_libraries_get_the_threads_of_the_runner():
    (event,) = [e for e in LocalRunner(1, threads=3).run(misbehave, [{"action": "environment"}])
                if e.kind != "started"]
    for name in ("OMP", "OPENBLAS", "MKL"):
        assert f"{name}_NUM_THREADS=3" in event.output
    assert "POLARS_MAX_THREADS=3" in event.output


def test_a_caller_that_is_busy_delays_no_limit(tmp_path):
    pids = tmp_path / "pids"
    events = LocalRunner(1).run(misbehave, [{"action": "sleep", "pids": str(pids)}] * 2,
                                Limits(timeout=0.5))
    assert next(events).kind == "started"
    until = time.monotonic() + PATIENT
    while len(pids_in(pids)) < 2 or survivors(pids_in(pids)):
        assert time.monotonic() < until, "the second job waits for the caller"
        time.sleep(0.05)
    assert [event.kind for event in events] == ["timeout", "started", "timeout"]


def test_the_biggest_is_ended_where_memory_runs_out():
    limits = Limits(memory=600 * 2**20, timeout=PATIENT)
    hog, small = outcomes([{"action": "grow", "mib": 900, "seconds": 5},
                           {"action": "grow", "mib": 20, "seconds": 3}], limits)
    assert (hog.kind, small.kind) == ("oom", "ok")
    assert "600 MiB that they may" in hog.failure.message
    assert 300 * 2**20 < hog.memory < 900 * 2**20
    assert 20 * 2**20 < small.memory < 300 * 2**20


def test_pages_that_others_share_are_charged_to_nobody(tmp_path):
    table = tmp_path / "table"
    table.write_bytes(b"\1" * (300 * 2**20))
    specs = [{"action": "map", "file": str(table)}] * 2 + [{"action": "fork with data", "mib": 200}]
    events = outcomes(specs, Limits(memory=550 * 2**20))
    assert [event.kind for event in events] == ["ok"] * 3
    assert events[0].memory < 200 * 2**20


def test_memory_is_told_without_a_limit():
    (event,) = outcomes([{"action": "grow", "mib": 150, "seconds": 0.5}])
    assert event.memory > 150 * 2**20


def test_an_error_of_the_system_reaches_the_caller(monkeypatch):
    monkeypatch.setattr("sys.executable", str(Path("/nowhere/python")))
    with pytest.raises(OSError, match="nowhere"):
        list(LocalRunner(1).run(misbehave, [{"action": "nothing"}]))
