"""Said and happened, forward in time."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import special
from sklearn.linear_model import LogisticRegression

from outlast.judge.blocks import Blocks
from outlast.judge.calibration import (
    apply_sigmoid,
    calibrate,
    calibration_error,
    choose_threshold,
    cover,
    fit_sigmoid,
    half_width,
)
from outlast.judge.leaderboard import score_folds
from outlast.metrics import METRICS
from tests.judge.results import Result
from tests.judge.test_promise import windows


def contestant(folds, metric="roc_auc"):
    return score_folds(folds, METRICS[metric], Blocks.of(folds))


def said(exaggeration: float, n_folds: int = 4, *, seed: int = 0, base: float = 0.0):
    """Folds whose log-odds are said too strongly (above 1) or too weakly."""
    rng = np.random.default_rng(seed)
    folds = []
    for fold in windows("lightgbm", [0.0] * n_folds):
        logit = rng.normal(size=fold.y.size)
        y = (rng.random(logit.size) < special.expit(logit + base)).astype(float)
        p = special.expit(exaggeration * logit)
        folds.append(Result(fold.record, fold.predictions.with_columns(
            y=pl.Series(y), p=pl.Series(p))))
    return folds


def test_the_sigmoid_is_that_of_a_logistic_regression():
    fold = said(2.0)[0]
    logit = special.logit(fold.prediction)[:, None]
    theirs = LogisticRegression(C=np.inf).fit(logit, fold.y)
    slope, intercept = fit_sigmoid(fold.y, fold.prediction)
    assert slope == pytest.approx(theirs.coef_[0, 0], rel=1e-3)
    assert intercept == pytest.approx(theirs.intercept_[0], abs=1e-3)
    np.testing.assert_allclose(apply_sigmoid(fold.prediction, slope, intercept),
                               theirs.predict_proba(logit)[:, 1], rtol=1e-2)


def test_what_is_said_too_strongly_is_recalibrated_by_the_past():
    card = calibrate(contestant(said(3.0)))
    assert card.helps
    assert card.slope == pytest.approx(1 / 3, abs=0.1)
    assert card.gain.low > 0.05
    assert len(card.periods) == 3
    assert all(period.error_after < period.error for period in card.periods)


def test_what_is_right_already_gains_nothing():
    card = calibrate(contestant(said(1.0)))
    assert not card.helps
    assert abs(card.gain.value) < 0.01
    assert sum(n for *_, n in card.curve) == 4 * 1000


def test_a_level_that_is_wrong_is_seen_in_said_and_happened():
    period = calibrate(contestant(said(1.0, base=1.0))).periods[0]
    assert period.happened > period.said + 0.1
    assert period.error_after < 0.5 * period.error


def test_one_window_is_cut_in_two():
    card = calibrate(contestant(said(3.0, n_folds=1)))
    assert len(card.periods) == 1
    assert card.helps


def test_folds_that_overlap_say_nothing():
    fold = said(1.0)[0]
    assert calibrate(contestant([fold, Result(fold.record, fold.predictions.clone())])) is None


def test_the_error_of_a_constant_is_its_distance():
    y = np.r_[np.ones(30), np.zeros(70)]
    assert calibration_error(np.tile(y, 10), np.full(1000, 0.5)) >= 0.2


def values(noise, n_folds: int = 4, seed: int = 0):
    rng = np.random.default_rng(seed)
    folds = []
    for k, fold in enumerate(windows("lightgbm", [0.0] * n_folds)):
        job = fold.record.job.model_copy(update={"task": "regression"})
        p = rng.normal(size=fold.y.size)
        y = p + noise(k) * rng.normal(size=p.size)
        record = fold.record.model_copy(update={
            "job": job, "scores": {"rmse": float(np.sqrt(np.mean((y - p) ** 2)))}})
        folds.append(Result(record, fold.predictions.with_columns(
            y=pl.Series(y), p=pl.Series(p))))
    return contestant(folds, "rmse")


def test_intervals_hold_as_often_as_they_say():
    card = cover(values(lambda _: 1.0))
    assert card.coverage.low < 0.9 < card.coverage.high
    assert card.half_width == pytest.approx(1.645, abs=0.1)
    assert len(card.by_period) == 3


def test_errors_that_grow_are_seen_in_the_coverage():
    card = cover(values(lambda k: 1.0 + k))
    assert card.coverage.high < 0.9


def test_the_width_covers_a_new_row_as_often_as_it_says():
    rng = np.random.default_rng(0)
    held = [abs(rng.normal()) <= half_width(rng.normal(size=19), np.zeros(19))
            for _ in range(4000)]
    assert np.mean(held) == pytest.approx(0.9, abs=0.015)


def test_a_threshold_is_that_of_the_costs_and_saves():
    card = choose_threshold(contestant(said(3.0)), (1.0, 4.0))
    assert card.threshold == pytest.approx(0.2)
    # Log-odds said three times too strongly: 20 % is said as 1.5 %.
    assert card.raw_threshold == pytest.approx(special.expit(3 * special.logit(0.2)), abs=0.01)
    assert card.saved.low > 0
    assert 0 < card.acts_on < 1


def test_no_skill_saves_nothing():
    folds = [Result(f.record, f.predictions.with_columns(
        p=pl.Series(np.random.default_rng(9).permutation(f.prediction)))) for f in said(1.0)]
    assert choose_threshold(contestant(folds), (1.0, 4.0)).saved.low <= 0.005


def test_each_task_has_its_own():
    assert cover(contestant(said(1.0))) is None
    assert calibrate(values(lambda _: 1.0)) is None
    assert choose_threshold(values(lambda _: 1.0), (1.0, 1.0)) is None
