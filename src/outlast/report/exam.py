"""What became of the sealed exam, for the report."""

from __future__ import annotations

from collections.abc import Sequence

from outlast.data.times import format_ns
from outlast.judge.board import Exam, Opening
from outlast.judge.judgement import Judgement
from outlast.judge.results import Result
from outlast.records import Record
from outlast.store import Experiment
from outlast.store.experiments import EXAM


def exam_card(
    experiment: Experiment, judgement: Judgement, examined: Sequence[Record]
) -> Exam:
    """Return where the exam lies, every opening, and promise against result.

    Parameters
    ----------
    experiment : Experiment
    judgement : Judgement
    examined : sequence of Record
        Of the finalists, on the sealed rows; empty while it is sealed.

    Returns
    -------
    Exam
    """
    sealed = experiment.description["exam"]
    if "start" not in sealed:
        return Exam(status="none", reason=sealed["none"])
    results = [Result(record, experiment.jobs.predictions(record)) for record in examined
               if record.status == "ok"]
    openings = tuple(Opening(opened=told["opened"], session=told["session"],
                             finalists=tuple(told["finalists"]))
                     for told in experiment.openings)
    return Exam(
        status="opened" if openings else "sealed", start=format_ns(sealed["start"]),
        end=format_ns(sealed["end"]), n_rows=sealed["rows"], n_times=sealed["timestamps"],
        n_blocks=sealed["blocks"], sha256=experiment.description["files"][EXAM],
        openings=openings, grades=judgement.grade(results))
