"""The facts of a plan are those of its folds, and the picture shows them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest

from outlast.data import Events, Panel, Schema, load_stocks
from outlast.data.times import Instants
from outlast.errors import InputError
from outlast.report.charts import base
from outlast.report.charts import plan as chart
from outlast.report.plan import DROPPED, MIXED, TEST, TRAIN, UNUSED, PlanFacts, plan_facts
from outlast.splits import Fold, make_splitter
from tests.tables import shop_panel

# The strategies whose folds differ in kind: forward, rolling, two-sided, several blocks, by
# entity, shuffled.
PLANS = [
    ("temporal", {"gap": 3}),
    ("walk_forward", {}),
    ("purged_kfold", {"embargo": 4}),
    ("combinatorial_purged", {"embargo": 2}),
    ("group", {"n_splits": 4}),
    ("random", {}),
]


def folds_of(panel: Panel, name: str, **params: object) -> list[Fold]:
    """Folds of a registered splitter as positions of the panel's rows."""
    rows = np.flatnonzero(panel.usable)
    splitter = make_splitter(name, params, events=panel.events)
    groups = panel.entity[rows] if name == "group" else None
    found = splitter.folds(replace(panel.time, ns=panel.time.ns[rows]),
                           replace(panel.time, ns=panel.label_end[rows]), groups=groups)
    return [replace(fold, train=rows[fold.train], test=rows[fold.test]) for fold in found]


def numbered(n_rows: int, horizon: int = 2, events: dict[str, list[object]] | None = None) -> Panel:
    """A panel of one row per integer time."""
    table = {"step": range(n_rows), "y": [i % 2 for i in range(n_rows)]}
    given = None if events is None else Events.from_frame(pl.DataFrame(events))
    schema = Schema(time="step", target="y", horizon=horizon)
    return Panel.build(pl.DataFrame(table), schema, events=given, name="numbered")


@cache
def stocks_plan() -> PlanFacts:
    panel = load_stocks()
    splits = {"expanding_window": folds_of(panel, "expanding_window", events=True),
              "random": folds_of(panel, "random")}
    return plan_facts(panel, splits, frozenset({"random"}))


def stretches(plan: PlanFacts, fold: int = 0) -> list[tuple[str, int, int]]:
    return [(s.part, s.start, s.stop) for s in plan.splits[0].folds[fold].stretches]


def notes(panel: Panel, name: str, **params: object) -> list[str]:
    plan = plan_facts(panel, {name: folds_of(panel, name, **params)})
    return list(plan.splits[0].notes)


def test_a_fold_is_told_stretch_by_stretch():
    # Labels of 10 rows are known for 8; test 5, 6, 7; the label of 4 ends at 6.
    panel = numbered(10)
    plan = plan_facts(panel, {"temporal": folds_of(panel, "temporal", test_size=3)})
    assert stretches(plan) == [(TRAIN, 0, 4), (DROPPED, 4, 5), (TEST, 5, 8)]
    assert plan.splits[0].folds[0].dropped == {"purged": 1, "gap": 0, "embargoed": 0, "event": 0}
    assert (plan.clock.start, plan.clock.stop, plan.clock.show(5)) == (0, 8, "5")


def test_rows_that_a_rolling_window_has_no_use_for_are_not_dropped():
    panel = numbered(14)
    folds = folds_of(panel, "walk_forward", n_splits=2, test_size=3, train_size=3)
    plan = plan_facts(panel, {"walk_forward": folds})
    assert stretches(plan, 0) == [
        (UNUSED, 0, 3), (TRAIN, 3, 5), (DROPPED, 5, 6), (TEST, 6, 9), (UNUSED, 9, 12)]


def test_rows_that_an_embargo_drops_up_to_the_end_are_dropped():
    panel = numbered(14)
    folds = folds_of(panel, "purged_kfold", n_splits=3, embargo=5)
    plan = plan_facts(panel, {"purged_kfold": folds})
    assert stretches(plan, 0) == [(TEST, 0, 4), (DROPPED, 4, 10), (TRAIN, 10, 12)]
    assert stretches(plan, 1)[-2:] == [(TEST, 4, 8), (DROPPED, 8, 12)]


