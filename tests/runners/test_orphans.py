"""No process of a run outlives its caller, whatever ends the caller."""

from __future__ import annotations

import os
import signal
import threading

import psutil
import pytest

from outlast.runners import LocalRunner
from tests.runners.alive import marked, survivors, wait_for_pids
from tests.runners.caller import call
from tests.runners.faults import misbehave

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and terminals of POSIX")

@pytest.mark.parametrize(("action", "each"), [
    ("sleep", 1), ("hold the lock", 1), ("children", 4), ("ignore signals", 1)])
def test_nothing_lives_after_the_caller_is_killed(tmp_path, mark, action, each):
    pids = tmp_path / "pids"
    caller = call(mark, action, str(pids), "local")
    jobs = [pid for k in range(2) for pid in wait_for_pids(tmp_path / f"pids.{k}", each)]
    everything = {*jobs, *marked(mark)}
    assert len(everything) >= 2 * each + 2, "the jobs, the guard and the caller"
    caller.kill()
    caller.wait()
    assert not survivors(sorted(everything), seconds=5)
    assert not marked(mark)


@pytest.mark.parametrize("how", ["terminal", "SIGINT", "SIGTERM", "SIGHUP"])
def test_the_caller_alone_decides_when_jobs_end(tmp_path, mark, how):
    ours, theirs = os.openpty()
    pids = tmp_path / "pids"
    caller = call(mark, "sleep", str(pids), "local", "terminal" if how == "terminal" else "",
                  stdin=theirs)
    everything = {pid for k in range(2) for pid in wait_for_pids(tmp_path / f"pids.{k}", 1)}
    everything |= set(marked(mark))
    if how == "terminal":
        os.write(ours, b"\x03")
    else:
        os.killpg(caller.pid, getattr(signal, how))
    expected = 130 if how in {"terminal", "SIGINT"} else -getattr(signal, how)
    assert caller.wait(30) == expected
    assert not survivors(sorted(everything), seconds=0 if expected == 130 else 5)
    os.close(ours)
    os.close(theirs)


def test_a_run_leaves_no_process_thread_or_file_open(tmp_path):
    def census() -> tuple[int, int]:
        return len(me.children()), me.num_fds()

    me = psutil.Process()
    specs = [{"action": "pid", "pids": str(tmp_path / "pids")}, {"action": "segfault"},
             {"action": "nothing"}]
    list(LocalRunner(2).run(misbehave, specs))
    before, threads = census(), set(threading.enumerate())
    for _ in range(2):
        list(LocalRunner(2).run(misbehave, specs))
        LocalRunner(2).run(misbehave, specs).close()  # before it has begun
    events = LocalRunner(2).run(misbehave, specs)
    next(events)
    events.close()
    assert census() == before
    # Not their number by the system: libraries start threads of their own when it suits them.
    assert set(threading.enumerate()) <= threads


@pytest.mark.slow
def test_two_thousand_jobs_leave_memory_and_files_as_they_are():
    def census() -> tuple[int, int]:
        workers = sum(child.memory_info().rss for child in me.children())
        return me.memory_info().rss + workers, me.num_fds()

    me = psutil.Process()
    events = LocalRunner(1).run(misbehave, [{"action": "nothing"}] * 2000)
    counts = []
    for event in events:
        if event.kind != "started" and event.index in {200, 1900}:
            counts.append(census())
    (held, files), (held_at_last, files_at_last) = counts
    assert held_at_last < 1.1 * held
    assert files_at_last <= files  # fewer, where something older was let go meanwhile
