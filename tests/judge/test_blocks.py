"""Blocks of time are the evidence: what they say, and how sure it is."""

import numpy as np
import polars as pl
import pytest
from scipy import stats

from outlast.judge.blocks import Blocks
from outlast.judge.results import label_steps
from outlast.metrics import METRICS
from outlast.records import Strategy
from tests.judge.results import Result, result

N = 400
DAY = 86_400 * 10**9


def shifted(days: int, *, fold: int, seed: int = 1, split: str = "walk_forward") -> Result:
    """A finished fold whose test starts some days later."""
    made = result("lightgbm", 0.5, fold=fold, n_times=N, n_entities=2, seed=seed, split=split)
    later = pl.col("time", "label_end") + days * DAY
    return Result(made.record, made.predictions.with_columns(later))


def under(split: str, made: Result) -> Result:
    job = made.record.job.model_copy(update={"split": Strategy(name=split)})
    return Result(made.record.model_copy(update={"job": job}), made.predictions)


def scores(folds, metric="log_loss"):
    return Blocks.of(folds).scores(METRICS[metric], folds)


def test_of_a_mean_loss_the_blocks_are_its_means_and_the_interval_is_a_t_test():
    fold = shifted(0, fold=0)
    found = scores([fold])
    loss = -np.log(np.where(fold.y == 1, fold.prediction, 1 - fold.prediction))
    means = [part.mean() for part in np.array_split(loss, 20)]
    assert found.values.tolist() == pytest.approx(means)
    low, high = stats.ttest_1samp(means, 0).confidence_interval()
    interval = found.interval(float(loss.mean()))
    assert (interval.low, interval.high) == pytest.approx((low, high))
    assert found.p_above(0.5) == pytest.approx(
        stats.ttest_1samp(means, 0.5, alternative="greater").pvalue)


@pytest.mark.parametrize("metric", ["roc_auc", "average_precision", "log_loss"])
def test_the_blocks_add_up_to_the_score(metric):
    folds = [shifted(N * k, fold=k) for k in range(3)]
    mean = np.mean([fold.record.scores[metric] for fold in folds])
    assert scores(folds, metric).mean == pytest.approx(mean, abs=1e-2)


def test_the_error_of_an_auc_is_that_of_many_worlds():
    worlds = [scores([shifted(0, fold=k, seed=k)], "roc_auc") for k in range(60)]
    true = np.std([world.mean for world in worlds], ddof=1)
    assert np.mean([world.se for world in worlds]) == pytest.approx(true, rel=0.25)


def test_folds_of_the_same_days_are_one_piece_of_evidence():
    one = shifted(0, fold=0)
    same = Result(one.record, one.predictions.clone())
    assert scores([one, same]).se == pytest.approx(scores([one]).se)


def test_folds_of_other_days_are_more_evidence():
    first, later = shifted(0, fold=0), shifted(N, fold=1)
    assert scores([first, later]).se < 0.85 * scores([first]).se
    alone = Blocks.of([first]).n_independent
    assert Blocks.of([first, later]).n_independent == pytest.approx(2 * alone, abs=1)


def test_what_differs_between_the_folds_makes_the_score_less_sure():
    """Ten folds of one block each that score 0.1 apart are not twenty equal blocks."""
    folds = [shifted(N * k, fold=k) for k in range(4)]
    worse = folds[0].predictions.with_columns(p=1 - pl.col("p"))
    moved = [Result(folds[0].record, worse), *folds[1:]]
    assert scores(moved).se > 2 * scores(folds).se


