"""Every kind of storage."""

from __future__ import annotations

import itertools

import pytest

from outlast.data import load_stocks
from outlast.features import last_known_target
from outlast.store import Store, open_storage

_COUNT = itertools.count()


@pytest.fixture(params=["local", "memory", "s3"])
def storage(request, tmp_path, monkeypatch):
    """An empty storage of each kind."""
    monkeypatch.setenv("OUTLAST_CACHE", str(tmp_path / "cache"))
    if request.param == "local":
        return open_storage(tmp_path / "store")
    root = request.getfixturevalue("s3") if request.param == "s3" else "memory://bucket"
    return open_storage(f"{root}/{next(_COUNT)}")


@pytest.fixture
def experiment(storage):
    """A new experiment on the embedded table."""
    panel = load_stocks()
    return Store(storage).place("exp").create(panel, last_known_target(panel), {})
