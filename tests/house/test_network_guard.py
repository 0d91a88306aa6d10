"""The guard in tests/conftest.py; asked through the audit event, so that no packet leaves."""

from __future__ import annotations

import socket
import sys

import pytest


@pytest.mark.parametrize("host", ["192.0.2.1", "198.51.100.7", "example.invalid"])
@pytest.mark.parametrize("event", ["socket.connect", "socket.sendto", "socket.sendmsg"])
def test_an_address_outside_this_machine_is_refused(event: str, host: str) -> None:
    with (
        socket.socket(socket.AF_INET) as client,
        pytest.raises(pytest.fail.Exception, match=f"without a network: {event} to '{host}'"),
    ):
        sys.audit(event, client, (host, 80))


def test_looking_up_an_outside_name_is_refused() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"without a network: socket\.getaddrinfo"):
        socket.create_connection(("example.invalid", 80))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_is_open(host: str) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection((host, server.getsockname()[1])) as client,
    ):
        assert client.getpeername() == server.getsockname()


def test_unix_sockets_are_open() -> None:
    left, right = socket.socketpair()
    with left, right:
        left.sendall(b"x")
        assert right.recv(1) == b"x"
