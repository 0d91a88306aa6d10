from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outlast import Panel, Schema, audit_table
from outlast.config import make_config
from outlast.errors import InputError
from outlast.experiments.run import prepare, run
from outlast.features import Recipe, make_recipe
from outlast.features.arithmetic import Category, Raw
from outlast.features.declared import read_recipe
from outlast.features.target_encoding import TargetEncoding


def by_hand(panel: Panel, column: str, smoothing: float) -> np.ndarray:
    group = panel.frame[column].fill_null("").to_list()
    result = []
    for i in range(panel.n_rows):
        known = [j for j in range(panel.n_rows) if panel.usable[j]
                 and panel.time.ns[j] < panel.time.ns[i]
                 and panel.label_end[j] <= panel.time.ns[i]]
        own = [panel.y[j] for j in known if group[j] == group[i]]
        mean = np.mean([panel.y[j] for j in known]) if known else np.nan
        weight = len(own) + smoothing
        result.append((sum(own) + smoothing * mean) / weight if weight else mean)
    return np.array(result, dtype=np.float32)


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), horizon=st.integers(0, 4),
       smoothing=st.sampled_from([0.0, 1.0, 20.0]))
def test_against_a_plain_loop(seed: int, horizon: int, smoothing: float) -> None:
    rng = np.random.default_rng(seed)
    rows = [(f"e{e}", int(t), rng.choice(["a", "b", "c", None]))
            for e in range(3) for t in rng.choice(20, size=10, replace=False)]
    table = pl.DataFrame(rows, schema=["who", "t", "kind"], orient="row").with_columns(
        y=pl.Series([None if rng.random() < 0.2 else float(rng.normal()) for _ in rows]),
        end=pl.Series([None if rng.random() < 0.1 else t + int(rng.integers(0, 9))
                       for _, t, _ in rows]))
    for schema in (Schema(time="t", entity="who", target="y", horizon=horizon, task="regression"),
                   Schema(time="t", entity="who", target="y", label_end="end", task="regression")):
        panel = Panel.build(table, schema)
        recipe = Recipe("mine", (TargetEncoding("mean", "kind", smoothing=smoothing),))
        made = recipe.transform(panel).frame["mean"].to_numpy()
        np.testing.assert_allclose(made, by_hand(panel, "kind", smoothing), rtol=1e-5, atol=1e-6)


def test_a_label_that_is_published_late_is_known_late() -> None:
    table = pl.DataFrame({"day": pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 1, 12),
                                               eager=True),
                          "kind": ["a"] * 12, "y": [1.0, 0.0] * 6})
    told = {}
    for delay in ("0D", "5D"):
        panel = Panel.build(table, Schema(time="day", target="y", horizon="1D", label_delay=delay))
        recipe = Recipe("mine", (TargetEncoding("mean", "kind"),))
        told[delay] = recipe.transform(panel).frame["mean"].is_not_nan().arg_max()
    assert told == {"0D": 1, "5D": 6}


def noisy_levels(n_levels: int = 200, seed: int = 0) -> Panel:
    """Many levels, each with its own rate and few rows per day."""
    rng = np.random.default_rng(seed)
    n_days, per_day = 150, 40
    level = rng.integers(0, n_levels, (n_days, per_day))
    rate = 1 / (1 + np.exp(-rng.normal(scale=1.2, size=n_levels)))
    frame = pl.DataFrame({
        "day": np.repeat(np.datetime64("2020-01-01", "us")
                         + np.arange(n_days) * np.timedelta64(1, "D"), per_day),
        "who": np.tile([f"w{k}" for k in range(per_day)], n_days),
        "product": [f"p{k}" for k in level.ravel()], "x": rng.normal(size=n_days * per_day),
        "y": (rng.random(level.shape) < rate[level]).astype(int).ravel()})
    return Panel.build(frame, Schema(time="day", entity="who", target="y", horizon=1))


@pytest.fixture(scope="module")
def levels() -> Panel:
    return noisy_levels()


def test_the_audit_has_nothing_against_it_but_finds_the_one_on_all_rows(levels: Panel) -> None:
    recipe = Recipe("mine", (Raw("x", "x"), TargetEncoding("rate", "product")))
    config = {"models": ["linear"], "splits": ["temporal"], "optimization": ["none"]}
    report = audit_table(config, table=levels, features=recipe)
    assert [finding.code for finding in report.blocking] == []

    def careless(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.select("x", rate=pl.col("y").mean().over("product"))

    report = audit_table(config, table=levels, features=careless)
    assert "LK201" in [finding.code for finding in report.blocking]


def test_it_helps_a_linear_model_with_many_levels(levels: Panel, tmp_path) -> None:
    scores = {}
    for name, feature in {"codes": Category("product", "product"),
                          "encoded": TargetEncoding("rate", "product")}.items():
        config = make_config({"models": ["linear"], "splits": ["temporal"], "importance": 0.0,
                              "optimization": ["none"], "audit": "exact",
                              "reports": str(tmp_path / name)})
        outcome = run(prepare(config, levels, Recipe(name, (Raw("x", "x"), feature))),
                      runner="inline")
        (record,) = outcome.experiment.jobs.read_all(j.id for j in outcome.plan.jobs).values()
        scores[name] = record.scores["roc_auc"]
    assert scores["encoded"] > 0.65
    assert scores["encoded"] > scores["codes"]


def test_the_table_of_features_knows_the_horizon(levels: Panel) -> None:
    recipe = Recipe("mine", (TargetEncoding("rate", "product"),))
    later = Panel.build(levels.frame, levels.schema.model_copy(update={"horizon": 5}))
    assert recipe.table_fingerprint(levels) != recipe.table_fingerprint(later)
    assert make_recipe(levels).table_fingerprint(levels) == make_recipe(levels).table_fingerprint(
        later)
    (entry,) = recipe.lineage(levels)
    assert (entry.uses_target, entry.fit_scope, entry.lookback) == (True, "expanding", "all rows")


def test_it_is_declared_in_yaml(tmp_path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text("features:\n- target_encoding: {name: rate, source: product, smoothing: 5}\n")
    assert read_recipe(str(path)).features == (TargetEncoding("rate", "product", smoothing=5),)


def test_impossible_ones_are_refused() -> None:
    with pytest.raises(InputError, match="smoothing must be zero or a positive number, got -1"):
        TargetEncoding("rate", "product", smoothing=-1)
    panel = Panel.build({"t": [1, 2, 3, 4], "k": ["a", "b", "a", "b"], "y": ["u", "v", "w", "u"]},
                        Schema(time="t", target="y", horizon=1))
    with pytest.raises(InputError, match="needs a target that has a mean, but 'y' has 3 classes"):
        Recipe("mine", (TargetEncoding("rate", "k"),)).transform(panel)
