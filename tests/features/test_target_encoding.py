"""Categories as means of the labels known by then: against a loop, scikit-learn, and leaks."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import TargetEncoder

from outlast.audit.replay import replay
from outlast.config import make_config
from outlast.data import Panel, Schema
from outlast.errors import InputError
from outlast.experiments import audit_plan
from outlast.features import Recipe
from outlast.features.target_encoding import TargetEncoding
from outlast.features.windows import Lag
from outlast.store import FeatureStore
from outlast.store.local import LocalStorage
from tests.tables import shop_panel

WEATHER = Recipe("weather", (TargetEncoding("usual", "weather"),))


def encoded(panel: Panel, **params: Any) -> np.ndarray:
    recipe = Recipe("r", (TargetEncoding("f", "kind", **params),))
    return recipe.transform(panel).frame["f"].to_numpy()


def by_hand(panel: Panel, smooth: float, y: np.ndarray) -> np.ndarray:
    """Ask every row for the labels that it may know of, one by one."""
    kinds, result = panel.frame["kind"].to_list(), []
    for i in range(panel.n_rows):
        known = [j for j in range(panel.n_rows) if panel.usable[j]
                 and panel.label_end[j] <= panel.time.ns[i] and panel.time.ns[j] < panel.time.ns[i]]
        own = [y[j] for j in known if kinds[j] == kinds[i]]
        if not known or kinds[i] is None or not len(own) + smooth:
            result.append(np.nan)
        else:
            prior = np.mean(y[known])
            result.append((sum(own) + smooth * prior) / (len(own) + smooth))
    return np.array(result)


def table_of(rng: np.random.Generator, task: str, clock: bool) -> pl.DataFrame:
    """Entities at random times with ties and gaps; labels, categories and label ends have holes."""
    rows = [(who, int(t)) for who in "abc" for t in rng.choice(25, size=9, replace=False)]
    n = len(rows)
    classes = {"binary": ["no", "yes"], "multiclass": ["low", "mid", "high"]}.get(task)
    values = rng.normal(size=n).tolist() if classes is None else [*classes, *rng.choice(
        classes, size=n - len(classes)).tolist()]
    holes = rng.random((3, n)) < 0.15
    table = pl.DataFrame({
        "who": [who for who, _ in rows], "t": [t for _, t in rows],
        "end": [None if gone else t + int(rng.integers(0, 9))
                for gone, (_, t) in zip(holes[0], rows, strict=True)],
        "kind": [None if gone else f"k{rng.integers(4)}" for gone in holes[1]],
        "y": [None if gone and i > 2 else y for i, (gone, y) in enumerate(
            zip(holes[2], values, strict=True))],
    })
    if not clock:
        return table
    return table.with_columns(
        (pl.lit(datetime(2024, 3, 20)) + pl.duration(days=c)).dt.replace_time_zone("Europe/Berlin")
        .alias(c) for c in ("t", "end"))


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), task=st.sampled_from(["regression", "binary", "multiclass"]),
       smooth=st.sampled_from([0.0, 1.0, 20.0]), clock=st.booleans(),
       ends=st.sampled_from(["rows", "column", "delay"]))
def test_every_row_agrees_with_a_loop(
    seed: int, task: Any, smooth: float, clock: bool, ends: str
) -> None:
    table = table_of(np.random.default_rng(seed), task, clock)
    label = {"rows": {"horizon": seed % 4}, "column": {"label_end": "end"},
             "delay": {"horizon": "1 calendar day", "label_delay": "36h"} if clock else {}}[ends]
    panel = Panel.build(table, Schema(time="t", entity="who", target="y", task=task, **label))
    name = panel.schema.labels[0] if task == "multiclass" else None
    y = (panel.y == 0).astype(float) if task == "multiclass" else panel.y
    np.testing.assert_allclose(encoded(panel, smooth=smooth, label=name),
                               by_hand(panel, smooth, y), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("smooth", [1.0, 20.0])
def test_on_rows_to_come_it_is_the_encoder_of_scikit_learn(smooth: float) -> None:
    rng = np.random.default_rng(1)
    kinds, y = rng.choice(list("abcdefg"), size=300), rng.normal(size=300)
    coming = np.array([*"abcdefg", "new"])
    table = {"t": [*range(300), *[400] * 8], "kind": [*kinds, *coming],
             "who": [*"x" * 300, *"abcdefgh"],
             "y": [*y, *[None] * 8]}
    panel = Panel.build(table, Schema(time="t", entity="who", target="y", task="regression"))
    encoder = TargetEncoder(smooth=smooth, target_type="continuous", categories=[sorted(coming)])
    encoder.fit(kinds[:, None], y)
    np.testing.assert_allclose(encoded(panel, smooth=smooth)[300:],
                               encoder.transform(coming[:, None])[:, 0], rtol=1e-6)


def test_a_new_category_gets_the_mean_and_a_missing_one_nothing() -> None:
    table = {"t": [1, 2, 3, 3], "who": list("abab"), "kind": ["a", "a", "b", None],
             "y": [1.0, 3.0, 9.0, 9.5]}
    panel = Panel.build(table, Schema(time="t", entity="who", target="y", task="regression"))
    np.testing.assert_array_equal(encoded(panel, smooth=2), [np.nan, 1, 2, np.nan])
    np.testing.assert_array_equal(encoded(panel, smooth=0), [np.nan, 1, np.nan, np.nan])


def test_the_share_of_each_class_can_be_asked_for() -> None:
    panel = shop_panel("level")
    shares = [Recipe("r", (TargetEncoding("f", "weather", label=label),)).transform(panel)
              .frame["f"].to_numpy() for label in panel.schema.labels]
    known = ~np.isnan(shares[0])
    assert known.sum() > 900
    np.testing.assert_allclose(np.sum(shares, axis=0)[known], 1, rtol=1e-6)


@pytest.mark.parametrize(("target", "params", "message"), [
    ("level", {}, "feature 'f': target 'level' has 3 classes; name one as label, such as 'high'"),
    ("level", {"label": "hihg"}, "unknown label of feature 'f' 'hihg': did you mean 'high'"),
    ("sales", {"label": "1"}, "unknown label of feature 'f' '1': none is known"),
    ("busy", {"source": "busy"}, "declared as target"),
])
def test_what_has_no_meaning_is_refused(
    target: str, params: dict[str, Any], message: str
) -> None:
    recipe = Recipe("r", (TargetEncoding(**{"name": "f", "source": "weather", **params}),))
    with pytest.raises(InputError, match=message):
        recipe.check(shop_panel(target))


def test_smoothing_is_not_negative() -> None:
    with pytest.raises(InputError, match="feature 'f': smooth must be >= 0, got -1"):
        TargetEncoding("f", "x", smooth=-1)


# ---------------------------------------------------------------------------------- identity


def test_another_target_or_horizon_makes_another_feature(tmp_path: Path) -> None:
    panel = shop_panel()
    schema = panel.schema.model_copy(update={"labels": ()})
    later = Panel.build(panel.frame, schema.model_copy(update={"horizon": 30}))
    other = Panel.build(panel.frame, schema.model_copy(update={
        "target": "sales", "leaky": ("busy", "level"), "task": "regression"}))
    assert later.fingerprint == panel.fingerprint == other.fingerprint
    tables = [WEATHER.transform(p) for p in (panel, later, other)]
    assert len({table.fingerprint for table in tables}) == 3
    assert len({table.lineage[0].feature_id for table in tables}) == 3
    store = FeatureStore(LocalStorage(tmp_path))
    for of, table in zip((panel, later, other), tables, strict=True):
        stored, reused = store.extract(WEATHER, of)
        assert stored.frame.equals(table.frame)
        assert not reused
    assert store.extract(WEATHER, later)[1]
    plain = Recipe("plain", (Lag("f", "signal"),))
    assert plain.table_fingerprint(later) == plain.table_fingerprint(panel)


def test_rows_left_out_count_for_the_ends_of_labels() -> None:
    table = pl.DataFrame({"t": [1, 2, 3, 4, 5], "x": [1, 1, 2, 3, 4], "y": [0, 0, 1, 0, 1]})
    roles = {"time": "t", "target": "y", "horizon": 1, "duplicates": "drop"}
    one = Panel.build(table, Schema(**roles))
    two = Panel.build(table.with_columns(t=pl.Series([1, 6, 3, 4, 5])), Schema(**roles))
    assert one.frame.equals(two.frame)
    assert one.fingerprint != two.fingerprint


def test_the_entry_tells_that_labels_are_used() -> None:
    recipe = Recipe("r", (TargetEncoding("usual", "weather"), Lag("before", "usual")))
    for entry in recipe.lineage(shop_panel()):
        assert (entry.uses_target, entry.lookback_rows, entry.roots) == (True, None, ("weather",))
    usual, before = recipe.lineage(shop_panel())
    assert (usual.fit_scope, usual.family) == ("expanding", "target_encoding")
    assert before.feature_id != usual.feature_id


# ---------------------------------------------------------------------------------- leaks


class OnAllRows(TargetEncoding):
    """The usual mistake: labels count from the time of their rows on."""

    def compute(self, frame: pl.DataFrame, context: Any) -> pl.Series:
        labels = context.labels
        at_once = replace(labels, known=frame["__time"].to_physical().to_numpy())
        return super().compute(frame, replace(context, labels=at_once))


def test_the_audit_is_silent_on_it_and_finds_the_usual_mistake() -> None:
    panel = shop_panel()
    sound = replay(WEATHER, panel)
    assert sound.truncate.divergences == sound.perturb.divergences == ()
    assert sound.drop_entity.divergences == ()
    leaky = replay(Recipe("r", (OnAllRows("usual", "weather"),)), panel)
    assert {d.column for d in leaky.truncate.divergences} == {"usual"}
    assert {d.column for d in leaky.perturb.divergences} == {"usual"}


def test_no_check_of_a_run_objects() -> None:
    config = make_config({"models": ["linear"], "splits": ["temporal", "walk_forward"],
                          "optimization": ["none"], "audit": "quick"})
    report = audit_plan(config, shop_panel(), WEATHER)
    assert [f.code for f in report.findings if f.outcome == "issue"] == []
    leaky = audit_plan(config, shop_panel(), Recipe("r", (OnAllRows("usual", "weather"),)))
    assert {"LK201", "LK202"} <= {f.code for f in leaky.blocking}
