"""A small store that a real run has made, and a real server that watches it."""

from __future__ import annotations

import contextlib
import json
import shutil
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from outlast.pipeline import run_pipeline
from outlast.watch import Watch, serve
from tests.tables import shop_panel

SETTINGS = {"models": ["prior", "linear"], "splits": ["temporal", "random"],
            "optimization": ["none"], "importance": 0, "audit": "exact"}


@dataclass(frozen=True)
class Reply:
    """What a server has answered."""

    status: int
    headers: Any
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True)
class Client:
    """Asks one server, through urllib as any program would."""

    port: int

    def get(self, path: str, method: str = "GET", **headers: str) -> Reply:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method,
                                         headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return Reply(reply.status, reply.headers, reply.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return Reply(error.code, error.headers, error.read().decode())


@contextlib.contextmanager
def watching(folder: Path) -> Iterator[Client]:
    """Watch a reports folder while the block lasts."""
    with serve(Watch(str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield Client(server.server_port)
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Path:
    """A reports folder with one finished experiment and its report; only to be read."""
    folder = tmp_path_factory.mktemp("watch") / "reports"
    run_pipeline({**SETTINGS, "reports": str(folder)}, table=shop_panel(n_days=120),
                 runner="inline")
    return folder


@pytest.fixture
def copied(finished, tmp_path) -> Path:
    """The same, to be changed."""
    shutil.copytree(finished, tmp_path / "reports", symlinks=True)
    return tmp_path / "reports"


@pytest.fixture(scope="session")
def client(finished) -> Iterator[Client]:
    """A server that watches the finished experiment."""
    with watching(finished) as found:
        yield found


def only_experiment(folder: Path) -> Path:
    """The folder of the one experiment in a reports folder."""
    (found,) = (folder / "experiment_results").iterdir()
    return found
