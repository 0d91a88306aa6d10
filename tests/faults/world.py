"""A small run that faults are put into, and what must be true of it afterwards."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import polars as pl

from outlast.config import make_config
from outlast.errors import StoreError, StorePausedError
from outlast.experiments import Outcome, Prepared, prepare, run
from outlast.features import Recipe
from outlast.features.windows import Lag
from outlast.store import Storage, Store
from tests.tables import shop_panel

SMALL = {"models": ["prior", "linear"], "splits": ["temporal", "event_aware", "expanding_window"],
         "optimization": ["none"], "audit": "exact", "importance": 0}


def prepared_in(folder: Path, features: Recipe | None = None, **values: Any) -> Prepared:
    """A small plan on a table in memory, ready to run."""
    config = make_config({**SMALL, "reports": str(folder), **values})
    return prepare(config, shop_panel(n_days=90), features)


def few_in(folder: Path) -> Prepared:
    """Few jobs on few features, to put every operation of their storage to the test."""
    recipe = Recipe("few", tuple(Lag(f"{name}_1", name, 1) for name in ("signal", "noise")))
    return prepared_in(folder, recipe, splits=["temporal", "event_aware"])


def results(outcome: Outcome) -> dict[str, tuple[str, str, pl.DataFrame]]:
    """What must not depend on how often a run was stopped: state, score, predictions."""
    jobs = outcome.experiment.jobs
    records = jobs.read_all(job.id for job in outcome.plan.jobs)
    assert len(records) == len(outcome.plan.jobs)
    return {job_id: (record.status, record.scores, jobs.predictions(record))
            for job_id, record in records.items()}


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two runs have come to the very same results."""
    return one.keys() == other.keys() and all(
        one[k][:2] == other[k][:2] and one[k][2].equals(other[k][2]) for k in one)


class Fault(Storage):
    """A storage whose k-th operation that changes something fails, or kills the process.

    Parameters
    ----------
    inner : Storage
    when : int
        Which operation, counted from 1 over all storages below this one.
    how : {"full", "broken", "kill"}
        The disk is full, the disk answers with an error, the process dies in the middle.
    """

    def __init__(self, inner: Storage, when: int, how: str, count: list[int] | None = None) -> None:
        self._inner, self._when, self._how = inner, when, how
        self.count = [0] if count is None else count
        self.url = inner.url

    def _touch(self) -> None:
        self.count[0] += 1
        if self.count[0] == self._when:
            if self._how == "kill":
                os._exit(137)
            raise {"full": StorePausedError, "broken": StoreError}[self._how]("put in by a test")

    def at(self, name: str) -> Storage:
        return Fault(self._inner.at(name), self._when, self._how, self.count)

    def write(self, name: str, data: bytes) -> None:
        self._touch()
        self._inner.write(name, data)

    def create(self, name: str, data: bytes) -> bool:
        self._touch()
        return self._inner.create(name, data)

    def remove(self, name: str) -> None:
        self._touch()
        self._inner.remove(name)

    def rename(self, name: str, new: str) -> None:
        self._touch()
        self._inner.rename(name, new)

    def scratch(self, name: str) -> Any:
        self._touch()
        return self._inner.scratch(name)

    def lock(self, name: str) -> Any:
        return self._inner.lock(name)

    def read(self, name: str) -> bytes:
        return self._inner.read(name)

    def exists(self, name: str) -> bool:
        return self._inner.exists(name)

    def files(self, below: str = "") -> list[str]:
        return self._inner.files(below)

    def folders(self, below: str = "") -> list[str]:
        return self._inner.folders(below)

    def fetch(self, name: str, sha256: str) -> Path:
        return self._inner.fetch(name, sha256)

    def intact(self, name: str, sha256: str) -> bool:
        return self._inner.intact(name, sha256)

    def temporaries(self) -> list[str]:
        return self._inner.temporaries()


def with_fault(prepared: Prepared, when: int, how: str, monkeypatch: Any) -> Fault:
    """Let everything that opens the store from now on meet the fault."""
    from outlast.experiments import train
    from outlast.store import experiments as module

    train.open_bench.cache_clear()
    fault = Fault(module.open_storage(prepared.config.store_url), when, how)
    monkeypatch.setattr(module, "open_storage", lambda _: fault)
    return fault


def reopened(prepared: Prepared) -> Prepared:
    """The same plan over a store that was opened anew."""
    from dataclasses import replace

    store = Store.open(prepared.config.store_url)
    return replace(prepared, experiment=store.experiment(prepared.experiment.name))


def run_here(prepared: Prepared) -> Outcome:
    """Run in this process, over a store that was opened anew."""
    return run(reopened(prepared), runner="inline")
