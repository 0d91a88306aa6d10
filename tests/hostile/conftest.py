"""A marker that nothing may make, pickles that would make it, and one small run to attack."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from outlast import run_pipeline
from tests.tables import shop_table


class Touch:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.fixture
def marker(tmp_path):
    """A file that is made by whoever runs the code of an attack."""
    path = tmp_path / "PWNED"
    yield path
    assert not path.exists(), "the attack was executed"


@pytest.fixture
def attack(marker):
    """A pickle that makes the marker when it is read."""
    content = pickle.dumps(Touch(marker))
    pickle.loads(content)
    assert marker.exists(), "it would work"
    marker.unlink()
    return content


@pytest.fixture(scope="session")
def settings(tmp_path_factory):
    """A small run over a table in a file."""
    folder = tmp_path_factory.mktemp("hostile")
    shop_table(120).write_parquet(folder / "shops.parquet")
    return {"data": {"source": str(folder / "shops.parquet"), "time": "day", "entity": "shop",
                     "target": "busy", "horizon": 2, "leaky": ["sales", "level"]},
            "models": ["prior", "linear", {"lightgbm": {"n_iterations": 20}}],
            "splits": ["temporal"], "optimization": ["none"], "importance": 0, "audit": "exact",
            "reports": str(folder / "reports")}


@pytest.fixture(scope="session")
def finished(settings):
    """The result of that run."""
    return run_pipeline(settings, runner="inline")
