"""Each check finds its leak in rows and columns alone, and leaves sound tables alone."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from sklearn.model_selection import KFold, TimeSeriesSplit

from outlast.audit.availability import Availability
from outlast.audit.cut_events import CutEvents
from outlast.audit.fold_content import FoldContent
from outlast.audit.index_columns import IndexColumns
from outlast.audit.known_entities import KnownEntities
from outlast.audit.late_times import LateTimes
from outlast.audit.repeated_rows import RepeatedRows
from outlast.audit.split_overlap import SplitOverlap
from outlast.audit.target_copy import TargetCopy
from outlast.data import Panel, Schema, load_stocks
from tests.audit.exact import asked, audited, every, foreign, shops, with_train
from tests.tables import shop_panel, shop_table

EXACT = (SplitOverlap, TargetCopy, LateTimes, RepeatedRows, CutEvents, FoldContent, KnownEntities,
         IndexColumns, Availability)


@pytest.fixture(scope="module")
def stocks() -> Panel:
    return load_stocks()


@pytest.mark.parametrize("check", EXACT)
@pytest.mark.parametrize("target", ["busy", "sales", "level"])
def test_a_sound_table_passes(check, target):
    panel = shop_panel(target)
    found = asked(check, panel, **every(panel))
    assert found.outcome in ("passed", "not_applicable"), found.sentence
    assert (found.blocking, found.code) == (False, check.code)


@pytest.mark.parametrize("check", [c for c in EXACT if c is not CutEvents])
def test_the_stocks_pass_with_every_honest_split(stocks, check):
    splits = {**every(stocks), "event_aware": audited(stocks, "event_aware"),
              "leave_one_event_out": audited(stocks, "leave_one_event_out")}
    found = asked(check, stocks, **splits)
    # Some events are shorter than the five days that a label takes.
    assert found.outcome in ("passed", "not_applicable", "tip"), found.sentence
    assert found.outcome != "tip" or check is FoldContent


# ------------------------------------------------------------------ LK101, the rows of the folds

def test_a_passed_split_audit_counts_folds_and_purged_rows():
    panel = shop_panel()
    found = asked(SplitOverlap, panel, temporal={}, purged_kfold={})
    split = audited(panel, "temporal").folds + audited(panel, "purged_kfold").folds
    assert found.evidence["folds"] == 6
    assert found.evidence["purged"] == sum(fold.audit.n_purged for fold in split) > 0


def test_a_foreign_shuffle_shares_timestamps_and_label_time():
    panel = shop_panel()
    found = asked(SplitOverlap, panel, KFold=foreign(panel, KFold(5, shuffle=True, random_state=0)))
    assert (found.outcome, found.blocking) == ("issue", True)
    assert "KFold, fold 0:" in found.sentence
    assert "timestamps on both sides" in found.sentence
    assert "walk_forward" in found.action
    assert found.evidence["splits"] == ["KFold"]
    assert (found.evidence["folds_affected"], found.evidence["shared_rows"]) == (5, 0)


def test_a_foreign_forward_split_with_a_long_enough_gap_passes():
    panel = shop_panel()
    cut = asked(SplitOverlap, panel, series=foreign(panel, TimeSeriesSplit(4)))
    assert "training labels overlap test labels" in cut.sentence
    # Four shops and labels of two days: eight rows, and the rest of the day of the cut.
    assert asked(SplitOverlap, panel,
                 series=foreign(panel, TimeSeriesSplit(4, gap=12))).outcome == "passed"


def test_rows_that_were_purged_and_train_all_the_same_are_counted_and_dated():
    panel = shop_panel()
    split = audited(panel, "walk_forward")
    train, test = split.folds[1].train, split.folds[1].test
    late = np.flatnonzero(panel.time.ns == panel.time.ns[train.max()] + 86_400 * 10**9)
    found = asked(SplitOverlap, panel, temporal={},
                  walk_forward=with_train(split, 1, np.r_[train, late]))
    assert "walk_forward, fold 1: 4 training labels overlap test labels" in found.sentence
    assert f"{panel.frame['day'][int(late[0])]:%Y-%m-%d}" in found.sentence
    assert found.evidence["overlap"] == found.evidence["forbidden"] == 4
    assert found.evidence["splits"] == ["walk_forward"]
    both = asked(SplitOverlap, panel, walk_forward=with_train(split, 1, np.r_[train, test[:3]]))
    assert "3 rows both trained on and tested" in both.sentence
    assert both.evidence["shared_times"] == 1


def test_a_declared_gap_and_embargo_must_be_kept():
    panel = shop_panel()
    for name, params in {"temporal": {"gap": 5}, "purged_kfold": {"embargo": "5D"}}.items():
        near = replace(audited(panel, name), splitter=audited(panel, name, **params).splitter)
        found = asked(SplitOverlap, panel, **{name: near})
        assert found.evidence["overlap"] == 0
        assert found.evidence["forbidden"] > 0
        assert "gap=" in found.sentence
        assert asked(SplitOverlap, panel, **{name: params}).outcome == "passed"


def test_a_forward_split_must_not_train_on_what_comes_after_its_test():
    panel = shop_panel()
    claims = replace(audited(panel, "purged_kfold"), splitter=audited(panel, "temporal").splitter)
    found = asked(SplitOverlap, panel, temporal=claims)
    assert "not before the test" in found.sentence
    assert found.evidence["overlap"] == 0


def test_held_out_entities_share_timestamps_unless_time_is_held_out_too():
    panel = shop_panel()
    entity = replace(audited(panel, "group", mode="entity", n_splits=2), leaky=False)
    assert asked(SplitOverlap, panel, group=entity).evidence["shared_times"] > 200
    assert asked(SplitOverlap, panel, group={"n_splits": 2}).outcome == "passed"


def test_a_split_that_leaks_on_purpose_is_not_looked_at():
    assert asked(SplitOverlap, shop_panel(), random={}).outcome == "not_applicable"


# ---------------------------------------------------------------------- LK102, copies of the target

def busy_word() -> pl.Expr:
    return pl.when(pl.col("busy") == 1).then(pl.lit("crowd")).otherwise(pl.lit("calm"))


@pytest.mark.parametrize("copy", [
    pl.col("busy") * -3.0 + 7,
    busy_word(),
    pl.when(pl.col("busy") == 1).then(5),  # missing means the other class
    (pl.int_range(pl.len()) % 7) * 2 + pl.col("busy"),  # fourteen values, even or odd
])
def test_a_feature_that_tells_the_class_is_an_issue(copy):
    found = asked(TargetCopy, shops(answer=copy))
    assert (found.outcome, found.blocking) == ("issue", True)
    assert found.evidence["features"][0] == "answer"
    assert "Declare `answer` as leaky" in found.action


@pytest.mark.parametrize("copy", [pl.col("sales") * 2 - 1, (pl.col("sales") / 9).exp(),
                                  -pl.col("sales").rank() / 7])
def test_a_transform_of_a_measured_target_is_an_issue(copy):
    found = asked(TargetCopy, shops(schema={"target": "sales", "leaky": ("busy", "level")},
                                    answer=copy))
    assert "answer" in found.evidence["features"]


def test_a_strong_honest_feature_is_no_copy():
    noisy = pl.col("busy") + pl.Series(np.random.default_rng(0).normal(0, 0.05, 960))
    nearly = pl.when(pl.int_range(pl.len()) == 400).then(1 - pl.col("busy")).otherwise("busy")
    assert asked(TargetCopy, shops(strong=noisy, nearly=nearly)).outcome == "passed"


def test_a_column_that_tells_only_whether_there_are_sales_is_no_copy_of_sales():
    shut = pl.int_range(pl.len()) % 7 == 0
    panel = shops(schema={"target": "sales", "leaky": ("busy", "level")}, shut=shut,
                  sales=pl.when(shut).then(0.0).otherwise(pl.col("sales").abs() + 1))
    assert asked(TargetCopy, panel).outcome == "passed"


def test_what_merely_rises_or_stays_together_is_no_copy():
    # Two totals of one country, and a target that changes once, when a law does.
    year = pl.int_range(pl.len())
    grow = Panel.build(pl.DataFrame({"year": np.arange(80)}).with_columns(
        people=(year * 1.0 + 3).log(), prices=(year * 0.1).exp()), Schema(
        time="year", target="people", horizon=1, task="regression"))
    assert asked(TargetCopy, grow).outcome == "passed"
    law = Panel.build(pl.DataFrame({"year": np.arange(80)}).with_columns(
        law=pl.when(year > 40).then(pl.lit("new")).otherwise(pl.lit("old")),
        y=(year > 40).cast(int)), Schema(time="year", target="y", horizon=1))
    assert asked(TargetCopy, law).outcome == "passed"


def with_common_values(target, seed: int) -> Panel:
    """Rows of 20 entities, of which some are missing, with a value and a target of the day."""
    rng = np.random.default_rng(seed)
    day, who = np.divmod(np.flatnonzero(rng.random(80 * 20) < 0.8), 20)
    index = rng.normal(size=80).cumsum()
    return Panel.build({"day": day, "who": who, "index": index[day], "y": target(rng)[day]},
                       Schema(time="day", entity="who", target="y", horizon=1))


def test_a_value_of_the_day_tells_the_target_of_the_day_by_being_unique():
    common = with_common_values(lambda rng: (rng.normal(size=80).cumsum() > 0).astype(int), 1)
    assert asked(TargetCopy, common).outcome == "passed"


def test_a_copy_is_found_where_each_entity_has_but_a_few_rows():
    rng = np.random.default_rng(0)
    y = (rng.random((6, 300)) < 0.3).astype(int).ravel()
    table = {"year": np.repeat(np.arange(6), 300), "firm": np.tile(np.arange(300), 6), "y": y,
             "text": np.where(y, "default", "fine"), "noise": rng.normal(size=1800)}
    panel = Panel.build(table, Schema(time="year", entity="firm", target="y", horizon=1))
    assert asked(TargetCopy, panel).evidence["features"] == ["text"]


def test_the_entity_and_the_calendar_are_no_copies():
    weekend = shops(busy=(pl.col("day").dt.weekday() > 5).cast(int))
    assert asked(TargetCopy, weekend).outcome == "passed"


# ------------------------------------------------------------------------------- LK103, late times

def test_a_time_after_the_row_is_an_issue_until_it_has_a_role():
    paid = pl.col("day") + pl.duration(days=1)
    late = asked(LateTimes, shops(paid=paid))
    assert (late.outcome, late.blocking) == ("issue", True)
    assert "`paid` in 960 of 960 rows, first in that of 2022-01-01" in late.sentence
    assert late.evidence["columns"] == {"paid": 960}
    for word in ("available_after={column: 'paid'}", "label_end='paid'", "`ignore`"):
        assert word in late.action
    for role in ({"ignore": ("paid",)}, {"label_end": "paid"},
                 {"available_after": {"noise": "paid"}}):
        assert asked(LateTimes, shops(schema=role, paid=paid)).outcome == "not_applicable"


@pytest.mark.parametrize("end", [dt.date(9999, 12, 31), dt.datetime(9999, 12, 31)])
def test_an_end_that_is_open_is_later_than_all_rows(end):
    late = asked(LateTimes, shops(until=pl.lit(end)))
    assert (late.outcome, late.evidence["columns"]) == ("issue", {"until": 960})
    assert asked(LateTimes, shops(since=pl.lit(dt.date(1, 1, 1)))).outcome == "passed"


def test_an_earlier_time_and_one_of_another_clock_pass():
    assert asked(LateTimes, shops(opened=pl.col("day") - pl.duration(days=1))).outcome == "passed"
    aware = pl.col("day").cast(pl.Datetime).dt.offset_by("1d").dt.replace_time_zone("UTC")
    assert asked(LateTimes, shops(paid=aware)).outcome == "not_applicable"


# ---------------------------------------------------------------------------- LK104, repeated rows

def repeating(share: float, *, jitter: float = 0.0, target: str = "busy") -> Panel:
    """Rows of one shop, of which some come back, target included, 100 days later."""
    table = shop_table(n_days=1000, n_shops=1)
    rng = np.random.default_rng(1)
    again = 100 + np.flatnonzero(rng.random(900) < share)
    columns = ["signal", "copy", "noise", "weather", "sales", "level", "busy"]
    source = np.arange(1000)
    source[again] -= 100
    told = table.select(columns)[source].with_columns(
        pl.col("signal", "copy", "noise") * (1 + jitter * pl.Series(rng.random(1000))))
    others = tuple({"busy", "sales", "level"} - {target})
    return Panel.build(table.drop(columns).hstack(told),
                       Schema(time="day", entity="shop", target=target, horizon=2, leaky=others))


@pytest.mark.parametrize(("target", "jitter"), [("busy", 0.0), ("busy", 1e-9), ("sales", 0.0)])
def test_copies_of_training_rows_are_an_issue(target, jitter):
    panel = repeating(0.2, target=target, jitter=jitter)
    found = asked(RepeatedRows, panel, temporal={}, expanding_window={})
    assert (found.outcome, found.blocking) == ("issue", True)
    assert found.evidence["splits"] == ["temporal", "expanding_window"]
    assert found.evidence["test_rows"] == 200
    assert 10 < found.evidence["copies"] < 50
    assert "--duplicates drop" in found.action


def test_dropping_the_copies_mends_it():
    panel = repeating(0.2)
    schema = panel.schema.model_copy(update={"duplicates": "drop"})
    mended = Panel.build(panel.frame, schema)
    assert mended.dropped_duplicates > 100
    assert asked(RepeatedRows, mended, temporal={}).evidence["share"] == 0


def test_a_few_copies_pass():
    assert asked(RepeatedRows, repeating(0.01), temporal={}).outcome == "passed"


def test_a_row_number_does_not_hide_copies_and_must_be_ignored_first():
    panel = repeating(0.2)
    numbered = Panel.build(panel.frame.with_row_index("id"), panel.schema)
    found = asked(RepeatedRows, numbered, temporal={})
    assert "put `id` in ignore" in found.action


def test_rows_of_few_categories_repeat_by_nature():
    columns = {name: pl.int_range(pl.len()) % k for name, k in (("signal", 2), ("noise", 3))}
    found = asked(RepeatedRows, shops(**columns, copy=pl.lit(1)), temporal={})
    assert found.outcome == "not_applicable"
    assert "repeat by nature" in found.sentence


def test_closed_shops_and_coarse_measurements_are_no_copies():
    # Every seventh day all columns are 0; the others are whole degrees and percents.
    rng = np.random.default_rng(0)
    n = 4000
    shut = np.arange(n) // 4 % 7 == 0
    degrees, percent = rng.normal(20, 15, n).round(), rng.normal(50, 12, n).round()
    table = shop_table(n_days=1000).select("day", "shop").with_columns(
        degrees=np.where(shut, 0, degrees), percent=np.where(shut, 0, percent),
        ratio=np.where(shut, 0, degrees / np.maximum(1, percent)),
        size=pl.Series(np.tile([3.5, 4.5, 5.5, 6.5], 1000)),
        y=pl.Series(np.where(shut, 0, rng.random(n) < 0.1).astype(int)))
    panel = Panel.build(table, Schema(time="day", entity="shop", target="y", horizon=1))
    assert asked(RepeatedRows, panel, **every(panel)).outcome == "passed"


def test_slow_and_coarse_columns_under_a_change_of_regime_are_no_copies():
    # Values come back within the week, and the target is that of the half of the table.
    rng = np.random.default_rng(4)
    slow = rng.normal(size=(30, 40)).repeat(7, axis=0)[:200]
    coarse = rng.normal(size=(200, 40)).round()
    table = {"day": np.repeat(np.arange(200), 40), "who": np.tile(np.arange(40), 200),
             "slow": slow.ravel(), "coarse": coarse.ravel(), "few": rng.poisson(1, 8000),
             "y": np.repeat((np.arange(200) > 120).astype(int), 40)}
    panel = Panel.build(table, Schema(time="day", entity="who", target="y", horizon=0))
    found = asked(RepeatedRows, panel, combinatorial_purged={"n_folds": 5})
    assert found.outcome == "passed"


def test_a_quiet_entity_that_carries_its_values_on_is_no_copy():
    days, n = np.arange(400), 30
    level = np.random.default_rng(0).normal(size=(400, n)).cumsum(axis=0)
    level[:, : n // 3] = level[0, : n // 3]
    table = pl.DataFrame({"day": np.repeat(days, n), "who": np.tile(np.arange(n), 400),
                          "level": level.ravel(), "y": (level.ravel() > 0).astype(int)})
    panel = Panel.build(table, Schema(time="day", entity="who", target="y", horizon=1))
    assert asked(RepeatedRows, panel, **every(panel)).outcome == "passed"
