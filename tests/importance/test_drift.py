import numpy as np
import polars as pl
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from outlast.importance.drift import Partition, drifts

RNG = np.random.default_rng(0)
DAYS, START = np.repeat(np.arange(250), 20), 200


def measured(values, time=DAYS, start=START, seed=0):
    found = drifts(pl.Series(values), Partition.at(time, start, seed))
    return {drift.method: drift for drift in found}


def test_numbers_agree_with_scipy():
    values = RNG.normal(size=DAYS.size) + 0.3 * (DAYS >= START)
    train, test = values[DAYS < START], values[DAYS >= START]
    found = measured(values)
    assert found["drift_w1"].value == pytest.approx(
        stats.wasserstein_distance(train, test) / train.std(), rel=0.02)
    assert found["drift_ks"].value == pytest.approx(stats.ks_2samp(train, test).statistic, abs=0.01)


def test_few_levels_are_exact():
    values = RNG.integers(0, 5, DAYS.size).astype(float)
    train, test = values[DAYS < START], values[DAYS >= START]
    assert measured(values)["drift_w1"].value == pytest.approx(
        stats.wasserstein_distance(train, test) / train.std())


def test_categories_agree_with_scipy_and_a_missing_value_is_one_more():
    levels = [None, "a", "b", "c"]
    codes = np.where(DAYS < START, RNG.integers(0, 4, DAYS.size), RNG.integers(0, 3, DAYS.size))
    found = measured([levels[k] for k in codes])
    shares = [np.bincount(codes[side], minlength=4) / side.sum()
              for side in (DAYS < START, DAYS >= START)]
    assert list(found) == ["drift_js"]
    assert found["drift_js"].value == pytest.approx(jensenshannon(*shares, base=2))


def test_a_shift_exceeds_chance_and_no_shift_hardly_ever_does():
    false = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        # Every day has its own level, as in a market.
        values = rng.normal(size=DAYS.size) + rng.normal(size=250)[DAYS]
        found = measured(values, seed=seed)["drift_w1"]
        false += found.value > found.chance
        moved = measured(values + 1.5 * (DAYS >= START), seed=seed)["drift_w1"]
        assert moved.value > moved.chance
    assert false <= 2


def test_chance_knows_that_rows_of_a_day_are_alike():
    by_row = RNG.normal(size=DAYS.size)
    by_day = RNG.normal(size=250)[DAYS]
    assert measured(by_day)["drift_w1"].chance > 2 * measured(by_row)["drift_w1"].chance


@pytest.mark.parametrize("values", [np.ones(DAYS.size), np.full(DAYS.size, np.nan),
                                    [None] * DAYS.size],
                         ids=["constant", "missing", "null"])
def test_what_never_changes_cannot_drift(values):
    assert measured(values) == {}


def test_no_block_lies_on_both_sides():
    for n, start in ((250, 203), (7, 6), (100, 3)):
        time = np.arange(n)
        partition = Partition.at(time, start)
        assert np.array_equal(partition.chosen[0][partition.block], time >= start)
        assert (partition.chosen.sum(axis=1) == partition.chosen[0].sum()).all()
