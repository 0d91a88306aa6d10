"""The numbers behind the figures, each computed again by hand from the same predictions."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl
import pytest
from scipy import stats
from sklearn.metrics import (
    average_precision_score,
    precision_recall_curve,
    roc_curve,
)

from outlast.judge.details import Details, short
from outlast.report.charts import draw_figures
from outlast.report.predictions import document_of
from tests.report.test_predictions import COLUMNS, N_SHOPS, predicted


@cache
def judged(metric: str = "roc_auc"):
    table = predicted({"good": 1.0, "bad": 0.3})
    return table.filter(model="good"), document_of(table, COLUMNS, metric=metric)


@cache
def valued():
    table = predicted({"good": 0.7}, regression=True)
    return table, document_of(table, COLUMNS)


def folds(table):
    return table.partition_by("fold", maintain_order=True)


def baseline_of(table) -> np.ndarray:
    """The mean truth of the folds before; the first fold knows its own."""
    means = [part["truth"].mean() for part in folds(table)]
    told = [means[0], means[0], np.mean(means[:2])]
    return np.repeat(told, table.height // 3)


def log_loss(y, p):
    return -np.log(np.where(y == 1, p, 1 - p))


def test_curves_are_means_of_those_of_the_folds():
    table, document = judged()
    card = document.details.curves
    good, prior = card.curves
    assert (good.label, prior.label, prior.is_baseline) == ("good", "prior", True)
    lines, precise = [], []
    for part in folds(table):
        y, p = part["truth"].to_numpy(), part["prediction"].to_numpy()
        false, found, _ = roc_curve(y, p, drop_intermediate=False)
        lines.append(np.interp(card.places, false, found))
        precision, recall, _ = precision_recall_curve(y, p)
        # The fewest rows that find so many positives; scikit-learn begins with all rows.
        precise.append([precision[recall >= place - 1e-12][-1] if place else None
                        for place in card.places])
    assert good.found == pytest.approx(np.mean(lines, axis=0), abs=1e-4)
    assert good.precise[1:] == pytest.approx(np.mean(np.array(precise)[:, 1:], axis=0), abs=1e-4)
    row = document.leaderboard[0]
    assert np.trapezoid(good.found, card.places) == pytest.approx(row.score.value, abs=0.005)
    assert good.roc_auc.value == pytest.approx(row.score.value, abs=1e-4)
    assert good.roc_auc.low == pytest.approx(row.score.low, abs=1e-4)
    assert good.average_precision.value == pytest.approx(np.mean([
        average_precision_score(part["truth"], part["prediction"]) for part in folds(table)]),
        abs=1e-4)
    # One probability for all ranks nothing: the diagonal, and the share of positives.
    assert prior.found == pytest.approx(card.places)
    assert card.positives == short(table["truth"].mean())


def test_bins_hold_what_was_said_and_what_happened_in_the_later_periods():
    table, document = judged()
    card, later = document.details.reliability, pl.concat(folds(table)[1:])
    y, p = later["truth"].to_numpy(), later["prediction"].to_numpy()
    first = np.argsort(p)[: y.size // 10]
    assert card.before[0].said == pytest.approx(p[first].mean(), abs=1e-3)
    assert card.before[0].happened.value == pytest.approx(y[first].mean(), abs=1e-3)
    assert card.before[0].happened.low <= y[first].mean() <= card.before[0].happened.high
    for bins in (card.before, card.after):
        assert sum(part.n_rows for part in bins) == y.size
        assert sum(part.n_rows * part.happened.value for part in bins) == pytest.approx(
            y.sum(), rel=1e-3)
    assert card.counts == tuple(np.histogram(p, bins=20, range=(0, 1))[0])
    periods = document.calibration.periods
    assert np.mean([period.said for period in periods]) == pytest.approx(p.mean())


def test_equal_predictions_stay_in_one_bin():
    # A baseline is recommended where nothing else was run, and says the same for all.
    table = predicted({"good": 1.0}).with_columns(prediction=pl.lit(0.5))
    document = document_of(table, COLUMNS)
    assert [part.said for part in document.details.reliability.before] == [0.5]


def test_a_segment_gains_the_mean_loss_that_its_rows_are_spared():
    table, document = judged()
    card = document.details.segments
    y, p = table["truth"].to_numpy(), table["prediction"].to_numpy()
    gain = log_loss(y, baseline_of(table)) - log_loss(y, p)
    assert card.overall.value == pytest.approx(gain.mean(), rel=1e-3)
    told = {segment.name: segment for segment in card.segments}
    weekday = table["day"].dt.weekday().to_numpy()
    for day in range(1, 8):
        segment = told.get(f"weekday (Monday = 1) is {day}")
        if segment is not None:
            assert segment.n_rows == (weekday == day).sum()
            assert segment.gain.value == pytest.approx(gain[weekday == day].mean(), rel=1e-3)
    gains = [segment.gain.value for segment in card.segments]
    assert gains == sorted(gains)
    assert card.n_segments >= len(card.segments) <= 12


def test_decay_is_that_of_the_rule():
    table, document = judged()
    card = document.details.decay
    rule = next(f for f in document.findings if f.code == "OL301").evidence
    assert (card.slope.value, card.slope.low) == (short(rule["slope"]), short(rule["low"]))
    assert (card.unit, card.start) == (rule["unit"], short(rule["start"]))
    assert sum(group.n_blocks for group in card.groups) == rule["blocks"] == len(card.points)
    y, p = table["truth"].to_numpy(), table["prediction"].to_numpy()
    gain = log_loss(y, baseline_of(table)) - log_loss(y, p)
    # Blocks are of nearly the same length: their mean is nearly that of the rows.
    assert np.mean([gain for _, _, gain in card.points]) == pytest.approx(gain.mean(), rel=0.02)
    group = card.groups[0]
    gains = [gain for _, _, gain in sorted(card.points, key=lambda point: point[1])]
    first = stats.ttest_1samp(gains[:group.n_blocks], 0.0).confidence_interval()
    assert (group.gain.low, group.gain.high) == pytest.approx(tuple(first), rel=1e-2)


def test_a_chance_is_that_of_students_t_over_the_blocks():
    _, document = judged("log_loss")
    card, rows = document.details.superiority, document.leaderboard
    assert card.rows == tuple(row.id for row in rows)
    n_blocks = 20
    for at, row in enumerate(rows[1:], start=1):
        gain = row.over_best
        se = (gain.high - gain.low) / 2 / stats.t.ppf(0.975, n_blocks - 1)
        expected = stats.t.cdf(-gain.value / se, n_blocks - 1)
        assert card.chance(0, at) == pytest.approx(expected, abs=0.002)
        assert card.chance(at, 0) == pytest.approx(1 - expected, abs=0.002)


def test_residuals_are_truth_less_prediction():
    table, document = valued()
    y, p = table["truth"].to_numpy(), table["prediction"].to_numpy()
    bins = document.details.residuals
    last = np.argsort(p)[-y.size // 10:]
    assert bins[-1].n_rows == last.size
    assert bins[-1].bias.value == pytest.approx((y - p)[last].mean(), rel=1e-3)
    assert (bins[-1].low, bins[-1].high) == pytest.approx(
        tuple(np.quantile((y - p)[last], [0.1, 0.9])), rel=1e-3)
    assert document.details.curves is document.details.reliability is None


def test_intervals_are_counted_period_by_period():
    table, document = valued()
    card = document.intervals
    first, second, _ = folds(table)
    errors = np.sort(np.abs(first["truth"] - first["prediction"]).to_numpy())
    width = errors[int(np.ceil((errors.size + 1) * 0.9)) - 1]
    held = np.abs(second["truth"] - second["prediction"]) <= width
    period = card.periods[0]
    assert period.half_width == pytest.approx(width)
    assert period.coverage.value == card.by_period[0] == pytest.approx(held.mean())
    assert period.n_rows == second.height
    assert 0 <= period.coverage.low < period.coverage.value < period.coverage.high <= 1


def test_two_short_folds_have_no_trend_and_no_chances():
    table = predicted({"good": 1.0, "bad": 0.3})
    short_one = table.filter(pl.col("day") < table["day"].unique().sort()[16]).with_columns(
        fold=pl.int_range(pl.len()) // (8 * N_SHOPS) % 2)
    document = document_of(short_one, COLUMNS)
    assert document.details.decay is document.details.superiority is None
    assert document.details.events == ()
    figures = draw_figures(document)
    assert {"decay", "pairwise", "events"}.isdisjoint(figures)
    assert "quality" in figures


def test_nothing_finished_has_no_details():
    assert Details() == Details.model_validate({})


def test_what_figures_need_stays_small():
    for _, document in (judged(), valued()):
        assert len(document.details.model_dump_json(indent=1)) < 16_000