def test_a_block_lies_in_one_fold_but_crumbs_are_cut_as_one():
    folds = [shifted(N * k, fold=k) for k in range(3)]
    made = Blocks.of(folds)
    for fold in folds:
        inside = np.unique(made.block[np.searchsorted(made.times, fold.time)])
        outside = np.unique(made.block[~np.isin(made.times, fold.time)])
        assert not np.isin(inside, outside).any()
    whole = folds[0]
    halves = [Result(whole.record, whole.predictions.filter(pl.int_range(pl.len()) // 2 % 2 == k))
              for k in (0, 1)]
    assert np.ptp(np.bincount(Blocks.of(halves).block)) <= 1


def test_held_out_entities_are_blocks_as_well():
    plain = shifted(0, fold=0)
    assert Blocks.of([plain]).entity is None
    made = result("lightgbm", 0.5, n_times=N, n_entities=10, split="group")
    found = Blocks.of([made])
    assert found.sizes[1] == 10
    assert found.n_independent == 10, "ten entities are no more than ten pieces of evidence"
    # A model that is right about half of the entities is right about half of the next ones.
    y = made.predictions["y"].to_numpy()
    half = made.predictions.with_columns(
        p=pl.when(pl.col("code") % 2 == 0).then(pl.Series(0.2 + 0.6 * y)).otherwise(0.5))
    mixed = Result(made.record, half)
    assert scores([mixed]).se > 3 * scores([under("temporal", mixed)]).se


def test_two_held_out_entities_give_no_interval():
    assert scores([under("group", shifted(0, fold=0))]).interval(0.5).low is None


def test_models_of_overlapping_training_rows_are_less_sure():
    fold = shifted(0, fold=0)
    audit = fold.record.audit
    widened = scores([under("random", fold)]).se / scores([fold]).se
    assert widened == pytest.approx(np.sqrt(1 + audit.n_test / audit.n_train))


def test_too_little_time_gives_no_interval():
    short = result("lightgbm", 0.5, n_times=20)
    found = scores([short])
    assert found.interval(0.5).low is None
    assert found.p_above() == 1.0


def test_a_block_that_holds_all_of_a_class_changes_nothing():
    made = shifted(0, fold=0)
    last = pl.col("time") >= (N - 5) * DAY
    rare = Result(made.record, made.predictions.with_columns(y=pl.when(last).then(1.0)
                                                             .otherwise(0.0)))
    found = scores([rare], "roc_auc")
    assert np.isfinite(found.values).all()


def test_a_constant_lead_has_no_error():
    found = scores([shifted(0, fold=0)])
    flat = (found - found)
    assert (flat.se, flat.p_above(), flat.p_above(-1.0)) == (0.0, 1.0, 0.0)


def test_blocks_hold_their_size_where_rows_do_not():
    """Nominal 5 % under a moving-average shock that all entities share."""
    rng = np.random.default_rng(0)
    base = result("lightgbm", 0.5, n_times=250, n_entities=4)
    job = base.record.job.model_copy(update={"task": "regression"})
    record = base.record.model_copy(update={"job": job})
    rejected = rejected_naive = 0
    for _ in range(300):
        shock = np.convolve(rng.normal(size=259), np.ones(10), "valid")
        y = np.repeat(shock, 4) + rng.normal(size=1000)
        table = base.predictions.with_columns(y=pl.Series(y), label_end=pl.col("time") + 10 * DAY)
        # Two forecasts that are wrong by as much on either side.
        high, low = (Result(record, table.with_columns(p=p)) for p in (0.5, -0.5))
        blocks = Blocks.of([high])
        gain = blocks.scores(METRICS["mae"], [high]) - blocks.scores(METRICS["mae"], [low])
        rejected += min(gain.p_above(), gain.times(-1).p_above()) < 0.025
        naive = stats.ttest_1samp(np.abs(y - 0.5) - np.abs(y + 0.5), 0).pvalue
        rejected_naive += naive < 0.05
    assert rejected / 300 < 0.10
    assert rejected_naive / 300 > 0.3


def test_the_horizon_is_counted_in_held_out_timestamps():
    assert label_steps([shifted(0, fold=0)]) == 2


def test_many_configurations_are_scored_like_each_of_them():
    models = [[result(model, skill, fold=fold, n_times=40, seed=seed) for fold in range(4)]
              for model, skill, seed in (("a", 1.0, 1), ("b", 0.5, 2), ("prior", 0.0, 3))]
    models[1] = models[1][:2] + models[1][3:]
    blocks = Blocks.of(models[0])
    many = blocks.scores_of_many(METRICS["roc_auc"], models)
    for folds, scores in zip(models, many, strict=True):
        alone = blocks.scores(METRICS["roc_auc"], folds)
        np.testing.assert_allclose(scores.values, alone.values, rtol=1e-12)
        np.testing.assert_allclose(scores.weights, alone.weights, rtol=1e-12)
