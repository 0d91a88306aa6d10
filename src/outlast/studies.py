"""The searches inside the jobs as Optuna studies, for Optuna's own tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from outlast.errors import InputError
from outlast.metrics import METRICS
from outlast.models import make_model
from outlast.records import Record, TrialRecord

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial


def study_of(record: Record, storage: str | None = None) -> Study:
    """Return the search of a finished job as an Optuna study.

    Parameters
    ----------
    record : Record
    storage : str, optional
        Where the study is kept, such as ``sqlite:///studies.db``; default: in memory.

    Returns
    -------
    optuna.Study
        Named by the job. Values are the mean scores over the inner folds; the score after each
        fold is an intermediate value, and what the trial took is in its user attributes.

    Raises
    ------
    InputError
        If the job made no search, or the storage holds its study already.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    job = record.job
    if not record.trials:
        raise InputError(f"job {job.id} ({job.label}) has searched nothing; search with "
                         "--optimization optuna")
    directions = optuna.study.StudyDirection
    is_up = METRICS[job.metric].greater_is_better
    direction = directions.MAXIMIZE if is_up else directions.MINIMIZE
    try:
        study = optuna.create_study(study_name=f"{job.label} ({job.id})", storage=storage,
                                    direction=direction)
    except optuna.exceptions.DuplicatedStudyError as error:
        raise InputError(f"{storage} holds a study of job {job.id} already") from error
    study.set_user_attr("metric", job.metric)
    study.set_user_attr("test score", record.score)
    free = _distributions(record)
    study.add_trials([_trial(trial, free) for trial in record.trials])
    return study


def _distributions(record: Record) -> dict[str, BaseDistribution]:
    from optuna.distributions import CategoricalDistribution

    model = make_model(record.job.model.name, record.job.model.params)
    if record.job.search.name != "grid":
        return model.space()
    return {name: CategoricalDistribution(values) for name, values in model.grid().items()}


def _trial(trial: TrialRecord, free: dict[str, BaseDistribution]) -> FrozenTrial:
    from optuna.trial import TrialState, create_trial

    state = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED,
             "failed": TrialState.FAIL}[trial.state]
    scores = [score for score in trial.fold_scores if score is not None]
    means = {at: float(np.mean(scores[: at + 1])) for at in range(len(scores))}
    # What a pruned trial was worth until then is what Optuna gives it, too.
    value = trial.score if trial.state == "complete" else means.get(len(means) - 1)
    return create_trial(
        state=state, value=None if trial.state == "failed" else value, params=trial.params,
        distributions={name: free[name] for name in trial.params}, intermediate_values=means,
        user_attrs={"seconds": trial.seconds, "rounds": trial.n_iterations})
