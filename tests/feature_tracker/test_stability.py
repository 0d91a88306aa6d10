import numpy as np
import pytest

from outlast.feature_tracker.stability import by_cluster, kendalls_w, nogueira


def test_phi_of_a_hand_computed_example():
    # Frequencies 1, 2/3, 1/3, 0: mean s2 = 1/6, mean size 2 of 4, so phi = 1 - (1/6) / (1/4).
    sets = np.array([[1, 1, 0, 0], [1, 0, 1, 0], [1, 1, 0, 0]], dtype=bool)
    assert nogueira(sets).phi == pytest.approx(1 / 3)


def test_phi_is_the_mean_correlation_of_sets_of_one_size():
    rng = np.random.default_rng(0)
    sets = np.array([rng.permutation([True] * 4 + [False] * 6) for _ in range(7)])
    pairs = np.corrcoef(sets)[np.triu_indices(7, 1)]
    assert nogueira(sets).phi == pytest.approx(pairs.mean())


def test_the_error_is_the_closed_form_of_the_paper_written_out():
    sets = np.random.default_rng(3).random((6, 9)) < 0.4
    m, d = sets.shape
    kbar = sets.sum() / m
    denominator = kbar / d * (1 - kbar / d)
    stability = nogueira(sets)
    phis = []
    for one in sets:
        ki = one.sum()
        mean = sum(one[f] * sets[:, f].mean() for f in range(d)) / d
        phis.append((mean - ki * kbar / d**2 + stability.phi / 2 * (
            2 * kbar * ki / d**2 - ki / d - kbar / d + 1)) / denominator)
    variance = 4 / m**2 * sum((phi - np.mean(phis)) ** 2 for phi in phis)
    assert stability.se == pytest.approx(np.sqrt(variance))


def test_intervals_of_forty_sets_hold_the_true_stability():
    rng, p = np.random.default_rng(1), np.array([0.9] * 5 + [0.1] * 25)
    true = 1 - (p * (1 - p)).mean() / (p.mean() * (1 - p.mean()))
    held = [s.low <= true <= s.high for s in
            (nogueira(rng.random((40, 30)) < p) for _ in range(400))]
    assert 0.90 < np.mean(held) < 0.98


def test_equal_sets_are_stable_and_sets_of_all_say_nothing():
    assert nogueira(np.tile([True, False], (3, 1))).phi == 1
    assert np.isnan(nogueira(np.ones((3, 2), dtype=bool)).phi)
    assert np.isnan(nogueira(np.array([[True, False]])).phi)


def test_swapping_two_copies_is_stable_by_cluster():
    swapped = np.array([[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 1, 0]], dtype=bool)
    assert nogueira(swapped).phi < 0.2
    assert nogueira(by_cluster(swapped, np.array([0, 0, 1]))).phi == 1


def test_w_follows_from_the_mean_correlation_of_ranks():
    from scipy.stats import spearmanr

    values = np.random.default_rng(0).normal(size=(4, 12))
    rho = spearmanr(values.T).statistic[np.triu_indices(4, 1)].mean()
    assert kendalls_w(values) == pytest.approx((1 + 3 * rho) / 4)
    tied = np.array([[1.0, 1.0, 2.0], [1.0, 1.0, 2.0]])
    assert kendalls_w(tied) == pytest.approx(1)
    assert np.isnan(kendalls_w(values[:1]))
