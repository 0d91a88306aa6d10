"""A world for every rule in which its condition holds, and its twin in which it does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
from scipy.special import expit, logit

from benchmarks.insights.simulate import DAY, START, Floats, Run, Truth, evidence, prior
from outlast.judge.insights import Evidence, Range, Surroundings
from outlast.records import Decision, Failure, TrialRecord

Generator = np.random.Generator


def random_split(rng: Generator, holds: bool) -> Evidence:
    """OL101: a shuffled split scores higher, on other rows."""
    honest, shuffled = Truth.draw(rng), Truth.draw(rng)
    better = _told(rng, shuffled) if holds else shuffled.predict(rng, 1.0)
    return evidence([*Run("lightgbm").results(honest, honest.predict(rng, 1.0)),
                     *Run("lightgbm", "random").results(shuffled, better)])


def _told(rng: Generator, truth: Truth) -> Floats:
    """Predictions that have seen something of the label."""
    odds = truth.signal + 0.8 * (2 * truth.y - 1) + 0.5 * rng.normal(size=truth.y.size)
    return np.asarray(expit(odds))


def other_winner(rng: Generator, holds: bool) -> Evidence:
    """OL102: models in another order under the shuffled split."""
    honest, shuffled = Truth.draw(rng), Truth.draw(rng)
    noises = {"linear": 0.2, "xgboost": 0.8, "lightgbm": 1.6}
    results = []
    for model, noise in noises.items():
        other = (1.8 - noise) if holds else noise
        results += Run(model).results(honest, honest.predict(rng, 1.0, noise))
        results += Run(model, "random").results(shuffled, shuffled.predict(rng, 1.0, other))
    return evidence(results)


def overlap(rng: Generator, holds: bool) -> Evidence:
    """OL103: labels that reach into the test."""
    truth = Truth.draw(rng)
    (result,) = Run("lightgbm").results(truth, truth.predict(rng, 1.0))
    audit = result.record.audit.model_copy(update={"n_overlap": 5 if holds else 0})
    return evidence([replace(result, record=result.record.model_copy(update={"audit": audit}))])


def known_leak(rng: Generator, holds: bool) -> Evidence:
    """OL106: a record that names the check that was overruled."""
    truth = Truth.draw(rng)
    run = Run("lightgbm", record={"leaks": ("LK104",) if holds else ()})
    return evidence(run.results(truth, truth.predict(rng, 1.0)))


def within_noise(rng: Generator, holds: bool) -> Evidence:
    """OL201: three models of the same skill, or of unlike skill."""
    truth = Truth.draw(rng)
    results = Run("lightgbm").results(truth, truth.predict(rng, 1.0, 0.5))
    for model in ("xgboost", "linear"):
        results += Run(model).results(truth, truth.predict(rng, 1.0, 0.5 if holds else 1.2))
    return evidence(results)


def clear_winner(rng: Generator, holds: bool) -> Evidence:
    """OL202: the opposite of OL201."""
    return within_noise(rng, not holds)


def no_skill(rng: Generator, holds: bool) -> Evidence:
    """OL203: three models that know nothing, or a bit."""
    truth = Truth.draw(rng)
    skill = 0.0 if holds else 0.3
    results = prior(truth)
    for model in ("lightgbm", "xgboost", "linear"):
        results += Run(model).results(truth, truth.predict(rng, skill, 0.5))
    return evidence(results)


def linear_enough(rng: Generator, holds: bool) -> Evidence:
    """OL204: the best is linear with a grain of noise, or knows more."""
    truth = Truth.draw(rng)
    best = truth.predict(rng, 1.0, 0.3)
    plain = expit(logit(best) + 0.05 * rng.normal(size=best.size)) if holds else (
        truth.predict(rng, 1.0, 1.0))
    return evidence([*Run("lightgbm").results(truth, best), *Run("linear").results(truth, plain)])


def decay(rng: Generator, holds: bool) -> Evidence:
    """OL301: skill falls from the end of the training on."""
    truth = Truth.draw(rng, n_days=360)
    fade = 1 - truth.day / truth.day[-1] if holds else np.full(truth.y.size, 0.6)
    return evidence([*prior(truth), *Run("lightgbm").results(
        truth, truth.predict(rng, 1.2 * fade, 0.3))])


def fresh(rng: Generator, holds: bool) -> Evidence:
    """OL302: a window that rolls against all of history, on the same five windows."""
    truth = Truth.draw(rng)
    old = Run("lightgbm", "expanding_window", n_folds=5, history=2_000)
    new = Run("lightgbm", "walk_forward", n_folds=5)
    return evidence([*new.results(truth, truth.predict(rng, 1.0, 0.5)),
                     *old.results(truth, truth.predict(rng, 1.0, 0.9 if holds else 0.5))])


def odd_fold(rng: Generator, holds: bool) -> Evidence:
    """OL303: the model knows nothing in one of eight folds."""
    truth = Truth.draw(rng)
    known = np.where(holds & (truth.day // 30 == 5), 0.0, 1.2)
    return evidence(Run("lightgbm", n_folds=8).results(truth, truth.predict(rng, known, 0.4)))


def few_units(rng: Generator, holds: bool) -> Evidence:
    """OL401: sixty days are six blocks of three horizons."""
    truth = Truth.draw(rng, n_days=60 if holds else 240)
    return evidence(Run("lightgbm").results(truth, truth.predict(rng, 1.0)))


EVENTS = pl.DataFrame({
    "name": [f"sale {k}" for k in range(6)], "kind": "sale",
    "start": [START + (20 + 40 * k) * DAY for k in range(6)],
    "end": [START + (31 + 40 * k) * DAY for k in range(6)]})


def one_event(rng: Generator, holds: bool) -> Evidence:
    """OL402: the model knows the rows of one event of six, and little of the others."""
    truth = Truth.draw(rng)
    inside = (truth.day >= 60) & (truth.day <= 71)
    p = truth.predict(rng, np.where(inside, 1.0, 0.1) if holds else 0.5, 0.3)
    if holds:
        p = np.where(inside, np.clip(_told(rng, truth), 0.02, 0.98), p)
    return evidence([*prior(truth), *Run("lightgbm").results(truth, p)],
                    Surroundings(events=EVENTS, calendar=True))


def bad_segment(rng: Generator, holds: bool) -> Evidence:
    """OL403: of one entity of ten the model knows nothing."""
    truth = Truth.draw(rng, n_days=480)
    skill = np.where(holds & (truth.entity == 3), 0.0, 1.0)
    names = tuple(f"shop {k}" for k in range(truth.n_entities))
    results = Run("lightgbm").results(truth, truth.predict(rng, skill, 0.5))
    return evidence([*prior(truth), *results],
                    Surroundings(events=EVENTS, entities=names, calendar=True))


def useless_search(rng: Generator, holds: bool) -> Evidence:
    """OL501: tuned as good as the defaults, or better."""
    truth = Truth.draw(rng)
    return evidence([
        *Run("lightgbm").results(truth, truth.predict(rng, 1.0, 0.5 if holds else 1.2)),
        *Run("lightgbm", search="optuna").results(truth, truth.predict(rng, 1.0, 0.5))])


def _trials(
    scores: Floats, params: list[dict[str, float]] | None = None
) -> tuple[TrialRecord, ...]:
    return tuple(TrialRecord(number=k, params=params[k] if params else {}, score=float(s),
                             fold_scores=(float(s), float(s))) for k, s in enumerate(scores))


def overtuned(rng: Generator, holds: bool) -> Evidence:
    """OL502: forty trials of the same worth, told apart by noise; or a real gain."""
    truth = Truth.draw(rng)
    gain, noise = (0.0, 0.04) if holds else (0.03, 0.005)
    scores = 0.70 + noise * rng.normal(size=40)
    scores[1:] += gain * rng.random(39)
    scores[0] = 0.70
    run = Run("lightgbm", search="optuna", record={"trials": _trials(scores)})
    return evidence([
        *Run("lightgbm").results(truth, truth.predict(rng, 1.0, 0.5 if holds else 0.9)),
        *run.results(truth, truth.predict(rng, 1.0, 0.5))])


SPACES = {"lightgbm": {"num_leaves": Range(4, 63, log=True),
                       "learning_rate": Range(0.02, 0.2, log=True),
                       "feature_fraction": Range(0.3, 1.0),
                       "lambda_l2": Range(1e-2, 1e2, log=True)}}


def at_edge(rng: Generator, holds: bool) -> Evidence:
    """OL503: the score rises up to the largest number of leaves, or depends on nothing."""
    truth = Truth.draw(rng)
    searches = []
    for _ in range(5):
        places = rng.random((40, 4))
        scores = 0.70 + 0.01 * rng.normal(size=40) + (0.1 * places[:, 0] if holds else 0)
        # A search goes on where it has found most.
        if holds:
            places[30:, 0] = rng.uniform(0.9, 1.0, 10)
            scores[30:] = 0.70 + 0.01 * rng.normal(size=10) + 0.1 * places[30:, 0]
        params = [{name: _value(free, place) for (name, free), place in zip(
            SPACES["lightgbm"].items(), row, strict=True)} for row in places]
        searches.append(_trials(scores, params))
    run = Run("lightgbm", search="optuna", n_folds=5, record={"trials": tuple(searches)})
    return evidence(run.results(truth, truth.predict(rng, 1.0)),
                    Surroundings(spaces=SPACES, calendar=True))


def _value(free: Range, place: float) -> float:
    if free.log:
        return float(free.low * (free.high / free.low) ** place)
    return float(free.low + place * (free.high - free.low))


def unfinished(rng: Generator, holds: bool) -> Evidence:
    """OL504: each of five searches still climbs, or is level from its first fifth on."""
    truth = Truth.draw(rng)
    searches = []
    for _ in range(5):
        climb = np.arange(40) / 39 if holds else np.minimum(np.arange(40) / 8, 1)
        searches.append(_trials(0.65 + 0.05 * climb + 0.004 * rng.normal(size=40)))
    run = Run("lightgbm", search="optuna", n_folds=5, record={"trials": tuple(searches)})
    return evidence(run.results(truth, truth.predict(rng, 1.0)))


def redundant(rng: Generator, holds: bool) -> Evidence:
    """OL605: copies that every fold drops."""
    truth = Truth.draw(rng)
    decisions = tuple(
        Decision(feature=f"x{k}", action="drop" if holds and k < 4 else "keep", code="F02",
                 sentence="the same as `x9`") for k in range(20))
    run = Run("lightgbm", selection="cluster", record={"decisions": decisions})
    return evidence(run.results(truth, truth.predict(rng, 1.0)))


def lean(rng: Generator, holds: bool) -> Evidence:
    """OL606: the reduced set is as good, or costs more than the tolerance."""
    truth = Truth.draw(rng)
    kept = Decision(feature="a", action="keep", code="F13", sentence="kept")
    dropped = Decision(feature="b", action="drop", code="F07", sentence="dropped")
    full = Run("lightgbm", record={"decisions": (kept, kept)})
    less = Run("lightgbm", selection="probe", record={"decisions": (kept, dropped)})
    return evidence([*full.results(truth, truth.predict(rng, 1.0, 0.03)),
                     *less.results(truth, truth.predict(rng, 1.0, 0.03 if holds else 0.3))])


def too_extreme(rng: Generator, holds: bool) -> Evidence:
    """OL701: log-odds 1.8 times too large, or right on average over the shocks."""
    truth = Truth.draw(rng)
    p = truth.predict(rng, 1.8 if holds else 0.95, 0.0)
    return evidence(Run("lightgbm").results(truth, p))


def over_fit(rng: Generator, holds: bool) -> Evidence:
    """OL702: the best scores 0.95 in training, and a linear model is as good without that."""
    truth = Truth.draw(rng)
    close = {"train_scores": {"roc_auc": 0.95 if holds else 0.74}}
    calm = {"train_scores": {"roc_auc": 0.74}}
    alike = truth.predict(rng, 1.0, 0.3)
    best = expit(logit(alike) + 0.003 * (2 * truth.y - 1))
    return evidence([*prior(truth), *Run("lightgbm", record=close).results(truth, best),
                     *Run("linear", record=calm).results(truth, alike)])


def failed_jobs(rng: Generator, holds: bool) -> Evidence:
    """OL806: a job without a result."""
    truth = Truth.draw(rng)
    results = Run("lightgbm").results(truth, truth.predict(rng, 1.0))
    broken = results[0].record.model_copy(
        update={"status": "failed", "failure": Failure(kind="ValueError", message="no")})
    return evidence(results, more=[broken] if holds else [])
