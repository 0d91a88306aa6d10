import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from outlast.judge import verdict
from outlast.judge.ensemble import mean_of
from tests.judge.results import board, result


def test_an_ensemble_is_the_mean_and_costs_as_much_as_all():
    one, two = result("lightgbm", 1.0, seed=1), result("xgboost", 1.0, seed=2, fit_seconds=4.0)
    (made,) = mean_of([[one], [two]])
    expected = (one.prediction + two.prediction) / 2
    np.testing.assert_allclose(made.prediction, expected)
    assert made.record.scores["roc_auc"] == pytest.approx(roc_auc_score(one.y, expected))
    assert made.record.seconds["fit"] == 5.0


def test_models_of_other_mistakes_make_an_ensemble_that_is_recommended():
    made = board(result("lightgbm", 1.0, seed=1), result("xgboost", 1.0, seed=2),
                 result("prior", 0), ensembles=True)
    mean = next(row for row in made.rows if row.members)
    assert mean.rank == "1"
    assert {made.contestants[m].record.job.model.name for m in mean.members} == {
        "lightgbm", "xgboost"}
    assert verdict.recommended(made, "temporal").id == mean.id


def test_copies_of_one_model_gain_nothing_and_the_single_one_is_taken():
    made = board(result("lightgbm", 1.0), result("xgboost", 1.0), result("prior", 0),
                 ensembles=True)
    assert verdict.recommended(made, "temporal").model != "ensemble"


def test_what_is_far_behind_is_no_member_and_leaky_splits_have_none():
    made = board(result("lightgbm", 2.0), result("linear", 0.2), result("prior", 0),
                 result("lightgbm", 1.0, split="random"),
                 result("xgboost", 1.0, split="random", seed=2), ensembles=True)
    assert not [row for row in made.rows if row.members]


def almost_the_same(model: str, like, seed: int):
    """A model that makes the mistakes of another one, and a few of its own."""
    own = np.random.default_rng(seed).normal(scale=0.01, size=like.y.size)
    made = result(model, 1.0)
    return type(made)(made.record, like.predictions.with_columns(p=pl.col("p") + own))


def test_a_lead_within_noise_is_luck_and_the_mean_is_taken():
    one = result("lightgbm", 1.0)
    made = board(one, almost_the_same("xgboost", one, 3), result("prior", 0), ensembles=True)
    mean = next(row for row in made.rows if row.members)
    single = next(row for row in made.rows if row.model == "lightgbm")
    assert mean.score.value < single.score.value
    assert verdict.recommended(made, "temporal").id == mean.id
