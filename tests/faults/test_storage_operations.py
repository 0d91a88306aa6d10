"""An error at the k-th operation of the storage, for every k: nothing is lost, nothing is wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from outlast.errors import StoreError, StorePausedError
from outlast.experiments import train
from outlast.store import Store, leftovers, sweep
from tests.faults import world


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch):
    """No power fails here: what is written need not have reached the disk."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A prepared plan, and what an undisturbed run makes of it."""
    prepared = world.few_in(tmp_path_factory.mktemp("template"))
    clean = tmp_path_factory.mktemp("clean")
    shutil.copytree(prepared.config.store_url, clean, dirs_exist_ok=True)
    train.open_bench.cache_clear()
    return prepared, world.results(world.run_here(_moved(prepared, clean)))


def _moved(prepared, folder):
    from dataclasses import replace

    config = prepared.config.model_copy(update={"reports": str(folder)})
    moved = replace(prepared, config=config)
    return world.reopened(moved)


def _copy(prepared, folder):
    shutil.copytree(prepared.config.store_url, folder, dirs_exist_ok=True)
    train.open_bench.cache_clear()
    return _moved(prepared, folder)


@pytest.mark.parametrize("how", ["full", "broken"])
def test_an_error_at_every_operation_loses_nothing(template, tmp_path, monkeypatch, how):
    prepared, expected = template
    for when in range(1, 200):
        folder = tmp_path / f"{when}"
        moved = _copy(prepared, folder)
        with monkeypatch.context() as patch:
            fault = world.with_fault(moved, when, how, patch)
            try:
                outcome = world.run_here(moved)
            except (StorePausedError, StoreError):
                outcome = None
        finished = {r.job.id for r in Store.open(folder).experiment(
            moved.experiment.name).jobs.records() if r.status == "ok"}
        train.open_bench.cache_clear()
        again = world.run_here(moved)
        assert world.same(world.results(again), expected), f"operation {when}"
        # What was finished before is never done again.
        assert again.reused >= len(finished), f"operation {when}"
        sweep(Store.open(folder))
        assert leftovers(Store.open(folder)) == []
        shutil.rmtree(folder)
        if fault.count[0] < when:
            assert outcome is not None
            assert world.same(world.results(outcome) if folder.exists() else expected, expected)
            return
    raise AssertionError("the run has more operations than were tried")


def test_a_full_disk_pauses_and_does_not_fail_the_job(template, tmp_path, monkeypatch):
    moved = _copy(template[0], tmp_path / "r")
    world.with_fault(moved, 4, "full", monkeypatch)
    with pytest.raises(StorePausedError, match="put in by a test"):
        world.run_here(moved)
    monkeypatch.undo()
    experiment = Store.open(tmp_path / "r").experiment(moved.experiment.name)
    assert {record.status for record in experiment.jobs.records()} <= {"ok"}


_KILLED = """
import sys
from pathlib import Path
from tests.faults import world
import pytest
prepared = world.few_in(Path(sys.argv[1]))
patch = pytest.MonkeyPatch()
world.with_fault(prepared, int(sys.argv[2]), "kill", patch)
world.run_here(prepared)
"""


@pytest.mark.parametrize("when", [3, 8, pytest.param(13, marks=pytest.mark.soak),
                                  *(pytest.param(k, marks=pytest.mark.soak)
                                    for k in range(15, 60, 4))])
def test_a_death_in_the_middle_of_a_write_loses_nothing(template, tmp_path, when):
    prepared, expected = template
    moved = _copy(prepared, tmp_path / "r")
    died = subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path / "r"), str(when)],
                          check=False, capture_output=True, text=True)
    assert died.returncode in (0, 137), died.stderr
    train.open_bench.cache_clear()
    assert world.same(world.results(world.run_here(moved)), expected)
