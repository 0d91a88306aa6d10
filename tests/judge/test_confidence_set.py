"""Oracles for what corrects a choice among many."""

import numpy as np
import pandas as pd
import pytest
from arch.bootstrap import MCS

from outlast.judge.confidence_set import (
    backtest_overfitting,
    model_confidence_set,
    selection_optimism,
)

N_BLOCKS = 20


def noise(n_models: int, seed: int = 0, n_blocks: int = N_BLOCKS) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n_models, n_blocks))


@pytest.mark.parametrize("seed", range(4))
def test_the_confidence_set_is_that_of_arch(seed):
    gains = noise(6, seed) + np.linspace(0, 1.5, 6)[:, None]
    theirs = MCS(pd.DataFrame(-gains.T), size=0.1, reps=4000, block_size=1, method="max",
                 bootstrap="circular", seed=seed)
    theirs.compute()
    ours = model_confidence_set(gains, n_draws=4000)
    expected = theirs.pvalues["Pvalue"].sort_index().to_numpy()
    assert ours == pytest.approx(expected, abs=0.08)


def test_the_best_of_equals_is_in_the_set_as_often_as_it_says():
    kept = [(model_confidence_set(noise(5, seed)) > 0.1)[0] for seed in range(200)]
    assert np.mean(kept) > 0.85


def test_one_configuration_is_the_whole_set():
    assert model_confidence_set(noise(1)).tolist() == [1.0]


def test_the_same_predictions_twice_are_both_in_the_set():
    one = noise(1)
    assert (model_confidence_set(np.vstack([one, one])) > 0.1).all()


def test_overfitting_is_that_of_purgedcv():
    purgedcv = pytest.importorskip("purgedcv")
    returns = noise(20, 3, n_blocks=240)
    theirs = purgedcv.probability_of_backtest_overfitting(
        returns, n_splits=12, metric=np.mean)
    assert backtest_overfitting(returns) == pytest.approx(theirs.pbo)


def test_one_true_skill_is_no_overfitting_and_noise_is():
    true = noise(20) + np.r_[2.0, np.zeros(19)][:, None]
    assert backtest_overfitting(true) < 0.05
    assert np.mean([backtest_overfitting(noise(20, seed)) for seed in range(20)]) > 0.4


def test_too_little_time_says_nothing():
    assert np.isnan(backtest_overfitting(noise(5, n_blocks=3)))
    assert np.isnan(backtest_overfitting(noise(1)))


@pytest.mark.parametrize("n_models", [2, 10, 50])
def test_optimism_is_what_the_best_of_equals_loses(n_models):
    """The best mean of K blocks of noise is true noise: all of it is optimism."""
    told, true = [], []
    for seed in range(60):
        gains = noise(n_models, seed)
        told.append(selection_optimism(gains, n_draws=200))
        true.append(gains.mean(axis=1).max())
    # The bootstrap knows the spread, but starts from means that are spread already.
    assert 0.5 * np.mean(true) < np.mean(told) < 1.2 * np.mean(true)


def test_a_clear_winner_owes_nothing_to_its_choice():
    gains = noise(10) + np.r_[5.0, np.zeros(9)][:, None]
    assert selection_optimism(gains) < 0.02
