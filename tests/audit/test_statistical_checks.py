"""The statistical checks find what they are made for, and leave honest tables alone."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, KFold

from outlast.audit.adversarial import AdversarialValidation
from outlast.audit.base import AuditedSplit, Facts
from outlast.audit.circular_shift import CircularShift
from outlast.audit.gap_sweep import GapSweep
from outlast.audit.missingness import Missingness
from outlast.audit.placebo_target import PlaceboTarget
from outlast.audit.probe import Probe, block_scores, score
from outlast.audit.single_feature import SingleFeature
from outlast.audit.surrogates import dense
from outlast.audit.time_blocks import (
    forward_folds,
    horizon_steps,
    p_above,
    time_blocks,
    whole_entities,
)
from outlast.data import Panel, Schema
from outlast.features import FEATURES, Recipe
from outlast.metrics import METRICS
from outlast.splits import Fold, TemporalSplit
from outlast.splits.foreign import foreign_folds

CHECKS = (SingleFeature, Missingness, CircularShift, PlaceboTarget, GapSweep,
          AdversarialValidation)
DAYS, SHOPS = 500, 4


def slow(rng, n_days=DAYS, n_series=SHOPS, memory=0.98):
    steps = rng.normal(size=(n_days + 200, n_series))
    values = np.zeros_like(steps)
    for day in range(1, len(steps)):
        values[day] = memory * values[day - 1] + np.sqrt(1 - memory**2) * steps[day]
    return values[200:]


def returns(rng, runs):
    """How far walks with a common shock go in the next `runs` days, shape (days, shops)."""
    steps = 0.8 * rng.normal(size=(DAYS + runs, 1)) + 0.6 * rng.normal(size=(DAYS + runs, SHOPS))
    walk = np.vstack([np.zeros((1, SHOPS)), steps.cumsum(axis=0)])
    return (walk[runs:] - walk[:-runs])[:DAYS] / np.sqrt(runs)


def noise_table(seed=0, runs=5, added=0.0):
    """Slow and fast features that say nothing about labels that run for `runs` days."""
    rng = np.random.default_rng(seed)
    value = returns(rng, runs) + added
    columns = {"slow": slow(rng), "slower": slow(rng, memory=0.995), "fast": slow(rng, memory=0.5),
               "market": np.repeat(slow(rng, n_series=1), SHOPS, axis=1)}
    day = np.repeat(np.arange(DAYS), SHOPS)
    return pl.DataFrame({
        "day": np.datetime64("2020-01-01") + day.astype("timedelta64[D]"),
        "shop": [f"shop {i}" for i in range(SHOPS)] * DAYS,
        **{name: values.ravel() for name, values in columns.items()},
        "value": value.ravel(),
        "up": (value > np.quantile(value, 0.6)).ravel().astype(int),
        "third": np.searchsorted(np.quantile(value, [0.3, 0.7]), value).ravel(),
    })


def panel_of(table, target="up", horizon=5):
    others = tuple({"value", "up", "third"} - {target})
    schema = Schema(time="day", entity="shop", target=target, horizon=horizon, leaky=others)
    return Panel.build(table, schema)


def facts_of(panel, foreign=None, seed=0):
    """Facts with a temporal headline and, if given, a foreign splitter beside it."""
    names = [n for n in panel.frame.columns if n not in panel.schema.reserved | {"shop"}]
    recipe = Recipe("raw", (*(FEATURES["raw"](n, n) for n in names),
                            FEATURES["category"]("shop", "shop")))
    rows = np.flatnonzero(panel.usable)
    folds = tuple(Fold(f.index, rows[f.train], rows[f.test], f.audit) for f in TemporalSplit()
                  .folds(panel.time.ns[rows], panel.label_end[rows]))
    splits = {"temporal": AuditedSplit(folds, splitter=TemporalSplit())}
    if foreign is not None:
        splits["foreign"] = AuditedSplit(foreign_folds(foreign, panel, "foreign"))
    return Facts(panel, recipe.transform(panel), recipe, splits, seed=seed)


def noisy_copy(table, column, noise, seed=9):
    values = table[column].to_numpy().astype(float)
    return values + np.random.default_rng(seed).normal(0, noise, values.size)


@pytest.fixture(scope="module")
def honest():
    return facts_of(panel_of(noise_table()))


@pytest.fixture(scope="module")
def shuffled():
    return facts_of(panel_of(noise_table()), KFold(5, shuffle=True, random_state=0))


# What all of them share


@pytest.mark.parametrize("check", CHECKS)
def test_an_honest_table_of_noise_passes(check, honest):
    finding = check().look(honest)
    assert finding.outcome in ("passed", "not_applicable"), finding.sentence
    assert finding == check().look(honest)


@pytest.mark.parametrize("check", CHECKS)
def test_what_cannot_be_measured_is_not_applicable_with_its_reason(check, honest):
    assert check().look(replace(honest, level="exact")).outcome == "skipped"
    few = facts_of(panel_of(noise_table().head(45 * SHOPS)))
    assert "180" not in check().look(few).sentence
    assert check().look(few).outcome == "not_applicable"
    long = facts_of(panel_of(noise_table(), horizon=60))
    assert "blocks of three horizons" in check().look(long).sentence
    same = replace(honest, panel=replace(honest.panel, y=np.ones(honest.panel.n_rows)))
    assert "every label is the same" in check().look(same).sentence


@pytest.mark.parametrize("check", [SingleFeature, CircularShift, PlaceboTarget,
                                   AdversarialValidation])
def test_checks_of_splits_need_an_honest_one(check, honest):
    leaky = {"random": replace(honest.splits["temporal"], leaky=True)}
    assert "no honest split" in check().look(replace(honest, splits=leaky)).sentence


# The scores


@pytest.mark.parametrize(("task", "metric"), [
    ("binary", "roc_auc"), ("multiclass", "roc_auc_ovr"), ("regression", "spearman")])
def test_scores_are_the_usual_ones_moved_to_chance_at_one_half(task, metric):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3 if task == "multiclass" else 2, 200).astype(float)
    guess = (y + rng.normal(0, 2, 200)).round(1)
    if task == "multiclass":
        guess = (guess[:, None] == np.arange(3)) + rng.random((200, 3)).round(1)
    if task == "regression":
        y = y + rng.normal(size=200)
    usual = METRICS[metric].score(y, guess)
    assert score(task, y, guess) == pytest.approx(
        (1 + usual) / 2 if task == "regression" else usual)


def test_scores_within_strata_count_only_pairs_of_the_same_stratum():
    rng = np.random.default_rng(1)
    y, guess = rng.integers(0, 2, 300).astype(float), rng.normal(size=300)
    stratum = rng.integers(0, 4, 300)
    wins = pairs = 0.0
    for k in range(4):
        own = y[stratum == k]
        count = own.sum() * (1 - own).sum()
        wins, pairs = wins + count * roc_auc_score(own, guess[stratum == k]), pairs + count
    assert score("binary", y, guess, stratum) == pytest.approx(wins / pairs)


def test_a_block_without_a_comparison_has_no_score():
    y, block = np.array([0.0, 1, 1, 1, 2, 3]), np.array([0, 0, 1, 1, 2, 2])
    assert np.isnan(block_scores("regression", y, y, block)).tolist() == [False, True, False]
    assert block_scores("regression", y, np.ones(6), block)[2] == 0.5


def test_the_probe_learns_what_is_there_and_nothing_else(honest):
    train, test = forward_folds(honest)[0]
    probe = Probe(honest.features, train, test)
    fast = honest.features.frame["fast"].to_numpy().astype(float)
    assert probe.score(fast, "regression") > 0.9
    assert probe.score((fast > 0).astype(float), "binary") > 0.95
    noise = np.random.default_rng(0).normal(size=fast.size)
    assert abs(probe.score(noise, "regression") - 0.5) < 0.07
    assert np.isnan(probe.score(np.ones(fast.size), "binary"))


def test_p_values_are_those_of_the_t_test():
    values = np.array([0.52, 0.61, np.nan, 0.48, 0.55, 0.57])
    known = values[np.isfinite(values)]
    assert p_above(values, 0.5) == pytest.approx(
        stats.ttest_1samp(known, 0.5, alternative="greater").pvalue)
    assert p_above(np.ones(6), 0.5) < 1e-9
    assert p_above(known[:3], 0.5) == 1.0


def test_blocks_are_contiguous_and_three_horizons_long():
    blocks = time_blocks(np.repeat(np.arange(100), 3), 5)
    assert np.all(np.diff(blocks) >= 0)
    assert np.bincount(blocks).min() >= 3 * 15
    assert time_blocks(np.arange(100), 50).max() == 0


def test_a_headline_that_trains_on_the_future_gives_way_to_a_holdout(honest):
    rows = np.arange(honest.panel.n_rows)
    fold = replace(honest.splits["temporal"].folds[0], train=rows[1::2], test=rows[::2])
    ((train, test),) = forward_folds(replace(honest, splits={"odd": AuditedSplit((fold,))}))
    assert honest.panel.label_end[train].max() <= honest.panel.time.ns[test].min()


def test_a_large_table_is_thinned_by_whole_entities(honest):
    kept = honest.panel.entity[whole_entities(honest, 900)]
    assert 0 < kept.size < honest.panel.usable.sum()
    assert set(np.bincount(kept)) <= {0, DAYS - 5}
    assert dense(honest).size == honest.panel.usable.sum()


# LK301


@pytest.mark.parametrize(("target", "noise"), [("up", 0.35), ("third", 0.35), ("value", 0.2)])
def test_a_feature_that_decides_the_target_is_an_issue(target, noise):
    table = noise_table()
    panel = panel_of(table.with_columns(answer=noisy_copy(table, target, noise)), target)
    finding = SingleFeature().look(facts_of(panel))
    assert finding.outcome == "issue"
    assert not finding.blocking
    assert finding.evidence["feature"] == "answer"
    assert finding.evidence["score"] > 0.9
    assert "declare it as leaky" in finding.action


def test_a_strong_honest_feature_is_no_leak():
    table = noise_table()
    panel = panel_of(table.with_columns(strong=noisy_copy(table, "up", 1.0)))
    finding = SingleFeature().look(facts_of(panel))
    assert finding.outcome == "passed"
    assert 0.7 < finding.evidence["score"] < 0.85
    assert finding.evidence["p_value"] < 0.01


def test_what_hardly_moves_is_predicted_by_its_past_without_a_leak():
    level = slow(np.random.default_rng(3), memory=0.999).ravel()
    table = noise_table().with_columns(value=level, now=level)
    finding = SingleFeature().look(facts_of(panel_of(table, "value", horizon=1)))
    assert finding.evidence["score"] > 0.95
    assert finding.outcome == "passed"


def test_shops_that_differ_are_no_leak():
    added = np.linspace(-1.5, 1.5, SHOPS)
    finding = SingleFeature().look(facts_of(panel_of(noise_table(added=added))))
    assert finding.evidence["score"] > 0.8
    assert finding.outcome == "passed"


# LK302


@pytest.mark.parametrize("target", ["up", "third", "value"])
def test_a_column_that_is_missing_with_the_label_is_an_issue(target):
    table = noise_table()
    chance = np.where(table[target] > table[target].median(), 0.5, 0.2)
    gone = np.random.default_rng(4).random(table.height) < chance
    panel = panel_of(table.with_columns(form=np.where(gone, np.nan, 1.0)), target)
    finding = Missingness().look(facts_of(panel))
    assert finding.outcome == "issue"
    assert finding.evidence["column"] == "form"


def test_columns_that_came_late_or_are_never_reported_by_one_shop_are_no_issue():
    drift = np.linspace(-2, 2, DAYS)[:, None] + np.linspace(-1, 1, SHOPS)
    day = np.repeat(np.arange(DAYS), SHOPS)
    late = np.where(day < 150, np.nan, 1.0)
    shop = np.where(np.tile(np.arange(SHOPS), DAYS) == 0, np.nan, 1.0)
    panel = panel_of(noise_table(added=drift).with_columns(late=late, shop_only=shop))
    finding = Missingness().look(facts_of(panel))
    assert finding.outcome == "passed"
    assert finding.evidence["columns"] == 2


# LK303 and LK304


@pytest.mark.parametrize("check", [CircularShift, PlaceboTarget])
@pytest.mark.parametrize("splitter", [KFold(5, shuffle=True, random_state=0), GroupKFold(4)])
def test_folds_that_share_labels_are_an_issue(check, splitter):
    finding = check().look(facts_of(panel_of(noise_table()), splitter))
    assert finding.outcome == "issue"
    assert finding.evidence["split"] == "foreign"
    assert finding.evidence["score"] > 0.53 > finding.evidence["scores"]["temporal"]


@pytest.mark.parametrize("check", [CircularShift, PlaceboTarget])
def test_shuffled_folds_of_labels_that_share_nothing_are_no_issue(check):
    rng = np.random.default_rng(5)
    table = noise_table().with_columns(up=rng.integers(0, 2, DAYS * SHOPS))
    finding = check().look(facts_of(panel_of(table, horizon=0),
                                    KFold(5, shuffle=True, random_state=0)))
    assert finding.outcome == "passed", finding.sentence


def test_a_season_survives_the_move_and_is_no_issue():
    year = 2 * np.sin(2 * np.pi * np.arange(DAYS) / 60)[:, None]
    warm = np.repeat(np.roll(year, 7), SHOPS)
    table = noise_table(added=year).with_columns(warm=warm)
    finding = CircularShift().look(facts_of(panel_of(table)))
    assert finding.evidence["score"] > 0.6
    assert finding.outcome == "passed"


def test_moved_labels_are_those_of_the_same_shop_in_the_same_order(honest):
    rows = np.flatnonzero(honest.panel.usable)
    moved = CircularShift().surrogate(honest, rows, np.random.default_rng(0))
    assert not np.array_equal(moved[rows], honest.panel.y[rows])
    for shop in range(SHOPS):
        own = rows[honest.panel.entity[rows] == shop]
        shifts = [k for k in range(own.size)
                  if np.array_equal(np.roll(honest.panel.y[own], -k), moved[own])]
        assert len(shifts) == 1
        assert 2 * 5 <= shifts[0] <= own.size - 2 * 5


def test_entities_that_are_seen_too_seldom_cannot_be_moved():
    table = noise_table().with_columns(shop=pl.int_range(pl.len()).cast(pl.String))
    schema = Schema(time="day", entity="shop", target="up", horizon="5D", leaky=("value", "third"))
    facts = facts_of(Panel.build(table, schema))
    assert "too few to move" in CircularShift().look(facts).sentence


@pytest.mark.parametrize("target", ["up", "third"])
def test_a_placebo_is_as_frequent_and_overlaps_as_the_target_does(target):
    facts = facts_of(panel_of(noise_table(), target))
    rows = np.flatnonzero(facts.panel.usable)
    fake = PlaceboTarget().surrogate(facts, rows, np.random.default_rng(0))
    shares = [np.bincount(y[rows].astype(int)) / rows.size for y in (fake, facts.panel.y)]
    np.testing.assert_allclose(*shares, atol=0.01)


def test_placebos_are_alike_as_far_as_their_labels_overlap():
    facts = facts_of(panel_of(noise_table(), "value"))
    rows = np.flatnonzero(facts.panel.usable)
    drawn = np.random.default_rng(0)
    fake = np.stack([PlaceboTarget().surrogate(facts, rows, drawn)[rows] for _ in range(20)])
    series = fake.reshape(20, -1, SHOPS)
    for lag in (1, 3, 5, 8):
        alike = np.mean(series[:, lag:] * series[:, :-lag]) / np.mean(series**2)
        assert alike == pytest.approx(max(0, 1 - lag / 5), abs=0.06)
    assert np.mean(series[:, :, 0] * series[:, :, 1]) / np.mean(series**2) == pytest.approx(
        0.64, abs=0.1)


# LK305


@pytest.mark.parametrize(("target", "declared"), [("up", 2), ("value", 5), ("value", 0)])
def test_labels_that_run_longer_than_declared_are_an_issue(target, declared):
    facts = facts_of(panel_of(noise_table(seed=1, runs=10), target, declared))
    finding = GapSweep().look(facts)
    assert finding.outcome == "issue"
    assert finding.evidence["lag"] == 10
    assert horizon_steps(facts) == finding.evidence["declared"] == declared
    assert "Set horizon to 10" in finding.action


@pytest.mark.parametrize("target", ["up", "third", "value"])
def test_labels_as_long_as_declared_pass(target):
    finding = GapSweep().look(facts_of(panel_of(noise_table(runs=10), target, 10)))
    assert finding.outcome == "passed"


def test_a_memory_that_fades_is_not_taken_for_a_longer_label():
    state = 1.5 * slow(np.random.default_rng(6), n_series=1, memory=0.9)
    finding = GapSweep().look(facts_of(panel_of(noise_table(added=state), "value")))
    assert finding.outcome == "passed"


def test_a_week_is_not_taken_for_a_longer_label():
    weekend = 1.5 * (np.arange(DAYS) % 7 < 2)[:, None]
    finding = GapSweep().look(facts_of(panel_of(noise_table(added=weekend), "value")))
    assert finding.evidence["p_value"] < 0.001
    assert finding.outcome == "passed"


# LK306


def test_a_feature_that_moved_is_a_tip_and_names_it():
    rng = np.random.default_rng(7)
    last = np.repeat(np.arange(DAYS), SHOPS) >= 0.8 * DAYS
    moved = slow(rng, memory=0.5).ravel() + 1.5 * last
    finding = AdversarialValidation().look(
        facts_of(panel_of(noise_table().with_columns(moved=moved))))
    assert (finding.outcome, finding.severity) == ("tip", "info")
    assert finding.evidence["feature"] == "moved"
    assert "drift, not a leak" in finding.action


def test_a_clock_is_left_out():
    clock = np.repeat(np.arange(DAYS), SHOPS) ** 2.0
    table = noise_table().with_columns(clock=clock)
    finding = AdversarialValidation().look(facts_of(panel_of(table)))
    assert finding.outcome == "passed"
    # Four series and the shop; the clock is not among them.
    assert finding.evidence["features"] == 5
