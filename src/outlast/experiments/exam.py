"""The sealed exam: the last stretch of time, locked before anything is tuned, opened once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from outlast.config import Config
from outlast.data import Panel
from outlast.data.times import format_ns
from outlast.errors import InputError
from outlast.experiments.folds import Rows, exam_fold
from outlast.experiments.work import Driver, Listener, Order, take_stock
from outlast.judge import statistics
from outlast.judge.thresholds import Thresholds
from outlast.records import EXAM, Job, Record
from outlast.runners import Limits, Runner
from outlast.splits import make_splitter
from outlast.store import FINAL, Experiment, Session, now

_LOG = logging.getLogger("outlast.exam")
# The part before the exam is at least so many times as long.
_LEAST_BEFORE = 1


@dataclass(frozen=True)
class Choice:
    """Who sits the exam, and what was promised of them before it is opened.

    Attributes
    ----------
    promise : mapping
        JSON values; the same promise opens the exam once, however often it is asked for.
    finalists : tuple of Job
        A job of each, whose split is replaced by the exam.
    """

    promise: Mapping[str, Any]
    finalists: tuple[Job, ...]


Choose = Callable[[Sequence[Record]], Choice | None]


def seal(config: Config, panel: Panel) -> tuple[Panel, dict[str, Any]]:
    """Seal the last stretch of a panel, as far as there is time enough for it.

    Parameters
    ----------
    config : Config
        Its `exam` is the size of the stretch, or the date at which it begins.
    panel : Panel

    Returns
    -------
    Panel
    dict
        What the experiment writes down: start and size, or why there is no exam.

    Raises
    ------
    InputError
        If a size that was asked for cannot be had.
    """
    if config.exam is None:
        return panel, {"none": "switched off"}
    rows = Rows.of_panel(panel)
    splitter = make_splitter("temporal", {"test_size": config.exam})
    try:
        (fold,) = splitter.folds(rows.time, rows.label_end)
    except InputError as error:
        return _refused(config, panel, str(error))
    time, ends = rows.time.ns[fold.test], rows.label_end.ns[fold.test]
    n_times = np.unique(time).size
    n_blocks = statistics.independent_blocks(n_times, statistics.horizon_in_steps(time, ends))
    if n_blocks < Thresholds.interval_blocks:
        return _refused(config, panel, f"it would hold {n_blocks} independent blocks of time and "
                                       f"needs {Thresholds.interval_blocks}")
    if np.unique(rows.time.ns[fold.train]).size < _LEAST_BEFORE * n_times:
        return _refused(config, panel, "too little time lies before it")
    return panel.seal(int(time.min())), {
        "start": int(time.min()), "end": int(time.max()), "rows": int(fold.test.size),
        "timestamps": int(n_times), "blocks": n_blocks}


def _refused(config: Config, panel: Panel, reason: str) -> tuple[Panel, dict[str, Any]]:
    if config.exam != Config.model_fields["exam"].default:
        raise InputError(f"exam {config.exam!r} of {panel.name!r}: {reason}; give another size, "
                         "or none")
    return panel, {"none": f"the table is too short: {reason}"}


@dataclass(frozen=True)
class Sitting:
    """What is needed to examine the finalists of a plan.

    Attributes
    ----------
    order : Order
        Of the plan: where its store is, and what leaks in it.
    experiment : Experiment
    session : Session
    limits : Limits
    listener : callable, optional
    """

    order: Order
    experiment: Experiment
    session: Session
    limits: Limits
    listener: Listener | None = None

    def examine(self, choice: Choice, runner: Runner) -> dict[str, Record]:
        """Open the exam for some finalists: train each on all before it and score it once.

        Returns
        -------
        dict of job id to Record
            Of all that came to a result.
        """
        jobs = tuple(job.in_exam() for job in choice.finalists)
        order = Order(store=self.order.store, experiment=self.order.experiment,
                      groups=tuple((job,) for job in jobs), leaks={EXAM: self._leaks()},
                      audits={EXAM: (exam_fold(self.experiment).audit,)})
        stock = take_stock(order, self.experiment)
        start = self.experiment.sealed["start"]
        _LOG.info("the exam that begins at %s is opened for %d finalists", format_ns(start),
                  len(jobs))
        self.experiment.open_exam({
            "opened": now(), "session": self.session.id, "promise": dict(choice.promise),
            "finalists": [job.label for job in jobs]})
        driver = Driver(order, self.experiment, self.session, self.limits, self.listener)
        driver.run(stock, runner)
        records = self.experiment.jobs.read_all(job.id for job in jobs)
        return {job_id: record for job_id, record in records.items() if record.status in FINAL}

    def _leaks(self) -> tuple[str, ...]:
        """What leaks in every split leaks in the exam; a contrast is its split's own."""
        every = [set(leaks) for leaks in self.order.leaks.values()]
        return tuple(sorted(set.intersection(*every))) if every else ()