def test_what_is_dropped_between_two_test_blocks_is_not_taken_for_tested():
    panel = numbered(30, horizon=6)
    fold = folds_of(panel, "combinatorial_purged", n_folds=4, n_test_folds=2)[1]
    plan = plan_facts(panel, {"combinatorial_purged": [fold]})
    assert [part for part, *_ in stretches(plan)] == [TEST, DROPPED, TEST, DROPPED, TRAIN]


@pytest.mark.parametrize(("name", "params"), PLANS)
def test_stretches_cover_the_clock_and_hold_what_they_say(name, params):
    panel = shop_panel()
    # One shop opens late: some test windows begin before its first day.
    panel = panel.take((panel.entity != 3) | (panel.time.ns > np.quantile(panel.time.ns, 0.9)))
    folds = folds_of(panel, name, **params)
    plan = plan_facts(panel, {name: folds})
    for fold, facts in zip(folds, plan.splits[0].folds, strict=True):
        starts = np.array([s.start for s in facts.stretches])
        stops = [s.stop for s in facts.stretches]
        assert [starts[0], *stops] == [plan.clock.start, *starts[1:], plan.clock.stop]
        where = np.searchsorted(starts, panel.time.ns, side="right") - 1
        part = np.array([s.part for s in facts.stretches])[where]
        assert set(part[fold.train]) <= {TRAIN, MIXED}
        assert set(part[fold.test]) <= {TEST, MIXED}
        # Each time that is drawn as dropped has at least one dropped row.
        n_drawn = np.unique(panel.time.ns[panel.usable & (part == DROPPED)]).size
        assert bool(n_drawn) == bool(sum(facts.dropped.values()))
        assert n_drawn <= sum(facts.dropped.values())


def test_a_shuffle_is_one_stretch_and_a_split_by_time_is_never_mixed():
    panel = shop_panel()
    shuffled = plan_facts(panel, {"random": folds_of(panel, "random")}, frozenset({"random"}))
    assert [part for part, *_ in stretches(shuffled)] == [MIXED]
    assert shuffled.parts == [MIXED]
    by_time = plan_facts(panel, {"temporal": folds_of(panel, "temporal")})
    assert by_time.parts == [TRAIN, DROPPED, TEST]


def test_a_leaky_contrast_is_told_with_what_it_shares():
    panel = shop_panel()
    plan = plan_facts(panel, {"random": folds_of(panel, "random")}, frozenset({"random"}))
    first, *others = plan.splits[0].notes
    assert first.startswith("leaky contrast")
    audits = [fold.audit for fold in plan.splits[0].folds]
    assert f"up to {max(a.n_overlap for a in audits)} rows of a fold" in others[0]
    assert f"up to {max(a.n_shared_times for a in audits)} timestamps of a fold" in others[1]
    assert not [note for note in notes(panel, "temporal") if "not clean" in note]


def test_moved_boundaries_are_told_once_with_their_folds():
    events = {"start": [5], "end": [7], "name": ["flood\x1b[2J"]}
    panel = numbered(16, events=events)
    told = notes(panel, "expanding_window", n_splits=2, test_size=4, events=True)
    # Cuts at 6 and 10; 6 lies inside the event and moves to 8.
    assert told == ["boundary moved out of flood\ufffd[2J: 6 to 8, 2 rows (fold 0)"]
    told = notes(panel, "temporal", test_size=8, events=True, on_cut="drop")
    assert told == ["boundary stays inside flood\ufffd[2J: 6, 1 row of the event do not train "
                    "(fold 0)"]


def test_entities_on_one_side_only_are_told_with_their_folds():
    panel = shop_panel()
    told = notes(panel, "group", n_splits=4)
    assert len([note for note in told if note.startswith("only in test: shop ")]) == 3
    assert told[-1] == "and 2 more of this kind"
    assert notes(panel, "temporal") == []
    late = panel.take((panel.entity != 3) | (panel.time.ns > np.median(panel.time.ns)))
    assert "only in train: shop 3 (fold 0)" in notes(late, "purged_kfold", n_splits=2)
    assert "only in test: shop 3 (fold 1)" in notes(late, "purged_kfold", n_splits=2)


def test_overlapping_windows_and_single_classes_are_told():
    panel = shop_panel()
    folds = folds_of(panel, "walk_forward", n_splits=3, test_size=20, step=10)
    (told,) = plan_facts(panel, {"walk_forward": folds}).splits[0].notes
    # Ten days of four shops are tested twice, two times.
    assert told.startswith("test windows overlap: 80 rows tested by more than one fold")
    table = {"step": range(40), "y": [i % 2 if i < 30 else 1 for i in range(40)]}
    single = Panel.build(table, Schema(time="step", target="y"), name="single")
    (told,) = notes(single, "temporal", test_size=10)
    assert told == "a single class in the test rows, so most scores are missing: fold 0"


