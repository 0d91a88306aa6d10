import numpy as np
import pytest
from arch.bootstrap import CircularBlockBootstrap, optimal_block_length
from scipy import stats

from outlast.judge import statistics


def test_counts_are_made_of_whole_blocks():
    counts = statistics.block_counts(12, 4, 200, np.random.default_rng(0))
    assert counts.shape == (200, 12)
    assert (counts.sum(axis=1) == 12).all()
    # Three blocks of four: every draw is the sum of three runs of four, so for each draw the
    # number of timestamps that were drawn is at least four.
    assert ((counts > 0).sum(axis=1) >= 4).all()


def test_the_variance_of_a_mean_is_that_of_arch():
    rng = np.random.default_rng(1)
    series = np.convolve(rng.normal(size=420), np.ones(10), "valid")
    counts = statistics.block_counts(series.size, 20, 4000, rng)
    ours = (counts @ series / series.size).std()
    theirs = CircularBlockBootstrap(20, series, seed=2).apply(np.mean, 4000).std()
    assert ours == pytest.approx(theirs, rel=0.1)


def test_one_block_per_timestamp_is_the_ordinary_bootstrap():
    counts = statistics.block_counts(50, 1, 5000, np.random.default_rng(0))
    assert counts.var() == pytest.approx(1 - 1 / 50, rel=0.05)


def test_the_block_grows_with_the_horizon_and_stays_below_a_quarter():
    noise = np.random.default_rng(0).normal(size=400)
    assert statistics.block_length(noise, 10) >= 20
    assert statistics.block_length(noise[:40], 30) == 10
    assert statistics.block_length(np.zeros(3), 5) == 1


def test_a_long_memory_makes_longer_blocks():
    rng = np.random.default_rng(3)
    walk = np.zeros(1000)
    for i in range(1, 1000):
        walk[i] = 0.95 * walk[i - 1] + rng.normal()
    assert statistics.block_length(walk, 1) > statistics.block_length(rng.normal(size=1000), 1)


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.9, 0.99, -0.6])
@pytest.mark.parametrize("n", [20, 131, 700])
def test_the_block_that_suits_a_memory_is_that_of_arch(memory, n):
    noise = np.random.default_rng([n, round(100 * abs(memory))]).normal(size=n)
    series = np.zeros(n)
    for i in range(n):
        series[i] = memory * series[i - 1] + noise[i]
    theirs = np.ceil(optimal_block_length(series)["circular"].iloc[0])
    assert statistics.block_length(series, 0) == max(1, min(theirs, n // 4))


def test_a_series_that_moves_once_has_a_block_length():
    assert statistics.block_length(np.r_[np.zeros(99), 1.0], 3) == 6


def test_holm_is_that_of_statsmodels():
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    p = np.random.default_rng(0).uniform(0, 0.2, 9)
    expected = multitest.multipletests(p, method="holm")[1]
    assert statistics.holm(p.tolist()) == pytest.approx(expected.tolist())


def test_holm_of_nothing_is_nothing():
    assert statistics.holm([]) == []


def test_batch_means_are_a_t_test_on_block_means():
    series = np.random.default_rng(0).normal(0.3, 1, 200)
    interval = statistics.batch_means(series, horizon_steps=5)
    means = [block.mean() for block in np.array_split(series, 13)]
    low, high = stats.ttest_1samp(means, 0).confidence_interval()
    # Blocks of 15 and 16 timestamps: the mean of block means is not quite the overall mean.
    assert interval.value == pytest.approx(series.mean())
    assert interval.high - interval.low == pytest.approx(high - low)


def test_too_few_blocks_give_no_bounds():
    interval = statistics.batch_means(np.arange(50.0), horizon_steps=10)
    assert (interval.low, interval.high) == (None, None)


def test_batch_means_hold_their_size_where_rows_do_not():
    """Nominal 5 % under a moving-average shock: rows reject far too often, blocks do not."""
    rng = np.random.default_rng(0)
    rejected = rejected_naive = 0
    for _ in range(300):
        series = np.convolve(rng.normal(size=259), np.ones(10), "valid")
        interval = statistics.batch_means(series, horizon_steps=10)
        rejected += not interval.low <= 0 <= interval.high
        rejected_naive += stats.ttest_1samp(series, 0).pvalue < 0.05
    assert rejected / 300 < 0.12
    assert rejected_naive / 300 > 0.3


def test_horizon_is_counted_in_timestamps_not_in_time():
    days = np.array([0, 1, 2, 7, 8, 9]) * 86_400 * 10**9
    assert statistics.horizon_in_steps(np.repeat(days, 3), np.repeat(np.roll(days, -2), 3)) == 2


def test_an_interval_needs_enough_defined_draws():
    draws = np.array([np.nan, np.nan, np.nan, 0.5])
    assert statistics.percentile_interval(0.5, draws, 20).low is None
    assert statistics.percentile_interval(None, np.ones(9), 20).value is None
    assert statistics.percentile_interval(1.0, np.ones(9), 1).low is None


@pytest.mark.parametrize("size", [2, 3, 998, 999])
def test_the_ends_of_an_interval_are_quantiles_of_the_draws(size):
    draws = np.random.default_rng(size).normal(size=size)
    for n_blocks in (4, 17, 1000):
        found = statistics.percentile_interval(0.0, draws, n_blocks)
        widened = stats.t.ppf(0.025, n_blocks - 1) * np.sqrt(n_blocks / (n_blocks - 1))
        tail = stats.norm.cdf(widened)
        expected = np.quantile(draws, [tail, 1 - tail]).tolist()
        assert [found.low, found.high] == pytest.approx(expected, rel=1e-12)


def test_a_gain_in_every_draw_has_the_smallest_p():
    assert statistics.one_sided_p(np.ones(999), 10**6) == pytest.approx(0.001)
    assert statistics.one_sided_p(-np.ones(9), 20) == 1.0


def test_few_blocks_widen_the_interval_and_the_p_value():
    draws = np.random.default_rng(0).normal(1.0, 0.5, 20_000)
    few, many = (statistics.percentile_interval(1.0, draws, k) for k in (5, 10**6))
    assert (few.high - few.low) == pytest.approx(1.58 * (many.high - many.low), rel=0.03)
    assert many.low == pytest.approx(1.0 - 1.96 * 0.5, abs=0.03)
    assert statistics.one_sided_p(draws, 5) > 2 * statistics.one_sided_p(draws, 10**6)


@pytest.mark.parametrize("n_blocks", [6, 12])
def test_the_expanded_bootstrap_keeps_its_level_with_few_blocks(n_blocks):
    rng = np.random.default_rng(n_blocks)
    rejected = 0
    for _ in range(1000):
        sample = rng.normal(size=n_blocks)
        draws = rng.multinomial(n_blocks, [1 / n_blocks] * n_blocks, 400) @ sample / n_blocks
        rejected += statistics.one_sided_p(draws, n_blocks) <= 0.05
    assert rejected / 1000 < 0.07  # 0.10 and 0.08 without the expansion
