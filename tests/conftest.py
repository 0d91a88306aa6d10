"""What holds in every test: no network, one thread per fit, the same random examples each time."""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from typing import Any

import pytest
from hypothesis import settings

# Before any library reads it: the test processes already share the cores among them.
os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile("outlast", deadline=None, derandomize=True, database=None)
settings.load_profile("outlast")


pytest_plugins = ["tests.browser"]


def _is_here(host: Any) -> bool:
    if host in (None, "", b"", "localhost", b"localhost", socket.gethostname()):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refuse_network(event: str, args: tuple[Any, ...]) -> None:
    if event == "socket.getaddrinfo":
        host = args[0]
    elif event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        if args[0].family not in {socket.AF_INET, socket.AF_INET6}:
            return
        host = args[1][0]
    else:
        return
    if not _is_here(host):
        # Not an Exception, so that no handler for "we are offline" can hide the attempt.
        pytest.fail(f"tests run without a network: {event} to {host!r}; use the embedded data")


sys.addaudithook(_refuse_network)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say aloud which part of the tests a machine could not run."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = {str(report.longrepr[2]).removeprefix("Skipped: ") for report in skipped}
    for reason in sorted(reason for reason in reasons if reason.startswith("NO ")):
        terminalreporter.write_sep("!", red=True, bold=True)
        terminalreporter.write_line(reason, red=True, bold=True)


@pytest.fixture(scope="session")
def s3():
    """URL of a bucket on an S3 server of this process, which workers reach as well."""
    import fsspec

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
