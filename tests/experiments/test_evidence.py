import numpy as np
import polars as pl
import pytest

from outlast import Panel, Schema
from outlast.config import make_config
from outlast.experiments import prepare, run
from outlast.feature_tracker import FeatureTracker

N_ENTITIES, N_DAYS = 12, 120


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    rng = np.random.default_rng(0)
    size = N_ENTITIES * N_DAYS
    day = np.tile(np.arange(N_DAYS), N_ENTITIES)
    x, other = rng.normal(size=size), rng.normal(size=size)
    frame = pl.DataFrame({
        "day": np.datetime64("2020-01-01", "us") + day * np.timedelta64(1, "D"),
        "entity": np.repeat([f"e{k}" for k in range(N_ENTITIES)], N_DAYS), "x": x,
        "moved": other + 2.0 * (day >= 96), "kind": rng.choice(["a", "b"], size),
        "gaps": np.where(day < 96, np.nan, x), "ahead": rng.normal(size=size),
        "y": (x + other + rng.normal(size=size) > 0).astype(int)})
    panel = Panel.build(frame, Schema(time="day", entity="entity", target="y", horizon=1))
    folder = str(tmp_path_factory.mktemp("reports"))
    config = make_config({"models": ["prior", "linear"], "splits": ["temporal", "random"],
                          "optimization": ["none"], "reports": folder, "allow_leaks": True,
                          "exam": None})
    prepared = prepare(config, panel, features)
    run(prepared, runner="inline")
    return prepared, FeatureTracker.open(folder)


def features(frame: pl.DataFrame) -> pl.DataFrame:
    mean = pl.col("ahead").rolling_mean(3, center=True).over("entity")
    return frame.select("x", "moved", "kind", "gaps", mean)


def test_the_ledger_holds_what_the_table_says(ran):
    told = {row["feature"]: row for row in ran[1].features().iter_rows(named=True)}
    assert {row["split"] for row in told.values()} == {"temporal"}
    assert told["moved"]["drift_effect"] > 1.5 > 1.2 > told["moved"]["drift_null_p99"]
    assert told["x"]["drift_effect"] < 0.25
    assert told["kind"]["drift_kind"] == "drift_js"
    assert told["x"]["single_score"] > 0.1 > told["kind"]["single_score"]
    gaps = (told["gaps"]["missing_train"], told["gaps"]["missing_test"])
    assert gaps == (1.0, pytest.approx(1 / 24))


def test_a_feature_that_fails_the_replay_looks_ahead(ran):
    told = {row["feature"]: row for row in ran[1].features().iter_rows(named=True)}
    assert told["ahead"]["verdict"] == "look_ahead"
    assert told["ahead"]["pit_max_diff"] > 0
    assert told["x"]["pit_status"] is None


def test_it_is_measured_once(ran, monkeypatch):
    prepared, tracker = ran
    before = tracker.observations()
    monkeypatch.setattr("outlast.experiments.evidence.drifts", None)
    run(prepared, runner="inline")
    assert tracker.observations().equals(before)
