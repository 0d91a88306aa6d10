"""Time that several folds test is one piece of evidence, not several."""

import numpy as np
import polars as pl
import pytest

from outlast.judge.resampling import Resampling, label_steps
from outlast.metrics import METRICS, weighted_scores
from outlast.records import Strategy
from tests.judge.results import Result, result

N = 400


def shifted(days: int, *, fold: int, seed: int = 1) -> Result:
    """A finished fold whose test starts some days later."""
    made = result("lightgbm", 0.5, fold=fold, n_times=N, n_entities=2, seed=seed)
    later = pl.col("time", "label_end") + days * 86_400 * 10**9
    return Result(made.record, made.predictions.with_columns(later))


def spread(folds: list[Result]) -> float:
    draws = Resampling.of(folds, 400, 0).mean_scores(METRICS["log_loss"], [folds])
    return float(draws.std())


def test_folds_of_the_same_days_meet_the_same_draws():
    one = shifted(0, fold=0)
    same = Result(one.record, one.predictions.clone())
    assert spread([one, same]) == pytest.approx(spread([one]))


def test_folds_of_other_days_are_more_evidence():
    first, later = shifted(0, fold=0), shifted(N, fold=1)
    assert spread([first, later]) < 0.85 * spread([first])


def test_blocks_are_counted_over_distinct_time():
    first, same, later = shifted(0, fold=0), shifted(0, fold=1), shifted(N, fold=2)
    alone = Resampling.of([first], 10, 0).n_blocks
    assert Resampling.of([first, same], 10, 0).n_blocks == alone
    assert Resampling.of([first, later], 10, 0).n_blocks == pytest.approx(2 * alone, abs=1)


def test_every_draw_holds_as_many_timestamps_as_there_are():
    folds = [shifted(0, fold=0), shifted(N // 2, fold=1)]
    made = Resampling.of(folds, 50, 0)
    assert made.times.size == 3 * N // 2
    assert (made.counts.sum(axis=1) == made.times.size).all()
    # Three stretches of other company, each drawn from itself.
    for part in np.split(made.counts, 3, axis=1):
        assert (part.sum(axis=1) == N // 2).all()


def test_crumbs_are_drawn_as_one_stretch_and_a_missed_fold_is_left_out():
    whole = shifted(0, fold=0)
    halves = [whole.predictions.filter(pl.int_range(pl.len()) // 2 % 2 == k) for k in (0, 1)]
    folds = [Result(whole.record, half) for half in halves]
    made = Resampling.of(folds, 50, 0)
    assert (made.counts.sum(axis=1) == N).all()
    assert np.isfinite(made.mean_scores(METRICS["roc_auc"], [folds])).all()


def test_held_out_entities_are_drawn_as_well():
    plain = shifted(0, fold=0)
    job = plain.record.job.model_copy(update={"split": Strategy(name="group")})
    held_out = Result(plain.record.model_copy(update={"job": job}), plain.predictions)
    made = Resampling.of([held_out], 100, 0)
    assert made.entities is not None
    assert (made.entities.sum(axis=1) == 2).all()
    assert made.n_blocks == 2, "two entities are no more than two pieces of evidence"
    assert Resampling.of([plain], 100, 0).entities is None
    # A model that is right about one entity alone is right about half of the next ones.
    y = plain.predictions["y"].to_numpy()
    one = plain.predictions.with_columns(
        p=pl.when(pl.col("code") == 0).then(pl.Series(0.2 + 0.6 * y)).otherwise(0.5))
    assert spread([Result(held_out.record, one)]) > 3 * spread([Result(plain.record, one)])


@pytest.mark.parametrize("name", ["roc_auc", "log_loss", "average_precision"])
@pytest.mark.parametrize("split", ["walk_forward", "group"])
def test_all_models_of_a_split_are_scored_as_each_alone_by_its_rows(name, split):
    """The plain computation: the weight of every row on every draw, fold by fold."""
    field = [[_under(split, shifted(N * k, fold=k, seed=seed)) for k in range(2)]
             for seed in (1, 2)]
    made = Resampling.of(field[0], 30, 0)
    means = made.mean_scores(METRICS[name], field)
    for folds, mean in zip(field, means, strict=True):
        by_fold = []
        for fold in folds:
            weights = made.counts[:, np.searchsorted(made.times, fold.time)]
            if made.entities is not None:
                weights = weights * made.entities[:, fold.entity]
            by_fold.append(weighted_scores(METRICS[name], fold.y, fold.prediction, weights))
        np.testing.assert_allclose(mean, np.nanmean(by_fold, axis=0), rtol=1e-12)


def _under(split: str, made: Result) -> Result:
    job = made.record.job.model_copy(update={"split": Strategy(name=split)})
    return Result(made.record.model_copy(update={"job": job}), made.predictions)


def test_the_horizon_is_counted_in_held_out_timestamps():
    assert label_steps([shifted(0, fold=0)]) == 2
