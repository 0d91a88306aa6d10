"""outlast itself: its headline under the split that is most like deployment."""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.foresight.contenders.base import Answer, Contender
from benchmarks.foresight.sitting import Sitting
from outlast import Panel, __version__, run_pipeline
from outlast.report.document import Document

CONFIG: dict[str, Any] = {"splits": [{"expanding_window": {"test_size": 0.1}}], "audit": "exact",
                          "importance": 0, "n_jobs": 2}


@dataclass(frozen=True)
class Said:
    """What outlast's document says of the model that it ships."""

    promise: float | None
    low: float | None = None
    high: float | None = None
    realised: float | None = None
    note: str = ""


def read_answer(document: Document) -> Said:
    """Read the promise, its interval and what became of it off a report.

    What is recommended comes first among the finalists of the exam; the promise was made before
    it was opened.
    """
    if not document.exam.grades:
        return Said(None, note=document.exam.sentence)
    grade = document.exam.grades[0]
    return Said(grade.promised.value, grade.promised.low, grade.promised.high, grade.score.value,
                f"{grade.label}, {document.headline.verdict}")


def outlast_contender(
    panel: Panel, cut: int, end: int, seconds: float, *, seed: int = 0, folder: Path
) -> Said:
    """Run outlast on a panel of which it may learn from nothing after a cut.

    Parameters
    ----------
    panel : Panel
        All of the table.
    cut, end : int
        Nanoseconds, as in `Panel.time`: the sealed rows lie after the cut, up to the end.
    seconds : float
        Its `time_budget`.
    seed : int, default 0
    folder : pathlib.Path
        For its reports.

    Returns
    -------
    Said
    """
    seen = panel.take(panel.time.ns <= end)
    sealed = np.unique(seen.time.ns[seen.labelled & (seen.time.ns > cut)]).size
    config = {**CONFIG, "exam": sealed, "time_budget": seconds, "seed": seed,
              "reports": str(folder)}
    return read_answer(run_pipeline(config, table=seen).document)


def _ask(sitting: Sitting, folder: Path) -> Answer:
    begun, used = time.perf_counter(), _cpu_seconds()
    budget = sitting.budget
    said = outlast_contender(sitting.panel, sitting.cut, sitting.end, budget.seconds,
                             seed=budget.seed, folder=folder)
    return Answer(**vars(said), seconds=time.perf_counter() - begun,
                  cpu_seconds=_cpu_seconds() - used, version=__version__)


def _cpu_seconds() -> float:
    """Of this process and its workers."""
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    usage = np.array([resource.getrusage(who)[:2] for who in whose])
    return float(usage.sum())


CONTENDER = Contender("outlast", "default", "its finalist in the sealed exam, chosen over "
                      "expanding windows", _ask)
