"""The search for parameters inside one job: it sees the training part and nothing else.

Every trial is scored on inner folds that expand through the training rows in time. What a
booster watches to stop early is the tail of each inner training part, never the rows that
score it.
"""

from __future__ import annotations

import time as clock
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from outlast.data.times import Instants, Nanoseconds
from outlast.errors import InputError, unknown_name
from outlast.metrics import Metric
from outlast.models import FitContext, Matrix, Model
from outlast.records import TrialRecord
from outlast.splits import Fold, Splitter, make_splitter

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution

Positions = npt.NDArray[np.intp]
Kind = Literal["none", "optuna", "random", "grid"]
Params = dict[str, Any]

# Share of the inner training part's timestamps that early stopping watches.
_TAIL = 0.15
# Of the trials that have seen as many inner folds, one in so many goes on to the next.
_GOES_ON = 3
# Early stopping on a short, noisy tail errs on the side of too few rounds, and the final fit
# has more rows than any inner one: the upper quartile scored better than the median.
_ROUNDS_QUANTILE = 0.75
_INHERITED = ("gap", "embargo", "boundary", "events", "on_cut")


@dataclass(frozen=True)
class Search:
    """How to look for parameters.

    Parameters
    ----------
    kind : {"none", "optuna", "random", "grid"}, default "none"
        "optuna" is the tree-structured Parzen estimator (Bergstra et al., NeurIPS 2011).
    n_trials : int, default 10
        At most so many trials; the first one is the model's defaults.
    inner_splits : int, default 2
        Expanding windows of the training part on which each trial is scored.
    time_budget : float, optional
        Seconds after which no further trial starts. With a budget the result depends on the
        machine; without one it never does.
    """

    kind: Kind = "none"
    n_trials: int = 10
    inner_splits: int = 2
    time_budget: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise unknown_name("search", self.kind, get_args(Kind))
        for name in ("n_trials", "inner_splits"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.time_budget is not None and not self.time_budget > 0:
            raise InputError(f"time_budget must be a positive number of seconds, got "
                             f"{self.time_budget}")


@dataclass(frozen=True)
class Times:
    """When the rows of a training part were made, and the rules that inner splits inherit.

    Attributes
    ----------
    time : Instants
    label_end : ndarray of int64, shape (n,)
    rules : mapping
        Gap, embargo, events and the like, see `inherited_rules`.
    """

    time: Instants
    label_end: Nanoseconds
    rules: Mapping[str, Any] = field(default_factory=dict)

    def take(self, rows: Positions) -> Times:
        """Return the chosen rows."""
        return Times(self.time.take(rows), self.label_end[rows], self.rules)

    def folds(self, split: str, params: Mapping[str, Any]) -> list[Fold]:
        """Return the folds of a splitter that keeps the inherited rules."""
        splitter = make_splitter(split, {**self.rules, **params})
        return splitter.folds(self.time, Instants(self.label_end, self.time.zone, self.time.tz))


@dataclass(frozen=True)
class Tuned:
    """What the search decided.

    Attributes
    ----------
    params : dict
        Complete parameters for the final fit.
    n_iterations : int or None
        Exact number of boosting rounds for the final fit: the upper quartile of those at
        which early stopping ended on the inner folds.
    trials : tuple of TrialRecord
        Empty if nothing was searched.
    note : str
        Why less was searched than was asked for; "" if all went as planned.
    """

    params: Params
    n_iterations: int | None
    trials: tuple[TrialRecord, ...] = ()
    note: str = ""


def inherited_rules(splitter: Splitter) -> dict[str, Any]:
    """Return the parameters of an outer splitter that hold for its inner splits too.

    Examples
    --------
    >>> inherited_rules(make_splitter("temporal", {"gap": "5D"}))["gap"]
    '5D'
    """
    params = splitter.get_params(deep=False)
    return {name: params[name] for name in _INHERITED if name in params}


def tune(
    model: Model, data: Matrix, times: Times, search: Search, metric: Metric, context: FitContext
) -> Tuned:
    """Choose parameters and boosting rounds on the rows of one training part.

    Parameters
    ----------
    model : Model
    data : Matrix
        The training rows of the outer fold, with labels.
    times : Times
        Of the same rows.
    search : Search
    metric : Metric
        Trials are compared by its mean over the inner folds.
    context : FitContext
        Its seed decides every draw.

    Returns
    -------
    Tuned
        The defaults, with a note, where the rows are too few for inner folds.

    Notes
    -----
    Trials race through the inner folds, whose training parts grow: after each fold only the
    best third of the trials that have come as far goes on (asynchronous successive halving,
    Li et al., MLSys 2020). So most trials cost one small fit; the trial that is chosen has
    seen all folds, and the defaults always do. Binned tables are built once per inner fold.
    A trial whose fit raises an error of its library, or predicts something that is not a
    finite number, is recorded as failed.

    Examples
    --------
    >>> from outlast.metrics import METRICS
    >>> from outlast.models import make_model
    >>> day = np.arange(60)
    >>> X = np.sin(day)[:, None].astype("f4")
    >>> data = Matrix(X, ("wave",), y=(X[:, 0] > 0).astype(float))
    >>> times = Times(Instants(day, "abstract"), day + 1)
    >>> context = FitContext("binary", n_classes=2)
    >>> search = Search("grid", n_trials=3)
    >>> tuned = tune(make_model("linear"), data, times, search, METRICS["log_loss"], context)
    >>> tuned.params, [trial.state for trial in tuned.trials]
    ({'alpha': 10.0}, ['complete', 'pruned', 'complete'])
    """
    if search.kind == "none" or not model.space():
        return _untuned(model)
    try:
        folds = _inner_folds(model, data, times, search.inner_splits)
    except InputError as error:
        return _untuned(model, f"too few rows for inner folds, so the defaults were used: {error}")
    if not folds:
        return _untuned(model, "every inner fold has one class only, so the defaults were used")
    race = _Race(model, folds, metric, context)
    trials = race.run(search)
    finished = [trial for trial in trials if trial.score is not None]
    if not finished:
        return _untuned(model, "every trial failed, so the defaults were used", trials)
    sign = -1 if metric.greater_is_better else 1
    best = min(finished, key=lambda trial: (sign * (trial.score or 0.0), trial.number))
    params = {**model.defaults(), **best.params}
    params.pop("n_iterations", None)
    return Tuned(params, best.n_iterations, trials, race.shortened(search, len(trials)))


def _untuned(model: Model, note: str = "", trials: tuple[TrialRecord, ...] = ()) -> Tuned:
    params = model.defaults()
    n_iterations = params.pop("n_iterations", None)
    return Tuned(params, n_iterations, trials, note)


@dataclass(frozen=True)
class _InnerFold:
    """Rows to fit on, rows that early stopping watches, rows that score the trial."""

    core: Matrix
    watched: Matrix | None
    scored: Matrix


def _inner_folds(model: Model, data: Matrix, times: Times, n_splits: int) -> list[_InnerFold]:
    """Cut the training part; folds that cannot be learned or scored are left out."""
    found = []
    for fold in times.folds("expanding_window", {"n_splits": n_splits}):
        core, watched = fold.train, None
        if model.stops_early:
            (tail,) = times.take(fold.train).folds("temporal", {"test_size": _TAIL})
            core, watched = fold.train[tail.train], data.take(fold.train[tail.test])
        inner = _InnerFold(data.take(core), watched, data.take(fold.test))
        if np.ptp(inner.core.target) > 0 and np.ptp(inner.scored.target) > 0:
            found.append(inner)
    return found


@dataclass(frozen=True)
class _Race:
    """Trials over the same inner folds, one after the other."""

    model: Model
    folds: list[_InnerFold]
    metric: Metric
    context: FitContext

    def run(self, search: Search) -> tuple[TrialRecord, ...]:
        """Run the trials of a search, the defaults first."""
        study = _study(search, self.metric, self.context.seed)
        points = self._points(search)
        for point in points:
            study.enqueue_trial(point)
        n_trials, distributions = self._n_trials(search), self._distributions(search)
        stop = clock.perf_counter() + (search.time_budget or np.inf)
        found: list[TrialRecord] = []
        while len(found) < n_trials and not (found and clock.perf_counter() > stop):
            found.append(self._trial(study, study.ask(distributions)))
        return tuple(found)

    def shortened(self, search: Search, done: int) -> str:
        """Return the note of a search that its time budget cut short, else ""."""
        planned = self._n_trials(search)
        return "" if done >= planned else (
            f"the time budget of {search.time_budget:g} s ended the search after {done} of "
            f"{planned} trials")

    def _n_trials(self, search: Search) -> int:
        return len(self._points(search)) if search.kind == "grid" else search.n_trials

    def _distributions(self, search: Search) -> dict[str, BaseDistribution]:
        from optuna.distributions import CategoricalDistribution

        if search.kind != "grid":
            return self.model.space()
        return {key: CategoricalDistribution(values) for key, values in self.model.grid().items()}

    def _points(self, search: Search) -> list[Params]:
        """Points that are tried for certain: the defaults, then the grid in random order."""
        grid = self.model.grid() if search.kind == "grid" else {}
        defaults = {key: self.model.defaults()[key] for key in grid or self.model.space()}
        points = [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]
        others = [point for point in points if point and point != defaults]
        order = np.random.default_rng(self.context.seed).permutation(len(others))
        return [defaults, *(others[i] for i in order[: search.n_trials - 1])]

    def _trial(self, study: optuna.Study, trial: optuna.Trial) -> TrialRecord:
        from optuna.trial import TrialState

        started = clock.perf_counter()
        scores, rounds, state = self._score_folds(trial)
        score = float(np.mean(scores)) if state == "complete" else None
        outcome = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED,
                   "failed": TrialState.FAIL}[state]
        study.tell(trial, score, outcome)
        return TrialRecord(number=trial.number, params=trial.params, score=score,
                           fold_scores=tuple(scores), n_iterations=_upper_quartile(rounds),
                           seconds=clock.perf_counter() - started, state=state)

    def _score_folds(
        self, trial: optuna.Trial
    ) -> tuple[list[float], list[int], Literal["complete", "pruned", "failed"]]:
        scores: list[float] = []
        rounds: list[int] = []
        for fold in self.folds:
            if scores:
                # The pruner compares at powers of its factor, and so after every fold.
                trial.report(float(np.mean(scores)), _GOES_ON ** (len(scores) - 1))
                if trial.should_prune():
                    return scores, rounds, "pruned"
            score, n_iterations = self._score_fold(fold, trial.params)
            if score is None:
                return scores, rounds, "failed"
            scores.append(score)
            rounds += [] if n_iterations is None else [n_iterations]
        return scores, rounds, "complete"

    def _score_fold(self, fold: _InnerFold, params: Params) -> tuple[float | None, int | None]:
        """Fit without the scored rows, then score them; None if the fit breaks down."""
        try:
            fitted = self.model.fit(fold.core, params, self.context, valid=fold.watched)
            prediction = fitted.predict(fold.scored)
        except InputError:
            raise
        except self.model.failures():
            return None, None
        return self.metric.score(fold.scored.target, prediction), fitted.n_iterations


def _study(search: Search, metric: Metric, seed: int) -> optuna.Study:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler: optuna.samplers.BaseSampler = optuna.samplers.RandomSampler(seed=seed)
    if search.kind == "optuna":
        start = max(1, min(10, search.n_trials // 2))
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=start)
    pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=_GOES_ON)
    directions = optuna.study.StudyDirection
    direction = directions.MAXIMIZE if metric.greater_is_better else directions.MINIMIZE
    return optuna.create_study(sampler=sampler, pruner=pruner, direction=direction)


def _upper_quartile(rounds: list[int]) -> int | None:
    return max(1, round(float(np.quantile(rounds, _ROUNDS_QUANTILE)))) if rounds else None
