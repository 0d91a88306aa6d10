"""Every look ahead is found, and nothing that looks only backwards is called one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import numpy as np
import polars as pl
import pytest

from outlast.audit.base import AuditedSplit, Facts
from outlast.audit.replay import Divergence, replay
from outlast.audit.replay_perturbed import PerturbationReplay
from outlast.audit.replay_tables import MAX_ROWS, cut_times, truncated
from outlast.audit.replay_truncated import TruncationReplay
from outlast.audit.replay_without_entity import DropEntityReplay
from outlast.data import Panel, Schema, load_stocks
from outlast.errors import InputError
from outlast.features import Feature, FunctionRecipe, Recipe, default_recipe, make_recipe
from outlast.features.base import TIME
from outlast.features.cross_section import CrossSectionRank
from outlast.features.windows import Lag
from outlast.splits import TemporalSplit
from tests.features import irregular
from tests.tables import shop_panel

HORIZON = 3
START = datetime(2023, 3, 1)
X, Y = pl.col("x"), pl.col("y")


@cache
def panel() -> Panel:
    """Six entities at odd hours in New York, some late, some gone early, with holes."""
    rng = np.random.default_rng(0)
    hours = np.sort(rng.choice(80 * 24, size=80, replace=False))
    spans = {"a": (0, 80), "b": (0, 80), "c": (0, 80), "d": (0, 50), "e": (30, 80), "f": (10, 70)}
    rows = [(who, int(hours[i])) for who, (first, end) in spans.items() for i in range(first, end)
            if rng.random() < 0.85]
    n = len(rows)
    table = pl.DataFrame({
        "who": [who for who, _ in rows],
        "when": [START + timedelta(hours=hour) for _, hour in rows],
        "x": np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n)),
        **{f"n{i}": rng.normal(size=n) for i in range(8)},
        "colour": rng.choice(["red", "green", "blue"], size=n),
        "y": rng.normal(size=n),
    }).with_columns(pl.col("when").dt.replace_time_zone("America/New_York"))
    schema = Schema(time="when", entity="who", target="y", horizon=HORIZON, task="regression")
    return Panel.build(table.sample(fraction=1, shuffle=True, seed=0), schema)


def best_column(t: pl.DataFrame) -> pl.DataFrame:
    """Keep the columns that go with the target on all rows."""
    strength = {f"n{i}": abs(t.select(pl.corr(f"n{i}", "y")).item() or 0) for i in range(8)}
    return t.select(sorted(strength, key=strength.__getitem__)[-2:])


def known_mean(t: pl.DataFrame) -> pl.DataFrame:
    """Encode a colour by the mean of all labels known by then, of whatever entity."""
    known = pl.col("when").shift(-HORIZON).over("who")
    labels = t.select("colour", "y", when=known).drop_nulls().sort("when")
    labels = labels.select("colour", "when", f=(Y.cum_sum() / Y.cum_count()).over("colour"))
    return t.select("when", "colour").join_asof(labels, on="when", by="colour",
                                                check_sortedness=False).select("f")


def whitened(t: pl.DataFrame) -> pl.DataFrame:
    """Rotate the columns by what all rows say of their covariance."""
    values = t.select(f"n{i}" for i in range(3)).to_numpy()
    return pl.DataFrame(values @ np.linalg.eigh(np.cov(values.T))[1], schema=["p", "q", "r"])


def one(expression: pl.Expr):
    return lambda table: table.select(f=expression)


LEAKY = {
    "lead": one(X.shift(-1).over("who")),
    "distant lead": one(pl.col("n0").shift(-20).over("who")),
    "centred window": one(X.rolling_mean(5, center=True, min_samples=1).over("who")),
    "fill from later rows": one(X.backward_fill().over("who")),
    "z-score of all rows": one((X - X.mean()) / X.std()),
    "z-score of an entity": one(((X - X.mean()) / X.std()).over("who")),
    "fill with the median": one(X.fill_null(X.median())),
    "interpolation": one(X.interpolate().over("who")),
    "quantiles of all rows": one((pl.col("n0").rank() * 4 / pl.len()).ceil()),
    "days to the end": one((pl.col("when").max() - pl.col("when")).dt.total_days()),
    "number of rows": one(pl.len().over("who")),
    "target encoding": one(Y.mean().over("colour")),
    "selection on all rows": best_column,
    "rotation by all rows": whitened,
    "the target": one(Y),
    "the target before it is known": one(Y.shift(HORIZON - 1).over("who")),
    "reversed sum": one(X.fill_null(0).cum_sum(reverse=True).over("who")),
    "share of the entity's total": one((X / X.sum()).over("who")),
}
# What depends on the keys alone does not change when only values do.
LENGTH_ONLY = {"days to the end", "number of rows"}

SOUND = {
    "lag": one(X.shift(1).over("who")),
    "rolling": one(X.rolling_std(5, min_samples=2).over("who")),
    "ewm": one(X.ewm_mean(span=8, ignore_nulls=True).over("who")),
    "expanding z-score": one(((X - X.cum_sum() / X.cum_count()) / X.cum_max()).over("who")),
    "fill from earlier rows": one(X.forward_fill().over("who")),
    "clock window": one(X.rolling_mean_by("when", "7d").over("who")),
    "rank at one time": one(X.rank().over("when")),
    "weekday": one(pl.col("when").dt.weekday()),
    "category": lambda table: table.select("colour", "who"),
    "indicators of categories": lambda table: table.select("colour").to_dummies(),
    "known target": one(Y.shift(HORIZON).over("who")),
    "known mean of the target": one((Y.shift(HORIZON).cum_sum() / pl.int_range(1, pl.len() + 1))
                                    .over("who")),
    "time-safe target encoding": known_mean,
    "pandas": lambda table: table.to_pandas().groupby("who")[["x"]].ffill(),
}


def facts_of(recipe, table: Panel, **options) -> Facts:
    recipe = recipe if isinstance(recipe, Recipe | FunctionRecipe) else FunctionRecipe(recipe)
    return Facts(table, recipe.transform(table), recipe, **options)


@pytest.mark.parametrize("name", LEAKY)
def test_every_look_ahead_is_found(name):
    done = replay(LEAKY[name], panel())
    assert done.truncate.divergences, "by removing later rows"
    assert bool(done.perturb.divergences) == (name not in LENGTH_ONLY), "by changing later values"
    for found in done.truncate.divergences + done.perturb.divergences:
        assert found.time <= found.cut


@pytest.mark.parametrize("name", SOUND)
def test_no_look_back_is_called_a_look_ahead(name):
    done = replay(SOUND[name], panel(), cuts=24)
    assert done.truncate.divergences == done.perturb.divergences == ()
    assert done.truncate.n_runs == done.perturb.n_runs == 24
    assert not done.truncate.errors


@pytest.mark.parametrize("table", [load_stocks(), shop_panel(), irregular.panel(), panel()],
                         ids=lambda table: table.name)
def test_every_recipe_of_the_library_is_clean(table):
    for recipe in {recipe.name: recipe for recipe in (make_recipe(table), default_recipe(table))
                   }.values():
        done = replay(recipe, table)
        for found in (done.truncate, done.perturb, done.drop_entity):
            assert found.divergences == () == found.errors
            assert found.n_runs >= 3
        assert done.columns == recipe.exported
        assert not done.not_assessed


def tiny(**columns) -> Panel:
    table = {"day": range(8), "x": [1, 5, 2, 8, 3, 9, 4, 7], "y": [0, 1] * 4, **columns}
    return Panel.build(table, Schema(time="day", target="y"))


def test_the_earliest_row_at_the_earliest_cut_is_shown():
    found = replay(one(X.shift(-2)), tiny(), cuts=2).truncate
    assert found.divergences == (Divergence("truncate", "f", None, 2, 3, 3.0, None),)
    assert (found.n_runs, found.n_keys) == (2, 4 + 7)


def test_a_label_counts_from_its_label_end_and_never_for_its_own_row():
    assert replay(one(Y), tiny()).truncate.divergences
    assert not replay(one(Y.shift(1)), tiny()).truncate.divergences
    cut = truncated(panel(), int(np.unique(panel().time.ns)[40])).panel
    assert cut.frame["y"].is_null().to_numpy().tolist() == np.isnan(cut.y).tolist()
    assert np.all(np.isnan(cut.y) == (cut.label_end > cut.time.ns.max()) | (cut.label_end < 0))


def test_a_column_that_appears_later_is_no_leak_unless_it_told_something_before():
    late = tiny(kind=["a", "b"] * 3 + ["a", "c"])
    dummies = replay(lambda t: t.select("kind").to_dummies(), late)
    assert dummies.truncate.divergences == ()
    dropped = replay(lambda t: t.select("x") if t.height > 4 else t.select(z="x"), late)
    assert [d.column for d in dropped.truncate.divergences] == ["x"]
    assert dropped.truncate.divergences[0].replayed is None


def test_a_feature_may_not_know_events_to_come():
    @dataclass(frozen=True)
    class ToNextEvent(Feature):
        family = "event"
        accepts = "time"

        def compute(self, frame, context):
            events = context.events.table.select("start").sort("start")
            rows = frame.select(start=pl.col(TIME).to_physical())
            following = rows.join_asof(events.with_columns(next="start"), on="start",
                                       strategy="forward", check_sortedness=False)
            return following.select((pl.col("next") - pl.col("start")).alias(self.name))[self.name]

    done = replay(Recipe("peek", (ToNextEvent("next", "when"),)), irregular.panel())
    assert [d.column for d in done.truncate.divergences] == ["next"]


def test_what_cannot_be_repeated_is_not_assessed():
    rng = np.random.default_rng()

    def dice(t):
        return t.select("x", r=pl.Series(rng.normal(size=t.height)))

    done = replay(dice, panel())
    assert done.columns == ("x",)
    assert done.not_assessed == {"r": "differs between two runs on the same rows"}
    finding = TruncationReplay().look(facts_of(dice, panel()))
    assert finding.outcome == "tip"
    assert "`r` differs between two runs" in finding.sentence


def at_least(rows: int):
    def function(t):
        if t.height < rows:
            raise ValueError(f"{t.height} rows are too few")
        return t.select("x")
    return function


def test_a_function_that_fails_on_some_tables_is_compared_on_the_others():
    facts = facts_of(at_least(200), panel())
    finding = TruncationReplay().look(facts)
    assert finding.outcome == "passed"
    assert finding.evidence["runs"] + finding.evidence["failed"] == 12
    assert f"failed on {finding.evidence['failed']} more" in finding.sentence


def test_a_function_that_fails_on_every_shorter_table_is_not_assessed():
    facts = facts_of(at_least(panel().n_rows), panel())
    finding = TruncationReplay().look(facts)
    assert finding.outcome == "tip"
    assert "ValueError: " in finding.sentence
    assert PerturbationReplay().look(facts).outcome == "passed"


def test_a_function_that_fails_on_the_table_itself_is_an_error():
    with pytest.raises(InputError, match="returned no numbers"):
        replay(lambda t: t.select("when"), panel())


def test_what_was_computed_elsewhere_is_told():
    elsewhere = panel().frame.select("when", "who", f=X.mean().over("who"))
    facts = facts_of(lambda t: t.select("when", "who").join(elsewhere, on=["when", "who"]), panel())
    finding = TruncationReplay().look(facts)
    assert finding.outcome == "tip"
    assert "`f` does not depend on the table's values" in finding.sentence


def test_a_weekday_beside_other_features_is_fine():
    facts = facts_of(lambda t: t.select("x", day=pl.col("when").dt.weekday()), panel())
    finding = TruncationReplay().look(facts)
    assert (finding.outcome, finding.evidence["unmoved"]) == ("passed", ["day"])


def test_an_issue_names_the_column_the_row_and_both_values():
    finding = TruncationReplay().look(facts_of(one(X.shift(-2)), tiny()))
    assert finding.blocking
    assert finding.sentence == ("`f` sees the future: its value at 0 is 2 with all rows and "
                                "missing when the table ends at 0.")
    changed = PerturbationReplay().look(facts_of(one(X.shift(-2)), tiny()))
    assert changed.blocking
    assert "is 2, and " in changed.sentence
    assert "once values after 0 and labels" in changed.sentence


@pytest.mark.parametrize(("times", "shown"), [
    (pl.Series(["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"]), "on 2024-01-01"),
    (pl.Series([datetime(2024, 1, d, 9) for d in range(1, 5)]), "at 2024-01-01 09:00:00"),
    (pl.Series([datetime(2024, 1, d, 9) for d in range(1, 5)]).dt.replace_time_zone("Asia/Tokyo"),
     "at 2024-01-01 09:00:00+09:00"),
    (pl.Series([7, 8, 9, 10]), "at 7"),
])
def test_times_are_shown_on_the_table_s_own_clock(times, shown):
    table = pl.DataFrame({"t": times, "x": [1.0, 2.0, 4.0, 8.0], "y": [0, 1, 0, 1]})
    found = TruncationReplay().look(facts_of(one(X.shift(-1)), Panel.build(
        table, Schema(time="t", target="y"))))
    assert f"its value {shown} is 2 with" in found.sentence
    assert found.sentence.endswith(f"ends {shown}.")


def test_other_entities_must_be_declared():
    table, over_time = panel(), one(X.mean().over("when"))
    undeclared = DropEntityReplay().look(facts_of(over_time, table))
    assert (undeclared.outcome, undeclared.severity, undeclared.blocking) == (
        "issue", "medium", False)
    assert "without those of a" in undeclared.sentence
    for declared in (True, ("f",)):
        facts = facts_of(FunctionRecipe(over_time, cross_sectional=declared), table)
        assert DropEntityReplay().look(facts).outcome == "passed"
    facts = facts_of(FunctionRecipe(over_time, cross_sectional=("g",)), table)
    assert DropEntityReplay().look(facts).outcome == "issue"


def test_a_window_that_runs_into_the_next_entity_is_found():
    facts = facts_of(one(pl.col("n0").shift(1)), panel())
    assert DropEntityReplay().look(facts).outcome == "issue"
    assert TruncationReplay().look(facts).outcome == "passed"


def test_what_is_built_on_a_cross_section_is_declared_by_it():
    ranks = Recipe("ranks", (CrossSectionRank("rank", "x"), Lag("before", "rank")), ("before",))
    assert replay(ranks, panel()).drop_entity.divergences == ()


def test_a_single_series_has_no_entity_to_leave_out():
    facts = facts_of(one(X.shift(1)), tiny())
    assert DropEntityReplay().look(facts).outcome == "not_applicable"
    assert TruncationReplay().look(facts).outcome == "passed"


def test_without_a_recipe_or_a_second_time_there_is_nothing_to_replay():
    facts = facts_of(one(X), panel())
    bare = Facts(facts.panel, facts.features)
    table = pl.DataFrame({"t": [1, 1], "who": ["a", "b"], "x": [1.0, 2.0], "y": [0, 1]})
    at_once = facts_of(one(X), Panel.build(table, Schema(time="t", entity="who", target="y")))
    for check in (TruncationReplay(), PerturbationReplay()):
        assert check.look(bare).outcome == check.look(at_once).outcome == "not_applicable"


def test_the_checks_share_one_replay():
    calls = []

    def function(t):
        calls.append(t.height)
        return t.select("x")

    facts = facts_of(function, panel())
    for check in (TruncationReplay(), PerturbationReplay(), DropEntityReplay()):
        assert check.look(facts).outcome == "passed"
    # The features themselves, twice the whole table, 12 cuts twice, 3 entities, all changed.
    assert len(calls) == 1 + 2 + 12 + 12 + 3 + 1


def test_a_large_table_is_replayed_on_its_last_rows():
    days, shops = 600, 60
    table = pl.DataFrame({
        "day": np.repeat(np.arange(days), shops), "shop": [f"s{i:02}" for i in range(shops)] * days,
        "x": np.random.default_rng(0).normal(size=days * shops),
        "y": np.random.default_rng(1).normal(size=days * shops)})
    large = Panel.build(table, Schema(time="day", entity="shop", target="y"))
    done = replay(one(X.shift(-1).over("shop")), large)
    assert MAX_ROWS - 60 <= done.n_rows <= MAX_ROWS + 60
    assert [d.column for d in done.truncate.divergences] == ["f"]
    only_first = replay(one(pl.when(pl.col("day") == 0).then(X)), large)
    assert only_first.not_assessed == {"f": f"has no value in the {done.n_rows:,} rows replayed"}


def test_a_function_that_needs_the_whole_of_a_large_table_gets_it():
    table = pl.DataFrame({"day": range(MAX_ROWS + 10), "x": 1.0, "y": [0, 1] * (MAX_ROWS // 2 + 5)})
    large = Panel.build(table, Schema(time="day", target="y"))
    done = replay(lambda t: t.select(f=X / t.row(by_predicate=pl.col("day") == 0)[1]), large,
                  cuts=1)
    assert done.n_rows == large.n_rows


def test_cuts_fall_before_events_and_folds_and_at_holes():
    when = panel().time.ns
    distinct = np.unique(when)
    cuts = cut_times(panel(), 12, before=[int(distinct[33])])
    assert cuts == sorted(set(cuts))
    assert len(cuts) == 12
    assert cuts[-1] == distinct[-2]
    assert distinct[32] in cuts
    holes = set(when[panel().frame["x"].is_null().to_numpy()].tolist())
    assert holes.intersection(cuts)
    stocks = load_stocks()
    starts = stocks.events.table["start"].to_numpy()
    days = np.unique(stocks.time.ns)
    before = set(days[np.searchsorted(days, starts) - 1].tolist())
    assert len(before.intersection(cut_times(stocks, 24))) >= 6


def test_the_starts_of_the_headline_s_tests_are_cut_at():
    table = panel()
    rows = np.flatnonzero(table.usable)
    folds = TemporalSplit().folds(table.time.ns[rows], table.label_end[rows])
    split = AuditedSplit(tuple(folds))
    test_start = table.time.ns[folds[0].test].min()
    ends = []

    def function(t):
        ends.append(t["when"].max())
        return t.select("x")

    facts = facts_of(function, table, splits={"temporal": split})
    TruncationReplay().look(facts)
    assert table.frame["when"].filter(pl.Series(table.time.ns < test_start)).max() in ends
