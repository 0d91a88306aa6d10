"""Scores by event, and which classes are taken for which."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import confusion_matrix, roc_auc_score

from benchmarks.insights import worlds
from benchmarks.insights.simulate import DAY, START, Run, Truth, evidence, prior
from outlast.judge.blocks import Blocks
from outlast.judge.contrasts import share
from outlast.judge.curves import confusion_card
from outlast.judge.details import OTHER_CLASSES
from outlast.judge.leaderboard import Contestant, score_folds
from outlast.judge.results import Result
from outlast.judge.slices import event_scores
from outlast.metrics import METRICS, score_all


def scored(found, events=worlds.EVENTS):
    rows = {row.model: found.board.contestants[row.id] for row in found.rows}
    return rows["lightgbm"], event_scores(
        rows["lightgbm"], rows.get("prior"), found.board.metric, events)


def test_an_event_is_scored_on_its_own_rows():
    contestant, events = scored(worlds.one_event(np.random.default_rng(1), True))
    (result,) = contestant.results
    assert [event.name for event in events] == [*(f"sale {k}" for k in range(6)), ""]
    inside = (result.time >= START + 60 * DAY) & (result.time <= START + 71 * DAY)
    event = events[1]
    assert event.n_rows == inside.sum()
    assert event.n_times == 12
    assert event.score.value == pytest.approx(
        roc_auc_score(result.y[inside], result.prediction[inside]), abs=1e-4)
    assert event.baseline.value == 0.5
    in_any = np.zeros(inside.size, dtype=bool)
    for start, end in worlds.EVENTS.select("start", "end").iter_rows():
        in_any |= (result.time >= start) & (result.time <= end)
    assert events[-1].score.value == pytest.approx(
        roc_auc_score(result.y[~in_any], result.prediction[~in_any]), abs=1e-4)


def test_the_interval_of_a_stretch_widens_with_the_root_of_its_length():
    events = pl.DataFrame({"name": ["short", "long"], "kind": "sale",
                           "start": [START + 20 * DAY, START + 100 * DAY],
                           "end": [START + 29 * DAY, START + 139 * DAY]})
    _, (short, long, _) = scored(worlds.one_event(np.random.default_rng(2), False), events)
    assert (short.n_times, long.n_times) == (10, 40)
    widths = [event.score.value - event.score.low for event in (short, long)]
    assert widths[0] == pytest.approx(2 * widths[1], rel=1e-2)


def test_intervals_hold_the_score_of_stretches_that_are_like_all_others():
    # Skill is the same everywhere: about 19 of 20 intervals hold what other time scores.
    held = []
    for seed in range(12):
        _, (*events, outside) = scored(worlds.one_event(np.random.default_rng(seed), False))
        held += [not event.score.leaves_out(outside.score.value) for event in events]
    assert 0.85 <= np.mean(held) <= 1.0


def test_events_of_one_name_and_beyond_the_held_out_time():
    events = worlds.EVENTS.with_columns(name=pl.lit("sale"))
    later = events.with_columns(pl.col("start", "end") + 10_000 * DAY)
    found = worlds.one_event(np.random.default_rng(1), True)
    _, told = scored(found, pl.concat([events, later]))
    assert [event.name for event in told] == ["sale"] * 6 + [""]
    assert len({event.start for event in told[:6]}) == 6
    assert scored(found, later)[1] == ()


def test_without_a_baseline_an_event_has_one_score():
    truth = Truth.draw(np.random.default_rng(0))
    results = Run("lightgbm").results(truth, truth.predict(np.random.default_rng(1), 1.0))
    _, told = scored(evidence(results))
    assert all(event.baseline is None for event in told)


@pytest.mark.parametrize("seed", range(3))
def test_a_share_of_independent_rows_is_wilsons(seed):
    from scipy.stats import binomtest

    rng = np.random.default_rng(seed)
    y = (rng.random(4000) < 0.2).astype(float)
    found = share(y, np.arange(4000) // 20)
    known = binomtest(int(y.sum()), y.size).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx(tuple(known), abs=0.006)


def test_a_share_of_blocks_that_agree_counts_blocks_not_rows():
    y = np.repeat([1.0, 0.0] * 10, 50)
    found = share(y, np.arange(y.size) // 50)
    assert found.high - found.low > 0.35
    assert share(y, np.zeros(y.size, dtype=int)).low is None


def classified(n_classes: int) -> Contestant:
    """Predictions of several classes: three of four are right."""
    rng = np.random.default_rng(0)
    truth = Truth.draw(rng)
    (model,) = Run("lightgbm").results(truth, truth.predict(rng, 1.0))
    weights = np.arange(n_classes, 0, -1.0)
    y = rng.choice(n_classes, model.y.size, p=weights / weights.sum())
    taken = np.where(rng.random(y.size) < 0.75, y, rng.integers(n_classes, size=y.size))
    p = np.full((y.size, n_classes), 0.1)
    p[np.arange(y.size), taken] = 1.0
    p /= p.sum(axis=1, keepdims=True)
    table = model.predictions.drop("p", "y").with_columns(
        y=pl.Series(y.astype(float)), **{f"p_{k}": p[:, k] for k in range(n_classes)})
    job = model.record.job.model_copy(update={"task": "multiclass", "metric": "log_loss"})
    record = model.record.model_copy(update={"job": job, "scores": score_all("multiclass", y, p)})
    result = Result(record, table)
    return score_folds([result], METRICS["log_loss"], Blocks.of([result]))


def test_confusion_counts_what_each_class_is_taken_for():
    contestant = classified(4)
    (result,) = contestant.results
    card = confusion_card(contestant, None)
    expected = confusion_matrix(result.y, result.prediction.argmax(axis=1))
    assert np.array_equal(card.counts, expected)
    assert card.accuracy.value == pytest.approx(np.trace(expected) / expected.sum(), abs=1e-4)
    assert card.accuracy.low < card.accuracy.value < card.accuracy.high
    assert card.classes == (0, 1, 2, 3)


def test_rare_classes_share_a_line():
    contestant = classified(20)
    (result,) = contestant.results
    card = confusion_card(contestant, None)
    assert card.classes == (*range(11), OTHER_CLASSES)
    taken = result.prediction.argmax(axis=1)
    assert sum(map(sum, card.counts)) == result.y.size
    assert card.counts[-1][-1] == ((result.y >= 11) & (taken >= 11)).sum()
    assert card.counts[2][-1] == ((result.y == 2) & (taken >= 11)).sum()


def test_a_task_has_no_curves_of_another():
    truth = Truth.draw(np.random.default_rng(0))
    found = evidence([*prior(truth), *Run("lightgbm").results(
        truth, truth.predict(np.random.default_rng(1), 1.0))])
    assert confusion_card(found.board.contestants[found.rows[0].id], None) is None
