"""What can go wrong in a job, for worker processes that import it."""

# ruff: noqa: T201

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

FOREVER = 600

# A child that holds on, and writes who it is once it runs.
CHILD = "import os, sys, time; open(sys.argv[1], 'a').write(f'{os.getpid()}\\n'); time.sleep(600)"


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("words fail")

    __repr__ = __str__


class Unpicklable(Exception):
    def __init__(self, one: int, two: int) -> None:
        super().__init__("two arguments, and a handle")
        self.handle = open(os.devnull)  # noqa: SIM115, PTH123


class NoException(BaseException):
    pass


def misbehave(spec: dict[str, Any]) -> None:
    """Do what the specification says."""
    ACTIONS[spec["action"]](spec)


def _nothing(spec: dict[str, Any]) -> None:
    pass


def _pid(spec: dict[str, Any]) -> None:
    with Path(spec["pids"]).open("a") as file:
        file.write(f"{os.getpid()}\n")


def _signal_self(spec: dict[str, Any]) -> None:
    os.kill(os.getpid(), getattr(signal, spec["signal"]))
    time.sleep(FOREVER)


def _segfault(spec: dict[str, Any]) -> None:
    ctypes.string_at(0)


def _raise(spec: dict[str, Any]) -> None:
    raise {"unspeakable": Unspeakable(), "unpicklable": Unpicklable(1, 2),
           "base": NoException("not to be caught"), "interrupt": KeyboardInterrupt(),
           "surrogate": ValueError("file \udc80"),
           "long": ValueError("x" * 10**7)}[spec["error"]]


def _sleep(spec: dict[str, Any]) -> None:
    _pid(spec)
    time.sleep(spec.get("seconds", FOREVER))


def _hold_the_lock(spec: dict[str, Any]) -> None:
    _pid(spec)
    # PyDLL keeps the interpreter's lock, so that no Python code of this process can run.
    ctypes.PyDLL(None).sleep(FOREVER)


def _ignore_signals(spec: dict[str, Any]) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _sleep(spec)


def _children(spec: dict[str, Any]) -> None:
    """Start children of every kind, and die, hang or hold the lock."""
    Path(spec["pids"]).touch()
    command = [sys.executable, "-c", CHILD, spec["pids"]]
    subprocess.Popen(command)
    subprocess.Popen(command, env={})
    subprocess.Popen(command, start_new_session=True)
    if os.fork() == 0:
        _pid(spec)
        time.sleep(FOREVER)
    while len(Path(spec["pids"]).read_text().splitlines()) < 4:
        time.sleep(0.01)
    ACTIONS[spec["then"]](spec)


def _grow(spec: dict[str, Any]) -> None:
    kept = []
    for _ in range(spec["mib"]):
        kept.append(b"x" * 2**20)
        time.sleep(0.001)
    time.sleep(spec.get("seconds", 0))


def _map_file(spec: dict[str, Any]) -> None:
    import mmap

    with Path(spec["file"]).open("rb") as file:
        table = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    touched = sum(table[k] for k in range(0, len(table), 4096))
    time.sleep(0.5)
    assert touched >= 0


def _fork_with_data(spec: dict[str, Any]) -> None:
    """Hold some memory together with forked children, which add nothing to it."""
    kept = b"x" * spec["mib"] * 2**20
    children = []
    for _ in range(3):
        if (child := os.fork()) == 0:
            time.sleep(1)
            os._exit(len(kept) % 2)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)


def _print(spec: dict[str, Any]) -> None:
    print("from Python")
    sys.stderr.write("to the other stream\n")
    os.write(1, b"past Python\n")
    ctypes.CDLL(None).puts(b"from C")
    subprocess.run(["echo", "from a child"], check=True)


def _flood(spec: dict[str, Any]) -> None:
    print("the first line")
    line = b"y" * 2**16
    for _ in range(spec["mib"] * 16):
        os.write(1, line)
    print("the last line")


def _break_streams(spec: dict[str, Any]) -> None:
    for number in range(3):
        os.close(number)


def _environment(spec: dict[str, Any]) -> None:
    print(*(f"{name}={value}" for name, value in os.environ.items() if "THREADS" in name))


ACTIONS = {
    "nothing": _nothing, "pid": _pid, "signal": _signal_self, "segfault": _segfault,
    "abort": lambda spec: os.abort(), "leave": lambda spec: os._exit(0),
    "exit": lambda spec: sys.exit(3), "raise": _raise, "sleep": _sleep,
    "hold the lock": _hold_the_lock, "ignore signals": _ignore_signals, "children": _children,
    "grow": _grow, "map": _map_file, "fork with data": _fork_with_data, "print": _print,
    "flood": _flood, "break streams": _break_streams, "environment": _environment,
    "read": lambda spec: print("read", len(sys.stdin.read())),
}
