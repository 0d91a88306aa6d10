import numpy as np
import polars as pl
import pytest

from outlast.importance.single import (
    Skill,
    lag_losses,
    one_step_earlier,
    predict_alone,
    single_skill,
)
from outlast.metrics import METRICS

RNG = np.random.default_rng(1)
N = 4_000
HALVES = [(np.arange(N // 2), np.arange(N // 2, N))]


@pytest.mark.parametrize(("metric", "noise"), [("roc_auc", 0.0), ("log_loss", 0.0), ("rmse", 0.2)])
def test_signal_has_skill_and_noise_has_none(metric, noise):
    x = RNG.normal(size=N)
    y = (x + RNG.normal(size=N) > 0).astype(float) + noise * RNG.normal(size=N)
    signal = single_skill(pl.Series(x), y, HALVES, METRICS[metric])
    random = single_skill(pl.Series(RNG.normal(size=N)), y, HALVES, METRICS[metric])
    assert signal.value > 0.08
    assert abs(random.value) < 0.03


def test_one_feature_reaches_what_its_own_auc_says():
    from sklearn.metrics import roc_auc_score

    x = RNG.normal(size=N)
    y = (x + RNG.normal(size=N) > 0).astype(float)
    test = HALVES[0][1]
    skill = single_skill(pl.Series(x), y, HALVES, METRICS["roc_auc"])
    assert skill.value == pytest.approx(roc_auc_score(y[test], x[test]) - 0.5, abs=0.01)


def test_a_category_and_three_classes():
    shop = RNG.integers(0, 3, N)
    y = np.where(RNG.random(N) < 0.6, shop, RNG.integers(0, 3, N)).astype(float)
    column = pl.Series([["a", "b", "c"][k] for k in shop])
    assert single_skill(column, y, HALVES, METRICS["log_loss"], n_classes=3).value > 0.2
    guess = predict_alone(column[:10], y[:10], pl.Series(["a", None]), 3)
    assert guess.shape == (2, 3)
    assert guess.sum(axis=1) == pytest.approx([1, 1])


def test_a_fold_with_one_class_does_not_count():
    y = np.r_[np.zeros(N // 2), RNG.integers(0, 2, N // 2)].astype(float)
    halves = [(HALVES[0][1], HALVES[0][0])]
    assert single_skill(pl.Series(RNG.normal(size=N)), y, halves, METRICS["roc_auc"]) == Skill(
        None, None, 0)


def test_what_is_read_off_the_label_loses_all_by_a_lag_and_a_state_little():
    entity, time = np.repeat(np.arange(40), 100), np.tile(np.arange(100), 40)
    state = np.zeros((40, 100))
    for day in range(1, 100):
        state[:, day] = 0.97 * state[:, day - 1] + 0.25 * RNG.normal(size=40)
    y = (state.ravel() + RNG.normal(size=N) > 0).astype(float)
    columns = {"state": pl.Series(state.ravel()), "told": pl.Series(y + RNG.normal(size=N)),
               "noise": pl.Series(RNG.normal(size=N))}
    earlier = pl.Series(one_step_earlier(entity, time)).replace(-1, None)
    folds = [(np.flatnonzero(time < 50), np.flatnonzero(time >= 50))]
    now, late = ({name: single_skill(column if at is None else column.gather(at), y, folds,
                                     METRICS["roc_auc"]) for name, column in columns.items()}
                 for at in (None, earlier))
    losses = lag_losses(now, late)
    assert set(losses) >= {"state", "told"}
    assert losses["state"] < 0.2 < 0.5 < losses["told"]


def test_the_step_before_is_of_the_same_entity():
    entity, time = RNG.integers(0, 5, 60), RNG.permutation(60)
    earlier = one_step_earlier(entity, time)
    for row in range(60):
        before = [k for k in range(60) if entity[k] == entity[row] and time[k] < time[row]]
        assert earlier[row] == (max(before, key=time.__getitem__) if before else -1)
