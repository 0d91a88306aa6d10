"""The promise: what it corrects, and whether it is kept."""

import numpy as np
import polars as pl
import pytest

from outlast.judge.insights import Evidence
from outlast.judge.judgement import Judgement
from outlast.judge.promise import Spread, Window, fit_ageing, make_promise
from outlast.metrics import score_all
from tests.judge.results import Result, board, result

DAY = 86_400 * 10**9


def windows(model: str, skills, *, seed: int = 1, n_times: int = 200) -> list[Result]:
    """One fold after the other, each of its own skill."""
    folds = []
    for k, skill in enumerate(skills):
        made = result(model, skill, fold=k, seed=seed, n_times=n_times, split="expanding_window")
        shift = k * n_times * DAY
        audit = made.record.audit.model_copy(update={
            "train_end": shift - DAY, "test_start": shift,
            "test_end": shift + (n_times - 1) * DAY})
        folds.append(Result(made.record.model_copy(update={"audit": audit}),
                            made.predictions.with_columns(pl.col("time", "label_end") + shift)))
    return folds


def promised(skills, n_times=200, **other):
    made = board(*windows("lightgbm", skills, **other))
    return make_promise(made, made.rows[0].id, Window(n_times))


def test_one_alone_is_promised_what_it_scored():
    made = promised([1.0] * 5)
    assert made.optimism == 0
    assert made.score.value == pytest.approx(made.forward + made.recent)
    assert abs(made.recent) < 0.01
    assert made.score.low < made.forward < made.score.high


def test_recent_windows_count_more():
    falling, rising = promised([2.0, 1.6, 1.2, 0.8, 0.4]), promised([0.4, 0.8, 1.2, 1.6, 2.0])
    assert falling.recent < -0.02 < 0.02 < rising.recent
    weights = 0.5 ** (np.arange(5)[::-1] / 2)
    scores = [fold.record.score for fold in windows("lightgbm", [2.0, 1.6, 1.2, 0.8, 0.4])]
    expected = np.average(scores, weights=weights)
    assert falling.score.value == pytest.approx(expected, abs=0.003)


def test_windows_that_differ_make_the_promise_wider():
    same, other = promised([1.0] * 5), promised([0.2, 1.8, 0.4, 1.6, 1.0])
    width = [made.score.high - made.score.low for made in (same, other)]
    assert width[1] > 3 * width[0]
    assert other.between_windows > 2 * other.within_windows


def test_a_short_window_is_less_sure_than_a_long_one():
    short, long = promised([1.0] * 5, n_times=40), promised([1.0] * 5, n_times=1000)
    assert short.score.high - short.score.low > 1.5 * (long.score.high - long.score.low)


def test_the_best_of_many_is_promised_less_than_it_scored():
    many = [fold for seed in range(12) for fold in windows(f"m{seed}", [0.5] * 4, seed=seed)]
    made = board(*many)
    best = next(row for row in made.rows if not row.members)
    promise = make_promise(made, best.id)
    assert promise.optimism > 0.003
    assert promise.score.value == pytest.approx(
        promise.forward + promise.recent - promise.optimism)


def test_a_loss_is_promised_on_its_own_scale():
    from outlast.judge.leaderboard import BoardSettings, build_board
    from outlast.metrics import METRICS

    folds = windows("lightgbm", [1.0, 0.5, 1.5, 1.0])
    made = build_board(folds, METRICS["log_loss"], BoardSettings(frozenset()))
    score = make_promise(made, made.rows[0].id).score
    assert score.value / score.low == pytest.approx(score.high / score.value)


def test_too_little_time_promises_without_an_interval():
    made = board(result("lightgbm", 1.0, n_times=20))
    promise = make_promise(made, made.rows[0].id)
    assert promise.score.low is None
    assert "too short for an interval" in promise.sentence


