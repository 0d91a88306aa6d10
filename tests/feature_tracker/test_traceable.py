"""Every number that the tracker says of a real run stands in a row of its tables."""

import json

import numpy as np
import polars as pl
import pytest

from outlast import FeatureTracker, Panel, Schema
from outlast.config import make_config
from outlast.experiments import prepare, run
from outlast.feature_tracker.thresholds import THRESHOLDS
from tests.feature_tracker.traced import untraced

SELECTIONS = ["none", "cluster", "probe"]


@pytest.fixture(scope="module")
def tracker(tmp_path_factory):
    rng = np.random.default_rng(3)
    n_entities, n_days = 20, 100
    day = np.repeat(np.arange(n_days), n_entities)
    close, other, noise = rng.normal(size=(3, day.size))
    frame = pl.DataFrame({
        "day": np.datetime64("2020-01-01", "us") + day * np.timedelta64(1, "D"),
        "entity": np.tile([f"e{k}" for k in range(n_entities)], n_days),
        "close_lag_1": close, "close_again": close + 0.1 * rng.normal(size=day.size),
        "moved": other + 0.6 * (day > 80), "noise": noise, "constant": 1.0,
        "kind": rng.choice(["u", "v"], day.size),
        "y": close + other + 0.2 * rng.normal(size=day.size)})
    panel = Panel.build(frame, Schema(time="day", entity="entity", target="y", horizon=1))
    folder = str(tmp_path_factory.mktemp("reports"))
    config = make_config({
        "models": ["prior", "linear"], "optimization": ["none"], "audit": "exact",
        "splits": [{"expanding_window": {"n_splits": 3, "test_size": 0.1}}],
        "selection": SELECTIONS, "keep": ["kind"], "reports": folder, "exam": None})
    run(prepare(config, panel, lambda table: table.drop("day", "entity", "y")), runner="inline")
    return FeatureTracker.open(folder)


def test_the_numbers_of_every_verdict_are_in_its_row(tracker):
    limits = list(vars(THRESHOLDS).values())
    rows = list(tracker.ledger().iter_rows(named=True))
    assert {row["verdict"] for row in rows} >= {"core", "drifting", "noise"}
    wrong = {row["sentence"]: missing for row in rows
             if (missing := untraced(row["sentence"], [*row.values(), *limits]))}
    assert wrong == {}


def test_the_numbers_of_every_decision_are_in_its_row(tracker):
    rows = list(tracker.decisions().iter_rows(named=True))
    assert {row["code"] for row in rows} >= {"F01", "F06", "F07", "F13", "F14"}
    assert {row["selection"].partition(" ")[0] for row in rows} == set(SELECTIONS)
    wrong = {}
    for row in rows:
        told = json.loads(row["evidence"]) if row["evidence"] else {}
        if missing := untraced(row["sentence"], [
                row["value"], row["threshold"], row["comparator_value"], *told.values()]):
            wrong[row["sentence"]] = missing
    assert wrong == {}


def test_the_copy_names_the_one_that_was_kept_and_what_both_are_worth(tracker):
    dropped = tracker.why_dropped().filter((pl.col("code") == "F06")
                                           & pl.col("sentence").str.contains("importance"))
    assert not dropped.is_empty()
    assert dropped["comparator"].is_in(["close_lag_1", "close_again"]).all()
    assert dropped["sentence"].str.contains(
        r"^dropped: \|rho\|=0\.99 with `close_\w+`, kept the one with higher permutation "
        r"importance \(\d\.\d+ vs -?\d\.\d+ rmse\)$").all()
