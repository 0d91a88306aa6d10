"""A rival: a script in an environment of its own, asked as `rivals/contract.py` describes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import suppress
from functools import partial
from pathlib import Path

import polars as pl

from benchmarks.foresight.contenders.base import Answer, Contender, FailedError
from benchmarks.foresight.sitting import Sitting

ENVIRONMENTS = Path(".rivals")
# Threads that wait without spinning: on a machine with other work, boosters lose most of their
# time to the spinning, and a comparison by the clock would be about that.
THREADS = {"OMP_NUM_THREADS": "2", "LOKY_MAX_CPU_COUNT": "2", "OMP_WAIT_POLICY": "passive"}


def rival(tool: str, **settings: str) -> list[Contender]:
    """One contender for each setting of a tool, which the settings describe."""
    return [Contender(tool, setting, what, partial(_ask, tool, setting))
            for setting, what in settings.items()]


def _ask(tool: str, setting: str, sitting: Sitting, folder: Path) -> Answer:
    sitting.write(folder)
    seconds = sitting.budget.seconds
    command = [str(ENVIRONMENTS / tool / "bin/python"), "-m", f"benchmarks.foresight.rivals.{tool}",
               str(folder), str(seconds), setting]
    log = folder / "log.txt"
    # Tools overshoot by a refit or a last trial; what takes this long is stuck.
    _run(command, log, 3 * seconds + 120)
    prediction = pl.read_parquet(folder / "predictions.parquet")["p"].to_numpy()
    answer = json.loads((folder / "answer.json").read_text("utf-8"))
    return Answer(**answer, realised=sitting.score(prediction))


def _run(command: list[str], log: Path, limit: float) -> None:
    """Run a command; whatever it has started ends with it."""
    environment = {**os.environ, **THREADS}
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT,
                                   env=environment, start_new_session=True)
        try:
            status = process.wait(limit)
        except subprocess.TimeoutExpired:
            raise FailedError(f"not done after {limit:g} s") from None
        finally:
            _end(process)
    if status:
        last = log.read_text("utf-8", errors="replace").strip().splitlines()[-1:]
        raise FailedError(f"exit status {status}: {' '.join(last)}")


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):  # where nothing outlived it
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