@pytest.mark.parametrize(("target", "column", "shown"), [
    ("busy", "positives", r"\d\d\.\d %"), ("sales", "mean", r"\d+\.\d\d"),
    ("level", "classes", "3 of 3")])
def test_the_target_of_the_test_rows_is_told_by_task(target, column, shown):
    panel = shop_panel(target)
    plan = plan_facts(panel, {"temporal": folds_of(panel, "temporal")})
    assert plan.target == column
    fold = plan.splits[0].folds[0]
    assert re.fullmatch(shown, fold.target)
    if target == "busy":
        positives = panel.y[folds_of(panel, "temporal")[0].test].mean()
        assert float(fold.target.removesuffix(" %")) == pytest.approx(100 * positives, abs=0.05)


def test_many_folds_are_thinned_evenly():
    panel = numbered(60)
    folds = folds_of(panel, "expanding_window", n_splits=50, test_size=1)
    split = plan_facts(panel, {"many": folds}).splits[0]
    assert [fold.index for fold in split.drawn(24)] == list(range(0, 50, 3))
    assert len(split.drawn(50)) == 50


def test_times_are_written_as_they_are_meant():
    start = datetime(2024, 3, 31, tzinfo=UTC)
    table = {"at": [start + timedelta(minutes=30 * i) for i in range(20)], "y": [0, 1] * 10}
    aware = Panel.build(pl.DataFrame(table), Schema(time="at", target="y"), name="aware")
    plan = plan_facts(aware, {"temporal": folds_of(aware, "temporal")})
    assert "2024-03-31 to 2024-03-31 09:30 (UTC)" in plan.summary
    abstract = numbered(10)
    plan = plan_facts(abstract, {"temporal": folds_of(abstract, "temporal")})
    assert "numbered: 8 rows, 0 to 7, 2 more without a known label" in plan.summary


def test_a_table_without_labels_is_refused():
    panel = numbered(5)
    empty = replace(panel, y=np.full(5, np.nan))
    with pytest.raises(InputError, match="no row of 'numbered' has both a target"):
        plan_facts(empty, {})


def test_only_events_on_the_clock_are_drawn_and_open_ones_end_with_it():
    events = {"start": [-9, 3, 5], "end": [-8, None, 5], "name": ["before", "open", "day"],
              "entity": [None, None, "a"]}
    plan = plan_facts(numbered(10, events=events), {})
    assert [(e.name, e.start, e.stop, e.common) for e in plan.events] == [
        ("open", 3, 8, True), ("day", 5, 5, False)]


def test_the_picture_shows_every_fold_with_its_numbers_and_notes():
    plan = stocks_plan()
    svg = chart.draw(plan).standalone
    text = " ".join(ElementTree.fromstring(svg).itertext())
    for split in plan.splits:
        assert f"{split.label}: 5 folds" in text
        for fold in split.folds:
            assert f"{fold.audit.n_train:,}" in text
            assert fold.target in text
    assert "16 purged" in text
    assert "boundary moved out of Lehman collapse" in text
    assert ": 2008-10-27 to 2008-12-01, 96 rows (folds 2, 3)" in text
    assert "dot-com break" in text
    assert "var(--" not in svg


def test_the_picture_keeps_a_purge_of_days_visible_over_years():
    svg = chart.draw(stocks_plan()).svg
    # One bar for each honest fold and one symbol of the legend.
    assert len(re.findall(f'<path[^>]*stroke="{re.escape(base.ALERT)}"', svg)) >= 5


def test_the_picture_of_integer_times_shows_no_date():
    panel = numbered(40, events={"start": [3], "end": [4]})
    plan = plan_facts(panel, {"temporal": folds_of(panel, "temporal")})
    text = " ".join(ElementTree.fromstring(chart.draw(plan).standalone).itertext())
    assert "30" in text.split()
    assert not re.search(r"19[67]\d|:\d\d", text)


def test_instants_keep_their_zone():
    assert plan_facts(numbered(9), {}).clock.zone == Instants(np.array([1]), "abstract").zone
