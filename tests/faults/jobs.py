"""Jobs that meet with accidents, for workers to import: what happens is named by a variable."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from outlast.experiments.train import run_job

PLAN = "OUTLAST_TEST_ACCIDENTS"


def accident(spec: dict[str, Any]) -> None:
    """Do to the job what the plan says for its model and fold, then run it."""
    plan, job = json.loads(os.environ[PLAN]), spec["jobs"][0]
    happens = plan["happens"].get(f"{job['model']['name']} {job['fold']}", "")
    mark = Path(plan["folder"]) / f"{job['model']['name']}-{job['fold']}"
    first = not mark.exists()
    with mark.open("a") as file:
        file.write("x")
    _ACCIDENTS[happens.removesuffix(" once")](first or not happens.endswith(" once"))
    run_job(spec)


def _kill(happens: bool) -> None:
    if happens:
        os.kill(os.getpid(), signal.SIGKILL)


def _segfault(happens: bool) -> None:
    if happens:
        ctypes.string_at(0)


def _hang(happens: bool) -> None:
    if happens:
        time.sleep(600)


def _hoard(happens: bool) -> None:
    if happens:
        held = [np.ones(30_000_000) for _ in range(3)]
        time.sleep(600)
        del held


def _raise(happens: bool) -> None:
    if happens:
        raise ValueError("no luck")


def _talk(happens: bool) -> None:
    if happens:
        sys.stdout.write("said by the job\n")


def _nothing(happens: bool) -> None:
    del happens


_ACCIDENTS = {"kill": _kill, "segfault": _segfault, "hang": _hang, "hoard": _hoard,
              "raise": _raise, "talk": _talk, "": _nothing}
