"""What became of the sealed exam, for the report."""

from __future__ import annotations

from collections.abc import Sequence

from outlast.data.times import format_ns
from outlast.judge.board import Exam, Grade, Opening, Row
from outlast.judge.judgement import Judgement
from outlast.judge.results import Result
from outlast.judge.wording import bounds, interval_text, signed
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
    sealed = experiment.sealed
    if "start" not in sealed:
        return Exam(status="none", reason=sealed["none"],
                    sentence=f"There is no sealed exam: {sealed['none']}.")
    results = [Result(record, experiment.jobs.predictions(record)) for record in examined
               if record.status == "ok"]
    openings = tuple(Opening(opened=told["opened"], session=told["session"],
                             finalists=tuple(told["finalists"]))
                     for told in experiment.openings)
    exam = Exam(
        status="opened" if openings else "sealed", start=format_ns(sealed["start"]),
        end=format_ns(sealed["end"]), n_rows=sealed["rows"], n_times=sealed["timestamps"],
        n_blocks=sealed["blocks"], sha256=experiment.description["files"][EXAM],
        openings=openings, grades=judgement.grade(results), sentence="")
    told = exam_sentence(exam, judgement.finalists[:1], judgement.board.metric.name)
    return exam.model_copy(update={"sentence": told})


def exam_sentence(exam: Exam, recommended: Sequence[Row], metric: str) -> str:
    """Tell whether the exam was opened, and how what is recommended did in it.

    Examples
    --------
    >>> exam_sentence(Exam(status="sealed", start="2024-01-01", end="2024-02-01", n_rows=9,
    ...                    sentence=""), [], "rmse")
    'The exam (2024-01-01 to 2024-02-01, 9 rows) is sealed: nobody has looked at it.'
    """
    place = f"{exam.start} to {exam.end}, {exam.n_rows:,} rows"
    if exam.status == "sealed":
        return f"The exam ({place}) is sealed: nobody has looked at it."
    often = "once" if len(exam.openings) == 1 else (
        f"{len(exam.openings)} times, so that it is no longer a first look")
    first = next((grade for grade in exam.grades
                  if grade.row in [row.id for row in recommended]), None)
    if not recommended:
        return (f"The exam ({place}) was opened {often}; nothing has finished here that its result "
                "could be told of.")
    if first is None:
        return (f"The exam ({place}) was opened {often}, but has no result of what is recommended "
                "now: it is examined when the experiment is run again with `outlast run` or "
                "`outlast resume`, and not by a report alone.")
    kept = ""
    if first.kept is not None:
        side = "inside" if first.kept else "outside"
        kept = f", {side} the promised {bounds(first.promised).strip()}"
    return (f"In the sealed exam ({place}), opened {often}, {first.label} scores {metric} "
            f"{interval_text(first.score)}{kept}.{_without_gain(first)}")


def _without_gain(grade: Grade) -> str:
    """A warning where the exam shows no gain: a model worth nothing may keep its promise."""
    gain = grade.over_baseline
    if gain is None or gain.low is None or gain.high is None or gain.low > 0:
        return ""
    told = "cannot be told from" if gain.high > 0 else "is worse than"
    return f" There it {told} the best baseline: {signed(gain)}."
