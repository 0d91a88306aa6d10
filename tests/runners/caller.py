"""A program that runs jobs which never end, to be ended from outside."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from outlast.runners import make_runner
from outlast.runners.guard import MARK
from tests.runners.faults import misbehave


def call(mark: str, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    """Start the program, all of whose processes carry the mark."""
    path = os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])
    return subprocess.Popen(
        [sys.executable, "-m", "tests.runners.caller", *arguments], start_new_session=True,
        env={**os.environ, MARK: mark, "PYTHONPATH": path}, **options)


def main(action: str, pids: str, runner: str, terminal: str = "") -> int:
    if terminal:
        import fcntl
        import termios

        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    specs = [{"action": action, "pids": f"{pids}.{k}", "then": "hold the lock"} for k in range(2)]
    try:
        for _ in make_runner(runner, 2).run(misbehave, specs):
            pass
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
