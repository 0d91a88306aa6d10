import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from outlast.judge.results import Result
from outlast.metrics import score_all
from outlast.report.view import rank_note
from tests.judge.results import board, result


def test_rows_are_ranked_and_scored_as_scikit_learn_scores_them():
    good, bad = result("lightgbm", 2.0), result("linear", 0.5)
    rows = board(bad, good, result("prior", 0)).rows
    assert [row.model for row in rows] == ["lightgbm", "linear", "prior"]
    assert rows[0].score.value == pytest.approx(roc_auc_score(good.y, good.prediction))
    assert rows[0].score.low < rows[0].score.value < rows[0].score.high
    assert [row.rank for row in rows] == ["1", "2", "3"]
    assert rows[0].p_over_baseline < 1e-6


def test_models_that_cannot_be_told_apart_share_the_first_rank():
    rows = board(result("lightgbm", 1.0, seed=1), result("xgboost", 1.0, seed=2),
                 result("linear", 0.1)).rows
    assert [row.rank for row in rows] == ["1=", "1=", "3"]
    assert [row.tier for row in rows] == [1, 1, 2]


def test_ranks_never_fall_further_down_the_table():
    """A noisy row below one that is told from the best is marked, and does not share rank 1."""
    noisy, truth = result("xgboost", 0.0, seed=3), result("lightgbm", 1.0)
    late = np.arange(noisy.y.size) >= 550
    table = noisy.predictions.with_columns(
        p=np.where(late, 1 - truth.y, truth.y) * 0.98 + 0.01)
    scores = score_all("binary", table["y"].to_numpy(), table["p"].to_numpy())
    noisy = Result(noisy.record.model_copy(update={"scores": scores}), table)
    rows = board(truth, result("linear", 0.5, seed=2), noisy, result("prior", 0)).rows
    assert [row.model for row in rows] == ["lightgbm", "linear", "xgboost", "prior"]
    assert [row.tier for row in rows] == [1, 2, 1, 2]
    assert [row.rank for row in rows] == ["1", "2", "3~", "4"]
    assert "wide" in rank_note(rows)
    assert rank_note(rows[:2]) == ""


def test_a_score_is_the_mean_over_folds_and_only_complete_rows_count():
    folds = [result("lightgbm", 1.0, fold=k) for k in range(3)]
    rows = board(*folds, result("linear", 1.0, fold=0)).rows
    assert [row.model for row in rows] == ["lightgbm"]
    expected = np.mean([roc_auc_score(fold.y, fold.prediction) for fold in folds])
    assert rows[0].score.value == pytest.approx(expected)
    assert rows[0].n_folds == 3


def test_gains_are_paired_so_a_model_against_itself_is_zero():
    made = board(result("lightgbm", 1.0), result("xgboost", 1.0))
    first, second = made.rows
    gain = made.gain(first.id, second.id)
    # The same predictions: every draw of the difference is zero.
    assert (gain.value, gain.low, gain.high) == (0.0, 0.0, 0.0)


def test_shared_shocks_make_the_interval_wider_than_rows_would():
    """Twenty copies of an entity bring no more evidence than one."""
    one = board(result("lightgbm", 1.0, n_entities=1, n_times=300)).rows[0]
    copied = result("lightgbm", 1.0, n_entities=1, n_times=300)
    many = type(copied)(copied.record, copied.predictions.select("*").vstack(
        copied.predictions).vstack(copied.predictions).sort("time"))
    wide = board(many).rows[0]
    width = [row.score.high - row.score.low for row in (one, wide)]
    assert width[1] == pytest.approx(width[0], rel=0.01)


def test_splits_are_listed_in_their_order_and_never_mixed():
    made = board(result("lightgbm", 2.0, split="random"), result("lightgbm", 1.0))
    assert made.splits == ("temporal", "random")
    assert [row.leaky for row in made.rows] == [False, True]
    assert len(made.of_split("random")) == 1


def test_the_same_results_give_the_same_board():
    made = [board(result("lightgbm", 1.0), result("linear", 0.9)).rows for _ in range(2)]
    assert made[0] == made[1]
