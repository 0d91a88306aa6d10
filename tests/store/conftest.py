"""An S3 server on this machine, and every kind of storage."""

from __future__ import annotations

import itertools
import os

import fsspec
import pytest

from outlast.data import load_stocks
from outlast.features import last_known_target
from outlast.store import Store, open_storage

_COUNT = itertools.count()


@pytest.fixture(scope="session")
def s3():
    """URL of a bucket on an S3 server of this process, which workers reach as well."""
    server_module = pytest.importorskip("moto.server")
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    settings = {"FSSPEC_S3_ENDPOINT_URL": f"http://{host}:{port}", "FSSPEC_S3_KEY": "a",
                "FSSPEC_S3_SECRET": "b", "AWS_DEFAULT_REGION": "us-east-1"}
    os.environ.update(settings)
    fsspec.config.set_conf_env(fsspec.config.conf)
    fsspec.filesystem("s3").mkdir("bucket")
    yield "s3://bucket"
    server.stop()
    for name in settings:
        os.environ.pop(name)


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
