"""Exact checks of events, fold content, entities, index columns and availability."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from outlast.audit.availability import Availability
from outlast.audit.cut_events import CutEvents
from outlast.audit.fold_content import FoldContent
from outlast.audit.index_columns import IndexColumns
from outlast.audit.known_entities import KnownEntities
from outlast.data import Events, Join, Panel, Schema
from tests.audit.exact import asked, audited, every, foreign, shops, with_train
from tests.tables import shop_panel, shop_table

# ------------------------------------------------------------------------------- LK105, cut events


def with_events(*windows: tuple[str, str | None, str | None]) -> Panel:
    start, end, entity = zip(*windows, strict=True)
    events = Events.from_frame(pl.DataFrame({
        "start": start, "end": end, "entity": entity,
        "name": [f"event {chr(97 + k)}" for k in range(len(start))],
    }, schema_overrides={"end": pl.String, "entity": pl.String}))
    return replace(shop_panel(), events=events)


# The temporal split cuts before 2022-07-10: 238 days have a label, and the last 48 are tested.
SHOCK = ("2022-07-05", "2022-07-15", None)


def test_an_event_on_both_sides_is_an_issue_that_blocks_only_a_broken_promise():
    panel = with_events(SHOCK, ("2022-02-01", "2022-02-03", None))
    found = asked(CutEvents, panel, temporal={})
    assert (found.outcome, found.blocking, found.severity) == ("issue", False, "medium")
    assert "temporal cuts 'event a' (2022-07-05 to 2022-07-15) in fold 0" in found.sentence
    assert "event_aware" in found.action
    assert found.evidence["cuts"] == {"temporal": 1}
    promised = audited(panel, "temporal", events=True)
    assert asked(CutEvents, panel, temporal=promised).outcome == "passed"
    broken = replace(audited(panel, "temporal"), splitter=promised.splitter)
    blocks = asked(CutEvents, panel, temporal=broken, walk_forward={})
    assert (blocks.blocking, blocks.evidence["splits"]) == (True, ["temporal"])


@pytest.mark.parametrize("on_cut", ["after", "before", "nearest", "drop"])
@pytest.mark.parametrize("name", ["event_aware", "expanding_window", "walk_forward",
                                  "purged_kfold", "leave_one_event_out"])
def test_splits_that_were_given_events_keep_them_whole(name, on_cut):
    panel = with_events(SHOCK, ("2022-07-14", "2022-07-17", "shop 1"),
                        ("2022-04-01", "2022-04-20", None), ("2022-05-01", "2022-05-09", "shop 2"))
    split = audited(panel, name, events=True, on_cut=on_cut)
    assert asked(CutEvents, panel, **{name: split}).outcome == "passed"


def test_only_rows_of_its_entity_count_for_an_event_of_one_entity():
    panel = with_events(("2022-07-05", "2022-07-15", "shop 1"))
    assert asked(CutEvents, panel, temporal={}).outcome == "not_applicable"
    split = audited(panel, "temporal", events=True, on_cut="drop")
    others = np.flatnonzero((panel.frame["shop"] != "shop 1").to_numpy()
                            & (panel.time.ns < panel.time.ns[split.folds[0].test[0]]))
    assert asked(CutEvents, panel, temporal=with_train(split, 0, others)).outcome == "passed"
    own = np.flatnonzero((panel.frame["shop"] == "shop 1").to_numpy()
                         & (panel.time.ns < panel.time.ns[split.folds[0].test[0]]))
    assert asked(CutEvents, panel, temporal=with_train(split, 0, own)).blocking


def test_an_event_without_an_end_is_a_regime_and_not_held_against_a_split():
    panel = with_events(("2022-03-01", None, None))
    assert asked(CutEvents, panel, temporal={}).outcome == "not_applicable"


# ---------------------------------------------------------------------- LK106, content of the folds

def test_an_empty_side_stops_a_run():
    panel = shop_panel()
    split = audited(panel, "walk_forward")
    found = asked(FoldContent, panel, temporal={}, walk_forward=with_train(split, 2, np.arange(0)))
    assert (found.outcome, found.blocking) == ("issue", True)
    assert "1 of 6 folds have no row with a label on one side (walk_forward #2)" in found.sentence
    assert found.evidence["splits"] == ["walk_forward"]


def test_a_single_class_to_learn_or_to_score_is_a_tip():
    quiet = shops(busy=pl.when(pl.col("day").dt.month() >= 7).then(0).otherwise(pl.col("busy")))
    score = asked(FoldContent, quiet, temporal={})
    assert score.outcome == "tip"
    assert "1 of 1 fold test a single value of the target" in score.sentence
    late = shops(busy=pl.when(pl.col("day").dt.month() < 8).then(0).otherwise(pl.col("busy")))
    learn = asked(FoldContent, late, temporal={})
    assert (learn.outcome, learn.blocking) == ("tip", False)
    assert "train on a single value" in learn.sentence


def test_a_class_that_only_the_test_knows_and_a_test_within_one_horizon_are_tips():
    new = shops(schema={"target": "level", "leaky": ("busy", "sales")},
                level=pl.when(pl.col("day").dt.month() > 7).then(pl.lit("new")).otherwise("level"))
    assert "test a class that their training rows lack" in asked(
        FoldContent, new, temporal={}).sentence
    short = asked(FoldContent, shops(schema={"horizon": 30}), temporal={"test_size": 10})
    assert "test no longer than one label lasts" in short.sentence


def test_entities_on_one_side_only_are_counted():
    late = shop_table().filter((pl.col("shop") != "shop 3") | (pl.col("day").dt.month() > 7))
    panel = Panel.build(late, shop_panel().schema)
    found = asked(FoldContent, panel, temporal={})
    assert (found.evidence["entities"], found.evidence["only_tested"]) == (4, 1)


# ---------------------------------------------------------------------------- LK107, known entities

def patients(n: int = 40, visits: int = 6, *, flips: float = 0.0) -> Panel:
    """Patients whose diagnosis stays, save for a share of visits."""
    rng = np.random.default_rng(0)
    sick = np.repeat(rng.random(n) < 0.3, visits)
    seen = np.where(rng.random(n * visits) < flips, ~sick, sick).astype(int)
    table = pl.DataFrame({"day": np.tile(np.arange(visits), n), "x": rng.normal(size=n * visits),
                          "patient": np.repeat(np.arange(n), visits), "y": seen})
    return Panel.build(table, Schema(time="day", entity="patient", target="y", horizon=1))


def test_a_target_that_never_changes_is_remembered_by_entity():
    found = asked(KnownEntities, patients(), temporal={}, group={"n_splits": 2})
    assert (found.outcome, found.blocking) == ("issue", True)
    assert "never changes in 40 of 40 entities" in found.sentence
    assert found.evidence["splits"] == ["temporal"]
    assert "--splits group" in found.action
    assert asked(KnownEntities, patients(), group={"n_splits": 2}).outcome == "passed"


def test_a_measured_target_that_is_the_entitys_own_is_remembered_too():
    size = np.random.default_rng(1).normal(size=40)
    fixed = patients().frame.with_columns(y=pl.Series(np.repeat(size, 6)))
    schema = Schema(time="day", entity="patient", target="y", horizon=1)
    # The rows of a panel are sorted by time.
    by_patient = fixed.sort("patient", "day").with_columns(y=pl.Series(np.repeat(size, 6)))
    assert asked(KnownEntities, Panel.build(by_patient, schema), temporal={}).outcome == "issue"
    assert asked(KnownEntities, Panel.build(fixed, schema), temporal={}).outcome == "passed"


@pytest.mark.parametrize("panel", [
    patients(flips=0.05),
    patients(n=200, visits=3, flips=0.02),  # slow to change: short histories are alike
    patients(n=8),
    shops(options={"n_shops": 30}, busy=(pl.int_range(pl.len()) % 211 == 0).cast(int)),
], ids=["flips", "slow", "few", "rare"])
def test_targets_that_change_seldom_or_are_rare_are_no_fingerprint(panel):
    assert asked(KnownEntities, panel, temporal={}).outcome == "passed"


def test_a_split_by_entity_must_not_know_its_test_entities():
    panel = shop_panel()
    split = audited(panel, "group", n_splits=2)
    fold = split.folds[0]
    first = np.flatnonzero(panel.time.ns < panel.time.ns[fold.test[0]])[:40]
    found = asked(KnownEntities, panel, group=with_train(split, 0, first))
    assert (found.blocking, found.evidence["entities"]) == (True, 2)
    assert "group promises to test entities that were not trained on" in found.sentence


def test_a_table_without_entities_has_none_to_know():
    panel = Panel.build(shop_table(n_shops=1), Schema(time="day", target="busy", ignore=("shop",)))
    assert asked(KnownEntities, panel, temporal={}).outcome == "not_applicable"


# ---------------------------------------------------------------------------- LK108, index columns

def sorted_by_target(**columns: pl.Expr) -> Panel:
    """A table whose row number was given after sorting by the target."""
    table = shop_table().sort("busy").with_row_index("id")
    return Panel.build(table.with_columns(**columns), Schema(
        time="day", entity="shop", target="busy", horizon=2, leaky=("sales", "level")))


def test_a_row_number_that_predicts_stops_a_run_only_if_a_feature_uses_it():
    def everything(table):
        return table.select("id", "signal")

    def others(table):
        return table.select("signal", "noise")

    used = asked(IndexColumns, sorted_by_target(), everything)
    assert (used.outcome, used.blocking) == ("issue", True)
    assert "`id` numbers the rows (AUC 1.00 against the target)" in used.sentence
    unused = asked(IndexColumns, sorted_by_target(), others)
    assert (unused.outcome, unused.blocking) == ("issue", False)
    assert "no feature uses it" in unused.sentence


def test_a_row_number_and_a_clock_that_tell_nothing_are_tips():
    def everything(table):
        return table.select("id", "year", "signal")

    panel = shops(options={"n_days": 500}, id=pl.int_range(pl.len()),
                  year=pl.col("day").dt.year())
    found = asked(IndexColumns, panel, everything)
    assert found.outcome == "tip"
    assert found.evidence["columns"] == {"id": "numbers the rows",
                                         "year": "writes the time as a number"}


def test_a_row_number_in_the_order_of_time_tells_no_more_than_the_time():
    drift = (pl.int_range(pl.len()) + 400 * (pl.col("noise") > 0) > 680).cast(int)
    panel = shops(id=pl.int_range(pl.len()), busy=drift)
    found = asked(IndexColumns, panel, lambda table: table.select("id"))
    assert (found.outcome, found.blocking) == ("issue", False)
    assert found.evidence["power"]["id"] > 0.2


# ------------------------------------------------------------------------------ LK109, availability

def test_values_that_were_published_later_are_held_against_the_rows():
    panel = shops(schema={"available_after": {"noise": "3D"}})
    assert asked(Availability, panel).outcome == "passed"
    early = replace(panel, known_at={"noise": panel.known_at["noise"] + 10 * 86_400 * 10**9})
    found = asked(Availability, early)
    assert (found.outcome, found.blocking) == ("issue", True)
    assert "`noise` in 948 rows" in found.sentence


def test_joined_values_are_held_against_the_rows_too():
    rates = {"day": ["2022-01-02", "2022-03-01"], "rate": [1, 2]}
    table, schema = shop_panel().frame, shop_panel().schema
    panel = Panel.build(table, schema, joins=[Join(table=rates, name="bank", time="day")])
    assert asked(Availability, panel).outcome == "passed"
    early = replace(panel, known_at={"bank_rate": panel.known_at["bank_rate"] + 86_400 * 10**9})
    found = asked(Availability, early)
    assert found.outcome == "issue"
    assert "`bank_rate` in 8 rows" in found.sentence


def test_splits_of_other_libraries_are_held_to_the_same_content():
    panel = shop_panel()
    halves = [(np.arange(400), np.arange(480, 960)), (np.arange(300), np.arange(320, 400))]
    found = asked(FoldContent, panel, theirs=foreign(panel, halves), **every(panel))
    assert found.outcome == "passed"
