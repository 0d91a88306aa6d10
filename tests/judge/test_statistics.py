import numpy as np
import pytest
from scipy import stats

from outlast.judge import statistics


def test_holm_is_that_of_statsmodels():
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    p = np.random.default_rng(0).uniform(0, 0.2, 9)
    expected = multitest.multipletests(p, method="holm")[1]
    assert statistics.holm(p.tolist()) == pytest.approx(expected.tolist())


def test_holm_of_nothing_is_nothing():
    assert statistics.holm([]) == []


def test_horizon_is_counted_in_timestamps_not_in_time():
    days = np.array([0, 1, 2, 7, 8, 9]) * 86_400 * 10**9
    assert statistics.horizon_in_steps(np.repeat(days, 3), np.repeat(np.roll(days, -2), 3)) == 2


@pytest.mark.parametrize("n", [2, 3, 9, 40])
def test_kendall_is_that_of_scipy(n):
    rng = np.random.default_rng(n)
    a, b = rng.integers(0, 6, (2, n)).astype(float)
    assert statistics.kendall_tau(a, b) == pytest.approx(stats.kendalltau(a, b).statistic,
                                                         nan_ok=True)


def test_kendall_leaves_out_what_is_not_scored():
    a = np.array([1.0, 2.0, np.nan, 3.0])
    assert statistics.kendall_tau(a, np.arange(4.0)) == 1.0


def test_student_is_that_of_scipy():
    assert statistics.t_quantile(0.95, 7) == pytest.approx(stats.t.ppf(0.95, 7))
    assert statistics.t_tail(1.3, 7) == pytest.approx(stats.t.sf(1.3, 7))
