"""Ray as a runner: a cluster of this machine, and one that loses a machine."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from outlast.errors import InputError, MissingDependencyError
from outlast.runners import Limits, RayRunner, make_runner
from tests.runners.alive import marked, pids_in, survivors, wait_for_pids
from tests.runners.caller import call
from tests.runners.faults import misbehave
from tests.runners.rays import one_ray

pytest.importorskip("ray")


@pytest.fixture(scope="module")
def runner() -> Iterator[RayRunner]:
    with one_ray() as runner:
        yield runner


def test_faults_have_their_outcomes(runner, tmp_path):
    specs = [{"action": "print"}, {"action": "leave"}, {"action": "raise", "error": "base"},
             {"action": "raise", "error": "unpicklable"}, {"action": "environment"},
             {"action": "flood", "mib": 4}]
    ended = {e.index: e for e in runner.run(misbehave, specs) if e.kind != "started"}
    assert {index: event.kind for index, event in ended.items()} == {
        0: "ok", 1: "crashed", 2: "failed", 3: "failed", 4: "ok", 5: "ok"}
    for line in ("from Python", "past Python", "from C", "from a child"):
        assert line in ended[0].output
    assert "NoException" in ended[2].failure.message
    assert "OMP_NUM_THREADS=1" in ended[4].output
    assert "POLARS_MAX_THREADS=1" in ended[4].output
    assert "bytes left out]" in ended[5].output


def test_limits_of_time_hold_even_in_c_code(runner, tmp_path):
    pids = tmp_path / "pids"
    specs = [{"action": "children", "then": "hold the lock", "pids": str(pids)},
             {"action": "nothing"}]
    ended = {e.index: e.kind for e in runner.run(misbehave, specs, Limits(timeout=4))
             if e.kind != "started"}
    assert ended == {0: "timeout", 1: "ok"}
    assert len(pids_in(pids)) >= 4
    # Ray ends the group of the process; a child with a session of its own goes with the cluster.
    assert len(survivors(pids_in(pids), seconds=5)) <= 1


def test_the_deadline_ends_what_runs_and_what_waits(runner, tmp_path):
    specs = [{"action": "sleep", "pids": str(tmp_path / f"pids.{k}")} for k in range(4)]
    limits = Limits(deadline=time.monotonic() + 6, grace=0.5)
    events = [(event.index, event.kind) for event in runner.run(misbehave, specs, limits)]
    assert sorted(events) == sorted(
        [(k, "started") for k in (0, 1)] + [(k, "cancelled") for k in range(4)])


def test_nothing_listens_beyond_this_machine(runner):
    listening = [c for c in psutil.net_connections("inet") if c.status == psutil.CONN_LISTEN]
    ours = {child.pid for child in psutil.Process().children(recursive=True)} | {os.getpid()}
    found = [c.laddr for c in listening if c.pid in ours]
    assert found
    here = {"127.0.0.1", "::1"}
    assert all(address.ip.removeprefix("::ffff:") in here for address in found), found


def test_an_address_is_for_runners_that_can_reach_one():
    with pytest.raises(InputError, match="'local' runs on this machine and takes no address"):
        make_runner("local", address="here:1")


def test_a_missing_library_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'outlast\[ray\]'"):
        make_runner("ray")


@pytest.mark.slow
def test_no_process_of_ray_outlives_a_caller_that_is_killed(tmp_path, mark):
    caller = call(mark, "children", str(tmp_path / "pids"), "ray")
    jobs = [pid for k in range(2) for pid in wait_for_pids(tmp_path / f"pids.{k}", 4)]
    everything = {*jobs, *marked(mark)}
    assert len(everything) > 2 * 4 + 2
    caller.kill()
    caller.wait()
    assert not survivors(sorted(everything), seconds=5)
    assert not marked(mark)
