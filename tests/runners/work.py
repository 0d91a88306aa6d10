"""Functions that worker processes can import."""

import os
import signal
import sys
import time
from pathlib import Path


def write(spec: dict) -> None:
    """Do what the specification says: write, fail, die, or hang."""
    action = spec.get("action", "write")
    if action == "fail":
        raise ValueError("no such luck")
    if action == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if action == "exit":
        os._exit(3)
    if action == "hang":
        Path(spec["path"]).write_text(str(os.getpid()))
        time.sleep(600)
    Path(spec["path"]).write_text(f"{os.getpid()} {os.environ['OMP_NUM_THREADS']}")
    sys.stdout.flush()
