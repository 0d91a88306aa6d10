"""A program that runs jobs which never end, to be ended from outside."""

from __future__ import annotations

import fcntl
import sys
import termios

from outlast.runners import LocalRunner
from tests.runners.faults import misbehave


def main(action: str, pids: str, terminal: bool) -> int:
    if terminal:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    specs = [{"action": action, "pids": f"{pids}.{k}", "then": "hold the lock"} for k in range(2)]
    try:
        for _ in LocalRunner(2).run(misbehave, specs):
            pass
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:] == ["terminal"]))