def ageing(slope: float, *, seed: int = 0) -> Result:
    """A fold whose signal fades as its model gets older."""
    made = result("lightgbm", 0.0, n_times=600, n_entities=10, seed=seed)
    rng = np.random.default_rng(seed)
    y = made.predictions["y"].to_numpy()
    age = np.repeat(np.linspace(0, 1, 600), 10)
    logit = (1.5 - slope * age) * (y - 0.4) + rng.normal(size=y.size)
    p = 1 / (1 + np.exp(-logit))
    record = made.record.model_copy(update={"scores": score_all("binary", y, p)})
    return Result(record, made.predictions.with_columns(p=pl.Series(p)))


def test_a_score_that_fades_is_seen_and_the_promise_is_for_the_age():
    made = board(ageing(1.5), result("prior", 0, n_times=600, n_entities=10))
    row = made.rows[0]
    slope = fit_ageing(made.contestants[row.id])
    assert slope.per_day.high < 0
    old, young = (make_promise(made, row.id, Window(100, age * DAY)) for age in (550, 50))
    assert old.older < 0 < young.older
    assert 100 < old.retrain_days < 2000
    assert "It ages" in old.sentence


def test_what_does_not_fade_is_rarely_said_to():
    aged = [fit_ageing(board(ageing(0.0, seed=seed)).contestants[
        board(ageing(0.0, seed=seed)).rows[0].id]).p < 0.05 for seed in range(40)]
    assert sum(aged) <= 6


def test_differences_between_folds_are_not_taken_for_age():
    made = board(*windows("lightgbm", [2.0, 1.5, 1.0, 0.5, 0.2], n_times=100))
    assert fit_ageing(made.contestants[made.rows[0].id]).p > 0.05


def test_the_promise_is_kept_as_often_as_it_says():
    """Windows of random skill: 90 % of the next ones lie inside."""
    rng = np.random.default_rng(0)
    kept = []
    for seed in range(60):
        skills = rng.normal(1.0, 0.25, 6)
        promise = promised(skills[:5], seed=seed, n_times=100)
        truth = windows("lightgbm", skills, seed=seed, n_times=100)[5].record.score
        kept.append(promise.score.low <= truth <= promise.score.high)
    assert 0.8 <= np.mean(kept) <= 1.0


def test_the_variance_components_are_those_of_the_textbook():
    values = np.array([1.0, 2.0, 5.0, 6.0, 3.0, 4.0])
    spread = Spread.of(values, np.array([0, 0, 1, 1, 2, 2]))
    assert spread.within == pytest.approx(0.5)
    # Means 1.5, 5.5, 3.5: variance 4, of which 0.5 / 2 comes from within.
    assert spread.between == pytest.approx(3.75)


def judged(*results: Result) -> Judgement:
    made = board(*results, ensembles=True)
    split = made.splits[0]
    return Judgement(made, Evidence(made, split, [r.record for r in results]))


def test_finalists_are_the_recommended_its_members_the_bar_and_rivals():
    found = judged(*windows("lightgbm", [1.0] * 4, seed=1), *windows("xgboost", [1.0] * 4, seed=2),
                   *windows("linear", [0.2] * 4, seed=1), *windows("prior", [0] * 4))
    best, *others = found.finalists
    assert best.members
    assert {row.model for row in others} == {"lightgbm", "xgboost", "prior"}


def test_an_exam_inside_the_interval_keeps_the_promise():
    folds = windows("lightgbm", [1.0] * 4)
    found = judged(*folds, *windows("prior", [0] * 4))
    same = result("lightgbm", 1.0, fold=9, split="expanding_window")
    worse = result("lightgbm", -1.0, fold=9, split="expanding_window")
    assert found.grade([same])[0].kept
    assert found.grade([worse])[0].kept is False
    assert found.grade([]) == ()


def test_the_strength_of_the_evidence_is_told():
    many = [fold for seed in range(4) for fold in windows(f"m{seed}", [0.5] * 4, seed=seed)]
    strength = judged(*many, *windows("prior", [0] * 4)).strength
    assert 1 <= len(strength.confidence_set) <= 5
    assert 0.005 < strength.detectable < 0.1
    assert -1 <= strength.persistence <= 1
    assert 0 <= strength.overfitting <= 1
